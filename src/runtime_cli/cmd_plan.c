/* SPDX-License-Identifier: Apache-2.0 */
/* plan - what `run` would do, step by step. */
#include "base/limits.h"
#include "base/scope.h"
#include "runtime_cli/bundle.h"

struct plan_options {
	const char *bundle;
};

static const struct option rows[] = {
	{ "bundle", 'b', "DIR", "directory with config.json (default: the current one)", option_text,
	  offsetof(struct plan_options, bundle) },
};
static OPTION_GROUP(group, "Options", rows);

static int plan(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	const struct plan_options *po = options;
	scoped_bundle b = BUNDLE;
	scoped_buf out = BUF(LIMIT_CONTROL_MSG);
	const char *id = o->n ? o->v[0] : "<id>";
	int r = o->n ? entry_check_id(id, e) : 0;

	if (r == 0)
		r = bundle_read(rt, po->bundle, &b, e);
	if (r == 0)
		r = bundle_plan(rt, &b, (struct plan_inputs){ .id = id }, e);
	if (r == 0)
		r = plan_make_filter(&b.plan, e);
	if (r == 0)
		r = plan_print(&b.plan, &out, e);
	return r < 0 ? r : runtime_print(&out, e);
}

static const struct option_group *const groups[] = { &group, NULL };

const struct runtime_command runtime_command_plan = {
	.name = "plan",
	.args = "[OPTIONS] [ID]",
	.summary = "print what `run` would do, and do nothing",
	.groups = groups,
	.options_size = sizeof(struct plan_options),
	.max_args = 1,
	.run = plan,
};
