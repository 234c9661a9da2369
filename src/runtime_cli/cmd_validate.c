/* SPDX-License-Identifier: Apache-2.0 */
/* validate - every problem of a bundle, and what this host lacks for it, before anything is made. */
#include "base/limits.h"
#include "base/scope.h"
#include "runtime_cli/bundle.h"
#include "runtime_cli/validate.h"

#include <errno.h>
#include <string.h>

struct validate_options {
	struct finding_options finding;
	const char *bundle;
};

static const struct option rows[] = {
	{ "bundle", 'b', "DIR", "directory with config.json (default: the current one)", option_text,
	  offsetof(struct validate_options, bundle) },
};
static OPTION_GROUP(group, "Options of validate", rows);

#define PROBLEMS_MAX 256

/* Read and planned, as `create` would: the error of the first problem, or what is right. */
static int attempt(struct runtime *rt, struct document_copy *d, const char *dir, struct bundle *b, struct err *e)
{
	int r;

	*b = BUNDLE;
	r = bundle_parse(rt, dir, buf_sv(&d->text), b, e);
	return r < 0 ? r : bundle_make_plan(rt, b, (struct plan_inputs){ .id = "<id>" }, e);
}

static bool take_out(struct document_copy *d, struct findings *l, const struct err *e)
{
	const char *now, *rest, *place = document_place(d, e->msg, &now, &rest);

	if (!place || !document_is_consequence(d, now))
		finding_add(l, FINDING_ERROR, place ? place : "config.json", "create and run fail", "correct it", "%s",
			    rest);
	return place && document_neutralise(d, now, place);
}

static int look_at_all(struct runtime *rt, struct document_copy *d, const char *dir, struct findings *l, struct err *e)
{
	struct bundle b;

	for (int i = 0; i < PROBLEMS_MAX; i++) {
		struct err problem = { 0 };
		int r = attempt(rt, d, dir, &b, &problem);

		if (r == -ENOMEM)
			return err_oom(e);
		if (r == 0) {
			for (size_t k = 0; k < b.plan.warning_count; k++)
				finding_add(l, FINDING_WEAK, "config.json", "it is ignored", "leave it out", "%s",
					    b.plan.warnings[k]);
			validate_host(rt, &b, d, l);
			return 0;
		}
		if (!take_out(d, l, &problem))
			return 0;
	}
	return 0;
}

static int validate(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	const struct validate_options *vo = options;
	struct document_copy d = { .arena = rt->arena, .text = BUF(LIMIT_CONFIG_JSON) };
	struct findings l = { .arena = rt->arena };
	const char *dir;
	int r = bundle_text(rt, vo->bundle, &dir, &d.text, e);

	if (r == 0)
		r = look_at_all(rt, &d, dir, &l, e);
	for (size_t i = 0; i < l.n; i++)
		*ret_status |= strcmp(l.v[i].state, "error") == 0;
	buf_done(&d.text);
	return r < 0 ? r : findings_print(rt, &l, vo->finding.format, vo->finding.brief, e);
}

static const struct option_group *const groups[] = { &finding_group, &group, NULL };

const struct runtime_command runtime_command_validate = {
	.name = "validate",
	.args = "[OPTIONS]",
	.summary = "every problem of a bundle, and what this host lacks for it",
	.groups = groups,
	.options_size = sizeof(struct validate_options),
	.run = validate,
};
