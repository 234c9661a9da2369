/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/user_namespaces.h"

#include "base/fault.h"
#include "base/io.h"
#include "base/scope.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* ---- maps ------------------------------------------------------------------------------------------------------- */

static bool overlap(uint32_t a, uint32_t b, uint32_t count_a, uint32_t count_b)
{
	return a < (uint64_t)b + count_b && b < (uint64_t)a + count_a;
}

static int check_extent(const struct id_extent *x, struct err *e)
{
	if (x->count == 0)
		return err_set(e, EINVAL, "%u:%u:%u: no ids", x->inside, x->outside, x->count);
	if ((uint64_t)x->inside + x->count > ID_NONE || (uint64_t)x->outside + x->count > ID_NONE)
		return err_set(e, EINVAL, "%u:%u:%u: ids end at 4294967294", x->inside, x->outside, x->count);
	return 0;
}

int id_map_check(const struct id_map *m, struct err *e)
{
	if (m->n == 0 || m->n > ID_MAP_EXTENTS)
		return err_set(e, EINVAL, "%zu ranges of ids; allowed are 1 to %d", m->n, ID_MAP_EXTENTS);
	for (size_t i = 0; i < m->n; i++) {
		const struct id_extent *x = &m->v[i];
		int r = check_extent(x, e);

		if (r < 0)
			return r;
		for (size_t k = 0; k < i; k++) {
			const struct id_extent *y = &m->v[k];

			if (overlap(x->inside, y->inside, x->count, y->count) ||
			    overlap(x->outside, y->outside, x->count, y->count))
				return err_set(e, EINVAL, "%u:%u:%u and %u:%u:%u overlap", y->inside, y->outside,
					       y->count, x->inside, x->outside, x->count);
		}
	}
	return 0;
}

bool id_map_equal(const struct id_map *a, const struct id_map *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->v, b->v, a->n * sizeof *a->v) == 0);
}

uint32_t id_map_outside(const struct id_map *m, uint32_t inside)
{
	for (size_t i = 0; i < m->n; i++)
		if (inside >= m->v[i].inside && inside - m->v[i].inside < m->v[i].count)
			return m->v[i].outside + (inside - m->v[i].inside);
	return ID_NONE;
}

void id_map_print(const struct id_map *m, struct buf *out)
{
	for (size_t i = 0; i < m->n; i++)
		buf_putf(out, "%u %u %u\n", m->v[i].inside, m->v[i].outside, m->v[i].count);
}

int id_map_parse(struct sv text, struct id_extent *v, size_t *ret_n, struct err *e)
{
	struct sv line, word;
	size_t n = 0;

	while (sv_next(&text, '\n', &line)) {
		uint64_t numbers[3];
		size_t k = 0;

		while (sv_next(&line, ' ', &word))
			if (word.n && (k == ARRAY_LEN(numbers) || sv_u64(word, &numbers[k++]) < 0))
				return err_set(e, EINVAL, "not a map of ids");
		if (k == 0)
			continue;
		if (k != ARRAY_LEN(numbers) || n == ID_MAP_EXTENTS)
			return err_set(e, EINVAL, "not a map of ids");
		v[n++] = (struct id_extent){ (uint32_t)numbers[0], (uint32_t)numbers[1], (uint32_t)numbers[2] };
	}
	*ret_n = n;
	return 0;
}

/* ---- namespaces ------------------------------------------------------------------------------------------------- */

static int write_map(int proc, pid_t pid, const char *name, const char *text, struct err *e)
{
	char path[48];
	scoped_fd fd = -1;
	int r;

	(void)snprintf(path, sizeof path, "%d/%s", (int)pid, name);
	fd = openat(proc, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s of process %d", name, (int)pid);
	r = io_write_all(fd, text, strlen(text), e);
	return r < 0 ? err_wrap(e, r, "%s of process %d", name, (int)pid) : 0;
}

int userns_write(int proc, pid_t pid, const struct userns_maps *maps, struct err *e)
{
	int r = write_map(proc, pid, "uid_map", maps->uid, e);

	return r < 0 ? r : write_map(proc, pid, "gid_map", maps->gid, e);
}

int userns_open(int proc, pid_t pid, struct err *e)
{
	char path[48];
	int fd;

	(void)snprintf(path, sizeof path, "%d/ns/user", (int)pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open the user namespace of process %d", (int)pid) : fd;
}

/* It only has to be there until its namespace is open; who made it may end first. */
static _Noreturn void stand_by(pid_t parent)
{
	fault_role("userns");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		(void)pause();
	_exit(0);
}

static int read_map(int proc, pid_t pid, const char *name, struct buf *out, struct err *e)
{
	char path[48];

	(void)snprintf(path, sizeof path, "%d/%s", (int)pid, name);
	return io_read_at(proc, path, out, e);
}

static void end(pid_t pid)
{
	int status;

	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
}

/* Says by which errno it failed to come there, 0 when it is there. */
static _Noreturn void stand_there(pid_t parent, int ns, int word)
{
	int code = setns(ns, CLONE_NEWUSER) == 0 ? 0 : errno;

	(void)!write(word, &code, sizeof code);
	stand_by(parent);
}

int userns_read(int proc, int ns, struct buf *uid, struct buf *gid, struct err *e)
{
	struct clone_args args = { 0 };
	pid_t parent = getpid(), pid;
	int word[2], code = EIO, r;

	if (pipe2(word, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	pid = sys_clone3(&args);
	if (pid == 0)
		stand_there(parent, ns, word[1]);
	r = pid < 0 ? err_sys(e, "clone3") : 0;
	close(word[1]);
	if (r == 0 && (read(word[0], &code, sizeof code) != (ssize_t)sizeof code || code))
		r = err_set(e, code, "setns: %s", strerror(code));
	close(word[0]);
	if (r == 0)
		r = read_map(proc, pid, "uid_map", uid, e);
	if (r == 0)
		r = read_map(proc, pid, "gid_map", gid, e);
	if (pid > 0)
		end(pid);
	return r;
}

int userns_new(int proc, const struct userns_maps *maps, int *ret_fd, struct err *e)
{
	struct clone_args args = { .flags = CLONE_NEWUSER };
	pid_t parent = getpid(), pid = sys_clone3(&args);
	int r;

	if (pid < 0)
		return err_sys(e, "clone3 of a user namespace");
	if (pid == 0)
		stand_by(parent);
	r = userns_write(proc, pid, maps, e);
	if (r == 0)
		r = userns_open(proc, pid, e);
	end(pid);
	if (r < 0)
		return r;
	*ret_fd = r;
	return 0;
}

bool userns_is_first(const char *link)
{
	return strcmp(link, "user:[4026531837]") == 0;
}

bool userns_in_first(void)
{
	char link[64];
	ssize_t n = readlink("/proc/self/ns/user", link, sizeof link - 1);

	if (n <= 0)
		return true;
	link[n] = '\0';
	return userns_is_first(link);
}
