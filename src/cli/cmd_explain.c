/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_explain.c - `tare explain` */
#include "base/limits.h"
#include "base/scope.h"
#include "cli/see.h"
#include "report/explain.h"
#include "report/explain_all.h"
#include "oci/json.h"

#include <errno.h>
#include <string.h>

static const struct option rows[] = { SEE_FORMAT("text"), SEE_NO_TRUNC };

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int explain_one(struct seeing *s, const char *name, bool json, struct arena *a, struct buf *out, struct err *e)
{
	struct explanation x;
	struct subject subject;
	int r = subject_find(s->engine, &s->session.host, &s->layout, name, a, &subject, e);

	if (r == 0)
		r = engine_explain(s->engine, &s->session.host, &s->layout, &subject, a, &x, e);
	if (r == 0 && json)
		r = explain_print_json(&x, out, e);
	else if (r == 0)
		explain_print(&x, out);
	return r;
}

/* ---- all that run -------------------------------------------------------------------------------------------------- */

#define TEXT(key, field) { key, JSON_TEXT, 0, offsetof(struct explained, field) }
static const struct json_row json_rows[] = { TEXT("Container", name), TEXT("Kind", kind), TEXT("Text", text),
					     TEXT("Advice", advice) };
static const struct json_table json_table = JSON_TABLE(json_rows, struct explained);

static void put_words(const struct explained_all *all, struct buf *out)
{
	const char *last = "";

	for (size_t i = 0; i < all->n; i++) {
		const struct explained *x = &all->v[i];

		if (strcmp(last, x->name) != 0)
			buf_putf(out, "container %s: %s\n", x->name, x->text);
		else
			buf_putf(out, "also: %s\n", x->text);
		if (x->advice)
			buf_putf(out, "  -> %s\n", x->advice);
		last = x->name;
	}
	if (all->well)
		buf_putf(out, "%zu of %zu containers: nothing holds %s back\n", all->well, all->containers,
			 all->well == 1 ? "it" : "them");
	if (all->without_group)
		buf_putf(out, "not seen: %zu of %zu containers: no control group of %s own that could tell\n",
			 all->without_group, all->without_group + all->containers,
			 all->without_group == 1 ? "its" : "their");
	if (!all->containers && !all->without_group)
		buf_puts(out, "no container runs\n");
}

static int explain_all(struct seeing *s, bool json, struct arena *a, struct buf *out, struct err *e)
{
	struct explained_all all;
	int r = s->engine ? engine_explain_all(s->engine, &s->layout, a, &all, e) :
			    err_set(e, EACCES, "no containers are known here: name a process or a group");

	if (r == 0 && !json)
		put_words(&all, out);
	for (size_t i = 0; r == 0 && json && i < all.n; i++) {
		r = json_encode(&json_table, &all.v[i], false, out, e);
		buf_puts(out, "\n");
	}
	return r < 0 ? r : buf_status(out, e);
}

/* -------------------------------------------------------------------------------------------------------------------- */

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct see_options *o = options;
	scoped_seeing s = { .session = { .open = false } };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	scoped_arena a = ARENA(LIMIT_ARENA_STATS);
	int r = seeing_open(&s, cli, e);

	if (r == 0)
		r = operands->n ? explain_one(&s, operands->v[0], o->json, &a, &out, e) :
				  explain_all(&s, o->json, &a, &out, e);
	return see_print(r, o, &out, e);
}

const struct command command_explain = {
	.name = "explain",
	.args = "[OPTIONS] [CONTAINER|PID|CGROUP|pod/NAME]",
	.summary = "say why it is slow or was killed, and what to do about it",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct see_options),
	.max_args = 1,
	.run = run,
};
