/* SPDX-License-Identifier: Apache-2.0 */
#include "screen/top_model.h"

#include "base/limits.h"
#include "base/scope.h"

#include <string.h>

const char *const top_order_names[TOP_ORDERS] = { "name", "cpu", "memory", "pids", "io" };

void top_model_init(struct top_model *m)
{
	*m = (struct top_model){ .arena = ARENA(LIMIT_ARENA_STATS) };
}

void top_model_done(struct top_model *m)
{
	arena_done(&m->arena);
	top_model_init(m);
}

/* ---- one row ------------------------------------------------------------------------------------------------------- */

static int64_t grown(int64_t before, int64_t now)
{
	return before == CG_UNSET || now == CG_UNSET || now < before ? 0 : now - before;
}

static int64_t rate(int64_t amount, int64_t ns)
{
	return ns > 0 ? (int64_t)((__int128)amount * 1000000000 / ns) : 0;
}

static int64_t share(int64_t part, int64_t whole)
{
	return whole > 0 && whole != CG_MAX && part > 0 ? (int64_t)((__int128)part * 10000 / whole) : 0;
}

static int32_t clip(int64_t v)
{
	return v > INT32_MAX ? INT32_MAX : (int32_t)v;
}

static void remember(struct top_row *r, const struct top_row *old)
{
	size_t from = 0, kept = old ? old->looks : 0;

	if (kept == TOP_HISTORY) {
		from = 1;
		kept--;
	}
	for (size_t i = 0; i < kept; i++) {
		r->cpu_history[i] = old->cpu_history[from + i];
		r->memory_history[i] = old->memory_history[from + i];
	}
	r->cpu_history[kept] = clip(r->cpu);
	r->memory_history[kept] = clip(share(r->s.memory_bytes, r->s.limit_bytes));
	r->looks = kept + 1;
}

static void fill(struct top_row *r, const struct top_row *old, int64_t ns)
{
	r->throttled = CG_UNSET;
	if (old && ns > 0) {
		const struct top_sample *a = &old->s, *b = &r->s;

		r->cpu = share(grown(a->cpu_ns, b->cpu_ns), ns);
		if (a->periods != CG_UNSET && b->periods != CG_UNSET)
			r->throttled = share(grown(a->throttled_periods, b->throttled_periods),
					     grown(a->periods, b->periods));
		r->read_bps = rate(grown(a->read_bytes, b->read_bytes), ns);
		r->write_bps = rate(grown(a->write_bytes, b->write_bytes), ns);
	}
	remember(r, old);
}

/* ---- order --------------------------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct top_row *)a)->s.key, ((const struct top_row *)b)->s.key);
}

static int64_t known(int64_t v)
{
	return v == CG_UNSET || v == CG_MAX ? -1 : v;
}

static int64_t weight(const struct top_row *r, enum top_order by)
{
	switch (by) {
	case TOP_BY_CPU:
		return r->cpu;
	case TOP_BY_MEMORY:
		return known(r->s.memory_bytes);
	case TOP_BY_PIDS:
		return known(r->s.pids);
	case TOP_BY_IO:
		return r->read_bps + r->write_bps;
	default:
		return 0;
	}
}

static int compare(const void *a, const void *b, void *order)
{
	const struct top_row *x = *(struct top_row *const *)a, *y = *(struct top_row *const *)b;
	enum top_order by = *(const enum top_order *)order;
	int64_t wx = weight(x, by), wy = weight(y, by);
	int names;

	if (wx != wy)
		return wx < wy ? 1 : -1;
	names = strcmp(x->s.name, y->s.name);
	return names ? names : strcmp(x->s.key, y->s.key);
}

/* ---- a look -------------------------------------------------------------------------------------------------------- */

static const struct top_row *find_old(const struct top_model *m, const char *key)
{
	const struct top_row wanted = { .s = { .key = key } };

	return m->n ? bsearch(&wanted, m->rows, m->n, sizeof *m->rows, by_key) : NULL;
}

/* The place of each sample among the rows, which are sorted by key. */
static void keep_order_of(struct top_model *next, const struct top_sample *samples)
{
	for (size_t i = 0; i < next->n; i++) {
		const struct top_row wanted = { .s = { .key = samples[i].key } };

		next->shown[i] = bsearch(&wanted, next->rows, next->n, sizeof *next->rows, by_key);
	}
}

int top_model_next(struct top_model *m, struct arena *texts, const struct top_sample *samples, size_t n,
		   int64_t taken_ns, bool keep_order, enum top_order by, struct err *e)
{
	struct top_model next = { .n = n, .taken_ns = taken_ns };

	next.rows = arena_array(texts, n + 1, sizeof *next.rows);
	next.shown = arena_array(texts, n + 1, sizeof *next.shown);
	if (!next.rows || !next.shown)
		return err_oom(e);
	for (size_t i = 0; i < n; i++) {
		next.rows[i].s = samples[i];
		fill(&next.rows[i], find_old(m, samples[i].key), taken_ns - m->taken_ns);
	}
	qsort(next.rows, n, sizeof *next.rows, by_key);
	for (size_t i = 0; i < n; i++)
		next.shown[i] = &next.rows[i];
	if (keep_order)
		keep_order_of(&next, samples);
	else
		qsort_r(next.shown, n, sizeof *next.shown, compare, &by);
	arena_done(&m->arena);
	next.arena = *texts;
	*texts = ARENA(LIMIT_ARENA_STATS);
	*m = next;
	return 0;
}

size_t top_model_find(const struct top_model *m, const char *key)
{
	size_t i = 0;

	while (i < m->n && strcmp(m->shown[i]->s.key, key) != 0)
		i++;
	return i;
}

unsigned top_spark(int32_t value, int32_t whole)
{
	if (value <= 0 || whole <= 0)
		return 0;
	return value >= whole ? 7 : (unsigned)((int64_t)value * 8 / whole);
}
