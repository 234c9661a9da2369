/* SPDX-License-Identifier: Apache-2.0 */
/* join.h - "container:ID" in a configuration (spec/spec.c) becomes what that container has now: namespaces(7), and the
 * mount of /dev/shm.
 *
 * Resolved at each start, by its outcome: pid, start time and boot together name its first process, and what is opened
 * through /proc is kept only if that process was alive afterwards, so it was its own. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "kernel/host.h"
#include "oci/runtime_spec.h"
#include "runtime/plan.h"

#define JOIN_PREFIX "container:"

struct joins {
	int fds[8];
	unsigned n;
	struct {
		struct handed_mount *v; /* of the arena; the descriptors are these joins' own */
		size_t n;
	} mounts;
};

/* join_resolve - container_dir: this one's, the others' are beside it. Paths in *s become "/proc/self/fd/N"; text goes to a.
 * -ESRCH: it does not run (Docker's text). Nothing to join costs nothing. */
int join_resolve(struct joins *j, const struct host *h, const char *boot_id, int container_dir, struct runtime_spec *s,
		 struct arena *a, struct err *e);
/* join_mount - fd, which is taken in any case, is what the container gets at `destination`. -ENOMEM */
int join_mount(struct joins *j, const char *destination, int fd, struct arena *a, struct err *e);
void join_done(struct joins *j);
