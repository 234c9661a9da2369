/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_volume.c - `tare volume create`, `tare volume rm` */
#include "base/log.h"
#include "base/scope.h"
#include "cli/named_kinds.h"
#include "cli/session.h"
#include "cli/value.h"
#include "engine/volume.h"

#include <errno.h>

/* ---- create ------------------------------------------------------------------------------------------------- */

struct create_options {
	struct volume_spec spec;
};

static int set_driver(const struct option_call *c, struct err *e)
{
	((struct create_options *)c->target)->spec.driver = *c->text ? c->text : NULL;
	return 0;
}

#define FIELD(name) offsetof(struct create_options, name)

static const struct option create_rows[] = {
	{ "driver", 'd', "DRIVER", "local (default)", set_driver, .words = "local", .late = true },
	{ "label", 0, "KEY=VALUE", "a label of the volume", named_add_label, FIELD(spec.options.labels) },
	{ "name", 0, "NAME", "another way to give the name", option_text, FIELD(spec.name), .hidden = true },
	{ "opt", 'o', "KEY=VALUE",
	  "what is behind it: type=none, device=/path and o=bind, or type=tmpfs, device=tmpfs and perhaps o=size=64m,…",
	  option_pair, FIELD(spec.options.options), .words = "type= device= o=" },
};

static OPTION_GROUP(create_group, "Options", create_rows);
static const struct option_group *const create_groups[] = { &create_group, NULL };

static int run_create(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct create_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	const char *name;
	int r;

	if (operands->n && o->spec.name)
		return err_set(e, EINVAL,
			       "conflicting options: cannot specify a volume-name through both --name and as a "
			       "positional arg");
	if (operands->n)
		o->spec.name = operands->v[0];
	r = session_open(&s, cli, e);
	if (r == 0)
		r = volume_make(&s.engine, &o->spec, cli->arena, &name, e);
	if (r < 0)
		return o->spec.name ? err_wrap(e, r, "create %.200s", o->spec.name) : r;
	buf_putf(&out, "%s\n", name);
	return cli_print(&out, e);
}

const struct command command_volume_create = {
	.name = "volume create",
	.args = "[OPTIONS] [VOLUME]",
	.summary = "make a volume",
	.groups = create_groups,
	.options_size = sizeof(struct create_options),
	.max_args = 1,
	.run = run_create,
};

/* ---- rm ----------------------------------------------------------------------------------------------------- */

static const struct option rm_rows[] = { NAMED_FORCE("a volume that is not there is no failure") };

static OPTION_GROUP(rm_group, "Options", rm_rows);
static const struct option_group *const rm_groups[] = { &rm_group, NULL };

static int remove_one(struct engine *en, const char *name, const void *options, struct err *e)
{
	return named_rm(en, &named_volumes, name, options, e);
}

static int run_rm(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return each_operand(cli, operands, remove_one, options, ret_status, e);
}

const struct command command_volume_rm = {
	.name = "volume rm",
	.also = ALSO("volume remove"),
	.args = "[OPTIONS] VOLUME [VOLUME...]",
	.summary = "remove volumes with what is in them",
	.complete = "volume",
	.groups = rm_groups,
	.options_size = sizeof(struct named_rm_options),
	.min_args = 1,
	.max_args = -1,
	.run = run_rm,
};
