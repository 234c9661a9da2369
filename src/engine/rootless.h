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

#include "base/err.h"
#include "kernel/host.h"

struct rootless {
	char *root, *state; /* the folders, absolute: as the user's, not as root's */
	uid_t uid;          /* whose namespace it is, as it was called before */
};

/* rootless_enter - for a caller with another uid than 0, of one thread; root, state as engine_open() has them.
 * One line that says what is missing: newuidmap, a range of ids, user namespaces. */
int rootless_enter(const struct host *h, const char *root, const char *state, struct rootless *ret, struct err *e);
void rootless_done(struct rootless *x); /* one of zeros too */
