/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/stats.h"

#include "base/clock.h"
#include "base/parallel.h"
#include "engine/survey.h"
#include "kernel/host.h"

#include <errno.h>
#include <pthread.h>

#define WHAT                                                                                                           \
	(CGROUP_STAT_CPU | CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_DETAIL | CGROUP_STAT_PIDS | CGROUP_STAT_IO |        \
	 CGROUP_STAT_PRESSURE)

/* One of those that look at the same time. */
struct looker {
	struct cgroup_stat_reader files;
	int rc; /* its first failure */
	struct err err;
};

struct look {
	struct engine *en;
	const struct cgroup_layout *layout;
	struct levels levels;
	int64_t memory_total;
	unsigned what;
	const struct container_items *items;
	struct stats_sample *samples; /* one for each item */
	struct looker lookers[PARALLEL_MAX];
	pthread_mutex_t arena_lock;
	struct arena *arena; /* while several look, only behind its lock */
};

static int look_begin(struct look *k, struct engine *en, struct arena *a, struct err *e)
{
	uint64_t total = 0, swap;
	int r;

	*k = (struct look){ .en = en, .arena = a, .arena_lock = PTHREAD_MUTEX_INITIALIZER };
	r = engine_layout(en, &k->layout, e);
	if (r < 0)
		return r;
	levels_init(&k->levels, en->host, k->layout, a);
	(void)host_memory(en->host, &total, &swap, NULL);
	k->memory_total = (int64_t)total;
	return 0;
}

/* ---- one of them, by whichever thread -------------------------------------------------------------------------- */

/* Of one that has just ended there may be the group, without a process, or a few of its files still. */
static bool has_ended(const struct cgroup_stat *st)
{
	if (st->pids.current == 0)
		return true;
	return st->cpu.usage_ns == CG_UNSET && st->memory.usage_bytes == CG_UNSET && st->pids.current == CG_UNSET;
}

static int read_use(struct look *k, struct looker *me, pid_t pid, struct stats_sample *s)
{
	struct cgroup_stat st;
	int r = cgroup_stat_reader_read(&me->files, s->cgroup, k->what, &st, &me->err);

	s->running = r == 0 && !(k->layout->n && has_ended(&st));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!s->running)
		return 0;
	(void)pthread_mutex_lock(&k->arena_lock);
	s->st = cgroup_stat_keep(k->arena, &st);
	(void)pthread_mutex_unlock(&k->arena_lock);
	if (!s->st)
		return err_oom(&me->err);
	if (pid)
		(void)net_dev_read(k->en->host, pid, &s->net, NULL);
	return 0;
}

static void look_at(void *context, unsigned worker, size_t i)
{
	struct look *k = context;
	struct looker *me = &k->lookers[worker];
	const struct container_item *from = &k->items->v[i];
	struct stats_sample *s = &k->samples[i];

	s->id = from->row.id;
	s->name = from->row.name;
	s->cgroup = from->row.cgroup;
	s->taken_ns = clock_monotonic_ns();
	if (me->rc < 0 || (from->state.status != CONTAINER_RUNNING && from->state.status != CONTAINER_PAUSED))
		return;
	s->lived_ns = clock_real_ns() - from->state.outcome.started_ns;
	me->rc = read_use(k, me, from->state.outcome.pid, s);
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

/* v1 tells the limit in force with the other numbers: the group's own is not asked for then. Whose it is, the groups above
 * say: it is theirs if they have as little. */
static int64_t own_limit(const struct cgroup_stat *st, struct limit above)
{
	int64_t own = st->memory.limit_bytes, in_force = st->memory.limit_in_force_bytes;

	if (own == CG_UNSET && in_force != CG_UNSET)
		own = in_force < above.value ? in_force : CG_MAX;
	return own == CG_UNSET ? CG_MAX : own;
}

static int read_limit(struct look *k, struct stats_sample *s, struct err *e)
{
	const struct level *above;
	struct limit theirs;
	int r = levels_above(&k->levels, s->cgroup, CGROUP_STAT_MEMORY, &above, e);

	if (r < 0)
		return r;
	theirs = limit_memory(above);
	s->memory = limit_tighter((struct limit){ own_limit(s->st, theirs), s->cgroup }, theirs);
	s->memory = limit_tighter(s->memory, (struct limit){ k->memory_total, "/" });
	s->memory_total_bytes = k->memory_total;
	return 0;
}

static int look_at_all(struct look *k, struct err *e)
{
	unsigned workers = parallel_workers(k->items->n);
	int r = 0;

	for (unsigned i = 0; i < workers; i++)
		cgroup_stat_reader_init(&k->lookers[i].files, k->en->host, k->layout);
	parallel_for(k->items->n, workers, look_at, k);
	for (unsigned i = 0; i < workers; i++) {
		const struct looker *one = &k->lookers[i];

		cgroup_stat_reader_done(&k->lookers[i].files);
		if (one->rc < 0 && r == 0)
			r = err_set(e, -one->rc, "%s", one->err.msg);
	}
	return r;
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

/* ended: those that do not run stay in it */
static int read_all(struct look *k, const struct container_items *items, bool ended, struct stats_samples *ret,
		    struct err *e)
{
	size_t n = 0;
	int r;

	k->items = items;
	k->samples = arena_array(k->arena, items->n + 1, sizeof *k->samples);
	if (!k->samples)
		return err_oom(e);
	r = look_at_all(k, e);
	for (size_t i = 0; r == 0 && i < items->n; i++) {
		if (k->samples[i].running)
			r = read_limit(k, &k->samples[i], e);
		if (k->samples[i].running || ended)
			k->samples[n++] = k->samples[i];
	}
	if (r == 0)
		*ret = (struct stats_samples){ k->samples, n };
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
	k.what = brief ? CGROUP_STAT_LINE | CGROUP_STAT_PRESSURE : WHAT;
	r = names->n ? find_named(en, names, a, &items, e) :
		       engine_survey(en, all ? SURVEY_ALL : SURVEY_ACTIVE, a, &items, e);
	if (r == 0)
		r = read_all(&k, &items, all || names->n, &samples, e);
	if (r == 0)
		*ret = samples;
	return r;
}
