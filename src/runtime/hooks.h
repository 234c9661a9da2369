/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.h - `hooks` of config.json: programs of the host that look at a container at six points of its life.
 *
 * | kind            | called by                          | namespaces    | status in its state | a failure         |
 * |-----------------|------------------------------------|---------------|---------------------|-------------------|
 * | prestart        | container_create()                 | the caller's  | creating            | no container      |
 * | createRuntime   | container_create()                 | the caller's  | creating            | no container      |
 * | createContainer | the child, before pivot_root(2)    | the container's, path and root of the host | creating | no container |
 * | startContainer  | the child, before its execve(2)    | the container's, as the container's process | created | no container |
 * | poststart       | hooks_run(), after the execve(2)   | the caller's  | running             | the container is stopped |
 * | poststop        | hooks_poststop(), after all is gone | the caller's | stopped             | a warning         |
 *
 * A hook has the environment that the document gives it and no other, the container's state as a JSON document on standard
 * input, the bundle as its working directory (the root directory in the container), no descriptor besides. What it writes
 * is shown when it fails. It leads a process group, all of which is killed when its time is over. */
#pragma once

#include "base/err.h"
#include "oci/runtime_spec.h"

#include <sys/types.h>
#include <sys/uio.h>

/* Whose life it is. */
struct hook_subject {
	const char *id, *bundle; /* bundle: absolute */
	pid_t pid;               /* the container's first process; 0: there is none any more */
};

/* hooks_run - all of this kind, in order, up to the first that fails: "hooks.prestart[0] /bin/x: exit status 1: its words".
 * -ETIMEDOUT: it took longer than its timeout. -EIO: it failed. Not callable after clone3(2). */
int hooks_run(const struct runtime_spec *spec, enum oci_hook_kind kind, const struct hook_subject *s, struct err *e);

/* hooks_poststop - all of them, whatever they do; each failure is told to warn (NULL: to nobody), as nothing depends on it. */
void hooks_poststop(const struct runtime_spec *spec, const struct hook_subject *s, void (*warn)(const struct err *e));

/* The state as a hook reads it, ready but for what is not known before: head, status and pid, tail. */
struct hook_state {
	const char *head, *tail;
};
int hook_state_make(const struct runtime_spec *spec, const char *id, const char *bundle, struct arena *a,
		    struct hook_state *ret, struct err *e);

/* What a child's hook does in itself before its execve(2); a failure is its end. */
struct hook_before {
	int (*call)(void *arg, struct err *e);
	void *arg;
};

const char *hook_kind_name(enum oci_hook_kind kind); /* "createRuntime" */

/* hook_run - one hook of a document, from this process's namespaces. bundle: NULL for "/". before: NULL for nothing.
 * No heap: callable after clone3(2). */
int hook_run(const struct runtime_spec *spec, enum oci_hook_kind kind, size_t index, const struct hook_state *state,
	     const char *bundle, pid_t pid, const struct hook_before *before, struct err *e);
