/* SPDX-License-Identifier: Apache-2.0 */
/* update.h - a container's limits and its restart policy are changed, while it runs or before it does.
 *
 * Its published ports too (network_connect.h). All of it or nothing: what is written to the cgroup is undone when the rest fails. The row is the last word: when an
 * update is cut short, whoever looks next (recover.h, intent "update") makes cgroup and bundle what the row says. */
#pragma once

#include "base/err.h"
#include "spec/config.h"
#include "records/containers.h"
#include "engine/engine.h"

/* What is to be other than it was. A number of `to` that is UPDATE_KEEP, and text that is NULL, stays; a number of 0 or
 * less and empty text take the limit away (a memory_swap of -1: unlimited swap). Of lists, an entry replaces the one of
 * the same disk or file; 0 or empty takes that one away. */
#define UPDATE_KEEP (INT64_MIN + 1)

struct update {
	struct container_config to;
	struct oci_strings publish_add, publish_rm; /* texts of ports_print() */
	bool restart_given, oom_kill_disable_given;
	bool admitted; /* quotas were asked already (kube_resize()); else what they are about is refused */
};

void update_init(struct update *u);
bool update_is_empty(const struct update *u); /* no limit and no policy is asked for */

/* engine_update - -EINVAL and -EBUSY with Docker's texts; nothing is changed then. Warnings go to log_warning(). */
int engine_update(struct engine *en, struct sv ref, const struct update *u, struct err *e);

/* update_again - cgroup and bundle of a container that has a life become what its row says. The caller holds its lock. */
int update_again(struct engine *en, const struct container_row *row, struct err *e);
