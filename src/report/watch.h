/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h - containers and groups under rules (insight/alert.h) until somebody has heard enough.
 *
 * The kernel wakes it for what it can tell of: pressure by PSI triggers, OOM kills by the group's event file; between that
 * nothing is read but, every five seconds and when one comes or goes, the list of containers (watch_list.h). Shares of memory, CPU, processes and rates are read
 * every interval. */
#pragma once

#include "engine/engine.h"
#include "insight/alert.h"

struct watch_alert {
	const struct alert_rule *rule;
	const char *subject; /* "container web", "cgroup /a" */
	enum alert_change change;
	int64_t value;   /* in the rule's unit; CG_UNSET: it has gone */
	int64_t real_ns; /* when */
};

struct watch_request {
	const struct alert_rule *rules;
	size_t n_rules;
	char *const *targets; /* containers, processes, groups; none: every container that runs */
	size_t n_targets;
	int64_t interval_ns;
	int (*tell)(void *context, const struct watch_alert *a, struct err *e); /* above 0: enough */
	void *context;
};

/* engine_watch - en NULL: without containers. 0 after tell() said enough. -ENOENT: no such target. */
int engine_watch(struct engine *en, const struct host *h, const struct cgroup_layout *l, const struct watch_request *q,
		 struct err *e);
