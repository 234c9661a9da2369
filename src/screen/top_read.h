/* SPDX-License-Identifier: Apache-2.0 */
/* top_read.h - one look at all containers, or at the tree of groups. Few files for each (CGROUP_STAT_BRIEF). */
#pragma once

#include "engine/engine.h"
#include "kernel/cgroup_stat.h"
#include "screen/top_model.h"

struct group;

struct top_reader {
	struct engine *en; /* NULL: groups only */
	const struct host *host;
	const struct cgroup_layout *layout;
	struct cgroup_stat_reader files;
	int64_t memory_total;
	const struct group *before; /* the tree of the look before; of the model's arena */
};

void top_reader_init(struct top_reader *r, struct engine *en, const struct host *h, const struct cgroup_layout *l);
void top_reader_done(struct top_reader *r);

/* top_read - the model's next look. -ENOMEM */
int top_read(struct top_reader *r, bool tree, enum top_order by, struct top_model *m, struct err *e);
