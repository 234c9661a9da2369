/* SPDX-License-Identifier: Apache-2.0 */
#include "report/stats.h"

#include "base/clock.h"
#include "base/parallel.h"
#include "report/subject.h"
#include "engine/survey.h"
#include "kernel/host.h"
#include "kernel/proc_use.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

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
	struct engine *en; /* NULL: no containers */
	const struct host *host;
	const struct cgroup_layout *layout;
	struct levels levels;
	int64_t memory_total;
	struct net_own own_net;
	unsigned what;
	const struct container_items *items;
	struct stats_sample *samples; /* one for each item */
	struct looker lookers[PARALLEL_MAX];
	pthread_mutex_t arena_lock;
	struct arena *arena; /* while several look, only behind its lock */
};

static void look_begin(struct look *k, const struct stats_request *q, struct arena *a)
{
	uint64_t total = 0, swap;

	*k = (struct look){ .en = q->engine, .host = q->host, .layout = q->layout, .arena = a,
			    .what = !q->brief	  ? WHAT :
				    q->no_pressure ? CGROUP_STAT_LINE :
						     CGROUP_STAT_LINE | CGROUP_STAT_PRESSURE,
			    .arena_lock = PTHREAD_MUTEX_INITIALIZER };
	levels_init(&k->levels, q->host, q->layout, a);
	net_own_init(&k->own_net, q->host);
	(void)host_memory(q->host, &total, &swap, NULL);
	k->memory_total = (int64_t)total;
}

/* ---- one of them, by whichever thread -------------------------------------------------------------------------- */

static int read_use(struct look *k, struct looker *me, pid_t pid, struct stats_sample *s)
{
	bool none = cgroup_is_none(s->cgroup);
	struct cgroup_stat st;
	int r = none ? proc_use_read(k->host, pid, &st, &me->err) :
		       cgroup_stat_reader_read(&me->files, s->cgroup, k->what, &st, &me->err);

	/* of one that has just ended there may be the group, without a process, or a few of its files still */
	s->running = r == 0 && (none || !k->layout->n || survey_confirms(k->en, s->id, &st));
	if (r < 0)
		return r == -ENOENT || r == -ESRCH ? 0 : r;
	if (!s->running)
		return 0;
	(void)pthread_mutex_lock(&k->arena_lock);
	s->st = cgroup_stat_keep(k->arena, &st);
	(void)pthread_mutex_unlock(&k->arena_lock);
	if (!s->st)
		return err_oom(&me->err);
	if (pid)
		(void)net_dev_read(k->host, &k->own_net, pid, &s->net, NULL);
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
	if (from->state.outcome.started_ns)
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
	const struct level *above = NULL;
	struct limit theirs;
	int r = cgroup_is_none(s->cgroup) ? 0 :
					    levels_above(&k->levels, s->cgroup, CGROUP_STAT_MEMORY, &above, e);

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
		cgroup_stat_reader_init(&k->lookers[i].files, k->host, k->layout);
	parallel_for(k->items->n, workers, look_at, k);
	for (unsigned i = 0; i < workers; i++) {
		const struct looker *one = &k->lookers[i];

		cgroup_stat_reader_done(&k->lookers[i].files);
		if (one->rc < 0 && r == 0)
			r = err_set(e, -one->rc, "%s", one->err.msg);
	}
	return r;
}

/* ---- whom a name means ------------------------------------------------------------------------------------------ */

static bool is_of_host(const char *name)
{
	return name[0] == '/' || strncmp(name, "pod/", 4) == 0 || (*name && !name[strspn(name, "0123456789")]);
}

/* A pod, process or group as if it were a container that began nobody knows when. */
static int take_subject(const struct look *k, const char *name, struct arena *a, struct container_item *ret,
			struct err *e)
{
	int h = cgroup_layout_find(k->layout, CGROUP_MEMORY);
	struct subject s;
	int r = subject_find(k->en, k->host, k->layout, name, a, &s, e);

	if (r < 0)
		return r;
	*ret = (struct container_item){ .row = s.row, .state = s.state };
	if (s.kind == SUBJECT_CONTAINER)
		return 0;
	ret->row.name = s.kind == SUBJECT_CGROUP ? s.text + strlen("cgroup ") : s.text;
	ret->row.cgroup = (char *)(h >= 0 ? s.place.path[h] : NULL);
	for (unsigned i = 0; !ret->row.cgroup && i < k->layout->n; i++)
		ret->row.cgroup = (char *)s.place.path[i];
	ret->state =
		(struct container_state){ .status = s.alive && ret->row.cgroup ? CONTAINER_RUNNING : CONTAINER_EXITED,
					  .outcome.pid = s.pid };
	return 0;
}

static int find_one(const struct look *k, const char *name, struct arena *a, struct container_item *ret, struct err *e)
{
	int r;

	if (!k->en || is_of_host(name))
		return take_subject(k, name, a, ret, e);
	r = container_find(k->en, sv_from(name), a, &ret->row, e);
	return r < 0 ? r : container_look(k->en, &ret->row, &ret->state, e);
}

static int find_named(const struct look *k, const struct oci_strings *names, struct arena *a,
		      struct container_items *ret, struct err *e)
{
	int r = 0;

	ret->v = arena_array(a, names->n, sizeof *ret->v);
	if (!ret->v)
		return err_oom(e);
	for (; r == 0 && ret->n < names->n; ret->n++)
		r = find_one(k, names->v[ret->n], a, &ret->v[ret->n], e);
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

int stats_read(const struct stats_request *q, struct arena *a, struct stats_samples *ret, struct err *e)
{
	struct container_items items = { 0 };
	struct look k;
	int r;

	look_begin(&k, q, a);
	if (q->names->n)
		r = find_named(&k, q->names, a, &items, e);
	else if (q->engine)
		r = engine_survey(q->engine, q->all ? SURVEY_ALL : SURVEY_CLAIMED, a, &items, e);
	else
		r = err_set(e, EACCES, "no containers are known here: name a process or a group, such as /user.slice");
	return r < 0 ? r : read_all(&k, &items, q->all || q->names->n, ret, e);
}
