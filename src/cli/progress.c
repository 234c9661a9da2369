/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include "base/clock.h"
#include "base/io.h"
#include "cli/human.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EVERY_NS 100000000
#define BAR 50 /* Docker's */
#define LEAST_BAR 5
#define COLUMNS 80
#define CLEAR "\r\033[K"

struct progress progress_new(int fd, bool quiet)
{
	return (struct progress){ .fd = !quiet && isatty(fd) ? fd : -1 };
}

const char *progress_line(const char *what, int64_t done, int64_t total, unsigned columns, char ret[PROGRESS_SIZE])
{
	char so_far[HUMAN_SIZE], all[HUMAN_SIZE], bar[BAR + 1];
	size_t used = strlen(what) + sizeof " [>]  999.9MB/999.9MB";
	size_t width = columns > used + BAR ? BAR : columns > used ? columns - used : 0, filled;

	human_bytes(done, so_far);
	if (total <= 0 || width < LEAST_BAR) {
		(void)snprintf(ret, PROGRESS_SIZE, "%.200s  %s", what, so_far);
		return ret;
	}
	filled = done >= total ? width : (size_t)((double)done / (double)total * (double)width);
	memset(bar, '=', filled);
	bar[filled] = '\0';
	(void)snprintf(ret, PROGRESS_SIZE, "%.200s [%s>%*s]  %s/%s", what, bar, (int)(width - filled), "", so_far,
		       human_bytes(total, all));
	return ret;
}

static unsigned columns_of(int fd)
{
	struct winsize w;

	return ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : COLUMNS;
}

static void show(struct progress *p, const char *text)
{
	(void)io_write_all(p->fd, text, strlen(text), NULL);
}

void progress_step(struct progress *p, const char *what, int64_t done, int64_t total)
{
	char line[PROGRESS_SIZE];
	int64_t now;

	if (p->fd < 0)
		return;
	now = clock_monotonic_ns();
	if (p->open && done != total && now - p->shown_ns < EVERY_NS)
		return;
	p->shown_ns = now;
	p->open = true;
	show(p, CLEAR);
	show(p, progress_line(what, done, total, columns_of(p->fd), line));
}

void progress_end(struct progress *p)
{
	if (p->open)
		show(p, "\n");
	p->open = false;
}

void progress_clear(struct progress *p)
{
	if (p->open)
		show(p, CLEAR);
	p->open = false;
}
