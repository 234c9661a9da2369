/* SPDX-License-Identifier: Apache-2.0 */
/* newuidmap.h - an ordinary user's way into a user namespace: newuidmap(1), newgidmap(1), user_namespaces(7).
 *
 * What is entered comes with a mount namespace, as what is done there needs CAP_SYS_ADMIN over one. The process has one
 * thread. */
#pragma once

#include "base/err.h"
#include "kernel/user_namespaces.h"

/* userns_enter_new - this process into a namespace of its own with these maps, and become its root. A map of nothing but the
 * own ids is written by ourselves, and then no groups can be set in it; all else by newuidmap and newgidmap, which are set-uid,
 * look into subuid(5) and subgid(5), and say on standard error what they refuse.
 * -EPERM: refused by them. -ENOENT: they are not installed. Else the kernel's of unshare(2). After a failure the process may
 * be in it already: it can do nothing but say so and end. */
int userns_enter_new(const struct id_map *uids, const struct id_map *gids, struct err *e);

/* userns_enter - into the one that is open as ns, and become its root. Its owner may do this, from the namespace above.
 * -EPERM, -EINVAL: it is none, or the own one. */
int userns_enter(int ns, struct err *e);
