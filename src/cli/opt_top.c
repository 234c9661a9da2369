/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opt_top.h"

#include "base/duration.h"
#include "base/scope.h"

#include <errno.h>
#include <string.h>

#define INTERVAL_NS INT64_C(2000000000)

static int set_interval(const struct option_call *c, struct err *e)
{
	struct opt_top *o = c->target;
	int r = duration_parse(sv_from(c->text), &o->interval_ns, e);

	if (r == 0 && (o->interval_ns < 100000000 || o->interval_ns > INT64_C(3600000000000)))
		r = err_set(e, EINVAL, "\"%.40s\" is not from 100ms to 1h", c->text);
	if (r == 0)
		o->interval = c->text;
	return r;
}

static int set_sort(const struct option_call *c, struct err *e)
{
	struct sv rest = sv_from(c->row->words), word;

	for (int i = 0; sv_next(&rest, ' ', &word); i++)
		if (sv_is(word, c->text)) {
			((struct opt_top *)c->target)->by = i;
			((struct opt_top *)c->target)->sort = c->text;
			return 0;
		}
	return err_set(e, EINVAL, "unknown column \"%.40s\" (name, cpu, memory, pids, io)", c->text);
}

static const struct option rows[] = {
	{ "interval", 'i', "DURATION", "between two looks (default 2s)", set_interval },
	{ "no-trunc", 0, NULL, "of one container: cut nothing", option_switch, offsetof(struct opt_top, no_trunc) },
	{ "sort", 's', "COLUMN", "by cpu (default), memory, pids, io or name", set_sort,
	  .words = "name cpu memory pids io" },
	{ "tree", 't', NULL, "all groups of the host, as a tree", option_switch, offsetof(struct opt_top, tree) },
};
OPTION_GROUP(opt_top, "Options", rows);

void opt_top_init(void *options)
{
	struct opt_top *o = options;

	*o = (struct opt_top){ .interval_ns = INTERVAL_NS, .by = 1 };
}

static const struct option program_rows[] = {
	{ "config", 0, "FILE", "settings", option_text, offsetof(struct top_program_options, config) },
	{ "root", 0, "DIR", "containers", option_text, offsetof(struct top_program_options, root) },
	{ "state", 0, "DIR", "states", option_text, offsetof(struct top_program_options, state) },
};
static OPTION_GROUP(program_group, "Options", program_rows);
const struct option_group *const top_program_groups[] = { &program_group, &opt_top, NULL };

void top_program_options_init(struct top_program_options *o)
{
	*o = (struct top_program_options){ .root = NULL };
	opt_top_init(&o->top);
}
