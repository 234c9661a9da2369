/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_attach.c - `tare attach`, `tare wait` */
#include "base/log.h"
#include "base/scope.h"
#include "cli/session.h"
#include "engine/attach.h"

static int set_sig_proxy(const struct option_call *c, struct err *e)
{
	(void)e;
	((struct attach_options *)c->target)->no_sig_proxy = !c->on;
	return 0;
}

static const struct option rows[] = {
	{ "detach-keys", 0, "KEYS", "keys that detach from a terminal (default ctrl-p,ctrl-q)", option_text,
	  offsetof(struct attach_options, detach_keys) },
	{ "no-stdin", 0, NULL, "do not pass standard input", option_switch, offsetof(struct attach_options, no_stdin) },
	{ "sig-proxy", 0, NULL, "pass signals on to the container, if it has no terminal (default true)",
	  set_sig_proxy },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int attach(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	int r = session_open(&s, cli, e);

	return r < 0 ? r : engine_attach(&s.engine, sv_from(operands->v[0]), options, ret_status, e);
}

const struct command command_attach = {
	.name = "attach",
	.also = ALSO("container attach"),
	.args = "[OPTIONS] CONTAINER",
	.summary = "be in the foreground of a running container",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct attach_options),
	.min_args = 1,
	.max_args = 1,
	.run = attach,
};

static int wait_one(struct engine *en, struct waiting *w, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct err why = { 0 };
	int status;

	if (wait_end(en, w, &status, &why) < 0) {
		log_error("%s", why.msg);
		*ret_status = 1;
		return 0;
	}
	buf_putf(&out, "%d\n", status);
	return cli_print(&out, e);
}

/* All of them are listened to before the first one's end is waited for. */
static int wait_all(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct waiting *all = arena_array(cli->arena, (size_t)operands->n, sizeof *all);
	scoped_session s = { .open = false };
	int r = all ? session_open(&s, cli, e) : err_oom(e);

	(void)options;
	for (int i = 0; r == 0 && i < operands->n; i++) {
		struct err why = { 0 };

		if (wait_begin(&s.engine, sv_from(operands->v[i]), cli->arena, &all[i], &why) == 0)
			continue;
		log_error("%s", why.msg);
		*ret_status = 1;
	}
	for (int i = 0; r == 0 && i < operands->n; i++)
		if (all[i].id)
			r = wait_one(&s.engine, &all[i], ret_status, e);
	return r;
}

const struct command command_wait = {
	.name = "wait",
	.also = ALSO("container wait"),
	.args = "CONTAINER [CONTAINER...]",
	.summary = "wait until containers have ended, and print their exit statuses",
	.complete = "container",
	.min_args = 1,
	.max_args = -1,
	.run = wait_all,
};
