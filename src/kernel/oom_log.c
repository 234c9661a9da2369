/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/oom_log.h"

#include "base/limits.h"
#include "base/scope.h"
#include "kernel/host.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

#define BEGIN "oom-kill:constraint="

/* ---- one message ---------------------------------------------------------------------------------------------- */

static bool cut_text(struct sv s, const char *text, struct sv *ret_head, struct sv *ret_rest)
{
	size_t n = strlen(text);
	const char *at = s.n ? memmem(s.p, s.n, text, n) : NULL;

	if (!at)
		return false;
	*ret_head = (struct sv){ s.p, (size_t)(at - s.p) };
	*ret_rest = (struct sv){ at + n, s.n - ret_head->n - n };
	return true;
}

/* "…,NAME=NUMBER" at the end */
static bool rcut_number(struct sv *s, const char *name, uint64_t *ret)
{
	struct sv head, last, key, value;

	if (!sv_rcut(*s, ',', &head, &last) || !sv_cut(last, '=', &key, &value) || !sv_is(key, name) ||
	    sv_u64(value, ret) < 0)
		return false;
	*s = head;
	return true;
}

/* A group's name may hold ",task=" and a task's too. The kernel cuts the latter, so that what is longer is none. */
static bool split_task(struct sv s, struct sv *ret_head, struct sv *ret_task)
{
	struct sv head, rest = s;

	while (cut_text(rest, ",task=", &head, &rest))
		if (rest.n < OOM_TASK_MAX) {
			*ret_task = rest;
			*ret_head = (struct sv){ s.p, (size_t)(rest.p - s.p) - strlen(",task=") };
			return true;
		}
	return false;
}

static bool is_below(struct sv path, struct sv top)
{
	return path.n >= top.n && memcmp(path.p, top.p, top.n) == 0 &&
	       (path.n == top.n || path.p[top.n] == '/' || top.n == 1);
}

/* "OWNER,task_memcg=GROUP": names may hold that word, but no name holds a slash, and the victim is in the owner's tree. */
static bool split_groups(struct sv s, struct sv *ret_owner, struct sv *ret_group)
{
	struct sv head, rest = s;

	while (cut_text(rest, ",task_memcg=", &head, &rest)) {
		*ret_owner = (struct sv){ s.p, (size_t)(rest.p - s.p) - strlen(",task_memcg=") };
		*ret_group = rest;
		if (rest.n && rest.p[0] == '/' && is_below(rest, *ret_owner))
			return true;
	}
	return false;
}

/* Behind cpuset=NAME and mems_allowed=LIST, the former a name that somebody chose. */
static bool find_groups(struct sv s, struct oom_record *r)
{
	struct sv head, rest = s;

	if (r->host_wide)
		return cut_text(s, ",global_oom,task_memcg=/", &head, &rest) &&
		       (r->group = (struct sv){ rest.p - 1, rest.n + 1 }, true);
	if (!cut_text(s, ",oom_memcg=/", &head, &rest))
		return false;
	return split_groups((struct sv){ rest.p - 1, rest.n + 1 }, &r->owner, &r->group);
}

bool oom_record_parse(struct sv text, struct oom_record *ret)
{
	struct oom_record r = { 0 };
	struct sv constraint, rest, head;
	uint64_t uid, pid;

	text = sv_trim(text);
	if (!sv_has_prefix(text, BEGIN) || !rcut_number(&text, "uid", &uid) || !rcut_number(&text, "pid", &pid) ||
	    pid == 0 || pid > INT32_MAX || !split_task(text, &head, &r.task))
		return false;
	(void)sv_cut(head, ',', &constraint, &rest);
	r.host_wide = !sv_is(constraint, BEGIN "CONSTRAINT_MEMCG");
	r.pid = (pid_t)pid;
	if (!rest.n || !find_groups((struct sv){ rest.p - 1, rest.n + 1 }, &r))
		return false;
	*ret = r;
	return true;
}

/* ---- one record ----------------------------------------------------------------------------------------------- */

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "\x5c" is a backslash. Shorter afterwards, never longer. */
static size_t unescape(char *p, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		if (n - i >= 4 && p[i] == '\\' && p[i + 1] == 'x' && hex(p[i + 2]) >= 0 && hex(p[i + 3]) >= 0) {
			p[out++] = (char)(hex(p[i + 2]) << 4 | hex(p[i + 3]));
			i += 3;
		} else {
			p[out++] = p[i];
		}
	}
	return out;
}

bool kmsg_parse(char *raw, size_t n, struct kmsg_record *ret)
{
	struct sv head, text, line, rest, priority, seq, time, flags;
	struct kmsg_record r = { 0 };
	uint64_t number;

	if (!sv_cut((struct sv){ raw, n }, ';', &head, &text) || !sv_next(&head, ',', &priority) ||
	    !sv_next(&head, ',', &seq) || !sv_next(&head, ',', &time) || !sv_next(&head, ',', &flags))
		return false;
	if (sv_u64(priority, &number) < 0 || sv_u64(seq, &r.seq) < 0)
		return false;
	(void)sv_u64(time, &r.time_us);
	r.kernel = number >> 3 == 0; /* the facility; a process cannot claim to be the kernel */
	r.continued = sv_is(flags, "c");
	(void)sv_cut(text, '\n', &line, &rest);
	r.text.p = raw + (line.p - raw);
	r.text.n = unescape(raw + (line.p - raw), line.n);
	*ret = r;
	return true;
}

/* ---- the log -------------------------------------------------------------------------------------------------- */

void oom_log_init(struct oom_log *l, int fd, uint64_t after)
{
	l->fd = fd;
	l->seq = after;
	l->left = LIMIT_KMSG_RECORDS;
	l->have = 0;
	l->each = NULL;
	l->time_us = 0;
}

int oom_log_open(const struct host *h, uint64_t after, struct oom_log *ret, struct err *e)
{
	int fd = openat(h->root, "dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_sys(e, "open /dev/kmsg");
	oom_log_init(ret, fd, after);
	return 0;
}

void oom_log_close(struct oom_log *l)
{
	close(fd_take(&l->fd));
}

/* A description is printed piece by piece. When another processor prints meanwhile, or the line gets too long, the rest
 * of it is in records of their own. */
static bool add_part(struct oom_log *l, const struct kmsg_record *r)
{
	if (!r->continued) {
		if (!sv_has_prefix(r->text, BEGIN))
			return false;
		l->have = 0;
	} else if (!l->have) {
		return false;
	}
	if (r->text.n > sizeof l->text - l->have) {
		l->have = 0;
		return false;
	}
	memcpy(l->text + l->have, r->text.p, r->text.n);
	l->have += r->text.n;
	return true;
}

int oom_log_next(struct oom_log *l, struct oom_record *ret, struct err *e)
{
	struct kmsg_record r;

	while (l->left) {
		ssize_t n = read(l->fd, l->raw, sizeof l->raw);

		l->left--;
		if (n < 0 && (errno == EINTR || errno == EPIPE)) /* EPIPE: overwritten before it was read */
			continue;
		if (n <= 0)
			return n == 0 || errno == EAGAIN ? 0 : err_sys(e, "read /dev/kmsg");
		if (!kmsg_parse(l->raw, (size_t)n, &r) || r.seq <= l->seq)
			continue;
		l->seq = r.seq;
		l->time_us = r.time_us;
		if (r.kernel && l->each)
			l->each(l->context, &r);
		if (r.kernel && add_part(l, &r) && oom_record_parse((struct sv){ l->text, l->have }, ret)) {
			l->have = 0;
			return 1;
		}
	}
	return 0;
}
