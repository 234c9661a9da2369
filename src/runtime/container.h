/* SPDX-License-Identifier: Apache-2.0 */
/* container.h - apply a plan: a container's first process, from its cgroup to its end.
 *
 * create: everything up to the plan's READY; the process waits. start: limits of the release, then its execve(2).
 * Single-threaded callers only. The caller is the parent and reaps the process. */
#pragma once

#include "base/err.h"
#include "runtime/plan.h"
#include "runtime/trace.h"

#include <stdbool.h>
#include <sys/types.h>

struct container {
	const struct plan *plan; /* borrowed until container_start() returns */
	const struct host *host;
	const struct cgroup_layout *layout; /* borrowed until container_delete() */
	struct cgroup *cgroup; /* NULL on a host without cgroups */
	char *cgroup_path;     /* owned */
	const struct unit_manager *unit_manager; /* borrowed, like layout; NULL: the group is no unit's */
	char *unit;            /* owned; NULL: none */
	struct trace *trace;   /* borrowed, NULL: none */
	pid_t pid;             /* 0: none (any more) */
	int pidfd, sync;       /* -1: none */
	bool hooks_begun;      /* hooks of create have been run, or some of them: poststop's follow, whatever comes */
	int console;           /* master of the process's terminal, O_CLOEXEC; -1: it has none. The caller may take it */
};

/* What may be made before the plan is known, while others still work on that. Whoever fills it in makes exactly what the
 * plan will ask for. */
struct container_early {
	struct cgroup *cgroup; /* NULL: not made */
	int root;              /* the root file system, mounted nowhere; -1: not made */
};
#define CONTAINER_EARLY_NONE ((struct container_early){ .root = -1 })

/* container_early_root - an overlay without id mapping; anything else is left to the plan, and so is what fails. */
void container_early_root(struct container_early *early, const struct root_source *root, const struct host_facts *f);
/* container_early_undo - of what nobody has taken, nothing is left */
void container_early_undo(struct container_early *early);

/* container_create - early: what is taken from it is the container's then; NULL: nothing. It makes the plan's filter while the child sets itself up. stdio[i] becomes the process's descriptor i; -1 leaves it as the caller's. With process.terminal they
 * are not used. On failure nothing is left: no process, no group; poststop hooks have been run if hooks of create were. Error codes: those of the step that failed; ENOENT and EACCES of the command itself are
 * told by container_exit_code(). */
int container_create(struct plan *p, const struct host *host, const int stdio[3], struct trace *t,
		     struct container_early *early, struct container *ret, struct err *e);

/* container_begin, container_ready - container_create() in two: up to the clone, so that ret->pid is there, and from there on
 * to READY, for which the process needs a while. On failure nothing is left, in either of them. */
int container_begin(struct plan *p, const struct host *host, const int stdio[3], struct trace *t,
		    struct container_early *early, struct container *ret, struct err *e);
int container_ready(struct container *c, struct plan *p, struct err *e);

/* container_adopt - of a plan only the group, and the unit, that it says: what is in them comes from elsewhere. call() makes it, and sets
 * c->pid, a child of ours, and c->pidfd; then come the limits of the release. On failure nothing is left. container_adopt_hooks - for call(), as
 * soon as there is a c->pid: hooks of create, as the host side runs them. container_adopted - poststart hooks. */
int container_adopt(struct plan *p, const struct host *host, int (*call)(struct container *c, void *arg, struct err *e),
		    void *arg, struct container *ret, struct err *e);
int container_adopt_hooks(struct container *c, struct err *e);
int container_adopted(struct container *c, struct err *e);

/* container_let_go - instead of container_start(), with a start_socket in the plan: limits of the release are written, and
 * the process waits for whoever connects there. Until this it ends when the caller does; now the caller may go. */
int container_let_go(struct container *c, struct err *e);
/* container_start_held - sock is connected to such a process, who->pid, of this document. 0: the command runs. -ESRCH: somebody else started it, or it
 * ended. Other errors: what its command failed with, as container_exit_code() has it; it ends. */
int container_start_held(int sock, const struct runtime_spec *spec, const struct hook_subject *who, struct err *e);

/* container_start - when it returns 0 the command runs (execve(2) succeeded), and poststart hooks have been run. On failure the
 * process is gone and reaped; the group is the caller's to remove. After container_delete() come hooks_poststop(). */
int container_start(struct container *c, struct err *e);

/* container_wait - until the first process ends; *ret_wstatus as in wait(2). It is reaped. */
int container_wait(struct container *c, int *ret_wstatus, struct err *e);

/* container_kill - SIGKILL for every process of the container */
int container_kill(struct container *c, struct err *e);

/* container_delete - end what still runs, reap the first process, remove the group. Works on a half-made container. */
int container_delete(struct container *c, struct err *e);

/* container_forget - descriptors and memory alone: what there is of it is others' business from now on */
void container_forget(struct container *c);

/* container_stop_unit - the unit of a container, whatever is left of that; one that is gone already is success */
int container_stop_unit(const struct unit_manager *m, const char *unit, struct err *e);

/* container_exit_code - Docker's: 127 command not found, 126 not executable, 125 everything else */
int container_exit_code(const struct err *e);
/* wait(2) status -> 0..255, 128 + signal */
int container_status_code(int wstatus);
