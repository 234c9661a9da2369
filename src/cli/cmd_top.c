/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_top.c - `tare top`: the columns of ps -ef from proc(5) itself; with options of ps(1), the host's ps, of which the
 * lines of the container's processes are shown. */
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "base/table.h"
#include "cli/image_program.h"
#include "cli/opt_top.h"
#include "cli/page.h"
#include "cli/session.h"
#include "report/top.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

/* ---- our own table ------------------------------------------------------------------------------------------ */

static const struct table_column columns[] = { { "UID", 8 }, { "PID" },	{ "PPID" }, { "C" },
					       { "STIME" },  { "TTY" }, { "TIME" }, { "CMD", 12 } };

/* "14:03" today, "Nov26" this year, else the year. */
static const char *start_text(int64_t started_ns, int64_t now_ns, char ret[16])
{
	time_t started = started_ns / 1000000000, now = now_ns / 1000000000;
	struct tm then, today;

	(void)localtime_r(&started, &then);
	(void)localtime_r(&now, &today);
	(void)strftime(ret, 16,
		       then.tm_year != today.tm_year ? "%Y" :
		       then.tm_yday != today.tm_yday ? "%b%d" :
						       "%H:%M",
		       &then);
	return ret;
}

static const char *time_text(uint64_t s, char ret[32])
{
	char days[16] = "";

	if (s >= 86400)
		(void)snprintf(days, sizeof days, "%u-", (unsigned)(s / 86400));
	(void)snprintf(ret, 32, "%s%02u:%02u:%02u", days, (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60),
		       (unsigned)(s % 60));
	return ret;
}

static void put_process(struct table *t, const struct top_process *p, int64_t now)
{
	char pid[16], ppid[16], cpu[16], start[16], used[32];

	(void)snprintf(pid, sizeof pid, "%d", (int)p->pid);
	(void)snprintf(ppid, sizeof ppid, "%d", (int)p->ppid);
	(void)snprintf(cpu, sizeof cpu, "%u", p->cpu_percent);
	table_row(t, (const char *const[]){ p->user, pid, ppid, cpu, start_text(p->started_ns, now, start), p->tty,
					    time_text(p->cpu_seconds, used), p->command });
}

static int show_own(struct engine *en, const pid_t *pids, size_t n, bool whole, struct arena *a, struct buf *out,
		    struct err *e)
{
	struct top_processes all;
	struct table t;
	int r = top_read(en, pids, n, a, &all, e);

	if (r < 0)
		return r;
	table_init(&t, a, columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < all.n; i++)
		put_process(&t, &all.v[i], clock_real_ns());
	return page_table(&t, whole, out, e);
}

/* ---- the host's ps ------------------------------------------------------------------------------------------ */

static int spawn_ps(char *const argv[], int stdout_fd, pid_t *ret, struct err *e)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, stdout_fd, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawnp(ret, "ps", &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? 0 : err_set(e, r, "start ps: %s", strerror(r));
}

static int run_ps(char *const argv[], struct buf *out, struct err *e)
{
	scoped_fd ours = -1, theirs = -1;
	int pair[2], status, r;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	ours = pair[0];
	theirs = pair[1];
	r = spawn_ps(argv, theirs, &pid, e);
	if (r < 0)
		return r;
	close(fd_take(&theirs));
	r = io_read_fd(ours, out, e);
	close(fd_take(&ours)); /* what is more than we take ends it */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for ps");
	if (r == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		return err_set(e, EINVAL, "ps: failed; its message is above");
	return r;
}

/* The n-th word of a line, from 0. */
static bool word_at(struct sv line, size_t n, struct sv *ret)
{
	struct sv word;
	size_t i = 0;

	while (sv_next(&line, ' ', &word))
		if (word.n && i++ == n) {
			*ret = word;
			return true;
		}
	return false;
}

static bool find_column(struct sv title, size_t *ret)
{
	struct sv word;

	for (size_t i = 0; word_at(title, i, &word); i++)
		if (sv_is(word, "PID")) {
			*ret = i;
			return true;
		}
	return false;
}

static bool is_ours(struct sv line, size_t column, const pid_t *pids, size_t n)
{
	struct sv word;
	uint64_t pid;

	if (!word_at(line, column, &word) || sv_u64(word, &pid) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (pid == (uint64_t)pids[i])
			return true;
	return false;
}

static int show_ps(char *const argv[], const pid_t *pids, size_t n, struct buf *out, struct err *e)
{
	scoped_buf text = BUF(LIMIT_PROC_FILE);
	struct sv rest, line;
	size_t column;
	int r = run_ps(argv, &text, e);

	if (r < 0)
		return r;
	rest = buf_sv(&text);
	if (!sv_next(&rest, '\n', &line) || !find_column(line, &column))
		return err_set(e, EINVAL, "Couldn't find PID field in ps output");
	buf_putf(out, SV_FMT "\n", SV_ARG(line));
	while (sv_next(&rest, '\n', &line))
		if (is_ours(line, column, pids, n))
			buf_putf(out, SV_FMT "\n", SV_ARG(line));
	return buf_status(out, e);
}

/* ---- the command -------------------------------------------------------------------------------------------- */

/* Without a container: all of them, on the whole screen. */
static int become_screen(const struct cli *cli, const struct opt_top *o, struct err *e)
{
	struct image_words w = { .n = 0 };

	image_word_option(&w, "--interval", o->interval);
	image_word_option(&w, "--sort", o->sort);
	if (o->tree)
		image_word(&w, "--tree");
	return program_become(cli, "tare-top", &w, e);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct opt_top *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	char **argv = arena_array(cli->arena, (size_t)operands->n + 1, sizeof *argv);
	pid_t *pids;
	size_t n;
	int r;

	if (!operands->n)
		return become_screen(cli, o, e);
	r = argv ? session_open(&s, cli, e) : err_oom(e);
	if (r == 0)
		r = top_pids(&s.engine, sv_from(operands->v[0]), cli->arena, &pids, &n, e);
	if (r < 0)
		return r;
	argv[0] = (char *)"ps";
	for (int i = 1; i < operands->n; i++)
		argv[i] = operands->v[i];
	if (operands->n > 1)
		r = show_ps(argv, pids, n, &out, e);
	else
		r = show_own(&s.engine, pids, n, o->no_trunc, cli->arena, &out, e);
	return r < 0 ? r : cli_print(&out, e);
}

static const struct option_group *const groups[] = { &opt_top, NULL };

const struct command command_top = {
	.name = "top",
	.also = ALSO("container top"),
	.args = "[OPTIONS] [CONTAINER [PS OPTIONS]]",
	.summary = "show a container's processes, or all containers on the screen",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct opt_top),
	.init = opt_top_init,
	.max_args = -1,
	.stops = true,
	.run = run,
};
