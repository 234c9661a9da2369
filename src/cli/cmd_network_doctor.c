/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_network_doctor.c - `tare network doctor`: what stops a packet on its way. */
#include "report/network_doctor.h"

#include "base/scope.h"
#include "base/wrap.h"
#include "cli/page.h"
#include "cli/see.h"
#include "oci/json.h"

#include <string.h>

static const struct option rows[] = {
	SEE_FORMAT("table"),
	SEE_NO_TRUNC,
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static void put_table(struct buf *out, const struct doctor_findings *l, size_t width)
{
	const struct wrap_columns columns = { 6, 20, width ? width : SIZE_MAX };

	wrap_row(out, &columns, "STATE", "WHERE", "FOUND");
	for (size_t i = 0; i < l->n; i++) {
		wrap_row(out, &columns, l->v[i].state, l->v[i].where, l->v[i].found);
		wrap_note(out, &columns, "=>", l->v[i].remedy, 3);
	}
}

static const struct json_row finding_rows[] = {
	{ "State", JSON_TEXT, JSON_ALWAYS, offsetof(struct doctor_finding, state) },
	{ "Cause", JSON_TEXT, 0, offsetof(struct doctor_finding, cause) },
	{ "Where", JSON_TEXT, JSON_ALWAYS, offsetof(struct doctor_finding, where) },
	{ "Found", JSON_TEXT, JSON_ALWAYS, offsetof(struct doctor_finding, found) },
	{ "Remedy", JSON_TEXT, 0, offsetof(struct doctor_finding, remedy) },
};
static const struct json_table finding_table = JSON_TABLE(finding_rows, struct doctor_finding);

static int put_json(struct buf *out, const struct doctor_findings *l, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->n; i++) {
		r = json_encode(&finding_table, &l->v[i], false, out, e);
		buf_puts(out, "\n");
	}
	return r;
}

/* "ADDRESS:PORT" has what no name of a container has. */
static int take_operands(const struct operands *o, const char **ret_container, const char **ret_target, struct err *e)
{
	*ret_container = *ret_target = NULL;
	for (int i = 0; i < o->n; i++)
		if (strchr(o->v[i], ':') && !*ret_target)
			*ret_target = o->v[i];
		else if (!strchr(o->v[i], ':') && !*ret_container && !*ret_target)
			*ret_container = o->v[i];
		else
			return err_set(e, EINVAL, "%.100s: a container, then ADDRESS:PORT, are all there may be",
				       o->v[i]);
	return 0;
}

static bool needs_root(const void *options)
{
	return true;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct see_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	scoped_arena a = ARENA(256u << 20); /* rulesets of other programs are large */
	struct doctor_findings found = { 0 };
	const char *container, *target;
	int r = take_operands(operands, &container, &target, e);

	if (r == 0)
		r = session_open(&s, cli, e);
	if (r == 0)
		r = network_doctor(&s.engine, container, target, &a, &found, e);
	if (r == 0 && o->json)
		r = put_json(&out, &found, e);
	else if (r == 0)
		put_table(&out, &found, page_width(o->no_trunc));
	if (r == 0)
		*ret_status = found.stopped;
	return see_print(r, o, &out, e);
}

const struct command command_network_doctor = {
	.name = "network doctor",
	.args = "[OPTIONS] [CONTAINER] [ADDRESS:PORT]",
	.summary = "follow a packet, and tell what stops it",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct see_options),
	.max_args = 2,
	.needs_root = needs_root,
	.run = run,
};
