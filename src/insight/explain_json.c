/* SPDX-License-Identifier: Apache-2.0 */
/* explain_json.c - an explanation as JSON: the rows. */
#include "insight/explain_priv.h"

#include "base/scope.h"
#include "oci/json.h"
#include "oci/runtime_spec.h"

#include <string.h>

const struct explain_resource explain_resources[EXPLAIN_RESOURCES] = {
	{ "cpu", "CPU" }, { "memory", "Memory" }, { "pids", "Processes" }, { "io", "Block I/O" }
};

static const char *print_unit(const void *value, char scratch[128])
{
	static const char *const units[] = { "bytes", "ns", "us", "count", "percent/100", "CPU/1000" };

	return units[*(const enum explain_unit *)value];
}

static const char *print_kind(const void *value, char scratch[128])
{
	return trouble_name(*(const enum trouble *)value);
}

static const struct json_codec unit_codec = { .size = sizeof(enum explain_unit), .print = print_unit };
static const struct json_codec kind_codec = { .size = sizeof(enum trouble), .print = print_kind };

#define TEXT(type, key, field) { key, JSON_TEXT, JSON_NULL, offsetof(struct type, field) }
static const struct json_row trouble_rows[] = {
	{ "kind", JSON_CODED, 0, offsetof(struct trouble_found, kind), .codec = &kind_codec },
	TEXT(trouble_found, "text", text),
	TEXT(trouble_found, "advice", advice),
};
static const struct json_table trouble_table = JSON_TABLE(trouble_rows, struct trouble_found);

static const struct json_row fact_rows[] = {
	{ "key", JSON_TEXT, 0, offsetof(struct explain_fact, key) },
	{ "unit", JSON_CODED, 0, offsetof(struct explain_fact, unit), .codec = &unit_codec },
	{ "value", JSON_LIMIT, 0, offsetof(struct explain_fact, value) },
	{ "owner", JSON_TEXT, 0, offsetof(struct explain_fact, owner) },
};
static const struct json_table fact_table = JSON_TABLE(fact_rows, struct explain_fact);

static const struct json_row setting_rows[] = {
	TEXT(explain_setting, "option", option),
	TEXT(explain_setting, "given", given),
	TEXT(explain_setting, "file", file),
	TEXT(explain_setting, "wrote", wrote),
	TEXT(explain_setting, "now", now),
	{ "changed", JSON_BOOL, JSON_ALWAYS, offsetof(struct explain_setting, changed) },
};
static const struct json_table setting_table = JSON_TABLE(setting_rows, struct explain_setting);

/* What belongs to one resource. */
struct resource_shown {
	const char *name;
	struct json_list settings, facts;
};
static const struct json_row resource_rows[] = {
	{ "settings", JSON_OBJECTS, JSON_ALWAYS, offsetof(struct resource_shown, settings), &setting_table },
	{ "facts", JSON_OBJECTS, JSON_ALWAYS, offsetof(struct resource_shown, facts), &fact_table },
};
static const struct json_table resource_table = JSON_TABLE(resource_rows, struct resource_shown);

struct explanation_shown {
	const char *subject, *ended;
	struct json_list troubles, resources;
	struct oci_strings unseen;
};
static const struct json_row rows[] = {
	TEXT(explanation_shown, "subject", subject),
	TEXT(explanation_shown, "ended", ended),
	{ "troubles", JSON_OBJECTS, JSON_ALWAYS, offsetof(struct explanation_shown, troubles), &trouble_table },
	{ "resources", JSON_MEMBERS, JSON_ALWAYS, offsetof(struct explanation_shown, resources), &resource_table },
	{ "unseen", JSON_TEXTS, JSON_ALWAYS, offsetof(struct explanation_shown, unseen) },
};
static const struct json_table table = JSON_TABLE(rows, struct explanation_shown);

static int take_settings(const struct explanation *x, struct resource_shown *r, struct err *e)
{
	struct explain_setting *v = arena_array(x->arena, x->in->n_settings + 1, sizeof *v);
	size_t n = 0;

	if (!v)
		return err_oom(e);
	for (size_t i = 0; i < x->in->n_settings; i++)
		if (strcmp(x->in->settings[i].resource, r->name) == 0)
			v[n++] = x->in->settings[i];
	r->settings = (struct json_list){ v, n };
	return 0;
}

/* Neighbours are of one resource. */
static void take_facts(const struct explanation *x, struct resource_shown *r)
{
	for (size_t i = 0; i < x->n_facts; i++)
		if (strcmp(x->facts[i].resource, r->name) == 0 && !r->facts.n++)
			r->facts.v = &x->facts[i];
}

int explain_print_json(const struct explanation *x, struct buf *out, struct err *e)
{
	struct resource_shown resources[EXPLAIN_RESOURCES] = { 0 };
	const struct explanation_shown shown = { .subject = x->in->subject,
						 .ended = x->in->ended,
						 .troubles = { x->troubles, x->n_troubles },
						 .resources = { resources, EXPLAIN_RESOURCES },
						 .unseen = { x->unseen, x->n_unseen } };

	for (size_t i = 0; i < EXPLAIN_RESOURCES; i++) {
		int r;

		resources[i].name = explain_resources[i].name;
		take_facts(x, &resources[i]);
		r = take_settings(x, &resources[i], e);
		if (r < 0)
			return r;
	}
	if (json_encode(&table, &shown, false, out, e) == 0)
		buf_puts(out, "\n");
	return buf_status(out, e);
}
