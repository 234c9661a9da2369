/* SPDX-License-Identifier: Apache-2.0 */
/* top.h - `tare top` without a container: ncurses(3X), until q. */
#pragma once

#include "engine/engine.h"
#include "screen/top_model.h"

struct top_options {
	int64_t interval_ns;
	enum top_order by;
	bool tree;
};

/* top_run - en NULL: without containers. -ENOTTY: standard output is no terminal that can do it. */
int top_run(struct engine *en, const struct host *h, const struct cgroup_layout *l, const struct top_options *o,
	    struct err *e);
