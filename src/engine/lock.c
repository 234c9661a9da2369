/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/lock.h"

#include "base/buf.h"
#include "base/scope.h"
#include "base/sv.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD "tare-intent 1\n"

/* ---- the record --------------------------------------------------------------------------------------------- */

static int write_record(int fd, const struct intent *in, struct err *e)
{
	char text[LOCK_RECORD_SIZE];
	int n = 0;
	ssize_t w;

	memset(text, '\n', sizeof text);
	if (in)
		n = snprintf(text, sizeof text, HEAD "op %s\npid %d\nstart_ticks %llu\nboot_id %s", in->op,
			     (int)in->pid, (unsigned long long)in->start_ticks, in->boot_id);
	text[n] = '\n'; /* snprintf's NUL */
	do
		w = pwrite(fd, text, sizeof text, 0);
	while (w < 0 && errno == EINTR);
	if (w < 0)
		return err_sys(e, "write " LOCK_FILE);
	return w == (ssize_t)sizeof text ? 0 : err_set(e, ENOSPC, "write " LOCK_FILE ": %s", strerror(ENOSPC));
}

static int read_line(struct sv line, struct intent *in)
{
	struct sv key, value;
	int64_t pid;

	sv_cut(line, ' ', &key, &value);
	if (sv_is(key, "op"))
		return sv_copy(value, in->op, sizeof in->op);
	if (sv_is(key, "boot_id"))
		return sv_copy(value, in->boot_id, sizeof in->boot_id);
	if (sv_is(key, "start_ticks"))
		return sv_u64(value, &in->start_ticks);
	if (!sv_is(key, "pid"))
		return 0;
	if (sv_i64(value, &pid) < 0 || pid <= 0 || pid > INT32_MAX)
		return -EINVAL;
	in->pid = (pid_t)pid;
	return 0;
}

static int read_record(int fd, struct intent *ret, struct err *e)
{
	char text[LOCK_RECORD_SIZE];
	struct intent in = { 0 };
	struct sv rest, line;
	ssize_t n = pread(fd, text, sizeof text, 0);

	if (n < 0)
		return err_sys(e, "read " LOCK_FILE);
	rest = sv_trim((struct sv){ text, (size_t)n });
	if (rest.n == 0) {
		*ret = in;
		return 0;
	}
	if (!sv_has_prefix(rest, HEAD))
		return err_set(e, EINVAL, LOCK_FILE ": not a record of tare");
	while (sv_next(&rest, '\n', &line))
		if (read_line(line, &in) < 0)
			return err_set(e, EINVAL, LOCK_FILE ": damaged line \"" SV_FMT "\"", SV_ARG(line));
	*ret = in;
	return 0;
}

/* ---- the lock ----------------------------------------------------------------------------------------------- */

static int held(int fd, struct err *e)
{
	struct intent in;

	if (read_record(fd, &in, NULL) < 0 || !in.op[0])
		return err_set(e, EAGAIN, "another process is working on it");
	return err_set(e, EAGAIN, "process %d is working on it (%s)", (int)in.pid, in.op);
}

/* The object's last holder unlinks the file; whoever waited for it then holds a lock on nothing. */
static int check_linked(int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat " LOCK_FILE);
	return st.st_nlink ? 0 : err_set(e, ENOENT, "removed meanwhile");
}

static int describe_self(struct engine *en, const char *op, struct intent *ret, struct err *e)
{
	struct intent in = { .pid = getpid() };
	int r = engine_self_ticks(en, &in.start_ticks, e);

	if (r < 0)
		return r;
	(void)snprintf(in.op, sizeof in.op, "%s", op);
	(void)snprintf(in.boot_id, sizeof in.boot_id, "%s", en->boot_id);
	*ret = in;
	return 0;
}

int lock_take(struct engine *en, int dir, const char *op, unsigned timeout_ms, struct lock *ret,
	      struct intent *ret_before, struct err *e)
{
	scoped_fd fd = openat(dir, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct intent before = { 0 }, self = { 0 };
	int r;

	if (fd < 0 && errno == ENOENT) /* with O_CREAT: of a folder that has no name any more */
		return err_set(e, ENOENT, "removed meanwhile");
	if (fd < 0)
		return err_sys(e, "open " LOCK_FILE);
	r = ofd_lock_take(fd, timeout_ms, e);
	if (r < 0)
		return r == -EAGAIN ? held(fd, e) : err_wrap(e, r, LOCK_FILE);
	r = check_linked(fd, e);
	if (r < 0)
		return r;
	/* A damaged record is no reason to leave the object locked out for ever: something was being done. */
	if (read_record(fd, &before, NULL) < 0)
		before = (struct intent){ .op = "unknown" };
	r = describe_self(en, before.op[0] ? before.op : op, &self, e);
	if (r < 0)
		return r;
	r = write_record(fd, &self, e);
	if (r < 0)
		return r;
	if (ret_before)
		*ret_before = before;
	ret->fd = fd_take(&fd);
	return 0;
}

int lock_intend(struct engine *en, const struct lock *l, const char *op, struct err *e)
{
	struct intent in = { 0 };
	int r = describe_self(en, op, &in, e);

	return r < 0 ? r : write_record(l->fd, &in, e);
}

void lock_release(struct lock *l)
{
	if (l->fd >= 0)
		(void)write_record(l->fd, NULL, NULL);
	lock_abandon(l);
}

void lock_abandon(struct lock *l)
{
	if (l->fd >= 0)
		close(fd_take(&l->fd));
}

bool lock_is_held(int dir)
{
	scoped_fd fd = openat(dir, LOCK_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && ofd_lock_is_held(fd);
}

int lock_peek(int dir, const char *path, bool *ret_held, struct intent *ret, struct err *e)
{
	scoped_fd fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct intent in = { 0 };

	if (fd < 0)
		return err_sys(e, "open %s", path);
	*ret_held = ofd_lock_is_held(fd);
	if (read_record(fd, &in, NULL) < 0)
		in = (struct intent){ .pid = 0 };
	*ret = in;
	return 0;
}
