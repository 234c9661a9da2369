/* SPDX-License-Identifier: Apache-2.0 */
/* groups.h - groups on the kernel that runs, for the tests of this folder: made below "/tare-test-<pid>", limited, entered
 * by children, and removed again. */
#pragma once

#include "../unit/test.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/cgroup.h"
#include "kernel/host.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static struct host host;
static struct host_facts facts;
static struct arena arena = ARENA(1 << 20);
static char top[64];

#define CHECK_OK(call)                                                                                                 \
	do {                                                                                                           \
		if ((call) < 0)                                                                                        \
			fail_msg("%s: %s", #call, e.msg);                                                              \
	} while (0)

static inline const char *below(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", top, name);
	return path;
}

static inline struct cgroup *create(const char *name)
{
	struct cgroup *cg;
	struct err e = { 0 };

	CHECK_OK(cgroup_create(&host, &facts.cgroup, below(name), true, &cg, &e));
	return cg;
}

static inline void end(struct cgroup *cg, const char *name)
{
	struct err e = { 0 };

	cgroup_free(cg);
	CHECK_OK(cgroup_remove(&host, &facts.cgroup, below(name), 5000, &e));
}

static inline void limit(struct cgroup *cg, const struct cgroup_limits *want)
{
	struct cgroup_writes w;
	struct err e = { 0 };

	CHECK_OK(cgroup_plan(&facts.cgroup, want, &arena, &w, &e));
	for (size_t i = 0; i < w.n; i++)
		CHECK_OK(cgroup_apply(cg, &w.w[i], &e));
	if (w.device_program)
		CHECK_OK(cgroup_apply_devices(cg, w.device_hierarchy, want->devices, want->device_count, &e));
}

/* A child in the group, as a container's first process gets there; its exit status is what run() returns. It has joined
 * everything when this returns. */
static inline pid_t start(struct cgroup *cg, int (*run)(void))
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	struct err e = { 0 };
	int joined[2];
	pid_t pid;
	char byte;

	assert_int_equal(0, pipe2(joined, O_CLOEXEC));
	if (cgroup_clone_fd(cg) >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_clone_fd(cg);
	}
	pid = sys_clone3(&args);
	assert_true(pid >= 0);
	if (pid == 0) {
		if (cgroup_join(cg, &e) < 0) {
			(void)dprintf(2, "%s\n", e.msg);
			_exit(99);
		}
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* a failed check leaves nobody behind */
		close(joined[0]);
		close(joined[1]);
		_exit(run());
	}
	close(joined[1]);
	assert_int_equal(0, read(joined[0], &byte, 1)); /* until the child closes its end */
	close(joined[0]);
	return pid;
}

static inline int end_of(pid_t pid)
{
	int status;

	assert_int_equal(pid, waitpid(pid, &status, 0));
	return status;
}

static inline void needs(enum cgroup_controller c)
{
	if (cgroup_layout_has(&facts.cgroup, c))
		return;
	print_message("# skipped: no %s controller here\n", cgroup_controller_name(c));
	skip();
}

static inline int sleep_long(void)
{
	while (pause() < 0)
		continue;
	return 0;
}

static inline int do_nothing(void)
{
	return 0;
}

static inline int eat_memory(void)
{
	size_t n = 64 << 20;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; p != MAP_FAILED && i < n; i += 4096)
		p[i] = 1;
	return 0;
}

static inline int setup(void **state)
{
	struct err e = { 0 };

	(void)state;
	(void)snprintf(top, sizeof top, "/tare-test-%d", (int)getpid());
	if (host_open(&host, "/", &e) < 0 || host_facts_read(&host, &arena, &facts, &e) < 0) {
		print_error("%s\n", e.msg);
		return -1;
	}
	return 0;
}

static inline int teardown(void **state)
{
	struct err e = { 0 };
	struct cgroup *cg = NULL;
	int r;

	(void)state;
	if (cgroup_open(&host, &facts.cgroup, top, &cg, NULL) == 0)
		(void)cgroup_kill(cg, NULL); /* of a test that failed */
	cgroup_free(cg);
	r = cgroup_remove(&host, &facts.cgroup, top, 1000, &e);
	if (r < 0)
		print_error("%s\n", e.msg);
	host_close(&host);
	arena_done(&arena);
	return r < 0 ? -1 : 0;
}
