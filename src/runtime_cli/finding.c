/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/finding.h"

#include "base/scope.h"
#include "base/wrap.h"
#include "oci/json.h"

#include <string.h>

static const char *const state_names[] = {
#define X(id, text) [FINDING_##id] = text,
	FINDING_STATES(X)
#undef X
};

static const struct option rows[] = {
	{ "format", 0, "FORMAT", "table (default) or json", option_words, offsetof(struct finding_options, format),
	  .words = "table json" },
	{ "quiet", 'q', NULL, "without what is as it should be", option_switch,
	  offsetof(struct finding_options, brief) },
};
OPTION_GROUP(finding_group, "Options", rows);

void finding_add(struct findings *l, enum finding_state s, const char *check, const char *consequence,
		 const char *remedy, const char *found, ...)
{
	struct finding *v = l->v;
	va_list ap;

	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 32;
		v = arena_array(l->arena, l->cap, sizeof *v);
		if (!v) {
			l->failed = true;
			return;
		}
		if (l->n)
			memcpy(v, l->v, l->n * sizeof *v);
		l->v = v;
	}
	va_start(ap, found);
	v[l->n] = (struct finding){ .state = state_names[s], .check = arena_str(l->arena, check),
				    .found = arena_vfmt(l->arena, found, ap) };
	va_end(ap);
	if (s != FINDING_OK) {
		v[l->n].consequence = consequence;
		v[l->n].remedy = remedy;
	}
	l->failed |= !v[l->n].check || !v[l->n].found;
	l->n += !l->failed;
}

static const struct json_row json_rows[] = {
	{ "state", JSON_TEXT, JSON_ALWAYS, offsetof(struct finding, state) },
	{ "check", JSON_TEXT, JSON_ALWAYS, offsetof(struct finding, check) },
	{ "found", JSON_TEXT, JSON_ALWAYS, offsetof(struct finding, found) },
	{ "consequence", JSON_TEXT, 0, offsetof(struct finding, consequence) },
	{ "remedy", JSON_TEXT, 0, offsetof(struct finding, remedy) },
};
static const struct json_table json_table = JSON_TABLE(json_rows, struct finding);

struct document {
	struct json_list findings;
};
static const struct json_row document_rows[] = { { "findings", JSON_OBJECTS, JSON_ALWAYS,
						   offsetof(struct document, findings), &json_table } };
static const struct json_table document_table = JSON_TABLE(document_rows, struct document);

static const struct wrap_columns columns = { 9, 26, 80 };

static void put_finding(struct buf *out, const struct finding *f)
{
	wrap_row(out, &columns, f->state, f->check, f->found);
	wrap_note(out, &columns, "->", f->consequence, 2);
	wrap_note(out, &columns, "=>", f->remedy, 2);
}

int findings_print(struct runtime *rt, const struct findings *l, const char *format, bool brief, struct err *e)
{
	struct findings shown = { .arena = rt->arena };
	scoped_buf out = BUF(RUNTIME_OUTPUT_MAX);
	int r = l->failed ? err_oom(e) : 0;

	shown.v = arena_array(rt->arena, l->n + 1, sizeof *shown.v);
	if (r < 0 || !shown.v)
		return r < 0 ? r : err_oom(e);
	for (size_t i = 0; i < l->n; i++)
		if (!brief || l->v[i].consequence || strcmp(l->v[i].state, state_names[FINDING_OK]) != 0)
			shown.v[shown.n++] = l->v[i];
	if (format && strcmp(format, "json") == 0) {
		struct document d = { { shown.v, shown.n } };

		r = json_encode(&document_table, &d, true, &out, e);
		return r < 0 ? r : runtime_print(&out, e);
	}
	if (shown.n)
		wrap_row(&out, &columns, "STATE", "CHECK", "FOUND");
	for (size_t i = 0; i < shown.n; i++)
		put_finding(&out, &shown.v[i]);
	return runtime_print(&out, e);
}
