/* SPDX-License-Identifier: Apache-2.0 */
/* apply.h - what the host side has in hand while it carries out a plan: included by runtime/container.c and
 * runtime/host_*.c only. */
#pragma once

#include "runtime/container.h"
#include "runtime/init_proc.h"

struct apply {
	struct container *c;
	struct init init;
	struct container_early *early; /* NULL: none */
	struct unit_client systemd; /* while it keeps the unit's place */
	bool moved;		    /* systemd puts the child into the unit's group: nobody else may */
	struct err why;		    /* why it did not */
	int userns; /* of the child, once its maps are written; -1 */
	struct {
		int own, flag; /* to come back: its descriptor, CLONE_NEWx */
	} left[8];             /* namespaces that this process left for the clone */
	unsigned left_count;
	struct {
		int to, flag; /* owned descriptor; CLONE_NEWx */
	} there[8];           /* namespaces from which this process could not come back: the one that clones joins them */
	unsigned there_count;
};

/* One function per step: container.c, and the host_*.c */
typedef int host_fn(struct apply *a, const struct step *s, struct err *e);

host_fn host_clone, host_root_overlay, host_root_bind, host_cgroup_make, host_cgroup_write, host_cgroup_devices,
	host_net_device, host_net_links;
host_fn host_ns_join, host_time_ns, host_id_map, host_stdio_owner, host_cgroup_owner, host_bind_source,
	host_device_source, host_hand_over, host_rlimit, host_oom_score_adj, host_unit_start, host_unit_properties;

/* host_ns_return - back to where this process was before its host_ns_join()s. Must not fail quietly. */
int host_ns_return(struct apply *a, struct err *e);

/* container_hear - the child's next word. 1: ready; 0: the socket was closed; < 0: its error */
int container_hear(struct container *c, struct err *e);
/* container_ended_early - its error when it ended without a word */
int container_ended_early(struct container *c, struct err *e);
/* container_why_ended - of a child that is known to have ended: either of both */
int container_why_ended(struct container *c, struct err *e);
