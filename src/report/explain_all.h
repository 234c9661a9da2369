/* SPDX-License-Identifier: Apache-2.0 */
/* explain_all.h - the troubles of all containers that run, in one pass: a few files of each, read by several threads. What
 * takes a second look or a list of files (rates of disks, full file systems, changed settings) is for explain.h. */
#pragma once

#include "engine/engine.h"
#include "insight/explain.h"
#include "oci/runtime_spec.h"

struct explained {
	const char *name;
	const char *kind, *text, *advice; /* as struct trouble_found */
};

struct explained_all {
	struct explained *v; /* of each container its troubles, the gravest first; only those that have some */
	size_t n;
	size_t containers, well; /* that were looked at; of which without any */
	size_t without_group;    /* that could not be looked at (CGROUP_NONE) */
};

/* engine_explain_all - the newest first; one that ends meanwhile is left out. Memory belongs to a. */
int engine_explain_all(struct engine *en, const struct cgroup_layout *l, struct arena *a, struct explained_all *ret,
		       struct err *e);
