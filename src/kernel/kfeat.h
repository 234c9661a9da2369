/* SPDX-License-Identifier: Apache-2.0 */
/* kfeat.h - the kernel is asked what it can do, once; no version is compared. A plain struct: a test clears a bit. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

#define KFEATS(X)                                                                                                      \
	X(openat2)                 \
	X(clone_into_cgroup)       \
	X(pidfd)                   \
	X(new_mount_api)           \
	X(mount_setattr)           \
	X(close_range)             \
	X(cgroup_kill)             \
	X(overlay)                 \
	X(overlay_lowerdir_append) \
	X(time_namespace)          \
	X(cgroup_namespace)        \
	X(seccomp_filter)          \
	X(bpf_cgroup_device)

struct kfeat {
#define X(name) bool name;
	KFEATS(X)
#undef X
};

struct kfeat kfeat_all(void); /* everything: what a plan is made for when no kernel is asked */
int kfeat_probe(struct kfeat *ret, struct err *e);
