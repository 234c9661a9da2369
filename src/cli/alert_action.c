/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/alert_action.h"

#include "base/io.h"
#include "base/scope.h"
#include "engine/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#define VARIABLES_MAX 16
#define BODY_MAX 4096 /* what a pipe takes without a reader; a rule and a name are far below */

static void reap(struct alert_actions *a, int options)
{
	while (a->running && waitpid(-1, NULL, options) > 0)
		a->running--;
}

/* Room for one more. */
static void make_room(struct alert_actions *a)
{
	reap(a, WNOHANG);
	while (a->running >= ALERT_RUNNING_MAX && waitpid(-1, NULL, 0) > 0)
		a->running--;
}

static int start(struct alert_actions *a, const char *path, char *const *argv, char *const *env, int input,
		 struct err *e)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	make_room(a);
	(void)posix_spawn_file_actions_init(&actions);
	if (input >= 0)
		(void)posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	else
		(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO); /* ours has the alerts alone */
	errno = posix_spawn(&pid, path, &actions, NULL, argv, env);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (errno)
		return err_sys(e, "start %s", path);
	a->running++;
	return 0;
}

static int start_command(struct alert_actions *a, const char *const *variables, struct err *e)
{
	char *const argv[] = { "sh", "-c", (char *)a->command, NULL };
	size_t n = 0, k = 0;
	scoped_free char **env = NULL;

	while (environ[n])
		n++;
	env = calloc(n + VARIABLES_MAX + 1, sizeof *env);
	if (!env)
		return err_oom(e);
	memcpy(env, environ, n * sizeof *env);
	for (; k < VARIABLES_MAX && variables[k]; k++)
		env[n + k] = (char *)variables[k];
	return start(a, "/bin/sh", argv, env, -1, e);
}

static int start_request(struct alert_actions *a, const char *json, struct err *e)
{
	char path[PATH_MAX];
	char *const argv[] = { "tare", "post", (char *)a->url, NULL };
	int ends[2], r = programs_find("tare-image", path, e);
	size_t n = strlen(json);

	if (r < 0)
		return r;
	if (n > BODY_MAX)
		return err_set(e, EMSGSIZE, "an alert of more than %d bytes", BODY_MAX);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	r = io_write_all(ends[1], json, n, e);
	close(ends[1]);
	if (r == 0)
		r = start(a, path, argv, environ, ends[0], e);
	close(ends[0]);
	return r;
}

int alert_act(struct alert_actions *a, const char *const *variables, const char *json, struct err *e)
{
	int r = a->command ? start_command(a, variables, e) : 0;

	if (r == 0 && a->url)
		r = start_request(a, json, e);
	return r;
}

void alert_actions_end(struct alert_actions *a)
{
	reap(a, 0);
}
