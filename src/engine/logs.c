/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/logs.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "spec/config.h"
#include "records/containers.h"
#include "engine/log_record.h"
#include "engine/recover.h"
#include "kernel/sys.h"
#include "monitor/jsonlog.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define FILES_MAX 10000 /* names with a number that are looked at */
#define BLOCK ((size_t)64 << 10)
#define RECORD_MAX (6 * JSONLOG_LINE + JSONLOG_ATTRS + 4096) /* Docker's have more attributes, perhaps */
#define NAME_ROOM 128

struct reader {
	struct engine *en;
	const struct logs_options *o;
	struct container_row row;
	int dir;  /* the container's folder */
	int fd;   /* the file that is read; -1: there is none yet */
	int64_t at; /* of the first byte that was not understood yet */
	struct buf pending;   /* from there on */
	struct buf text, out; /* out: for one of the two, not yet written */
	bool out_is_stderr, enough; /* enough: a record after --until was met */
};

/* ---- files ------------------------------------------------------------------------------------------------------ */

static int open_number(const struct reader *r, int number)
{
	char name[NAME_ROOM];

	if (number)
		(void)snprintf(name, sizeof name, "%.64s-json.log.%d", r->row.id, number);
	else
		(void)snprintf(name, sizeof name, "%.64s-json.log", r->row.id);
	return openat(r->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static bool is_same(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

/* Which name the file has now that is being read; -1: it has none any more. */
static int number_of(const struct reader *r)
{
	for (int i = 0; i < FILES_MAX; i++) {
		scoped_fd fd = open_number(r, i);

		if (fd < 0 && i)
			return -1;
		if (fd >= 0 && is_same(fd, r->fd))
			return i;
	}
	return -1;
}

static int oldest(const struct reader *r)
{
	int i = 0;

	for (; i < FILES_MAX; i++) {
		scoped_fd fd = open_number(r, i + 1);

		if (fd < 0)
			break;
	}
	return i;
}

static void turn_to(struct reader *r, int fd)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = fd;
	r->at = 0;
	buf_reset(&r->pending);
}

/* The file after the one that is read, if that is not the newest. Names move up under our eyes: what was opened is the
 * next one only if ours still has the name after it. */
static bool next_file(struct reader *r)
{
	for (;;) {
		int number = number_of(r), fd;

		if (number == 0)
			return false;
		fd = open_number(r, number < 0 ? oldest(r) : number - 1);
		if (number < 0 && fd >= 0) {
			turn_to(r, fd);
			return true;
		}
		if (number > 0 && number_of(r) == number && fd >= 0) {
			turn_to(r, fd);
			return true;
		}
		if (fd < 0 && number < 0)
			return false; /* everything is gone, or the new file is just being made */
		if (fd >= 0)
			close(fd);
		else if (number == 1)
			return false; /* likewise */
	}
}

/* ---- output ----------------------------------------------------------------------------------------------------- */

static int flush(struct reader *r, struct err *e)
{
	int rc = r->out.len ? io_write_all(r->out_is_stderr ? STDERR_FILENO : STDOUT_FILENO, r->out.p, r->out.len, e) :
			      0;

	buf_reset(&r->out);
	return rc;
}

static void put_time(struct buf *out, int64_t ns)
{
	char time[RFC3339_SIZE];

	(void)buf_putf(out, "%s ", clock_rfc3339(ns, time));
}

static int show(struct reader *r, const struct log_record *rec, struct err *e)
{
	int rc = 0;

	if (r->out.len && (r->out_is_stderr != rec->is_stderr || r->out.len >= BLOCK))
		rc = flush(r, e);
	if (rc < 0)
		return rc;
	r->out_is_stderr = rec->is_stderr;
	if (r->o->timestamps)
		put_time(&r->out, rec->time_ns);
	if (r->o->details) {
		log_attrs_print(rec->attrs, &r->out);
		(void)buf_puts(&r->out, " ");
	}
	(void)buf_putsv(&r->out, rec->text);
	return buf_status(&r->out, e);
}

static int take_line(struct reader *r, struct sv line, struct err *e)
{
	struct log_record rec;

	if (log_record_parse(line, &r->text, &rec) < 0)
		return 0; /* cut off by a crash, or somebody wrote into it */
	if (r->o->since_set && rec.time_ns < r->o->since_ns)
		return 0;
	r->enough |= r->o->until_set && rec.time_ns > r->o->until_ns;
	return r->enough ? 0 : show(r, &rec, e);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static int take_lines(struct reader *r, struct err *e)
{
	struct sv rest = buf_sv(&r->pending);
	size_t used = 0;
	int rc = 0;

	while (rc == 0 && !r->enough) {
		const char *end = memchr(rest.p + used, '\n', rest.n - used);

		if (!end)
			break;
		rc = take_line(r, (struct sv){ rest.p + used, (size_t)(end - rest.p) - used }, e);
		used = (size_t)(end - rest.p) + 1;
	}
	memmove(r->pending.p, r->pending.p + used, r->pending.len - used);
	r->pending.len -= used;
	r->at += (int64_t)used;
	if (r->pending.len > RECORD_MAX) { /* no record is that long */
		r->at += (int64_t)r->pending.len;
		buf_reset(&r->pending);
	}
	return rc;
}

/* A record that the monitor could not write as a whole is taken back by it: the file is shorter again. */
static void check_shrunk(struct reader *r)
{
	struct stat st;

	if (r->pending.len && fstat(r->fd, &st) == 0 && st.st_size < r->at + (int64_t)r->pending.len)
		buf_reset(&r->pending);
}

/* 1: something was read; 0: nothing more in this file now */
static int read_block(struct reader *r, struct err *e)
{
	ssize_t n;
	int rc = buf_room(&r->pending, BLOCK);

	if (rc < 0)
		return buf_status(&r->pending, e);
	check_shrunk(r);
	n = pread(r->fd, r->pending.p + r->pending.len, BLOCK, r->at + (int64_t)r->pending.len);
	if (n < 0)
		return errno == EINTR ? 1 : err_sys(e, "read the log");
	if (n == 0)
		return 0;
	r->pending.len += (size_t)n;
	rc = take_lines(r, e);
	return rc < 0 ? rc : 1;
}

/* All that is there now, file after file. */
static int read_all(struct reader *r, struct err *e)
{
	int rc;

	if (r->fd < 0)
		r->fd = open_number(r, 0);
	if (r->fd < 0)
		return 0;
	do {
		bool last;

		do
			rc = read_block(r, e);
		while (rc == 1 && !r->enough);
		if (rc < 0 || r->enough)
			break;
		last = !next_file(r);
		if (last)
			rc = read_block(r, e); /* what came before it was given its other name */
		if (last && rc == 0)
			break;
	} while (rc >= 0 && !r->enough);
	return rc < 0 ? rc : flush(r, e);
}

/* ---- where to begin --------------------------------------------------------------------------------------------- */

/* Goes backwards over up to *left records. *ret_at: where the last of them begins; 0 when there were not so many. */
static int go_back(int fd, int64_t *left, int64_t *ret_at, struct err *e)
{
	static char block[BLOCK];
	struct stat st;
	int64_t end;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "log");
	for (end = st.st_size; end > 0;) {
		size_t n = end < (int64_t)BLOCK ? (size_t)end : BLOCK;
		ssize_t got = pread(fd, block, n, end - (int64_t)n);

		if (got < 0)
			return err_sys(e, "read the log");
		if (got != (ssize_t)n) /* it was truncated meanwhile: all of what it has now */
			break;
		for (size_t i = n; i-- > 0;) {
			if (block[i] != '\n' || end - (int64_t)(n - i) + 1 == st.st_size)
				continue;
			if (--*left == 0) {
				*ret_at = end - (int64_t)(n - i) + 1;
				return 0;
			}
		}
		end -= (int64_t)n;
	}
	*left -= st.st_size > 0;
	*ret_at = 0;
	return 0;
}

static int begin_at_tail(struct reader *r, struct err *e)
{
	int64_t left = r->o->tail;
	int rc = 0, number = 0;

	do {
		int fd = open_number(r, number);

		if (fd < 0)
			break;
		turn_to(r, fd);
		if (left == 0) {
			r->at = lseek(fd, 0, SEEK_END);
			break;
		}
		rc = go_back(fd, &left, &r->at, e);
	} while (rc == 0 && left > 0 && ++number < FILES_MAX);
	return rc;
}

static int begin(struct reader *r, struct err *e)
{
	if (r->o->tail_set && r->o->tail >= 0)
		return begin_at_tail(r, e);
	r->fd = open_number(r, oldest(r));
	return 0;
}

/* ---- following -------------------------------------------------------------------------------------------------- */

struct follower {
	int inotify, monitor; /* pidfd of the monitor; -1: not known */
};

static int watch(struct reader *r, struct follower *f, struct err *e)
{
	char path[64];

	f->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (f->inotify < 0)
		return err_sys(e, "inotify");
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", r->dir);
	if (inotify_add_watch(f->inotify, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF) < 0)
		return err_sys(e, "watch the container's folder");
	return 0;
}

static bool is_active(enum outcome_state s)
{
	return s == OUTCOME_RUNNING || s == OUTCOME_PAUSED || s == OUTCOME_RESTARTING;
}

/* Looked at before the log is read: what was written before that is in it. With a killed monitor nobody writes the end. */
static bool has_ended(struct reader *r, struct follower *f)
{
	struct container_state s;
	struct outcome o;

	if (outcome_read(r->dir, &o, NULL) < 0 || !is_active(o.state))
		return true;
	if (f->monitor < 0 && o.monitor_pid > 0)
		f->monitor = sys_pidfd_open(o.monitor_pid, 0);
	if (container_monitor_is_alive(r->en, r->row.id))
		return false;
	return container_look(r->en, &r->row, &s, NULL) < 0 || !is_active(s.outcome.state);
}

static int wait_for_more(struct follower *f, struct err *e)
{
	struct pollfd p[] = { { .fd = f->inotify, .events = POLLIN },
			      { .fd = f->monitor, .events = POLLIN },
			      { .fd = STDOUT_FILENO } }; /* its reader may go */
	char events[4096];

	while (poll(p, ARRAY_LEN(p), -1) < 0)
		if (errno != EINTR)
			return err_sys(e, "poll");
	if (p[2].revents & POLLERR)
		return err_set(e, EPIPE, "write standard output: %s", strerror(EPIPE));
	while (read(f->inotify, events, sizeof events) > 0)
		;
	if (p[1].revents) /* it is gone for ever; the container may have another one already */
		close(fd_take(&f->monitor));
	return 0;
}

static int follow(struct reader *r, struct err *e)
{
	struct follower f = { -1, -1 };
	int rc = watch(r, &f, e);
	bool over = false;

	while (rc == 0 && !over) {
		over = has_ended(r, &f);
		rc = read_all(r, e);
		over |= r->enough;
		if (rc == 0 && !over)
			rc = wait_for_more(&f, e);
	}
	if (f.inotify >= 0)
		close(f.inotify);
	if (f.monitor >= 0)
		close(f.monitor);
	return rc;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static int check_driver(const struct container_row *row, struct arena *a, struct err *e)
{
	struct container_config c;
	struct log_limits l;
	int r = config_parse(sv_from(row->config), a, &c, e);

	if (r == 0)
		r = config_log_limits(&c, &l, e);
	if (r == 0 && l.driver == LOG_NONE)
		r = err_set(e, ENOTSUP, "configured logging driver does not support reading");
	return r;
}

int engine_logs(struct engine *en, struct sv ref, const struct logs_options *o, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct reader r = { .en = en, .o = o, .dir = -1, .fd = -1, .pending = BUF(RECORD_MAX + 2 * BLOCK),
			    .text = BUF(RECORD_MAX), .out = BUF(2 * BLOCK + 2 * RECORD_MAX) };
	int rc = container_find(en, ref, &a, &r.row, e);

	if (rc == 0)
		rc = check_driver(&r.row, &a, e);
	if (rc == 0)
		rc = engine_container_dir(en, r.row.id, false, &r.dir, e);
	if (rc == 0)
		rc = begin(&r, e);
	if (rc == 0)
		rc = o->follow ? follow(&r, e) : read_all(&r, e);
	if (r.fd >= 0)
		close(r.fd);
	if (r.dir >= 0)
		close(r.dir);
	buf_done(&r.pending);
	buf_done(&r.text);
	buf_done(&r.out);
	return rc;
}
