/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.h - an engine in a folder of its own, and children that are killed at a chosen system call. */
#pragma once

#include "engine/engine.h"

#include "../tmpdir.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

struct fixture {
	struct tmpdir dir;
	struct host *host; /* where the engine can point to it */
	struct engine en;
	char root[96], state[96];
};

/* The engine is closed in every forked child that uses it, and opened anew: SQLite does not survive a fork. */
static inline int fixture_open(struct fixture *f, struct err *e)
{
	return engine_open(&f->en, f->host, f->root, f->state, e);
}

static inline struct fixture fixture_new(void)
{
	struct fixture f = { .dir = tmpdir_new() };
	struct err e = { 0 };

	f.host = calloc(1, sizeof *f.host);
	*f.host = (struct host){ .root = open("/", O_PATH | O_CLOEXEC), .proc = open("/proc", O_PATH | O_CLOEXEC),
				.sys = -1, .real = true };
	(void)snprintf(f.root, sizeof f.root, "%s/root", f.dir.path);
	(void)snprintf(f.state, sizeof f.state, "%s/state", f.dir.path);
	if (fixture_open(&f, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		abort();
	}
	return f;
}

static inline void fixture_done(struct fixture *f)
{
	engine_close(&f->en);
	close(f->host->root);
	close(f->host->proc);
	free(f->host);
	tmpdir_done(&f->dir);
}

#define scoped_fixture SCOPED(fixture_done) struct fixture

/* killed_at - run fn(arg) in a child that is killed before its n-th system call (0: the first).
 * false: it ended before that; then it must have returned 0. */
static inline bool killed_at(unsigned n, int (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(99);
		(void)raise(SIGSTOP);
		_exit(fn(arg) == 0 ? 0 : 98);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		abort();
	for (unsigned stops = 0; stops <= 2 * n; stops++) { /* entry and exit of each call; then the entry */
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) != pid)
			abort();
		if (!WIFSTOPPED(status)) {
			if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
				abort();
			return false;
		}
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return true;
}
