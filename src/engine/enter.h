/* SPDX-License-Identifier: Apache-2.0 */
/* enter.h - commands in other namespaces, without an image: setns(2), unshare(2). What is changed is this process: the
 * command follows by foreground.h. */
#pragma once

#include "base/err.h"
#include "kernel/host.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* enter_namespaces - those of the process that differ from ours, of `types` (a bit for each enum namespace_type). With the
 * mount namespace, its root too; with the user namespace, as its root. -ESRCH; -EPERM: not with our rights. */
int enter_namespaces(const struct host *h, pid_t pid, uint32_t types, struct err *e);

struct unshare_wish {
	uint32_t types;       /* a bit each */
	bool map_root;        /* of a new user namespace: we are its root */
	const char *hostname; /* NULL: as before */
};

/* unshare_namespaces - mounts do not reach the old mount namespace. -EPERM: not with our rights; a new user namespace may
 * be what helps. */
int unshare_namespaces(const struct host *h, const struct unshare_wish *w, struct err *e);
/* unshare_prepare - in the command's process, of a struct unshare_wish: /proc of a new pid namespace, the loopback of a new
 * network. For foreground.h. */
int unshare_prepare(void *wish, struct err *e);
