/* SPDX-License-Identifier: Apache-2.0 */
/* exec.h - one more process in a running container: setns(2) by the pidfd of its first process.
 *
 * The caller clones a helper, which stays in the caller's pid namespace: nobody in the container can see it or trace it
 * (unless the container has the host's pid namespace). The helper joins groups and namespaces, closes every descriptor
 * of the host, becomes the user, takes limits, filter and capabilities, finds the command, and only then clones the
 * process itself, as a child of the caller (CLONE_PARENT) and with nothing that the container's processes have not. So
 * a container that traces what enters it (CVE-2016-9962) gets a process like its own, whatever capabilities it has; the
 * process is not dumpable until its execve(2) besides.
 *
 * exec_start() returns at once; what follows is heard through execution.sync, since a container can make the helper
 * wait for ever (a frozen group, a file system of its own). Single-threaded callers only. */
#pragma once

#include "base/err.h"
#include "kernel/cgroup.h"
#include "runtime/plan.h"

#include <stdbool.h>
#include <sys/types.h>

/* What a container's further processes are made of; small, to be kept while it runs. */
struct exec_context {
	struct id_map uids, gids; /* of a user namespace of the container's own */
	uint64_t namespaces; /* CLONE_NEWx that it does not share with its parent */
	struct cap_sets caps;
	struct sock_fprog seccomp;
	unsigned seccomp_flags;
	bool die_with_parent, without_cgroup;
	const char *mount_ns_path; /* as the plan has it */
	const char *keyring;   /* as the plan has it */
	bool listens;          /* whoever executes hears of a filter's listener: execution.listener; false after exec_context_make() */
	unsigned preserve_fds; /* as plan_inputs has it; 0 after exec_context_make() */
	struct oci_process process; /* only: rlimits, noNewPrivileges, umask, oomScoreAdj, execCPUAffinity, labels */
	typeof(((struct runtime_spec *)0)->memory_policy) memory_policy;
	typeof(((struct runtime_spec *)0)->personality) personality;
};

/* exec_context_make - of the plan that the container was created by. Everything is copied to a.
 * -EINVAL: its filter is not made yet (plan_make_filter). */
int exec_context_make(const struct plan *p, struct arena *a, struct exec_context *ret, struct err *e);

/* exec_plan_make - the process by its document. What that does not say is the container's: capabilities, rlimits,
 * oomScoreAdj, umask, noNewPrivileges. privileged: every capability that this host can give, no filter, no
 * noNewPrivileges. Pure; *ret points into all of its arguments. -EINVAL with the JSON path ("process.cwd: …"). */
int exec_plan_make(const struct exec_context *c, const struct oci_process *process, bool privileged,
		   const struct host_facts *facts, struct arena *a, struct plan *ret, struct err *e);

/* The container as the parent of its first process holds it. */
struct exec_target {
	const struct host *host;
	const struct cgroup *cgroup; /* NULL on a host without cgroups */
	pid_t pid;
	int pidfd;
	const struct unit_manager
		*manager; /* who may move a process into the group where the caller may not; NULL: nobody */
	const char *unit;
	const char *below; /* of the unit's group, "/name": what `cgroup` is then; NULL: the unit's own */
};

struct execution {
	pid_t helper; /* a child of the caller, which ends with 0 when the process is born; -1: reaped */
	pid_t pid;    /* likewise; 0: not born yet, or not heard of */
	int sync;     /* to be polled for reading while it is not -1, then execution_hear() */
	int console;  /* master of the process's terminal; -1: none (yet). The caller may take it */
	struct err why;
	/* the filter of process pid has a listener, its descriptor `number`: the caller sets it after exec_start() */
	int (*listener)(void *arg, pid_t pid, int number, struct err *e);
	void *listener_arg;
};

/* exec_start - stdio as container_create(). -EAGAIN: no more processes (its pids limit). -ESRCH: the container has ended.
 * On failure nothing is left. */
int exec_start(const struct plan *p, const struct exec_target *t, const int stdio[3], struct execution *ret,
	       struct err *e);

/* execution_hear - one message, waits for it. 1: there will be more. 0: the command runs, pid is set. < 0: it does not,
 * *e says why as container_exit_code() has it; helper and process have ended or are about to, the caller reaps them. */
int execution_hear(struct execution *x, struct err *e);

/* execution_abort - SIGKILL for what there is of it; the caller reaps. */
void execution_abort(struct execution *x);
/* execution_close - the descriptors */
void execution_close(struct execution *x);
