/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/filter.h"

#include "base/buf.h"
#include "base/scope.h"
#include "cli/value.h"

#include <errno.h>
#include <string.h>

#define NAMES_MAX 400

static void put_names(const struct filters *f, struct buf *out)
{
	for (size_t i = 0; i < f->n_rows; i++)
		buf_putf(out, "%s%s", i ? ", " : "", f->rows[i].name);
}

static const struct filter_row *find(const struct filters *f, struct sv name)
{
	for (size_t i = 0; i < f->n_rows; i++)
		if (sv_is(name, f->rows[i].name))
			return &f->rows[i];
	return NULL;
}

int filter_set(const struct option_call *c, struct err *e)
{
	struct filters *f = (struct filters *)((char *)c->target + c->row->field);
	scoped_buf names = BUF(NAMES_MAX);
	struct filter new = { 0 };
	struct sv name, value;
	int r = 0;

	put_names(f, &names);
	if (!sv_cut(sv_from(c->text), '=', &name, &value))
		return err_set(e, EINVAL, "invalid argument: a filter is NAME=VALUE (%s)", names.p);
	new.row = find(f, name);
	if (!new.row)
		return err_set(e, EDOM, "invalid filter '%.*s' (%s)", name.n < 80 ? (int)name.n : 80, name.p,
			       names.p);
	new.value = value.p;
	if (new.row->check)
		r = new.row->check(&new, e);
	return r < 0 ? -EDOM : LIST_PUT(c->arena, &f->given, new, e);
}

int filter_add(struct filters *f, const char *name, const char *value, struct arena *a, struct err *e)
{
	return LIST_PUT(a, &f->given, ((struct filter){ find(f, sv_from(name)), value, 0 }), e);
}

static bool row_holds(const struct filters *f, const struct filter_row *row, const void *object)
{
	unsigned asked = 0, held = 0;

	for (size_t i = 0; i < f->given.n; i++)
		if (f->given.v[i].row == row) {
			asked++;
			held += row->holds(&f->given.v[i], object);
		}
	return row->all ? held == asked : !asked || held;
}

bool filters_hold(const struct filters *f, const void *object)
{
	for (size_t i = 0; f->given.n && i < f->n_rows; i++)
		if (!row_holds(f, &f->rows[i], object))
			return false;
	return true;
}

bool filters_has(const struct filters *f, const char *name)
{
	for (size_t i = 0; i < f->given.n; i++)
		if (strcmp(f->given.v[i].row->name, name) == 0)
			return true;
	return false;
}

int filter_check_bool(struct filter *f, struct err *e)
{
	bool on;
	int r = value_bool(f->value, &on, e);

	if (r == 0)
		f->number = on;
	return r;
}

bool filter_label(const char *wanted, const struct oci_pairs *labels)
{
	struct sv key, value;
	bool exact = sv_cut(sv_from(wanted), '=', &key, &value);

	for (size_t i = 0; i < labels->n; i++)
		if (sv_is(key, labels->v[i].key) && (!exact || sv_is(value, labels->v[i].value)))
			return true;
	return false;
}
