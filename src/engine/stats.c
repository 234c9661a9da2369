/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/stats.h"

#include "base/clock.h"
#include "engine/survey.h"
#include "kernel/host.h"

#include <errno.h>

#define WHAT                                                                                                           \
	(CGROUP_STAT_CPU | CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_DETAIL | CGROUP_STAT_PIDS | CGROUP_STAT_IO |        \
	 CGROUP_STAT_PRESSURE)

struct look {
	struct engine *en;
	const struct cgroup_layout *layout;
	struct arena *arena;
	struct cgroup_stat_reader files;
	struct levels levels;
	int64_t memory_total;
	unsigned what;
};

static int look_begin(struct look *k, struct engine *en, struct arena *a, struct err *e)
{
	uint64_t total = 0, swap;
	int r = engine_layout(en, &k->layout, e);

	if (r < 0)
		return r;
	k->en = en;
	k->arena = a;
	cgroup_stat_reader_init(&k->files, en->host, k->layout);
	levels_init(&k->levels, en->host, k->layout, a);
	(void)host_memory(en->host, &total, &swap, NULL);
	k->memory_total = (int64_t)total;
	return 0;
}

/* Of one that has just ended there may be the group, without a process, or a few of its files still. */
static bool has_ended(const struct cgroup_stat *st)
{
	if (st->pids.current == 0)
		return true;
	return st->cpu.usage_ns == CG_UNSET && st->memory.usage_bytes == CG_UNSET && st->pids.current == CG_UNSET;
}

static int read_limit(struct look *k, struct stats_sample *s, struct err *e)
{
	const struct level *above;
	struct limit own = { s->st.memory.limit_bytes == CG_UNSET ? CG_MAX : s->st.memory.limit_bytes, s->cgroup };
	int r = levels_above(&k->levels, s->cgroup, CGROUP_STAT_MEMORY, &above, e);

	if (r < 0)
		return r;
	s->memory = limit_tighter(limit_tighter(own, limit_memory(above)), (struct limit){ k->memory_total, "/" });
	s->memory_total_bytes = k->memory_total;
	return 0;
}

static int read_one(struct look *k, const struct container_item *from, struct stats_sample *s, struct err *e)
{
	const struct outcome *o = &from->state.outcome;
	int r;

	s->id = from->row.id;
	s->name = from->row.name;
	s->cgroup = from->row.cgroup;
	s->running = from->state.status == CONTAINER_RUNNING || from->state.status == CONTAINER_PAUSED;
	s->taken_ns = clock_monotonic_ns();
	cgroup_stat_init(&s->st);
	if (!s->running)
		return 0;
	s->lived_ns = clock_real_ns() - o->started_ns;
	r = cgroup_stat_reader_read(&k->files, s->cgroup, k->what, &s->st, e);
	if (r == -ENOENT || (r == 0 && k->layout->n && has_ended(&s->st))) {
		s->running = false;
		return 0;
	}
	if (r == 0 && o->pid)
		(void)net_dev_read(k->en->host, o->pid, &s->net, NULL);
	return r < 0 ? r : read_limit(k, s, e);
}

static int find_named(struct engine *en, const struct oci_strings *names, struct arena *a, struct container_items *ret,
		      struct err *e)
{
	int r = 0;

	ret->v = arena_array(a, names->n, sizeof *ret->v);
	if (!ret->v)
		return err_oom(e);
	for (; r == 0 && ret->n < names->n; ret->n++) {
		struct container_item *i = &ret->v[ret->n];

		r = container_find(en, sv_from(names->v[ret->n]), a, &i->row, e);
		if (r == 0)
			r = container_look(en, &i->row, &i->state, e);
	}
	return r;
}

static int read_all(struct look *k, const struct container_items *items, bool ended, struct stats_samples *ret,
		    struct err *e)
{
	int r = 0;

	ret->v = arena_array(k->arena, items->n + 1, sizeof *ret->v);
	if (!ret->v)
		return err_oom(e);
	for (size_t i = 0; r == 0 && i < items->n; i++) {
		if (!ended && !container_is_active(items->v[i].state.status))
			continue;
		r = read_one(k, &items->v[i], &ret->v[ret->n], e);
		ret->n += ret->v[ret->n].running || ended;
	}
	return r;
}

int stats_read(struct engine *en, const struct oci_strings *names, bool all, bool brief, struct arena *a,
	       struct stats_samples *ret, struct err *e)
{
	struct container_items items = { 0 };
	struct stats_samples samples = { 0 };
	struct look k;
	int r = look_begin(&k, en, a, e);

	if (r < 0)
		return r;
	k.what = brief ? CGROUP_STAT_BRIEF | CGROUP_STAT_MEMORY_STAT | CGROUP_STAT_PRESSURE : WHAT;
	r = names->n ? find_named(en, names, a, &items, e) :
		       engine_survey(en, all ? SURVEY_ALL : SURVEY_ACTIVE, a, &items, e);
	if (r == 0)
		r = read_all(&k, &items, all || names->n, &samples, e);
	cgroup_stat_reader_done(&k.files);
	if (r == 0)
		*ret = samples;
	return r;
}
