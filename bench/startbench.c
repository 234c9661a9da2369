/* SPDX-License-Identifier: Apache-2.0 */
/* startbench.c - how long commands take from posix_spawn(3) to wait(2), measured in turns: A B C A B C …, so that what
 * slows the machine for a while slows all of them. See usage(). Driven by bench/bench. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define ROW_MAX 32
#define WARM_UP 3

struct row {
	const char *name;
	int ns, home_ns; /* mount namespaces: to start it in (-1: here), and to come back to */
	char **argv;
	double *ms; /* by round; -1: failed */
	size_t n;   /* that did not fail; after sorting ms holds these */
	bool over;  /* what it takes more than the row before is printed: */
	size_t pairs;
	double more; /* of so many pairs, see find_more() */
};

static int usage(void)
{
	fputs("usage: startbench [-n ROUNDS] [-g GAP_MS] + NAME [@MOUNT_NS_FILE] COMMAND… [+ NAME COMMAND…]…\n"
	      "++ in place of + compares a row with the one before it, round by round; they take turns in being first.\n"
	      "The first row is the one that the others are compared with. A command that fails while warming up is\n"
	      "left out, and the last line of its error output printed.\n",
	      stderr);
	return 2;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* This thread is the only one, and what it spawns inherits its mount namespace. One start; -1: not spawned or a status other than 0. Its error output goes to err_fd. */
static double start_once(const struct row *r, int err_fd)
{
	posix_spawn_file_actions_t files;
	double begin, end;
	pid_t pid;
	int status = -1, error;

	if (r->ns >= 0 && setns(r->ns, CLONE_NEWNS) < 0)
		return -1;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, err_fd, 2);
	begin = now_ms();
	error = posix_spawnp(&pid, r->argv[0], &files, NULL, r->argv, environ);
	if (error == 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	end = now_ms();
	posix_spawn_file_actions_destroy(&files);
	if (error)
		dprintf(err_fd, "%s: %s\n", r->argv[0], strerror(error));
	if (r->ns >= 0 && setns(r->home_ns, CLONE_NEWNS) < 0)
		return -1;
	return error == 0 && status == 0 ? end - begin : -1;
}

/* ---- warming up ----------------------------------------------------------------------------------------------- */

static void say_skipped(const struct row *r, int err_fd)
{
	char text[4096], *line, *end;
	ssize_t n = pread(err_fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	end = text + strlen(text);
	while (end > text && end[-1] == '\n')
		*--end = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	printf("%-28s skipped: %.200s\n", r->name, *line ? line : "it failed and said nothing");
}

static bool works(const struct row *r)
{
	int err_fd = memfd_create("stderr", MFD_CLOEXEC);
	bool ok = err_fd >= 0 && start_once(r, err_fd) >= 0;

	if (!ok)
		say_skipped(r, err_fd);
	if (err_fd >= 0)
		close(err_fd);
	return ok;
}

static size_t keep_working(struct row *rows, size_t n)
{
	size_t kept = 0;
	bool before = false;

	for (size_t i = 0; i < n; i++) {
		bool ok = works(&rows[i]);

		rows[i].over &= before;
		if (ok)
			rows[kept++] = rows[i];
		before = ok;
	}
	return kept;
}

/* In turns, too: a row may need what the one before it has done. */
static size_t warm_up(struct row *rows, size_t n)
{
	for (int i = 0; i < WARM_UP; i++)
		n = keep_working(rows, n);
	return n;
}

/* ---- measuring ------------------------------------------------------------------------------------------------ */

/* What a start leaves to the kernel's threads slows the next one. So two that are compared change places in every other
 * round: each is as often behind the other as behind what stands before both. */
static size_t turn(const struct row *rows, size_t n, int round, size_t k)
{
	if (round % 2 == 0)
		return k;
	if (k + 1 < n && rows[k + 1].over && !rows[k].over)
		return k + 1;
	return rows[k].over && !rows[k - 1].over ? k - 1 : k;
}

static void measure(struct row *rows, size_t n, int rounds, long gap_ms)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	for (int i = 0; i < rounds; i++)
		for (size_t k = 0; k < n; k++) {
			struct row *r = &rows[turn(rows, n, i, k)];

			if (gap_ms)
				pause_ms(gap_ms);
			r->ms[i] = start_once(r, null);
			r->n += r->ms[i] >= 0;
		}
	close(null);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const struct row *r, double q)
{
	double at = q * (double)(r->n - 1);
	size_t i = (size_t)at;

	return i + 1 < r->n ? r->ms[i] + (at - (double)i) * (r->ms[i + 1] - r->ms[i]) : r->ms[i];
}

/* The median of the differences in every other round from the first on. */
static double median_more(const struct row *r, int first, int rounds, size_t *pairs)
{
	struct row d = { .ms = calloc((size_t)rounds, sizeof(double)) };
	double median = 0;

	for (int i = first; d.ms && i < rounds; i += 2)
		if (r->ms[i] >= 0 && r[-1].ms[i] >= 0)
			d.ms[d.n++] = r->ms[i] - r[-1].ms[i];
	if (d.n) {
		qsort(d.ms, d.n, sizeof *d.ms, compare);
		median = quantile(&d, 0.5);
	}
	*pairs += d.n;
	free(d.ms);
	return median;
}

/* A round's two starts follow each other, so their difference has less of the machine's noise than the medians'. Of each order
 * by itself: together they have two humps, and a median lies anywhere between those. */
static void find_more(struct row *r, int rounds)
{
	double ahead = median_more(r, 0, rounds, &r->pairs);

	r->more = rounds > 1 ? (ahead + median_more(r, 1, rounds, &r->pairs)) / 2 : ahead;
}

/* The failed ones sort to the start. */
static void sort_row(struct row *r, int rounds)
{
	size_t failed = (size_t)rounds - r->n;

	qsort(r->ms, (size_t)rounds, sizeof *r->ms, compare);
	memmove(r->ms, r->ms + failed, r->n * sizeof *r->ms);
}

static void print_table(struct row *rows, size_t n, int rounds, long gap_ms)
{
	double base = 0;

	if (gap_ms)
		printf("\n%ld ms between starts, %d rounds\n", gap_ms, rounds);
	else
		printf("\nback to back, %d rounds\n", rounds);
	for (size_t i = 1; i < n; i++)
		if (rows[i].over)
			find_more(&rows[i], rounds);
	printf("%-36s%9s%10s%10s%10s\n", "milliseconds", "min", "median", "p90", "x floor");
	for (size_t i = 0; i < n; i++) {
		struct row *r = &rows[i];

		if (r->n == 0)
			continue;
		sort_row(r, rounds);
		if (base == 0)
			base = quantile(r, 0.5);
		printf("%-36s%9.2f%10.2f%10.2f%10.2f", r->name, r->ms[0], quantile(r, 0.5), quantile(r, 0.9),
		       quantile(r, 0.5) / base);
		if (r->n < (size_t)rounds)
			printf("  (%zu failed)", (size_t)rounds - r->n);
		putchar('\n');
	}
	for (size_t i = 1; i < n; i++)
		if (rows[i].pairs)
			printf("%s, over the row before: %+.2f (%zu pairs)\n", rows[i].name, rows[i].more,
			       rows[i].pairs);
	fflush(stdout);
}

/* ---- the command line ----------------------------------------------------------------------------------------- */

static long number(const char *text)
{
	char *end;
	long v = strtol(text, &end, 10);

	return *text && !*end && v >= 0 && v <= 1000000 ? v : -1;
}

static bool is_plus(const char *word)
{
	return strcmp(word, "+") == 0 || strcmp(word, "++") == 0;
}

/* Rows from argv, each after a "+"; 0: not well formed. */
static size_t rows_parse(char **argv, struct row *rows)
{
	int home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	size_t n = 0;

	while (*argv) {
		bool over = strcmp(*argv, "++") == 0;

		if (!is_plus(*argv) || !argv[1] || n == ROW_MAX)
			return 0;
		*argv = NULL; /* ends the row before */
		rows[n] = (struct row){ .name = argv[1], .ns = -1, .home_ns = home, .over = over && n };
		argv += 2;
		if (*argv && **argv == '@')
			rows[n].ns = open(*argv++ + 1, O_RDONLY | O_CLOEXEC);
		rows[n++].argv = argv;
		if (!*argv)
			return 0;
		while (*argv && !is_plus(*argv))
			argv++;
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct row rows[ROW_MAX];
	long rounds = 30, gap_ms = 0;
	int option;
	size_t n;

	while ((option = getopt(argc, argv, "+n:g:")) != -1) {
		if (option == 'n')
			rounds = number(optarg);
		else if (option == 'g')
			gap_ms = number(optarg);
		else
			return usage();
	}
	if (rounds < 1 || gap_ms < 0)
		return usage();
	n = rows_parse(argv + optind, rows);
	if (n == 0)
		return usage();
	n = warm_up(rows, n);
	for (size_t i = 0; i < n; i++) {
		rows[i].ms = calloc((size_t)rounds, sizeof(double));
		if (!rows[i].ms)
			return 1;
	}
	measure(rows, n, (int)rounds, gap_ms);
	print_table(rows, n, (int)rounds, gap_ms);
	return 0;
}
