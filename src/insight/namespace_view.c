/* SPDX-License-Identifier: Apache-2.0 */
#include "insight/namespace_view.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/plain.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/mountinfo_text.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/utsname.h>

#define LINES_MAX 65536

struct lines {
	struct arena *arena;
	struct oci_strings l;
	size_t cap;
};

static int add(struct lines *to, const char *text, struct err *e)
{
	if (!text)
		return err_oom(e);
	if (to->l.n == LINES_MAX)
		return 0;
	if (to->l.n == to->cap) {
		size_t cap = to->cap ? 2 * to->cap : 16;
		const char **v = arena_array(to->arena, cap, sizeof *v);

		if (!v)
			return err_oom(e);
		if (to->l.n)
			memcpy(v, to->l.v, to->l.n * sizeof *v);
		to->l.v = v;
		to->cap = cap;
	}
	to->l.v[to->l.n++] = text;
	return 0;
}

/* Names of mounts and groups are somebody's bytes, and go to a terminal. */
static const char *plain(struct arena *a, struct sv s)
{
	return text_plain(arena_sv(a, s));
}

/* A line squeezed: blanks in a row become one. */
static const char *squeezed(struct arena *a, struct sv line)
{
	char *text = arena_sv(a, sv_trim(line)), *to = text;

	for (const char *p = text; p && *p; p++)
		if (!((*p == ' ' || *p == '\t') && to > text && to[-1] == ' '))
			*to++ = *p == '\t' ? ' ' : *p;
	if (text)
		*to = '\0';
	return text;
}

static int take_mount(struct lines *to, struct sv line, struct err *e)
{
	struct mountinfo_line m;
	char path[4096];

	if (!mountinfo_line_parse(line, &m) || mountinfo_unescape(m.mount_point, path, sizeof path) < 0)
		return 0;
	return add(to, plain(to->arena, sv_from(path)), e);
}

static int take_interface(struct lines *to, struct sv line, struct err *e)
{
	struct sv name, rest;

	if (memchr(line.p, '|', line.n) || !sv_rcut(line, ':', &name, &rest))
		return 0;
	return add(to, plain(to->arena, sv_trim(name)), e);
}

static int take_pid(struct lines *to, struct sv line, struct err *e)
{
	struct sv name, rest, number, last;

	if (!sv_cut(line, ':', &name, &rest) || !sv_is(name, "NSpid"))
		return 0;
	last = sv_trim(rest);
	while (sv_rcut(last, '\t', &number, &rest))
		last = rest;
	return add(to, arena_fmt(to->arena, "it is process " SV_FMT " there", SV_ARG(last)), e);
}

static int take_line(struct lines *to, struct sv line, struct err *e)
{
	return add(to, squeezed(to->arena, line), e);
}

static int take_id_map(struct lines *to, const char *what, struct sv line, struct err *e)
{
	const char *text = squeezed(to->arena, line);

	return add(to, text ? arena_fmt(to->arena, "%s %s", what, text) : NULL, e);
}

static int take_uid_map(struct lines *to, struct sv line, struct err *e)
{
	return take_id_map(to, "uids", line, e);
}

static int take_gid_map(struct lines *to, struct sv line, struct err *e)
{
	return take_id_map(to, "gids", line, e);
}

typedef int take_fn(struct lines *to, struct sv line, struct err *e);

static int read_lines(const struct host *h, pid_t pid, const char *file, take_fn *take, struct lines *to, struct err *e)
{
	scoped_buf text = BUF(LIMIT_PROC_FILE);
	struct sv rest, line;
	char path[64];
	int r;

	(void)snprintf(path, sizeof path, "%d/%s", (int)pid, file);
	r = io_read_at(h->proc, path, &text, NULL);
	if (r == -ENOENT || r == -ESRCH || r == -EINVAL)
		return err_set(e, ESRCH, "process %d: no such process", (int)pid);
	if (r < 0)
		return err_set(e, -r, "process %d: %s: %s", (int)pid, file, strerror(-r));
	rest = buf_sv(&text);
	while (r == 0 && sv_next(&rest, '\n', &line))
		r = take(to, line, e);
	return r;
}

/* Nobody but who is in it is told its name. */
static int read_hostname(const struct host *h, pid_t pid, struct lines *to, struct err *e)
{
	struct utsname u;
	char path[64];
	scoped_fd own = openat(h->proc, "self/ns/uts", O_RDONLY | O_CLOEXEC), other = -1;
	int r = 0;

	(void)snprintf(path, sizeof path, "%d/ns/uts", (int)pid);
	other = openat(h->proc, path, O_RDONLY | O_CLOEXEC);
	if (own < 0 || other < 0 || setns(other, CLONE_NEWUTS) < 0)
		return err_sys(e, "process %d: its hostname", (int)pid);
	if (uname(&u) == 0)
		r = add(to, plain(to->arena, sv_from(u.nodename)), e);
	if (setns(own, CLONE_NEWUTS) < 0 && r == 0)
		r = err_sys(e, "back to the own hostname");
	return r;
}

static int read_view(const struct host *h, pid_t pid, enum namespace_type type, struct lines *to, struct err *e)
{
	int r;

	switch (type) {
	case NAMESPACE_UTS:
		return read_hostname(h, pid, to, e);
	case NAMESPACE_PID:
		return read_lines(h, pid, "status", take_pid, to, e);
	case NAMESPACE_MNT:
		return read_lines(h, pid, "mountinfo", take_mount, to, e);
	case NAMESPACE_NET:
		return read_lines(h, pid, "net/dev", take_interface, to, e);
	case NAMESPACE_CGROUP:
		return read_lines(h, pid, "cgroup", take_line, to, e);
	case NAMESPACE_TIME:
		return read_lines(h, pid, "timens_offsets", take_line, to, e);
	case NAMESPACE_USER:
		r = read_lines(h, pid, "uid_map", take_uid_map, to, e);
		return r < 0 ? r : read_lines(h, pid, "gid_map", take_gid_map, to, e);
	case NAMESPACE_IPC:
	case NAMESPACE_TYPE_COUNT:
		break;
	}
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int namespace_view(const struct host *h, pid_t pid, enum namespace_type type, struct arena *a, struct oci_strings *ret,
		   struct err *e)
{
	struct lines to = { .arena = a };
	int r = read_view(h, pid, type, &to, e);

	if (r < 0)
		return r;
	if (type != NAMESPACE_USER && to.l.n)
		qsort(to.l.v, to.l.n, sizeof *to.l.v, by_text);
	*ret = to.l;
	return 0;
}

bool namespace_view_has(const struct oci_strings *lines, const char *line)
{
	for (size_t i = 0; i < lines->n; i++)
		if (strcmp(lines->v[i], line) == 0)
			return true;
	return false;
}
