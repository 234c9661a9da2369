/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/named.h"

#include "base/scope.h"
#include "cli/session.h"
#include "cli/value.h"

#include <errno.h>
#include <string.h>

#define ARENA_MAX (4u << 20)

/* ---- filters and options ------------------------------------------------------------------------------------ */

static const struct named *seen(const void *object)
{
	return object;
}

bool named_dangling(const struct filter *f, const void *object)
{
	return (!seen(object)->used && !seen(object)->stays) == (f->number != 0);
}

bool named_driver(const struct filter *f, const void *object)
{
	return strcmp(f->value, seen(object)->driver) == 0;
}

bool named_label(const struct filter *f, const void *object)
{
	return filter_label(f->value, seen(object)->labels);
}

bool named_name(const struct filter *f, const void *object)
{
	return strstr(seen(object)->name, f->value) != NULL;
}

int named_add_label(const struct option_call *c, struct err *e)
{
	struct oci_pairs *list = (void *)((char *)c->target + c->row->field);
	struct oci_pair l;
	int r = value_label(c->text, c->arena, &l, e);

	if (r < 0)
		return r;
	return pairs_set(c->arena, list, l.key, l.value) < 0 ? err_oom(e) : 0;
}

const char *named_labels(const struct oci_pairs *l, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < l->n && text; i++)
		text = arena_fmt(a, "%s%s%s=%s", text, i ? "," : "", l->v[i].key, l->v[i].value);
	return text;
}

/* ---- ls ----------------------------------------------------------------------------------------------------- */

static int put(struct engine *en, const struct named_kind *kind, struct listing *l, const struct named *n, bool whole,
	       struct err *e)
{
	const char *values[LISTING_FIELDS] = { NULL };

	kind->show(en, n, whole, l->arena, values);
	return listing_add(l, values, e);
}

int named_ls(struct cli *cli, const struct named_kind *kind, const struct named_ls_options *o, struct err *e)
{
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct named_list all = { 0 };
	struct listing l;
	int r = listing_begin(&l, kind->listing, &o->how, cli->arena, &out, e);

	if (r == 0)
		r = session_open(&s, cli, e);
	if (r == 0)
		r = kind->list(&s.engine, cli->arena, &all, e);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (filters_hold(&o->filters, &all.v[i]))
			r = put(&s.engine, kind, &l, &all.v[i], o->how.no_trunc, e);
	if (r == 0)
		r = listing_end(&l, e);
	return r == 0 && out.len ? cli_print(&out, e) : r;
}

/* ---- rm, prune ---------------------------------------------------------------------------------------------- */

int named_rm(struct engine *en, const struct named_kind *kind, const char *name, const struct named_rm_options *o,
	     struct err *e)
{
	scoped_arena a = ARENA(ARENA_MAX);
	int r = kind->remove(en, name, &a, e);

	return r == -ENOENT && o->force ? 0 : r;
}

/* One that somebody began to use meanwhile stays. */
static int prune_one(struct engine *en, const struct named_kind *kind, const struct named *n, struct arena *a,
		     struct buf *out, int64_t *freed, struct err *e)
{
	int64_t bytes = kind->bytes ? kind->bytes(en, n) : 0;
	int r = kind->remove(en, n->id, a, e);

	if (r == -EBUSY || r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	prune_head(out, kind->plural);
	buf_putf(out, "%s\n", n->name);
	*freed += bytes;
	return 0;
}

int named_prune(struct engine *en, const struct named_kind *kind, const struct prune_options *o, bool also_named,
		struct arena *a, struct buf *out, int64_t *freed, struct err *e)
{
	struct named_list all = { 0 };
	int r = kind->list(en, a, &all, e);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		const struct named *n = &all.v[i];
		const struct prune_object look = { .created_ns = n->created_ns, .labels = n->labels };

		if (!n->used && !n->stays && (!n->is_named || also_named) && filters_hold(&o->filters, &look))
			r = prune_one(en, kind, n, a, out, freed, e);
	}
	return r;
}
