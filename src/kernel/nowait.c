/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/nowait.h"

#include "base/scope.h"
#include "kernel/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <poll.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LITTLE 256 /* a terminal that is ready takes so much */

/* Root opens everybody's. */
static bool may_open_anew(const struct stat *st)
{
	uid_t self = (uid_t)getauxval(AT_EUID);

	return self == 0 || st->st_uid == self;
}

enum nowait nowait_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NOWAIT_PLAIN; /* what is tried with it fails at once */
	if (S_ISSOCK(st.st_mode))
		return NOWAIT_SOCKET;
	if (S_ISFIFO(st.st_mode))
		return may_open_anew(&st) ? NOWAIT_PIPE : NOWAIT_POLL;
	return S_ISCHR(st.st_mode) && major(st.st_rdev) != MEM_MAJOR ? NOWAIT_POLL : NOWAIT_PLAIN;
}

static enum nowait open_anew(int fd, int mode)
{
	char path[32];
	scoped_fd own = -1;

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	own = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return own >= 0 && dup3(own, fd, O_CLOEXEC) == fd ? NOWAIT_PLAIN : NOWAIT_POLL;
}

/* To this file, or in a sandbox whose kernel is another one. */
static bool is_unknown(int code)
{
	return code == EOPNOTSUPP || code == ENOSYS;
}

static bool is_ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) == 1;
}

ssize_t nowait_read(int fd, enum nowait *how, void *to, size_t n)
{
	if (*how == NOWAIT_PIPE) {
		ssize_t r = sys_read_nowait(fd, to, n);

		if (r >= 0 || !is_unknown(errno))
			return r;
		*how = open_anew(fd, O_RDONLY);
	}
	if (*how == NOWAIT_SOCKET)
		return recv(fd, to, n, MSG_DONTWAIT);
	if (*how == NOWAIT_PLAIN || is_ready(fd, POLLIN))
		return read(fd, to, n);
	errno = EAGAIN;
	return -1;
}

ssize_t nowait_write(int fd, enum nowait *how, const void *from, size_t n)
{
	if (*how == NOWAIT_PIPE) {
		ssize_t r = sys_write_nowait(fd, from, n);

		if (r >= 0 || !is_unknown(errno))
			return r;
		*how = open_anew(fd, O_WRONLY);
	}
	if (*how == NOWAIT_SOCKET)
		return send(fd, from, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (*how == NOWAIT_PLAIN)
		return write(fd, from, n);
	if (is_ready(fd, POLLOUT))
		return write(fd, from, n < LITTLE ? n : LITTLE);
	errno = EAGAIN;
	return -1;
}
