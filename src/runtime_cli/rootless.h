/* SPDX-License-Identifier: Apache-2.0 */
/* rootless.h - an ordinary user: user_namespaces(7), newuidmap(1), newgidmap(1).
 *
 * Theory of operation. What builds a container needs CAP_SYS_ADMIN over its own mount namespace, and that is all: so the
 * program first enters the user namespace that config.json asks for, with a mount namespace of its own, becomes its root
 * and executes itself again from a read-only mount. What runs then is root in a user namespace, exactly as where somebody
 * else had made it: nothing after this file knows how that came about, but that the namespace of the document is there
 * already. With ranges of subuid(5) the maps are written by newuidmap and newgidmap, which are set-uid; a single id by
 * ourselves, and then no groups can be set.
 *
 * Commands that only signal or look join the container's user namespace when the kernel says EPERM. */
#pragma once

#include "oci/runtime_spec.h"
#include "runtime_cli/state.h"

/* rootless_begin - first of all in main(): is this the program that was executed again? */
void rootless_begin(struct runtime *rt);

/* rootless_is_needed - the caller cannot mount: an ordinary user, who has not entered anything yet */
bool rootless_is_needed(void);

/* rootless_enter - does not return when it worked: the program was executed again in the user namespace of the document.
 * -EINVAL: linux.namespaces has none, or the maps are not this user's to give, with the JSON path. */
int rootless_enter(struct runtime *rt, const struct runtime_spec *spec, struct err *e);

/* rootless_settle - in the namespace that was entered: the document's user namespace is the one we are in. */
void rootless_settle(const struct runtime *rt, struct runtime_spec *spec);

/* rootless_exec - does not return when it worked: an ordinary user's program was executed again in the user namespace of the
 * container's process. Nobody else's: 0. */
int rootless_exec(struct runtime *rt, const struct entry *c, struct err *e);

/* rootless_join - the user namespace of a container's process, to have rights over it. An ordinary user's only; else nothing
 * is done. */
int rootless_join(struct runtime *rt, const struct entry *c, struct err *e);

/* rootless_protect - self_exe_protect() in a mount namespace that was made after this program was executed: its file is
 * found by its path there. Does not return when it worked. */
int rootless_protect(char *const argv[], struct err *e);

/* rootless_cgroup - may a group be made where the container's will be? Not: true is stored, and limits that were asked for
 * are -EACCES, with the JSON path. */
int rootless_cgroup(struct runtime *rt, const struct runtime_spec *spec, bool *ret_without, struct err *e);
