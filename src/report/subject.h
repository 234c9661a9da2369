/* SPDX-License-Identifier: Apache-2.0 */
/* subject.h - what a person points at: a container, a pod, a process, or a group of anybody's. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "engine/engine.h"
#include "engine/recover.h"
#include "kernel/cgroup_place.h"

#include <stdbool.h>

struct kube_running;
struct kube_world;

enum subject_kind { SUBJECT_CONTAINER, SUBJECT_PROCESS, SUBJECT_CGROUP, SUBJECT_POD };

/* Has it a process of its own? Groups and pods have none. */
static inline bool subject_is_of_process(enum subject_kind k)
{
	return k == SUBJECT_CONTAINER || k == SUBJECT_PROCESS;
}

struct subject {
	enum subject_kind kind;
	const char *text;          /* "container web", "process 17", "cgroup /a/b" */
	struct cgroup_place place;
	bool alive;                /* it has a group, and processes may be in it */
	pid_t pid;                 /* the process, or a container's first one; 0: none */
	struct container_row row;  /* of a container */
	struct container_state state;
};

/* subject_find - "pod/NAME" and "pod/NAMESPACE/NAME"; a container's name or id; else a process's number; else the path of a
 * group, with or without the mount ("/system.slice", "system.slice/x.service", "/sys/fs/cgroup/memory/tare"). en NULL:
 * without containers. Memory goes to a. -ENOENT "No such container, process or cgroup: x", "No such pod: x". -ESRCH: a number, and no such process. */
int subject_find(struct engine *en, const struct host *h, const struct cgroup_layout *l, const char *text,
		 struct arena *a, struct subject *ret, struct err *e);

/* subject_pod - the pod "NAME" or "NAMESPACE/NAME" among all of *w. NULL: there is none. */
const struct kube_running *subject_pod(const struct kube_world *w, struct sv text);
