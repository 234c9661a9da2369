/* SPDX-License-Identifier: Apache-2.0 */
/* ps - the processes of a container: their ids as JSON, or the lines of ps(1) that are about them. */
#include "base/io.h"
#include "base/scope.h"
#include "runtime_cli/group.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

struct ps_options {
	const char *format;
};

static const struct option rows[] = {
	{ "format", 'f', "FORMAT", "table (default) or json", option_words, offsetof(struct ps_options, format),
	  .words = "table json" },
};
static OPTION_GROUP(group, "Options", rows);

#define PS_OUTPUT_MAX (64u << 20)

/* Its whole output; what it says on standard error is ours. */
static int run_ps(char **argv, struct buf *out, struct err *e)
{
	posix_spawn_file_actions_t actions;
	scoped_fd from = -1;
	int pipe_fds[2], r, status;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	from = pipe_fds[0];
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
	errno = posix_spawnp(&pid, "ps", &actions, NULL, argv, environ);
	r = errno ? err_sys(e, "ps") : 0;
	(void)posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	if (r < 0)
		return r;
	r = io_read_fd(from, out, e);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return r < 0 || status == 0 ? r : err_set(e, EIO, "ps failed");
}

/* Which word of a line is the process id. */
static int pid_column(struct sv head, size_t *ret, struct err *e)
{
	struct sv word;
	size_t i = 0;

	while (sv_next(&head, ' ', &word)) {
		if (!word.n)
			continue;
		if (sv_is(word, "PID")) {
			*ret = i;
			return 0;
		}
		i++;
	}
	return err_set(e, EINVAL, "ps prints no column PID with these options");
}

static bool is_about(struct sv line, size_t column, const pid_t *pids, size_t n)
{
	struct sv word;
	uint64_t pid;
	size_t i = 0;

	while (sv_next(&line, ' ', &word)) {
		if (!word.n || i++ < column)
			continue;
		if (sv_u64(word, &pid) < 0)
			return false;
		for (size_t k = 0; k < n; k++)
			if (pid == (uint64_t)pids[k])
				return true;
		return false;
	}
	return false;
}

static int table(char **argv, const pid_t *pids, size_t n, struct buf *out, struct err *e)
{
	scoped_buf text = BUF(PS_OUTPUT_MAX);
	int r = run_ps(argv, &text, e);
	struct sv rest = buf_sv(&text), line;
	size_t column = 0;

	if (r < 0)
		return r;
	if (!sv_next(&rest, '\n', &line))
		return err_set(e, EIO, "ps prints nothing");
	r = pid_column(line, &column, e);
	if (r < 0)
		return r;
	buf_putf(out, SV_FMT "\n", SV_ARG(line));
	while (sv_next(&rest, '\n', &line))
		if (is_about(line, column, pids, n))
			buf_putf(out, SV_FMT "\n", SV_ARG(line));
	return 0;
}

static void put_json(const pid_t *pids, size_t n, struct buf *out)
{
	buf_puts(out, "[");
	for (size_t i = 0; i < n; i++)
		buf_putf(out, "%s%d", i ? "," : "", (int)pids[i]);
	buf_puts(out, "]\n");
}

static int ps(struct runtime *rt, struct entry *c, void *options, const struct operands *o, int *ret_status,
	      struct err *e)
{
	static char name[] = "ps", all[] = "-ef";
	const struct ps_options *po = options;
	char **argv = arena_array(rt->arena, (size_t)o->n + 2, sizeof *argv);
	scoped_buf out = BUF(RUNTIME_OUTPUT_MAX);
	scoped_group cg = NULL;
	pid_t *pids = NULL;
	size_t n = 0;
	int r = argv ? group_open(rt, c, &cg, e) : err_oom(e);

	if (r == 0)
		r = cgroup_pids(cg, rt->arena, &pids, &n, e);
	if (r < 0)
		return r;
	argv[0] = name;
	argv[1] = all;
	for (int i = 1; i < o->n; i++)
		argv[i] = o->v[i];
	if (po->format && strcmp(po->format, "json") == 0)
		put_json(pids, n, &out);
	else
		r = table(argv, pids, n, &out, e);
	return r < 0 ? r : runtime_print(&out, e);
}

static const struct option_group *const groups[] = { &group, NULL };

const struct runtime_command runtime_command_ps = {
	.name = "ps",
	.args = "[OPTIONS] ID [PS-OPTION...]",
	.summary = "list the processes of a container",
	.groups = groups,
	.options_size = sizeof(struct ps_options),
	.min_args = 1,
	.max_args = -1,
	.stops = true,
	.on = ps,
};
