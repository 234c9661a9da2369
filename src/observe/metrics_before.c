/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/metrics_before.h"

#include "base/scope.h"
#include "kernel/host.h"

#include <stdlib.h>
#include <string.h>

#define STAT_SIZE offsetof(struct cgroup_stat, io.device) /* devices are read each time */

struct known {
	int64_t started_ns;
	struct cgroup_folders folders;
	struct cgroup_stat *stat; /* STAT_SIZE of it */
	bool rests; /* CGROUP_STAT_SAME_STALLS */
	bool stays;               /* while the next ones are gathered: it is one of them */
	char id[];
};

struct metrics_before {
	struct cgroup_written *written; /* NULL: not told */
	uint64_t kills;               /* of the host */
	unsigned calm;                /* scrapes in which there was none more */
	struct known **v;             /* by id */
	size_t n;
};

/* The host counts a kill a moment before the group does: numbers that were read in that moment lack it. They are believed when
 * the scrape before them had counted as many. */
#define CALM_ENOUGH 2

struct metrics_before *metrics_before_new(const struct host *h, const struct cgroup_layout *l)
{
	struct metrics_before *b = calloc(1, sizeof *b);

	if (b && cgroup_written_new(h, l, &b->written, NULL) < 0)
		b->written = NULL;
	return b;
}

static void known_free(struct known *k)
{
	if (k)
		free(k->stat);
	free(k);
}

static void forget(struct metrics_before *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (!b->v[i]->stays)
			known_free(b->v[i]);
	free(b->v);
	b->v = NULL;
	b->n = 0;
}

void metrics_before_free(struct metrics_before *b)
{
	if (!b)
		return;
	forget(b);
	cgroup_written_free(b->written);
	free(b);
}

void metrics_before_begin(struct metrics_before *b, const struct host *h)
{
	uint64_t kills;
	bool told = host_oom_kills(h, &kills, NULL) == 0;

	if (!told || kills != b->kills)
		b->calm = 0;
	else if (b->calm < CALM_ENOUGH)
		b->calm++;
	if (told)
		b->kills = kills;
	if (b->written)
		cgroup_written_take(b->written);
}

static int by_id(const void *a, const void *b)
{
	const struct known *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

static int find_id(const void *id, const void *in)
{
	const struct known *const *k = in;

	return strcmp(id, (*k)->id);
}

static struct known *find(const struct metrics_before *b, const struct metrics_life *life)
{
	struct known **k = NULL;

	if (b->n && life->started_ns)
		k = bsearch(life->id, b->v, b->n, sizeof(struct known *), find_id);
	return k && (*k)->started_ns == life->started_ns ? *k : NULL;
}

const struct cgroup_stat *metrics_before_look(const struct metrics_before *b, struct metrics_life *life,
					      unsigned *ret_same)
{
	const struct known *k = find(b, life);

	*ret_same = k && b->calm == CALM_ENOUGH ? CGROUP_STAT_SAME_KILLS : 0;
	if (!k && b->written && life->started_ns)
		cgroup_written_folders(b->written, life->cgroup, &life->folders);
	if (!k)
		return NULL;
	life->folders = k->folders;
	if (k->rests)
		*ret_same |= CGROUP_STAT_SAME_STALLS;
	if (b->written && !cgroup_written_has(b->written, &k->folders))
		*ret_same |= CGROUP_STAT_SAME_LIMITS;
	return k->stat;
}

/* ---- the next time -------------------------------------------------------------------------------------------------- */

static struct known *known_new(const struct metrics_life *life)
{
	size_t n = strlen(life->id) + 1;
	struct known *k = life->started_ns ? calloc(1, sizeof *k + n) : NULL;

	if (!k)
		return NULL;
	k->stat = calloc(1, STAT_SIZE);
	if (!k->stat) {
		known_free(k);
		return NULL;
	}
	k->started_ns = life->started_ns;
	k->folders = life->folders;
	memcpy(k->id, life->id, n);
	return k;
}

void metrics_before_end(struct metrics_before *b, const struct metrics_life *const *lives,
			const struct cgroup_stat *const *stats, size_t n)
{
	struct known **v = calloc(n + 1, sizeof(struct known *));
	size_t count = 0;

	for (size_t i = 0; v && i < n; i++) {
		struct known *k = find(b, lives[i]);

		if (k)
			k->rests = cgroup_stat_rests(k->stat, stats[i]);
		else
			k = known_new(lives[i]);
		if (!k || k->stays)
			continue;
		memcpy(k->stat, stats[i], STAT_SIZE);
		k->stays = true;
		v[count++] = k;
	}
	forget(b);
	for (size_t i = 0; i < count; i++)
		v[i]->stays = false;
	if (count)
		qsort(v, count, sizeof(struct known *), by_id);
	b->v = v;
	b->n = count;
}
