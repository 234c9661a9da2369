/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress_lines.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/scope.h"
#include "cli/progress.h"

#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>

#define EVERY_NS 100000000
#define COLUMNS 80
#define ROWS 24
#define ID_SIZE 32
#define STEP_SIZE 64

struct line {
	char id[ID_SIZE], step[STEP_SIZE];
	int64_t done, total;
	bool changed;
};

struct progress_lines {
	pthread_mutex_t lock;
	int fd; /* -1: quiet */
	bool plain;
	struct line *lines;
	size_t n, cap, drawn; /* drawn: lines of the terminal that are ours */
	int64_t shown_ns;
};

int progress_lines_new(int fd, bool quiet, bool plain, struct progress_lines **ret, struct err *e)
{
	struct progress_lines *l = calloc(1, sizeof *l);

	if (!l)
		return err_oom(e);
	(void)pthread_mutex_init(&l->lock, NULL);
	l->fd = quiet ? -1 : fd;
	l->plain = plain || !isatty(fd);
	*ret = l;
	return 0;
}

static struct line *find(struct progress_lines *l, const char *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->lines[i].id, id) == 0)
			return &l->lines[i];
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct line *more = reallocarray(l->lines, cap, sizeof *more);

		if (!more)
			return NULL;
		l->lines = more;
		l->cap = cap;
	}
	l->lines[l->n] = (struct line){ 0 };
	(void)snprintf(l->lines[l->n].id, ID_SIZE, "%s", id);
	return &l->lines[l->n++];
}

static void window(int fd, unsigned *ret_columns, unsigned *ret_rows)
{
	struct winsize w = { 0 };

	(void)ioctl(fd, TIOCGWINSZ, &w);
	*ret_columns = w.ws_col ? w.ws_col : COLUMNS;
	*ret_rows = w.ws_row ? w.ws_row : ROWS;
}

static void put_line(struct buf *b, const struct line *line, unsigned columns)
{
	char what[ID_SIZE + STEP_SIZE + 2], text[PROGRESS_SIZE];

	(void)snprintf(what, sizeof what, "%s: %s", line->id, line->step);
	buf_putf(b, "\r\033[K%s\n",
		 line->total > 0 ? progress_line(what, line->done, line->total, columns, text) : what);
}

/* From the first of our lines down; those that no window is high enough for are left out. */
static void draw(struct progress_lines *l)
{
	scoped_buf b = BUF(1u << 20);
	unsigned columns, rows;
	size_t first;

	window(l->fd, &columns, &rows);
	first = l->n > rows - 1 ? l->n - (rows - 1) : 0;
	if (l->drawn)
		buf_putf(&b, "\033[%zuA", l->drawn);
	for (size_t i = first; i < l->n; i++)
		put_line(&b, &l->lines[i], columns);
	l->drawn = l->n - first;
	l->shown_ns = clock_monotonic_ns();
	(void)io_write_all(l->fd, b.p, b.len, NULL);
}

static void print_step(struct progress_lines *l, const struct line *line)
{
	scoped_buf b = BUF(1024);

	buf_putf(&b, "%s: %s\n", line->id, line->step);
	(void)io_write_all(l->fd, b.p, b.len, NULL);
}

static void set(struct progress_lines *l, struct line *line, const char *step, bool minor, int64_t done, int64_t total)
{
	bool other = strcmp(line->step, step) != 0;

	(void)snprintf(line->step, sizeof line->step, "%s", step);
	line->done = done;
	line->total = total;
	if (l->plain && other && !minor)
		print_step(l, line);
	else if (!l->plain && (other || clock_monotonic_ns() - l->shown_ns >= EVERY_NS))
		draw(l);
}

void progress_lines_set(struct progress_lines *l, const char *id, const char *step, bool minor, int64_t done,
			int64_t total)
{
	struct line *line;

	if (l->fd < 0)
		return;
	pthread_mutex_lock(&l->lock);
	line = find(l, id);
	if (line)
		set(l, line, step, minor, done, total);
	pthread_mutex_unlock(&l->lock);
}

/* What stood there stays where it is; the next lines begin below it. */
void progress_lines_say(struct progress_lines *l, const char *text)
{
	if (l->fd < 0)
		return;
	pthread_mutex_lock(&l->lock);
	if (!l->plain && l->n)
		draw(l);
	l->n = l->drawn = 0;
	(void)io_write_all(l->fd, text, strlen(text), NULL);
	(void)io_write_all(l->fd, "\n", 1, NULL);
	pthread_mutex_unlock(&l->lock);
}

void progress_lines_free(struct progress_lines *l)
{
	if (!l)
		return;
	if (l->fd >= 0 && !l->plain && l->n)
		draw(l);
	(void)pthread_mutex_destroy(&l->lock);
	free(l->lines);
	free(l);
}
