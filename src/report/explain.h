/* SPDX-License-Identifier: Apache-2.0 */
/* explain.h - a subject explained: what its options became, and insight/explain.h for all the rest. */
#pragma once

#include "report/subject.h"
#include "insight/explain.h"

/* engine_explain - en NULL only for what is no container. Memory belongs to a; *ret borrows *s. */
int engine_explain(struct engine *en, const struct host *h, const struct cgroup_layout *l, const struct subject *s,
		   struct arena *a, struct explanation *ret, struct err *e);
