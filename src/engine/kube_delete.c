/* SPDX-License-Identifier: Apache-2.0 */
/* Objects go, and what is of them before them. */
#include "engine/kube_priv.h"

#include "base/scope.h"
#include "engine/kube_expire.h"
#include "engine/kube_sandbox.h"
#include "oci/list.h"

#include <string.h>

/* ---- deleting ----------------------------------------------------------------------------------------------- */

struct deleting {
	struct kube_work *w;
	bool *gone; /* of each row */
};

static const struct kube_running *pod_of(const struct kube_world *w, const struct kube_row *row)
{
	for (size_t i = 0; i < w->n_pods; i++)
		if (w->pods[i].row == row)
			return &w->pods[i];
	return NULL;
}

static bool is_last_pod(const struct deleting *d, const struct kube_running *p)
{
	const struct kube_world *w = &d->w->world;

	for (size_t i = 0; i < w->n_pods; i++)
		if (&w->pods[i] != p && !d->gone[w->pods[i].row - w->rows.v])
			return false;
	return true;
}

/* Where kubepods is, only rows of pods tell: with the last one it goes before the row. */
static int end_pod(struct deleting *d, const struct kube_running *p)
{
	struct kube_work *w = d->w;
	int r = kube_pod_end(&w->site, p, w->o->grace_s, w->a, w->e);

	return r == 0 && is_last_pod(d, p) ? kube_site_write_tiers(&w->site, NULL, 0, w->a, w->e) : r;
}

static int delete_row(struct deleting *d, size_t i)
{
	const struct kube_row *row = &d->w->world.rows.v[i];
	const struct kube_running *p = pod_of(&d->w->world, row);
	int r = d->gone[i] || !p ? 0 : end_pod(d, p);

	if (r == 0 && !d->gone[i])
		r = kube_forget(d->w->en, row->uid, d->w->e);
	d->gone[i] |= r == 0;
	return r;
}

/* Pods of a Deployment or a Job, everything of a namespace. */
static bool is_part_of(const struct deleting *d, size_t part, size_t i)
{
	const struct kube_row *row = &d->w->world.rows.v[i], *other = &d->w->world.rows.v[part];

	return (other->owner && strcmp(other->owner, row->uid) == 0) ||
	       (d->w->world.objects[i].kind == OBJECT_NAMESPACE && strcmp(other->namespace, row->name) == 0);
}

/* All pods that will go begin to end: nobody waits for the others' grace. */
static void announce(const struct deleting *d, size_t i)
{
	for (size_t k = 0; k < d->w->world.rows.n; k++)
		if ((k == i || is_part_of(d, k, i)) && d->w->world.objects[k].kind == OBJECT_POD)
			kube_sandbox_announce_end(d->w->en, d->w->world.rows.v[k].uid, d->w->o->grace_s);
}

static int delete_parts(struct deleting *d, size_t i, bool pods)
{
	int r = 0;

	for (size_t k = 0; r == 0 && k < d->w->world.rows.n; k++)
		if (is_part_of(d, k, i) && (d->w->world.objects[k].kind == OBJECT_POD) == pods)
			r = delete_row(d, k);
	return r;
}

/* What is of it goes first, and of that the pods: whoever is killed between two leaves no pod without its owner. */
static int delete_with_parts(struct deleting *d, size_t i)
{
	struct kube_work *w = d->w;
	int r;

	announce(d, i);
	r = delete_parts(d, i, true);
	if (r == 0)
		r = delete_parts(d, i, false);
	if (r == 0)
		r = delete_row(d, i);
	if (r == 0 && strings_addf(w->a, w->done, "%s \"%s\" deleted", kube_kind_word(w->world.objects[i].kind),
				   w->world.rows.v[i].name) < 0)
		r = err_oom(w->e);
	return r;
}

int kube_delete_row(struct kube_work *k, size_t row)
{
	struct deleting d = { .w = k, .gone = arena_array(k->a, k->world.rows.n + 1, sizeof *d.gone) };

	return d.gone ? delete_with_parts(&d, row) : err_oom(k->e);
}

/* The groups of what is left. */
static int settle(struct deleting *d)
{
	struct kube_world after;
	int r = kube_load(d->w->en, d->w->a, &after, d->w->e);

	if (r == 0)
		r = kube_write_tiers(&d->w->site, &after, d->w->a, d->w->e);
	if (r == 0)
		r = kube_expire_note(d->w->en, &after, d->w->a, d->w->e);
	return r < 0 ? r : kube_pending_begin(d->w->en, d->w->o, d->w->a, d->w->e);
}

static int delete_named(struct deleting *d, const struct object_meta *meta, enum object_kind kind)
{
	size_t i = kube_row_index(&d->w->world, kind, meta->namespace, meta->name);

	return i == d->w->world.rows.n ?
		       err_set(d->w->e, ENOENT, "%s \"%s\" not found", object_kind_plural(kind), meta->name) :
		       delete_with_parts(d, i);
}

static int find_gone(struct deleting *d)
{
	d->gone = arena_array(d->w->a, d->w->world.rows.n + 1, sizeof *d->gone);
	return d->gone ? 0 : err_oom(d->w->e);
}

/* The last one of a file goes first. The first failure is told when all were tried. */
int kube_delete_file(struct engine *en, struct sv text, const struct kube_options *o, struct arena *a,
		     struct oci_strings *done, struct err *e)
{
	scoped_work w = { en, o, a, NULL, done, e, .lock = -1 };
	struct deleting d = { .w = &w };
	struct err unheard = { 0 };
	struct objects l;
	int first = 0, r = kube_work_read(&w, text, &l);

	if (r == 0)
		r = find_gone(&d);
	if (r < 0)
		return r;
	for (size_t i = 0; i < l.n; i++) {
		size_t row = kube_row_index(&w.world, l.v[i].kind, l.v[i].meta.namespace, l.v[i].meta.name);

		if (row < w.world.rows.n)
			announce(&d, row);
	}
	for (size_t i = l.n; i-- > 0;) {
		w.e = first ? &unheard : e;
		r = delete_named(&d, &l.v[i].meta, l.v[i].kind);
		first = first ? first : r;
	}
	w.e = first ? &unheard : e; /* the first one is the one which is told */
	r = settle(&d);
	return first ? first : r;
}

int kube_delete(struct engine *en, enum object_kind kind, const char *name, const struct kube_options *o,
		struct arena *a, struct oci_strings *done, struct err *e)
{
	scoped_work w = { en, o, a, NULL, done, e, .lock = -1 };
	struct deleting d = { .w = &w };
	const struct object_meta meta = { .name = name,
					  .namespace = kind == OBJECT_NAMESPACE ? "" :
						       o->namespace		? o->namespace :
										  "default" };
	int r = kube_work_open(&w);

	if (r == 0)
		r = find_gone(&d);
	if (r == 0)
		r = delete_named(&d, &meta, kind);
	return r < 0 ? r : settle(&d);
}
