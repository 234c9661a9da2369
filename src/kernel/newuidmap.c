/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/newuidmap.h"

#include "base/scope.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- one id: by ourselves ---------------------------------------------------------------------------------------- */

static bool is_own(const struct id_map *m, uint32_t id)
{
	return m->n == 1 && m->v[0].count == 1 && m->v[0].outside == id;
}

static int write_file(const char *path, const char *text, struct err *e)
{
	scoped_fd fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = (ssize_t)strlen(text);

	return fd >= 0 && write(fd, text, (size_t)n) == n ? 0 : err_sys(e, "write %s", path);
}

static int write_own(const struct id_map *uids, const struct id_map *gids, struct err *e)
{
	char text[64];
	int r = write_file("/proc/self/setgroups", "deny", e);

	(void)snprintf(text, sizeof text, "%u %u 1\n", uids->v[0].inside, uids->v[0].outside);
	if (r == 0)
		r = write_file("/proc/self/uid_map", text, e);
	(void)snprintf(text, sizeof text, "%u %u 1\n", gids->v[0].inside, gids->v[0].outside);
	return r < 0 ? r : write_file("/proc/self/gid_map", text, e);
}

/* ---- ranges: by the tools ---------------------------------------------------------------------------------------- */

#define NUMBER 11 /* characters of an id, with its end */

/* newuidmap PID INSIDE OUTSIDE COUNT …: the words of one map, in one piece of memory */
struct words {
	char **argv;
	char *text;
};

static void words_free(struct words *w)
{
	free((void *)w->argv);
	free(w->text);
}

static char *put_number(struct words *w, size_t i, uint32_t number)
{
	char *at = w->text + i * NUMBER;

	(void)snprintf(at, NUMBER, "%u", number);
	return at;
}

static int words_make(struct words *w, const char *tool, pid_t pid, const struct id_map *m)
{
	size_t n = 0;

	w->argv = calloc(3 + 3 * m->n, sizeof *w->argv);
	w->text = calloc(2 + 3 * m->n, NUMBER);
	if (!w->argv || !w->text)
		return -ENOMEM;
	w->argv[n++] = (char *)tool;
	w->argv[n] = put_number(w, n, (uint32_t)pid);
	n++;
	for (size_t i = 0; i < m->n; i++) {
		const uint32_t numbers[] = { m->v[i].inside, m->v[i].outside, m->v[i].count };

		for (size_t k = 0; k < ARRAY_LEN(numbers); k++, n++)
			w->argv[n] = put_number(w, n, numbers[k]);
	}
	return 0;
}

static int run_tool(const char *tool, pid_t pid, const struct id_map *m)
{
	SCOPED(words_free) struct words w = { 0 };
	pid_t child;
	int status;

	if (words_make(&w, tool, pid, m) < 0)
		return ENOMEM;
	status = posix_spawnp(&child, tool, NULL, NULL, w.argv, environ);
	if (status)
		return status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EPERM;
}

/* In the namespace that we came from, for our parent, who has left it. */
static _Noreturn void mapper(const struct id_map *uids, const struct id_map *gids, pid_t parent, int word)
{
	unsigned char code;
	char go;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(word, &go, 1) != 1)
		_exit(1);
	code = (unsigned char)run_tool("newuidmap", parent, uids);
	if (code == 0)
		code = (unsigned char)run_tool("newgidmap", parent, gids);
	_exit(code);
}

static int await_mapper(pid_t pid, struct err *e)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for newuidmap");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == ENOENT)
		return err_set(e, ENOENT, "more than the own id needs newuidmap and newgidmap (package uidmap)");
	return err_set(e, EPERM, "newuidmap or newgidmap refused them (subuid(5), subgid(5))");
}

/* ---- entering ---------------------------------------------------------------------------------------------------- */

static int become_root(struct err *e)
{
	(void)setgroups(0, NULL); /* refused where a single id was mapped */
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "id 0 is not mapped: become root");
	return 0;
}

static int leave(struct err *e)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ?
		       0 :
		       err_sys(e, "a new user namespace (`tare-runtime doctor` says more)");
}

static int enter_ranges(const struct id_map *uids, const struct id_map *gids, struct err *e)
{
	pid_t self = getpid(), pid;
	int word[2], r;

	if (pipe2(word, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	pid = fork();
	if (pid == 0) {
		close(word[1]);
		mapper(uids, gids, self, word[0]);
	}
	close(word[0]);
	r = pid < 0 ? err_sys(e, "fork") : leave(e);
	if (r == 0 && write(word[1], "g", 1) != 1)
		r = err_sys(e, "tell newuidmap");
	close(word[1]);
	if (pid < 0)
		return r;
	if (r == 0)
		return await_mapper(pid, e);
	(void)waitpid(pid, NULL, 0); /* it ends with our end of the pipe */
	return r;
}

int userns_enter_new(const struct id_map *uids, const struct id_map *gids, struct err *e)
{
	bool single = is_own(uids, geteuid()) && is_own(gids, getegid());
	int r;

	if (!single)
		r = enter_ranges(uids, gids, e);
	else if ((r = leave(e)) == 0)
		r = write_own(uids, gids, e);
	return r < 0 ? r : become_root(e);
}

int userns_enter(int ns, struct err *e)
{
	if (setns(ns, CLONE_NEWUSER) < 0)
		return err_sys(e, "setns");
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "a new mount namespace");
	return become_root(e);
}
