/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/listing.h"

#include "base/scope.h"
#include "cli/command.h"
#include "cli/page.h"
#include "engine/document.h"
#include "oci/json.h"

#include <errno.h>
#include <string.h>

static void put_json(const struct listing_kind *k, const char *const *values, struct buf *out)
{
	for (unsigned i = 0; i < k->n_fields; i++) {
		buf_puts(out, i ? "," : "{");
		json_put_text(out, sv_from(k->fields[i].name));
		buf_puts(out, ":");
		json_put_text(out, sv_from(values[i]));
	}
	buf_puts(out, "}");
}

/* \t and \n in a template are a tab and a newline, as in Docker's. */
static struct sv unescape(const char *template, struct arena *a)
{
	char *text = arena_str(a, template);
	size_t n = 0;

	if (!text)
		return (struct sv){ 0 };
	for (const char *p = template; *p; p++)
		if (p[0] == '\\' && (p[1] == 't' || p[1] == 'n'))
			text[n++] = *++p == 't' ? '\t' : '\n';
		else
			text[n++] = *p;
	return (struct sv){ text, n };
}

static int put_template(const struct listing *l, const char *const *values, struct buf *out, struct err *e)
{
	scoped_buf json = BUF(CLI_OUTPUT_MAX);
	struct document *d;
	int r;

	put_json(l->kind, values, &json);
	r = buf_status(&json, e);
	if (r == 0)
		r = document_parse(buf_sv(&json), &d, e);
	if (r < 0)
		return r;
	r = document_template(d, l->template, out, e);
	document_free(d);
	return r < 0 ? err_wrap(e, r, "--format %.80s", l->how->format) : 0;
}

/* The cells of a line that a template made. Fewer than columns: the rest is empty. */
static int cut(const struct listing *l, const struct buf *line, const char *cells[TABLE_COLUMNS], unsigned *ret_n,
	       struct err *e)
{
	struct sv rest = buf_sv(line), cell;
	unsigned n = 0;

	for (unsigned i = 0; i < TABLE_COLUMNS; i++)
		cells[i] = "";
	while (n < TABLE_COLUMNS && sv_next(&rest, '\t', &cell)) {
		cells[n] = arena_fmt(l->arena, SV_FMT, SV_ARG(cell));
		if (!cells[n++])
			return err_oom(e);
	}
	*ret_n = n;
	return sv_next(&rest, '\t', &cell) ? err_set(e, E2BIG, "--format: more than %d columns", TABLE_COLUMNS) : 0;
}

/* ---- tables ------------------------------------------------------------------------------------------------- */

static void own_columns(struct listing *l)
{
	const struct listing_kind *k = l->kind;

	for (unsigned i = 0; i < k->n_columns; i++)
		l->columns[i] = k->fields[k->columns[i]].column;
	table_init(&l->table, l->arena, l->columns, k->n_columns);
}

/* The line of titles is the template with the titles as values. */
static int template_columns(struct listing *l, struct err *e)
{
	const char *titles[LISTING_FIELDS], *cells[TABLE_COLUMNS];
	scoped_buf line = BUF(CLI_OUTPUT_MAX);
	unsigned n = 0;
	int r;

	for (unsigned i = 0; i < l->kind->n_fields; i++)
		titles[i] = l->kind->fields[i].column.title;
	r = put_template(l, titles, &line, e);
	if (r == 0)
		r = cut(l, &line, cells, &n, e);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < n; i++)
		l->columns[i] = (struct table_column){ cells[i] };
	table_init(&l->table, l->arena, l->columns, n);
	return 0;
}

static int add_row(struct listing *l, const char *const *values, struct err *e)
{
	const char *cells[TABLE_COLUMNS];
	scoped_buf line = BUF(CLI_OUTPUT_MAX);
	unsigned n;
	int r = 0;

	if (l->template.p) {
		r = put_template(l, values, &line, e);
		if (r == 0)
			r = cut(l, &line, cells, &n, e);
	} else {
		for (unsigned i = 0; i < l->kind->n_columns; i++)
			cells[i] = values[l->kind->columns[i]];
	}
	if (r == 0)
		table_row(&l->table, cells);
	return r;
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

int listing_begin(struct listing *l, const struct listing_kind *kind, const struct listing_options *how,
		  struct arena *a, struct buf *out, struct err *e)
{
	const char *format = how->format ? how->format : "table", *template = format;

	*l = (struct listing){ .kind = kind, .how = how, .arena = a, .out = out };
	l->is_table = strncmp(format, "table", 5) == 0 && (!format[5] || format[5] == ' ');
	if (l->is_table)
		template = format[5] ? format + 6 : NULL;
	else if (strcmp(format, "json") == 0)
		template = NULL;
	if (template) {
		l->template = unescape(template, a);
		if (!l->template.p)
			return err_oom(e);
	}
	if (!l->is_table || how->quiet)
		return 0;
	if (template)
		return template_columns(l, e);
	own_columns(l);
	return 0;
}

static int all_there(const struct listing_kind *k, const char *const *values, struct err *e)
{
	for (unsigned i = 0; i < k->n_fields; i++)
		if (!values[i])
			return err_oom(e);
	return 0;
}

int listing_add(struct listing *l, const char *const *values, struct err *e)
{
	int r = all_there(l->kind, values, e);

	if (r < 0)
		return r;
	if (l->is_table && !l->how->quiet)
		return add_row(l, values, e);
	if (l->is_table)
		buf_puts(l->out, values[l->kind->id]);
	else if (l->template.p)
		r = put_template(l, values, l->out, e);
	else
		put_json(l->kind, values, l->out);
	buf_puts(l->out, "\n");
	return r < 0 ? r : buf_status(l->out, e);
}

bool listing_shows(const struct listing_kind *k, const struct listing_options *how, unsigned field)
{
	struct table_column columns[TABLE_COLUMNS];
	bool left_out[TABLE_COLUMNS];

	if (how->format)
		return true;
	for (unsigned i = 0; i < k->n_columns; i++)
		columns[i] = k->fields[k->columns[i]].column;
	table_left_out(columns, k->n_columns, page_width(how->no_trunc), left_out);
	for (unsigned i = 0; i < k->n_columns; i++)
		if (k->columns[i] == field)
			return !left_out[i];
	return false;
}

int listing_end(struct listing *l, struct err *e)
{
	if (!l->is_table || l->how->quiet)
		return 0;
	return page_table(&l->table, l->how->no_trunc, l->out, e);
}
