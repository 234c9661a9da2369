/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_start.c - `tare start`, `tare restart` */
#include "base/log.h"
#include "base/scope.h"
#include "cli/each.h"
#include "cli/filter.h"
#include "cli/opt_stop.h"
#include "cli/session.h"
#include "engine/kube_pod.h"
#include "engine/start.h"
#include "engine/survey.h"

#include <errno.h>
#include <string.h>

struct start_command {
	struct start_options how;
	bool all;
	struct filters filters;
};

/* ---- filters ------------------------------------------------------------------------------------------------------ */

/* What they look at. */
struct candidate {
	const struct container_row *row;
	struct container_config config;
	struct container_state state;
};

static const struct candidate *seen(const void *object)
{
	return object;
}

static int check_policy(struct filter *f, struct err *e)
{
	f->number = restart_policy_from_name(sv_from(f->value));
	return f->number < 0 ? err_set(e, EINVAL,
				       "invalid filter 'restart-policy=%.40s' (no, always, unless-stopped, on-failure)",
				       f->value) :
			       0;
}

static bool policy_holds(const struct filter *f, const void *object)
{
	return (int64_t)seen(object)->config.restart.name == f->number;
}

static bool boot_holds(const struct filter *f, const void *object)
{
	return start_is_for_boot(&seen(object)->config, &seen(object)->state) == (f->number != 0);
}

static bool label_holds(const struct filter *f, const void *object)
{
	return filter_label(f->value, &seen(object)->config.labels);
}

static bool name_holds(const struct filter *f, const void *object)
{
	return strstr(seen(object)->row->name, f->value) != NULL;
}

static const struct filter_row filter_rows[] = {
	{ "label", NULL, label_holds, .all = true },
	{ "name", NULL, name_holds },
	{ "restart-policy", check_policy, policy_holds },
	{ "should-start-on-boot", filter_check_bool, boot_holds },
};

static void init(void *options)
{
	((struct start_command *)options)->filters = FILTERS(filter_rows);
}

static int set_sig_proxy(const struct option_call *c, struct err *e)
{
	((struct start_command *)c->target)->how.no_sig_proxy = !c->on;
	return 0;
}

#define FIELD(name) offsetof(struct start_command, name)

static const struct option start_rows[] = {
	{ "all", 0, NULL, "all that do not run, the oldest first; not those of pods", option_switch, FIELD(all) },
	{ "attach", 'a', NULL, "show its output, pass signals on, and exit as it does", option_switch,
	  FIELD(how.attach) },
	{ "checkpoint", 0, "NAME", .refused = "tare makes no checkpoints", .hidden = true },
	{ "checkpoint-dir", 0, "DIR", .refused = "tare makes no checkpoints", .hidden = true },
	{ "detach-keys", 0, "KEYS", "keys that detach from a terminal (default ctrl-p,ctrl-q)", option_text,
	  FIELD(how.detach_keys) },
	{ "filter", 'f', "NAME=VALUE",
	  "all of these that do not run: name, label, restart-policy, should-start-on-boot (always, and unless-stopped "
	  "unless somebody ended it)",
	  filter_set, FIELD(filters), .words = "label= name= restart-policy= should-start-on-boot=" },
	{ "interactive", 'i', NULL, "attach its standard input too", option_switch, FIELD(how.interactive) },
	{ "sig-proxy", 0, NULL, "with -a: pass signals on to the container (default true)", set_sig_proxy,
	  .hidden = true },
};

static OPTION_GROUP(start_group, "Options", start_rows);
static const struct option_group *const start_groups[] = { &start_group, NULL };

static int start_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return engine_start(en, sv_from(ref), e);
}

static int attach_to_one(struct cli *cli, const struct start_options *o, const char *ref, int *ret_status,
			 struct err *e)
{
	scoped_session s = { .open = false };
	int r = session_open(&s, cli, e);

	if (r < 0)
		return r;
	r = engine_start_attached(&s.engine, sv_from(ref), o, ret_status, e);
	if (r < 0 && (!*ret_status || *ret_status == EXIT_ENGINE)) /* 125 is what run says */
		*ret_status = 1;
	return r;
}

/* ---- all of them -------------------------------------------------------------------------------------------------- */

/* 1: not this one. A pod's containers are begun by their pod. */
static int judge(const struct container_item *item, const struct filters *f, struct arena *a, struct err *e)
{
	struct candidate c = { .row = &item->row, .state = item->state };
	int r;

	if (kube_container_is(item->row.name) || container_is_active(item->state.status) ||
	    item->state.status == CONTAINER_REMOVING || item->state.status == CONTAINER_DEAD)
		return 1;
	config_init(&c.config);
	r = config_parse(sv_from(item->row.config), a, &c.config, e);
	return r < 0 ? err_wrap(e, r, "container %s", item->row.name) : !filters_hold(f, &c);
}

/* 1: not this one */
static int start_item(struct engine *en, const struct container_item *item, const struct filters *f, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	int r = judge(item, f, &a, e);

	if (r == 0)
		r = engine_start(en, sv_from(item->row.id), e);
	return r == -ENOENT ? 1 : r; /* somebody removed it meanwhile */
}

/* The oldest first: whose network or volumes another one has is older than that. */
static int start_all(struct cli *cli, const struct filters *f, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	struct container_items all = { 0 };
	int r = session_open(&s, cli, e);

	if (r == 0)
		r = engine_survey(&s.engine, SURVEY_CONFIGS, cli->arena, &all, e);
	if (r < 0 && all.n) { /* what could be seen is started */
		log_error("%s", e->msg);
		*ret_status = 1;
		r = 0;
	}
	for (size_t i = all.n; r == 0 && i-- > 0;) {
		scoped_buf out = BUF(CLI_OUTPUT_MAX);
		struct err why = { 0 };
		int done = start_item(&s.engine, &all.v[i], f, &why);

		if (done < 0) {
			log_error("%s", why.msg);
			*ret_status = 1;
		} else if (done == 0) {
			buf_putf(&out, "%s\n", all.v[i].row.name);
			r = cli_print(&out, e);
		}
	}
	return r;
}

static int start(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct start_command *o = options;
	bool attach = o->how.attach || o->how.interactive, many = o->all || o->filters.given.n;

	if (many && operands->n)
		return err_set(e, EINVAL, "either start all containers or the container(s) provided in the arguments");
	if (attach && (many || operands->n > 1))
		return err_set(e, EINVAL, "you cannot start and attach multiple containers at once");
	if (many)
		return start_all(cli, &o->filters, ret_status, e);
	if (!operands->n)
		return command_usage(&command_start, ret_status, e);
	if (!attach)
		return each_operand(cli, operands, start_one, NULL, ret_status, e);
	return attach_to_one(cli, &o->how, operands->v[0], ret_status, e);
}

const struct command command_start = {
	.name = "start",
	.also = ALSO("container start"),
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "start containers that were made before",
	.complete = "container",
	.groups = start_groups,
	.options_size = sizeof(struct start_command),
	.init = init,
	.max_args = -1,
	.run = start,
};

static const struct option_group *const restart_groups[] = { &opt_stop, NULL };

static int restart_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return engine_restart(en, sv_from(ref), options, e);
}

static int restart(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return each_operand(cli, operands, restart_one, options, ret_status, e);
}

const struct command command_restart = {
	.name = "restart",
	.also = ALSO("container restart"),
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "stop containers and start them again",
	.complete = "container",
	.groups = restart_groups,
	.options_size = sizeof(struct stop_options),
	.min_args = 1,
	.max_args = -1,
	.run = restart,
};
