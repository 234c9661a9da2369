/* SPDX-License-Identifier: Apache-2.0 */
#include "report/watch.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "report/subject.h"
#include "report/watch_list.h"
#include "engine/survey.h"
#include "insight/levels.h"
#include "insight/limits.h"
#include "kernel/cgroup_event.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* One rule for one subject. */
struct ruled {
	bool applies;
	int fd;     /* says when it is worth a look; -1: nobody does */
	bool woken; /* it has */
	struct alert_state state;
};

struct watched {
	struct watched *next;
	struct arena arena;
	const char *key; /* subject and life */
	const char *id;  /* of a container; NULL */
	const char *name, *target;
	struct cgroup_place place;
	struct alert_numbers before;
	int64_t kills; /* OOM kills that were told */
	bool seen, gone;
	struct ruled *rules;
};

struct watch {
	struct engine *en;
	const struct host *host;
	const struct cgroup_layout *layout;
	const struct watch_request *q;
	int64_t memory_total;
	struct watch_list list;
	struct watched *first;
	bool enough;
};

/* ---- what is watched ---------------------------------------------------------------------------------------------- */

static void watched_free(struct watch *w, struct watched *t)
{
	struct arena own;

	for (size_t i = 0; i < w->q->n_rules; i++)
		if (t->rules[i].fd >= 0)
			close(t->rules[i].fd);
	own = t->arena; /* it holds itself */
	arena_done(&own);
}

/* The threshold in microseconds of a window; a rule of "less than" has to look for itself. */
static void arm_pressure(struct watch *w, struct watched *t, const struct alert_rule *r, struct ruled *to)
{
	int p = alert_rule_pressure(r);
	int64_t us = r->threshold * CGROUP_PRESSURE_WINDOW_US / 10000;

	if (!r->below && us > 0 && us <= CGROUP_PRESSURE_WINDOW_US)
		(void)cgroup_event_pressure(w->host, w->layout, &t->place, (enum cgroup_pressure)(p / 2), p % 2,
					    (unsigned)us, &to->fd, NULL);
}

static void arm(struct watch *w, struct watched *t)
{
	for (size_t i = 0; i < w->q->n_rules; i++) {
		const struct alert_rule *r = &w->q->rules[i];
		struct ruled *to = &t->rules[i];

		to->fd = -1;
		to->applies = !r->target || strcmp(r->target, t->target ? t->target : "") == 0;
		if (to->applies && r->metric == ALERT_OOM)
			(void)cgroup_event_oom(w->host, w->layout, &t->place, &to->fd, NULL);
		else if (to->applies && alert_rule_pressure(r) >= 0)
			arm_pressure(w, t, r, to);
	}
}

static int read_numbers(struct watch *w, struct watched *t, unsigned what, struct alert_numbers *ret, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_STATS);
	int m = cgroup_layout_find(w->layout, CGROUP_MEMORY);
	struct limit limit = { w->memory_total, "/" };
	struct cgroup_stat st;
	struct levels levels;
	const struct level *level = NULL;
	int r = cgroup_stat_read_place(w->host, w->layout, &t->place, what, &st, e);

	levels_init(&levels, w->host, w->layout, &a);
	if (r == 0 && what & CGROUP_STAT_MEMORY && m >= 0 && t->place.path[m])
		r = levels_read(&levels, t->place.path[m], CGROUP_STAT_MEMORY, &level, e);
	if (r == 0)
		alert_numbers_of(&st, limit_tighter(limit_memory(level), limit).value, clock_monotonic_ns(), ret);
	return r;
}

static unsigned needs_of(const struct watch *w, const struct watched *t)
{
	unsigned what = 0;

	for (size_t i = 0; i < w->q->n_rules; i++)
		what |= t->rules[i].applies ? alert_rule_needs(&w->q->rules[i]) : 0;
	return what;
}

static struct watched *watched_new(struct arena *own, size_t rules, const struct subject *s, const char *key,
				   const char *target)
{
	struct watched *t = arena_alloc(own, sizeof *t);

	if (!t)
		return NULL;
	t->rules = arena_array(own, rules, sizeof *t->rules);
	t->key = arena_str(own, key);
	t->name = arena_str(own, s->text);
	t->target = target;
	if (s->kind == SUBJECT_CONTAINER)
		t->id = arena_str(own, s->row.id);
	for (unsigned i = 0; i < CGROUP_HIERARCHY_MAX; i++)
		if (s->place.path[i] && !(t->place.path[i] = arena_str(own, s->place.path[i])))
			return NULL;
	return t->rules && t->key && t->name && (t->id || s->kind != SUBJECT_CONTAINER) ? t : NULL;
}

static int add(struct watch *w, const struct subject *s, const char *key, const char *target, struct err *e)
{
	struct arena own = ARENA(1u << 20);
	struct watched *t = watched_new(&own, w->q->n_rules, s, key, target);

	if (!t) {
		arena_done(&own);
		return err_oom(e);
	}
	t->arena = own;
	arm(w, t);
	t->seen = true;
	if (read_numbers(w, t, needs_of(w, t), &t->before, NULL) < 0)
		t->gone = true;
	t->kills = t->before.oom_kills > 0 ? t->before.oom_kills : 0;
	t->next = w->first;
	w->first = t;
	return 0;
}

/* What is still there is marked, what is new is added. */
static int see(struct watch *w, const struct subject *s, const char *target, struct arena *a, struct err *e)
{
	const char *key = arena_fmt(a, "%s %s %lld", s->text, target ? target : "",
				    (long long)s->state.outcome.started_ns);

	if (!key)
		return err_oom(e);
	if (!s->alive)
		return 0;
	for (struct watched *t = w->first; t; t = t->next)
		if (strcmp(t->key, key) == 0) {
			t->seen = true;
			return 0;
		}
	return add(w, s, key, target, e);
}

static int see_target(struct watch *w, const char *target, bool first, struct arena *a, struct err *e)
{
	struct subject s = { 0 };
	int r = subject_find(w->en, w->host, w->layout, target, a, &s, e);

	if (!first && (r == -ENOENT || r == -ESRCH))
		return 0;
	if (r == 0 && s.kind == SUBJECT_CONTAINER && cgroup_is_none(s.row.cgroup))
		return err_set(e, ENOTSUP, "%s: " CGROUP_NONE_TEXT, s.text);
	return r < 0 ? r : see(w, &s, target, a, e);
}

static int see_containers(struct watch *w, struct arena *a, struct err *e)
{
	struct container_items items = { 0 };
	int r = w->en ? engine_survey(w->en, SURVEY_LIVING, a, &items, e) : 0;

	for (size_t i = 0; r == 0 && i < items.n; i++) {
		struct subject s = { .kind = SUBJECT_CONTAINER, .row = items.v[i].row, .state = items.v[i].state,
				     .alive = container_is_active(items.v[i].state.status) };

		s.text = arena_fmt(a, "container %s", s.row.name);
		cgroup_place_everywhere(&s.place, s.row.cgroup);
		if (s.alive && !cgroup_is_none(s.row.cgroup))
			r = s.text ? see(w, &s, NULL, a, e) : err_oom(e);
	}
	return r;
}

static bool wants_everything(const struct watch_request *q)
{
	for (size_t i = 0; i < q->n_rules; i++)
		if (!q->rules[i].target)
			return q->n_targets == 0;
	return false;
}

static int tell(struct watch *w, const struct watched *t, size_t rule, enum alert_change change, int64_t value,
		struct err *e)
{
	const struct watch_alert a = { &w->q->rules[rule], t->name, change, value, clock_real_ns() };
	int r = w->q->tell(w->q->context, &a, e);

	w->enough |= r > 0;
	return r < 0 ? r : 0;
}

/* What its monitor wrote down of kills that came too late to be read from the group. */
static int tell_record(struct watch *w, struct watched *t, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct container_row row;
	struct container_state state = { 0 };
	int r = 0;

	if (!t->id || !w->en || container_find(w->en, sv_from(t->id), &a, &row, NULL) < 0 ||
	    container_look(w->en, &row, &state, NULL) < 0)
		return 0;
	for (size_t i = 0; r == 0 && i < w->q->n_rules; i++)
		if (t->rules[i].applies && w->q->rules[i].metric == ALERT_OOM && state.outcome.oom_kills > t->kills)
			r = tell(w, t, i, ALERT_FIRES, state.outcome.oom_kills - t->kills, e);
	return r;
}

static int tell_end(struct watch *w, struct watched *t, struct err *e)
{
	int r = tell_record(w, t, e);

	for (size_t i = 0; r == 0 && i < w->q->n_rules; i++)
		if (t->rules[i].state.firing)
			r = tell(w, t, i, ALERT_ENDS, CG_UNSET, e);
	return r;
}

static int sweep(struct watch *w, struct err *e)
{
	int r = 0;

	for (struct watched **at = &w->first; *at;) {
		struct watched *t = *at;

		if (t->seen) {
			at = &t->next;
			continue;
		}
		if (r == 0)
			r = tell_end(w, t, e);
		*at = t->next;
		watched_free(w, t);
	}
	return r;
}

static int refresh(struct watch *w, bool first, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_STATS);
	int r = 0;

	for (struct watched *t = w->first; t; t = t->next)
		t->seen = false;
	if (wants_everything(w->q))
		r = see_containers(w, &a, e);
	for (size_t i = 0; r == 0 && i < w->q->n_targets; i++)
		r = see_target(w, w->q->targets[i], first, &a, e);
	for (size_t i = 0; r == 0 && i < w->q->n_rules; i++)
		if (w->q->rules[i].target)
			r = see_target(w, w->q->rules[i].target, first, &a, e);
	return r < 0 ? r : sweep(w, e);
}

/* Its record tells why. */
static void set_gone(struct watch *w, struct watched *t)
{
	t->gone = true;
	watch_list_changed(&w->list);
}

/* ---- one look ----------------------------------------------------------------------------------------------------- */

/* A rule with a descriptor is looked at when that says so, and until it is calm again. */
static bool is_due(const struct ruled *r)
{
	return r->applies && (r->fd < 0 || r->woken || !alert_is_calm(&r->state));
}

static int step(struct watch *w, struct watched *t, size_t i, const struct alert_numbers *now, struct err *e)
{
	const struct alert_rule *r = &w->q->rules[i];
	struct ruled *to = &t->rules[i];
	int64_t value = alert_value(r, &t->before, now);
	enum alert_change change;

	if (r->metric == ALERT_OOM && now->oom_kills != CG_UNSET)
		value = now->oom_kills - t->kills;
	/* the kernel looked at two seconds of its own choice, and saw more than that in them */
	if (alert_rule_pressure(r) >= 0 && to->woken && value <= r->threshold)
		value = r->threshold + 1;
	to->woken = false;
	change = alert_step(r, &to->state, value, now->taken_ns);
	return change == ALERT_SAME ? 0 : tell(w, t, i, change, value, e);
}

static int look(struct watch *w, struct watched *t, struct err *e)
{
	struct alert_numbers now;
	unsigned what = 0;
	int r;

	for (size_t i = 0; i < w->q->n_rules; i++)
		what |= is_due(&t->rules[i]) ? alert_rule_needs(&w->q->rules[i]) : 0;
	if (!what || t->gone)
		return 0;
	r = read_numbers(w, t, needs_of(w, t), &now, NULL);
	if (r < 0) { /* what cannot be read now is asked again; the others are watched on */
		if (r == -ENOENT || r == -ENODEV)
			set_gone(w, t);
		return 0;
	}
	for (size_t i = 0; r == 0 && i < w->q->n_rules; i++)
		if (is_due(&t->rules[i]))
			r = step(w, t, i, &now, e);
	if (now.oom_kills > t->kills)
		t->kills = now.oom_kills;
	t->before = now;
	return r;
}

/* ---- the loop ------------------------------------------------------------------------------------------------------ */

static int timeout_of(const struct watch *w)
{
	int64_t ms = w->q->interval_ns / 1000000;
	int64_t most = (watch_list_left_ns(&w->list, clock_monotonic_ns()) + 999999) / 1000000;

	for (const struct watched *t = w->first; t; t = t->next)
		for (size_t i = 0; i < w->q->n_rules; i++)
			if (!t->gone && is_due(&t->rules[i]))
				most = most < ms ? most : ms;
	return (int)most;
}

static size_t count_descriptors(const struct watch *w)
{
	size_t n = 0;

	for (const struct watched *t = w->first; t; t = t->next)
		for (size_t i = 0; i < w->q->n_rules; i++)
			n += t->rules[i].fd >= 0;
	return n;
}

/* A descriptor of a group that has gone is ready for ever. */
static void take_event(struct watch *w, struct watched *t, struct ruled *r, const struct pollfd *p)
{
	if (!p->revents)
		return;
	r->woken = true;
	if (p->revents & (POLLERR | POLLHUP)) {
		set_gone(w, t);
		close(fd_take(&r->fd));
	} else if (p->revents & POLLIN) {
		cgroup_event_drain(r->fd);
	}
}

static int wait_for(struct watch *w, struct err *e)
{
	scoped_arena a = ARENA(16u << 20);
	size_t n = count_descriptors(w), k = 0;
	struct pollfd *p = arena_array(&a, n + 1, sizeof *p);
	int r;

	if (!p)
		return err_oom(e);
	for (struct watched *t = w->first; t; t = t->next)
		for (size_t i = 0; i < w->q->n_rules; i++)
			if (t->rules[i].fd >= 0)
				p[k++] = (struct pollfd){ .fd = t->rules[i].fd, .events = POLLPRI | POLLIN };
	p[n] = (struct pollfd){ .fd = w->list.fd, .events = POLLIN };
	r = poll(p, n + 1, timeout_of(w));
	if (r < 0)
		return errno == EINTR ? 0 : err_sys(e, "poll");
	k = 0;
	for (struct watched *t = w->first; t; t = t->next)
		for (size_t i = 0; i < w->q->n_rules; i++)
			if (t->rules[i].fd >= 0)
				take_event(w, t, &t->rules[i], &p[k++]);
	watch_list_hear(&w->list);
	return 0;
}

static int turn(struct watch *w, struct err *e)
{
	int r = wait_for(w, e);

	for (struct watched *t = w->first; r == 0 && t && !w->enough; t = t->next)
		r = look(w, t, e);
	if (r < 0 || w->enough || !watch_list_is_due(&w->list, clock_monotonic_ns()))
		return r;
	return refresh(w, false, e);
}

int engine_watch(struct engine *en, const struct host *h, const struct cgroup_layout *l, const struct watch_request *q,
		 struct err *e)
{
	struct watch w = { .en = en, .host = h, .layout = l, .q = q };
	uint64_t total = 0, swap;
	int r;

	(void)host_memory(h, &total, &swap, NULL);
	w.memory_total = (int64_t)total;
	watch_list_open(&w.list, en ? en->state : -1);
	(void)watch_list_is_due(&w.list, clock_monotonic_ns());
	r = refresh(&w, true, e);
	while (r == 0 && !w.enough)
		r = turn(&w, e);
	while (w.first) {
		struct watched *t = w.first;

		w.first = t->next;
		watched_free(&w, t);
	}
	watch_list_close(&w.list);
	return r;
}
