/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/jsonlog.h"

#include "base/clock.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define NAME_MAX_LEN 128

void jsonlog_init(struct jsonlog *l, const struct charter *c, int dir)
{
	l->charter = c;
	l->dir = dir;
	l->fd = -1;
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

static const char *file_name(const struct jsonlog *l, int number, char ret[NAME_MAX_LEN])
{
	if (number)
		(void)snprintf(ret, NAME_MAX_LEN, "%.64s-json.log.%d", l->charter->id, number);
	else
		(void)snprintf(ret, NAME_MAX_LEN, "%.64s-json.log", l->charter->id);
	return ret;
}

/* A monitor before this one may have been killed while it wrote: its last record is then without an end. */
static void mend(struct jsonlog *l)
{
	char last = '\n';

	if (l->size && pread(l->fd, &last, 1, l->size - 1) == 1 && last != '\n')
		l->size += write(l->fd, "\n", 1) == 1;
}

/* Somebody may have cut it off, to make room. */
static void look_at_size(struct jsonlog *l)
{
	struct stat st;

	l->size = l->fd >= 0 && fstat(l->fd, &st) == 0 ? st.st_size : 0;
}

static bool open_file(struct jsonlog *l)
{
	char name[NAME_MAX_LEN];

	if (l->fd >= 0)
		return true;
	l->fd = openat(l->dir, file_name(l, 0, name), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (l->fd < 0) {
		l->why = errno;
		return false;
	}
	look_at_size(l);
	mend(l);
	return true;
}

/* Names move up, the newest last: whoever looks for its file meanwhile finds it under the next name. */
static void rotate(struct jsonlog *l)
{
	int files = l->charter->log_max_file < 1 ? 1 : l->charter->log_max_file;
	char from[NAME_MAX_LEN], to[NAME_MAX_LEN];

	(void)unlinkat(l->dir, file_name(l, files - 1, from), 0);
	for (int i = files - 1; i > 0; i--)
		(void)renameat(l->dir, file_name(l, i - 1, from), l->dir, file_name(l, i, to));
	if (l->fd >= 0)
		close(fd_take(&l->fd));
	l->size = 0;
}

static uint64_t count_records(const char *text, size_t n)
{
	uint64_t count = 0;
	const char *end = text + n;

	while (text < end && (text = memchr(text, '\n', (size_t)(end - text)))) {
		count++;
		text++;
	}
	return count;
}

/* A part of a record would spoil the next. */
static void take_back(struct jsonlog *l, size_t n)
{
	look_at_size(l);
	if (l->size >= (int64_t)n && ftruncate(l->fd, l->size - (int64_t)n) == 0)
		l->size -= (int64_t)n;
}

/* How much of it is written, in whole records. */
static size_t write_records(struct jsonlog *l, const char *text, size_t n)
{
	size_t done = 0, whole;
	ssize_t w = -1;

	if (!open_file(l))
		return 0;
	while (done < n && ((w = write(l->fd, text + done, n - done)) > 0 || (w < 0 && errno == EINTR)))
		done += w > 0 ? (size_t)w : 0;
	whole = done;
	l->size += (int64_t)done;
	if (done < n) {
		l->why = w < 0 ? errno : ENOSPC;
		while (whole && text[whole - 1] != '\n')
			whole--;
	}
	if (whole < done)
		take_back(l, done - whole);
	return whole;
}

static bool is_past_size(const struct jsonlog *l)
{
	return l->charter->log_max_size > 0 && l->size + (int64_t)l->n >= l->charter->log_max_size;
}

/* ---- records ---------------------------------------------------------------------------------------------------- */

/* Length of the UTF-8 sequence at p, 0: it is none. */
static size_t utf8(const unsigned char *p, size_t n)
{
	size_t want = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80,
		      high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;

	if (!want || n < want || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < want; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return want;
}

static char *put(char *to, const char *text, size_t n)
{
	memcpy(to, text, n);
	return to + n;
}

/* One byte that cannot stand for itself, as Docker's daemon/logger/jsonfilelog/jsonlog writes it. */
static char *put_escaped(char *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	switch (c) {
	case '\n':
		return put(to, "\\n", 2);
	case '\r':
		return put(to, "\\r", 2);
	case '"':
	case '\\':
		*to++ = '\\';
		*to++ = (char)c;
		return to;
	default:
		to = put(to, "\\u00", 4);
		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
		return to;
	}
}

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

/* A sequence of several bytes, or a byte that is none; *i is moved past it. */
static char *put_wide(char *to, const unsigned char *p, size_t n, size_t *i)
{
	size_t len = utf8(p + *i, n - *i);

	if (len == 3 && p[*i] == 0xe2 && p[*i + 1] == 0x80 && (p[*i + 2] & 0xfe) == 0xa8) /* U+2028, U+2029 */
		to = put(to, p[*i + 2] == 0xa8 ? "\\u2028" : "\\u2029", 6);
	else if (len)
		to = put(to, (const char *)p + *i, len);
	else
		to = put(to, "\\ufffd", 6);
	*i += len ? len : 1;
	return to;
}

static char *put_text(char *to, const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 0;

	while (i < n) {
		size_t from = i;

		while (i < n && is_plain(p[i]))
			i++;
		to = put(to, text + from, i - from);
		if (i < n && p[i] >= 0x80)
			to = put_wide(to, p, n, &i);
		else if (i < n)
			to = put_escaped(to, p[i++]);
	}
	return to;
}

/* What stands behind the text, the same for all records that are read at once. Go's RFC3339Nano has no trailing zeros. */
struct tail {
	char text[JSONLOG_ATTRS + 160];
	size_t n;
};

static void make_tail(const struct jsonlog *l, enum jsonlog_stream s, int64_t time_ns, struct tail *ret)
{
	const char *attrs = l->charter->log_attrs;
	char time[RFC3339_SIZE];
	size_t n;

	n = strlen(clock_rfc3339(time_ns, time)) - 1; /* without its Z */
	while (time[n - 1] == '0')
		n--;
	if (time[n - 1] == '.')
		n--;
	if (attrs && strlen(attrs) > JSONLOG_ATTRS)
		attrs = NULL;
	ret->n = (size_t)snprintf(ret->text, sizeof ret->text, "\",\"stream\":\"%s\"%s%s,\"time\":\"%.*sZ\"}\n",
				  s == JSONLOG_STDOUT ? "stdout" : "stderr", attrs ? ",\"attrs\":" : "",
				  attrs ? attrs : "", (int)n, time);
}

/* ended: with the line's end */
static void record(struct jsonlog *l, const char *text, size_t n, bool ended, const struct tail *tail)
{
	char *to;

	if (is_past_size(l)) {
		jsonlog_flush(l);
		look_at_size(l);
		if (l->size >= l->charter->log_max_size)
			rotate(l);
	}
	to = put(l->out + l->n, "{\"log\":\"", 8);
	to = put_text(to, text, n);
	to = put(to, "\\n", ended ? 2 : 0);
	to = put(to, tail->text, tail->n);
	l->n = (size_t)(to - l->out);
	if (l->n >= JSONLOG_FLUSH)
		jsonlog_flush(l);
}

/* Room for it is asked for first; when there is none, it counts as nothing. */
static bool say_dropped(struct jsonlog *l)
{
	char text[160], line[JSONLOG_ATTRS + 400], *to = line;
	struct tail tail;
	int n = snprintf(text, sizeof text, "tare: %llu records of this log were dropped: %s",
			 (unsigned long long)l->dropped, strerror(l->why));

	make_tail(l, JSONLOG_STDERR, clock_real_ns(), &tail);
	to = put(to, "{\"log\":\"", 8);
	to = put_text(to, text, (size_t)n);
	to = put(to, "\\n", 2);
	to = put(to, tail.text, tail.n);
	if (write_records(l, line, (size_t)(to - line)) == 0)
		return false;
	l->dropped = 0;
	return true;
}

void jsonlog_flush(struct jsonlog *l)
{
	size_t done = 0;

	if (!l->n)
		return;
	if (!l->dropped || say_dropped(l))
		done = write_records(l, l->out, l->n);
	l->dropped += count_records(l->out + done, l->n - done);
	l->n = 0;
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static void keep(struct jsonlog_line *line, const char *text, size_t n)
{
	memcpy(line->text + line->n, text, n);
	line->n += n;
}

/* The records of one line have one time. */
static void line_record(struct jsonlog *l, enum jsonlog_stream s, const char *text, size_t n, bool ended,
			const struct tail *now)
{
	struct jsonlog_line *line = &l->line[s];
	struct tail first;

	if (line->n) { /* as one: a character may lie in both */
		keep(line, text, n);
		text = line->text;
		n = line->n;
	}
	if (line->cut)
		make_tail(l, s, line->time_ns, &first);
	record(l, text, n, ended, line->cut ? &first : now);
	line->cut = !ended;
	line->n = 0;
}

void jsonlog_put(struct jsonlog *l, enum jsonlog_stream s, const char *text, size_t n)
{
	struct jsonlog_line *line = &l->line[s];
	int64_t now_ns = clock_real_ns();
	struct tail tail;

	if (l->charter->log_driver == LOG_NONE || !n)
		return;
	make_tail(l, s, now_ns, &tail);
	while (n) {
		size_t room = JSONLOG_LINE - line->n, look = n < room ? n : room;
		const char *end = memchr(text, '\n', look);
		size_t take = end ? (size_t)(end - text) : look;

		if (!line->cut)
			line->time_ns = now_ns;
		if (end || take == room)
			line_record(l, s, text, take, end, &tail);
		else
			keep(line, text, take);
		take += end != NULL;
		text += take;
		n -= take;
	}
}

void jsonlog_end(struct jsonlog *l, enum jsonlog_stream s)
{
	struct jsonlog_line *line = &l->line[s];
	struct tail tail;

	if (line->n) {
		make_tail(l, s, line->time_ns, &tail);
		line_record(l, s, "", 0, false, &tail);
	}
	line->cut = false;
}

void jsonlog_rest(struct jsonlog *l)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = ((uintptr_t)l->out + page - 1) & ~(page - 1),
		  end = ((uintptr_t)l->out + sizeof l->out) & ~(page - 1);

	if (!l->n && end > from)
		(void)madvise((void *)from, end - from, MADV_DONTNEED);
}
