/* SPDX-License-Identifier: Apache-2.0 */
#include "report/explain_all.h"

#include "base/limits.h"
#include "base/parallel.h"
#include "base/scope.h"
#include "engine/survey.h"
#include "insight/levels.h"
#include "oci/list.h"

#include <errno.h>
#include <pthread.h>

/* What was read of a container; NULL: it has ended. */
struct seen {
	struct level *level;
};

struct looker {
	struct cgroup_stat_reader files;
	int rc; /* its first failure */
	struct err err;
};

struct look {
	const struct container_items *items;
	struct seen *seen;
	struct looker lookers[PARALLEL_MAX];
	pthread_mutex_t arena_lock;
	struct arena *arena; /* while several look, only behind its lock */
};

/* ---- reading, by several threads ----------------------------------------------------------------------------------- */

static void look_at(void *context, unsigned worker, size_t i)
{
	struct look *k = context;
	struct looker *me = &k->lookers[worker];
	const struct container_item *item = &k->items->v[i];
	struct cgroup_stat st;
	struct level *keep;
	int r;

	if (me->rc < 0 || (item->state.status != CONTAINER_RUNNING && item->state.status != CONTAINER_PAUSED))
		return;
	r = cgroup_stat_reader_read(&me->files, item->row.cgroup, EXPLAIN_BRIEF, &st, &me->err);
	if (r < 0 || st.pids.current == 0) {
		me->rc = r == -ENOENT || r == -ENOTSUP || r == 0 ? 0 : r; /* ENOTSUP: it has no group */
		return;
	}
	(void)pthread_mutex_lock(&k->arena_lock);
	keep = level_new(k->arena, item->row.cgroup, EXPLAIN_BRIEF, &st);
	(void)pthread_mutex_unlock(&k->arena_lock);
	if (keep)
		k->seen[i].level = keep;
	else
		me->rc = err_oom(&me->err);
}

/* Half of what is a trouble: means of one moment are not those of the next. */
static void look_begin(struct looker *me, const struct host *h, const struct cgroup_layout *l)
{
	cgroup_stat_reader_init(&me->files, h, l);
	me->files.least_pressure = EXPLAIN_PRESSURE / 2;
}

static int look_at_all(struct look *k, const struct host *h, const struct cgroup_layout *l, struct err *e)
{
	unsigned workers = parallel_workers(k->items->n);
	int r = 0;

	for (unsigned i = 0; i < workers; i++)
		look_begin(&k->lookers[i], h, l);
	parallel_for(k->items->n, workers, look_at, k);
	for (unsigned i = 0; i < workers; i++) {
		cgroup_stat_reader_done(&k->lookers[i].files);
		if (k->lookers[i].rc < 0 && r == 0)
			r = err_set(e, -k->lookers[i].rc, "%s", k->lookers[i].err.msg);
	}
	return r;
}

/* ---- what it means ------------------------------------------------------------------------------------------------- */

static int add(struct explained_all *all, const struct container_item *item, const struct explanation *x,
	       struct arena *a, struct err *e)
{
	for (size_t i = 0; i < x->n_troubles; i++) {
		struct explained *to = LIST_ADD(a, all);

		if (!to)
			return err_oom(e);
		*to = (struct explained){ item->row.name, trouble_name(x->troubles[i].kind),
					  arena_str(a, x->troubles[i].text), x->troubles[i].advice };
		if (!to->text)
			return err_oom(e);
	}
	all->containers++;
	all->well += x->n_troubles == 0;
	return 0;
}

static int explain_one(struct engine *en, const struct cgroup_layout *l, struct levels *above,
		       const struct container_item *item, struct level *at, struct explained_all *all, struct arena *a,
		       struct err *e)
{
	scoped_arena own = ARENA(LIMIT_ARENA_SPEC);
	struct explain_input in = { .host = en->host, .layout = l, .subject = item->row.name, .name = "the container",
				    .alive = true, .pid = item->state.outcome.pid, .pid_is_first = true };
	struct explanation x;
	int r = levels_above(above, at->path, EXPLAIN_BRIEF_ABOVE, &at->up, e);

	cgroup_place_everywhere(&in.place, item->row.cgroup);
	if (r == 0)
		r = explain_brief(&in, at, &own, &x, e);
	return r < 0 ? r : add(all, item, &x, a, e);
}

int engine_explain_all(struct engine *en, const struct cgroup_layout *l, struct arena *a, struct explained_all *ret,
		       struct err *e)
{
	struct container_items items = { 0 };
	struct explained_all all = { 0 };
	struct look k = { .items = &items, .arena = a, .arena_lock = PTHREAD_MUTEX_INITIALIZER };
	struct levels above;
	int r = engine_survey(en, SURVEY_LIVING, a, &items, e);

	if (r < 0)
		return r;
	levels_init(&above, en->host, l, a);
	k.seen = arena_array(a, items.n + 1, sizeof *k.seen);
	if (!k.seen)
		return err_oom(e);
	r = look_at_all(&k, en->host, l, e);
	for (size_t i = 0; r == 0 && i < items.n; i++)
		if (cgroup_is_none(items.v[i].row.cgroup))
			all.without_group += container_is_active(items.v[i].state.status);
		else if (k.seen[i].level)
			r = explain_one(en, l, &above, &items.v[i], k.seen[i].level, &all, a, e);
	if (r == 0)
		*ret = all;
	return r;
}
