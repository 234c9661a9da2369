/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/ofd_lock.h"

#include "base/clock.h"
#include "base/scope.h"

#include <fcntl.h>
#include <time.h>

static int try_lock(int fd, int cmd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int r;

	do
		r = fcntl(fd, cmd, &whole);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* There is no lock with a timeout; locks here are held for milliseconds, so looking again is cheap. */
static int wait_lock(int fd, int cmd, unsigned timeout_ms)
{
	int64_t end_ns = clock_monotonic_ns() + (int64_t)timeout_ms * 1000000;
	long pause_ns = 100000;
	int r;

	for (;;) {
		r = try_lock(fd, cmd);
		if ((r != -EAGAIN && r != -EACCES) || clock_monotonic_ns() >= end_ns)
			return r;
		(void)nanosleep(&(struct timespec){ .tv_nsec = pause_ns }, NULL);
		if (pause_ns < 10000000)
			pause_ns *= 2;
	}
}

static int take(int fd, int now, int wait, unsigned timeout_ms, struct err *e)
{
	int r = timeout_ms == OFD_LOCK_FOREVER ? try_lock(fd, wait) : wait_lock(fd, now, timeout_ms);

	if (r == -EAGAIN || r == -EACCES)
		return err_set(e, EAGAIN, "held by another process");
	if (r < 0) {
		errno = -r;
		return err_sys(e, "lock");
	}
	return 0;
}

int ofd_lock_take(int fd, unsigned timeout_ms, struct err *e)
{
	return take(fd, F_OFD_SETLK, F_OFD_SETLKW, timeout_ms, e);
}

int process_lock_take(int fd, unsigned timeout_ms, struct err *e)
{
	return take(fd, F_SETLK, F_SETLKW, timeout_ms, e);
}

bool ofd_lock_is_held(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_GETLK, &whole) < 0 || whole.l_type != F_UNLCK;
}
