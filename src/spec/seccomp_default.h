/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_default.h - Docker's seccomp profiles, the built-in one and those of `--security-opt seccomp=FILE`, as the
 * linux.seccomp of a runtime-spec.
 *
 * A profile has conditions (the container's bounding set, the architecture, the kernel's release) and this is where
 * they are evaluated: the result is what Docker hands to runc. Names that this kernel or architecture lacks stay in it;
 * the runtime skips them. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"
#include "kernel/syscalls.h"
#include "oci/runtime_spec.h"

/* seccomp_default - Docker's built-in profile for this machine's architecture. bounding_caps: 1 << CAP_x. Lists belong
 * to the arena, names are static. -ENOMEM. -ENOTSUP: an architecture without a table. */
int seccomp_default(uint64_t bounding_caps, struct arena *a, struct oci_seccomp *ret, struct err *e);
int seccomp_default_for(enum syscall_arch arch, uint64_t bounding_caps, struct arena *a, struct oci_seccomp *ret,
			struct err *e);

/* seccomp_profile_from_json - a profile file. Everything belongs to the arena.
 *
 * Docker's form: defaultAction, defaultErrnoRet, architectures or archMap, flags, listenerPath, listenerMetadata and
 * syscalls, each with names or name, action, errnoRet, args, includes and excludes (caps, arches, minKernel). Actions,
 * comparisons, flags and argument indices are checked here already, so that a bad profile is refused before anything
 * is made. A profile without defaultAction and syscalls is none: ret->present is false.
 *
 * -EINVAL: not such a document ("seccomp profile: syscalls[3].args[0].op: unknown …"). -ENOMEM. */
int seccomp_profile_from_json(struct sv text, uint64_t bounding_caps, struct arena *a, struct oci_seccomp *ret,
			      struct err *e);

const char *seccomp_docker_arch(enum syscall_arch arch); /* "amd64", "x86", "arm64" …: what `arches` lists */
