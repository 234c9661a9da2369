/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_lint.c - `tare lint`: the well-known mistakes in a line of docker run or tare run, or of a container. */
#include "base/scope.h"
#include "cli/opt.h"
#include "cli/see.h"
#include "engine/lint.h"
#include "oci/json.h"

#include <errno.h>
#include <string.h>

static const struct option rows[] = { SEE_FORMAT("text") };

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- what is judged ------------------------------------------------------------------------------------------------ */

static bool is_engine(const char *word)
{
	const char *slash = strrchr(word, '/'), *name = slash ? slash + 1 : word;

	return strcmp(name, "docker") == 0 || strcmp(name, "tare") == 0 || strcmp(name, "podman") == 0;
}

static bool is_start(const char *word)
{
	return strcmp(word, "run") == 0 || strcmp(word, "create") == 0;
}

/* Where the options of a line of run or create begin; 0: it is none. */
static int line_begins(const struct operands *o)
{
	int i = is_engine(o->v[0]) ? 1 : 0;

	if (i && i < o->n && strcmp(o->v[i], "container") == 0)
		i++;
	return i < o->n && is_start(o->v[i]) && (i || o->n > 1) ? i + 1 : 0;
}

static int judge_line(struct cli *cli, const struct operands *operands, int from, struct lint_subject *ret,
		      struct err *e)
{
	struct run_options *o = arena_alloc(cli->arena, sizeof *o);
	struct operands rest;
	int r;

	if (!o)
		return err_oom(e);
	run_options_init(o);
	r = options_parse(command_run.groups, true, cli->arena, o, operands->n - from, operands->v + from, &rest, e);
	if (r == 0)
		r = run_options_finish(o, cli->arena, &rest, e);
	return r < 0 ? r : lint_of_config(&o->config, cli->arena, ret, e);
}

static int judge_container(struct cli *cli, const char *name, struct lint_subject *ret, struct err *e)
{
	scoped_seeing s = { .session = { .open = false } };
	struct subject subject;
	int r = seeing_open(&s, cli, e);

	if (r == 0)
		r = subject_find(s.engine, &s.session.host, &s.layout, name, cli->arena, &subject, e);
	if (r < 0)
		return r;
	if (subject.kind != SUBJECT_CONTAINER)
		return err_set(e, EINVAL, "%s: a container is wanted, or a line of docker run", subject.text);
	return lint_of_container(s.engine, &s.layout, &subject, cli->arena, ret, e);
}

/* ---- what is said -------------------------------------------------------------------------------------------------- */

static void put_text(const struct lint_findings *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++)
		buf_putf(out, "%s: %s: %s\n  -> %s\n", lint_weight_name(l->v[i].weight), l->v[i].rule, l->v[i].reason,
			 l->v[i].better);
	if (!l->n)
		buf_puts(out, "nothing to say against it\n");
}

static void put_json(const struct lint_findings *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		buf_putf(out, "{\"Rule\":\"%s\",\"Weight\":\"%s\",\"Reason\":", l->v[i].rule,
			 lint_weight_name(l->v[i].weight));
		json_put_text(out, sv_from(l->v[i].reason));
		buf_puts(out, ",\"Better\":");
		json_put_text(out, sv_from(l->v[i].better));
		buf_puts(out, "}\n");
	}
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct see_options *o = options;
	int from = line_begins(operands);
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct lint_subject subject;
	struct lint_findings l;
	int r;

	if (!from && operands->n > 1)
		return err_set(e, EINVAL,
			       "lint: one container, or a line that begins with \"docker run\" or \"tare run\"");
	r = from ? judge_line(cli, operands, from, &subject, e) : judge_container(cli, operands->v[0], &subject, e);
	if (r == 0)
		r = lint(&subject, cli->arena, &l, e);
	if (r < 0)
		return r;
	if (o->json)
		put_json(&l, &out);
	else
		put_text(&l, &out);
	if (out.len)
		r = cli_print(&out, e);
	for (size_t i = 0; r == 0 && i < l.n; i++)
		if (l.v[i].weight != LINT_ADVICE)
			*ret_status = 2;
	return r;
}

const struct command command_lint = {
	.name = "lint",
	.args = "[OPTIONS] CONTAINER | docker run ... | tare run ...",
	.summary = "tell of well-known mistakes in the options of a container",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct see_options),
	.min_args = 1,
	.max_args = -1,
	.stops = true,
	.run = run,
};
