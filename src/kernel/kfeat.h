/* SPDX-License-Identifier: Apache-2.0 */
/* kfeat.h - the kernel is asked what it can do, once; no version is compared. A plain struct: a test clears a bit. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

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
	X(overlay_detached_layers) \
	X(detached_mounts)         \
	X(time_namespace)          \
	X(cgroup_namespace)        \
	X(seccomp_filter)          \
	X(bpf_cgroup_device)

struct kfeat {
#define X(name) bool name;
	KFEATS(X)
#undef X
};

struct host;

struct kfeat kfeat_all(void); /* everything: what a plan is made for when no kernel is asked */

/* kfeat_probe - ask the running kernel by calls that cannot succeed (no process, mount or file is made); some 30 µs.
 * The host's proc is needed for /proc/self/ns. clone_into_cgroup and cgroup_kill are about the kernel, not about what
 * is mounted. A call that the caller may not make but that exists counts as there, unless a filter of seccomp says EPERM
 * to one by which others are known. What is found decides which way the calls of
 * sys.h go from then on: old_kernel.h. */
int kfeat_probe(const struct host *h, struct kfeat *ret, struct err *e);
/* kfeat_clone_into_cgroup - that bit alone */
bool kfeat_clone_into_cgroup(void);
/* kfeat_probe_overlay - what that leaves out: the bits of overlayfs, for who mounts one */
void kfeat_probe_overlay(const struct host *h, struct kfeat *k);

/* kfeat_set - one of the above by its name, for a captured host. false: no such name. */
bool kfeat_set(struct kfeat *k, struct sv name, bool value);
