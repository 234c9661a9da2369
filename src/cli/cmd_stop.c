/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_stop.c - `tare stop`: all are asked first, then each one's end is waited for. */
#include "base/log.h"
#include "base/scope.h"
#include "cli/opt_stop.h"
#include "cli/session.h"
#include "engine/recover.h"

static const struct option_group *const groups[] = { &opt_stop, NULL };

static int ask(struct engine *en, const char *ref, const struct stop_options *o, struct arena *a, struct stopping *ret,
	       struct err *e)
{
	struct container_row row;
	int r = container_find(en, sv_from(ref), a, &row, e);

	return r < 0 ? r : stop_begin(en, &row, o, ret, e);
}

static int finish(struct engine *en, const char *ref, struct stopping *s, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct err why = { 0 };

	if (stop_end(en, s, &why) < 0) {
		log_error("%s", why.msg);
		*ret_status = 1;
		return 0;
	}
	buf_putf(&out, "%s\n", ref);
	return cli_print(&out, e);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct stopping *all = arena_array(cli->arena, (size_t)operands->n, sizeof *all);
	bool *asked = arena_array(cli->arena, (size_t)operands->n, sizeof *asked);
	scoped_session s = { .open = false };
	int r = all && asked ? session_open(&s, cli, e) : err_oom(e);

	for (int i = 0; r == 0 && i < operands->n; i++) {
		struct err why = { 0 };

		asked[i] = ask(&s.engine, operands->v[i], options, cli->arena, &all[i], &why) == 0;
		if (asked[i])
			continue;
		log_error("%s", why.msg);
		*ret_status = 1;
	}
	for (int i = 0; r == 0 && i < operands->n; i++)
		if (asked[i])
			r = finish(&s.engine, operands->v[i], &all[i], ret_status, e);
	return r;
}

const struct command command_stop = {
	.name = "stop",
	.also = ALSO("container stop"),
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "end containers: a signal, and SIGKILL after a while",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct stop_options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
