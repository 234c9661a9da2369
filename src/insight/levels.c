/* SPDX-License-Identifier: Apache-2.0 */
#include "insight/levels.h"

#include "kernel/host.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

struct level *level_new(struct arena *a, const char *path, unsigned what, const struct cgroup_stat *st)
{
	size_t used = offsetof(struct cgroup_stat, io.device) + st->io.n * sizeof st->io.device[0];
	struct level *new = arena_alloc(a, offsetof(struct level, st) + used);

	if (!new)
		return NULL;
	new->path = path;
	new->what = what;
	memcpy(&new->st, st, used);
	return new;
}

void levels_init(struct levels *ls, const struct host *h, const struct cgroup_layout *l, struct arena *a)
{
	*ls = (struct levels){ .host = h, .layout = l, .arena = a };
}

/* The last one that was found comes first: neighbours are asked for one after the other. */
static struct level *find(struct levels *ls, struct sv path, unsigned what)
{
	for (struct level **at = &ls->kept; *at; at = &(*at)->next)
		if ((*at)->what == what && sv_is(path, (*at)->path)) {
			struct level *found = *at;

			*at = found->next;
			found->next = ls->kept;
			ls->kept = found;
			return found;
		}
	return NULL;
}

static struct sv parent_of(struct sv path)
{
	struct sv head, name;

	if (!sv_rcut(path, '/', &head, &name) || !head.n)
		return SV("/");
	return head;
}

static int read_level(struct levels *ls, struct sv path, unsigned what, struct level **ret, struct err *e);

/* Of those above nobody asks for the kills of all that is below them: on v1 they would have to be added up. */
static int read_above(struct levels *ls, struct sv path, unsigned what, struct level **ret, struct err *e)
{
	int r = 0;

	*ret = NULL;
	what &= ~(unsigned)CGROUP_STAT_EVENTS;
	while (!sv_is(path, "/")) {
		path = parent_of(path);
		r = read_level(ls, path, what, ret, e);
		if (r != -ENOENT)
			return r;
	}
	return r == -ENOENT ? 0 : r;
}

static int read_level(struct levels *ls, struct sv path, unsigned what, struct level **ret, struct err *e)
{
	struct level *new, *up = NULL;
	int r;

	*ret = find(ls, path, what);
	if (*ret)
		return 0;
	new = arena_alloc(ls->arena, sizeof *new);
	if (new)
		new->path = arena_sv(ls->arena, path);
	if (!new || !new->path)
		return err_oom(e);
	r = cgroup_stat_read(ls->host, ls->layout, new->path, what, &new->st, e);
	if (r == 0)
		r = read_above(ls, path, what, &up, e);
	if (r < 0)
		return r;
	new->up = up;
	new->what = what;
	new->next = ls->kept;
	ls->kept = new;
	*ret = new;
	return 0;
}

int levels_read(struct levels *ls, const char *path, unsigned what, const struct level **ret, struct err *e)
{
	struct level *found;
	int r = read_level(ls, sv_from(path), what, &found, e);

	if (r == 0)
		*ret = found;
	return r;
}

int levels_above(struct levels *ls, const char *path, unsigned what, const struct level **ret, struct err *e)
{
	struct level *found;
	int r = read_above(ls, sv_from(path), what, &found, e);

	if (r == 0)
		*ret = found;
	return r;
}
