/* SPDX-License-Identifier: Apache-2.0 */
/* rootless.h - `tare` by an ordinary user: user_namespaces(7).
 *
 * Theory of operation. Whoever may not mount enters a user namespace with a mount namespace of its own, before the engine
 * opens, and becomes its root: nothing after this file knows how that came about. The ids are the user's own as 0, and those of
 * subuid(5) and subgid(5) from 1 on; without such ranges the own id alone.
 *
 * All that runs at one time on one state folder is in one user namespace: between two siblings neither signals nor /proc nor
 * setns(2) work. The namespace lives as long as a process is in it, and nothing is kept alive for it: when the last container
 * and the last command have ended it is gone, and the next command makes another one with the same ids. It is found by its
 * processes: commands write themselves down in <state>/.userns, "PID START" on a line, and monitors are asked for by their
 * sockets. Who looks, joins or makes one has that file's lock. The mount namespace is each command's own, as nothing that is
 * mounted there is meant for another command. */
#pragma once

#include "engine/engine.h"
#include "kernel/host.h"

/* rootless_engine_open - engine_open(); for an ordinary user, in the user namespace that this process enters for it, where *h is
 * opened anew. h stays the caller's. One thread only. One line that says what is missing: newuidmap, a range of ids, user
 * namespaces. */
int rootless_engine_open(struct engine *ret, struct host *h, const char *root, const char *state, struct err *e);
