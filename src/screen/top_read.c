/* SPDX-License-Identifier: Apache-2.0 */
#include "screen/top_read.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/survey.h"
#include "insight/groups.h"
#include "insight/limits.h"
#include "kernel/proc_use.h"
#include "oci/list.h"

#include <errno.h>
#include <string.h>

struct samples {
	struct top_sample *v;
	size_t n;
};

void top_reader_init(struct top_reader *r, struct engine *en, const struct host *h, const struct cgroup_layout *l)
{
	uint64_t total = 0, swap;

	*r = (struct top_reader){ .en = en, .host = h, .layout = l };
	cgroup_stat_reader_init(&r->files, h, l);
	(void)host_memory(h, &total, &swap, NULL);
	r->memory_total = (int64_t)total;
}

void top_reader_done(struct top_reader *r)
{
	cgroup_stat_reader_done(&r->files);
}

/* ---- containers ---------------------------------------------------------------------------------------------------- */

static int64_t sum(const struct cgroup_stat *st, bool writes)
{
	int64_t total = 0;

	for (size_t i = 0; i < st->io.n; i++) {
		int64_t v = writes ? st->io.device[i].write_bytes : st->io.device[i].read_bytes;

		total += v > 0 ? v : 0;
	}
	return total;
}

static int64_t effective(const struct top_reader *r, int64_t limit)
{
	return limit == CG_UNSET || limit == CG_MAX || limit > r->memory_total ? r->memory_total : limit;
}

static int add_container(struct top_reader *r, const struct container_item *i, struct samples *l, struct arena *a,
			 struct err *e)
{
	struct cgroup_stat st;
	struct top_sample *s;
	bool none = cgroup_is_none(i->row.cgroup);
	int rc = none ? proc_use_read(r->host, i->state.outcome.pid, &st, e) :
			cgroup_stat_reader_read(&r->files, i->row.cgroup, CGROUP_STAT_BRIEF | CGROUP_STAT_MEMORY_STAT,
						&st, e);

	if (rc == -ENOENT || rc == -ENODEV || rc == -ESRCH)
		return 0;
	if (rc < 0)
		return rc;
	s = LIST_ADD(a, l);
	if (!s)
		return err_oom(e);
	*s = (struct top_sample){ .key = none ? i->row.id : i->row.cgroup, .name = i->row.name, .id = i->row.id,
				  .paused = i->state.status == CONTAINER_PAUSED, .cpu_ns = st.cpu.usage_ns,
				  .periods = st.cpu.periods, .throttled_periods = st.cpu.throttled_periods,
				  .memory_bytes = memory_working_set(&st),
				  .limit_bytes = effective(r, st.memory.limit_bytes), .pids = st.pids.current,
				  .pids_limit = st.pids.limit, .read_bytes = sum(&st, false),
				  .write_bytes = sum(&st, true) };
	return 0;
}

static int read_containers(struct top_reader *r, const struct container_items *items, struct samples *l,
			   struct arena *a, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < items->n; i++)
		if (container_is_active(items->v[i].state.status))
			rc = add_container(r, &items->v[i], l, a, e);
	return rc;
}

/* ---- groups -------------------------------------------------------------------------------------------------------- */

static const struct container_item *container_in(const struct container_items *items, const char *path)
{
	for (size_t i = 0; i < items->n; i++)
		if (container_is_active(items->v[i].state.status) && items->v[i].row.cgroup &&
		    strcmp(items->v[i].row.cgroup, path) == 0)
			return &items->v[i];
	return NULL;
}

/* An id of 64 digits by its beginning. */
static const char *short_name(const struct group *g, struct arena *a)
{
	const char *name = id_is_valid(sv_from(g->name)) ? arena_sv(a, (struct sv){ g->name, ID_SHORT }) : g->name;

	return name ? name : g->name;
}

static int add_group(struct top_reader *r, const struct group *g, const struct container_items *items,
		     struct samples *l, struct arena *a, struct err *e)
{
	const struct container_item *c = container_in(items, g->path);
	struct top_sample *s = LIST_ADD(a, l);

	if (!s)
		return err_oom(e);
	*s = (struct top_sample){ .key = g->path,
				  .name = c ? c->row.name : short_name(g, a),
				  .id = c ? c->row.id : NULL,
				  .depth = g->depth,
				  .paused = c && c->state.status == CONTAINER_PAUSED,
				  .cpu_ns = g->use.cpu_ns,
				  .periods = g->use.periods,
				  .throttled_periods = g->use.throttled_periods,
				  .memory_bytes = g->use.memory_bytes,
				  .limit_bytes = effective(r, g->use.memory_limit_bytes),
				  .pids = g->use.pids,
				  .pids_limit = g->use.pids_limit,
				  .read_bytes = g->use.read_bytes,
				  .write_bytes = g->use.write_bytes };
	return 0;
}

static int read_tree(struct top_reader *r, enum top_order by, const struct container_items *items, struct samples *l,
		     struct arena *a, const struct group **ret, struct err *e)
{
	static const enum group_order orders[TOP_ORDERS] = { GROUP_BY_NAME, GROUP_BY_CPU, GROUP_BY_MEMORY,
							     GROUP_BY_PIDS, GROUP_BY_IO };
	struct group *top;
	bool more;
	int rc = groups_read(r->host, r->layout, "/", 64, false, a, &top, &more, e);

	if (rc == 0)
		groups_sort(top, orders[by], r->before);
	for (const struct group *g = rc == 0 ? top : NULL; rc == 0 && g; g = groups_next(g))
		rc = add_group(r, g, items, l, a, e);
	if (rc == 0)
		*ret = top;
	return rc;
}

int top_read(struct top_reader *r, bool tree, enum top_order by, struct top_model *m, struct err *e)
{
	struct arena a = ARENA(LIMIT_ARENA_STATS);
	struct container_items items = { 0 };
	struct samples l = { 0 };
	const struct group *top = NULL;
	int64_t now = clock_monotonic_ns();
	int rc = 0;

	cgroup_stat_reader_forget(&r->files);
	if (r->en)
		(void)engine_survey(r->en, SURVEY_LIVING, &a, &items, NULL);
	rc = tree ? read_tree(r, by, &items, &l, &a, &top, e) : read_containers(r, &items, &l, &a, e);
	if (rc == 0)
		rc = top_model_next(m, &a, l.v, l.n, now, tree, by, e);
	if (rc == 0)
		r->before = top;
	arena_done(&a);
	return rc;
}
