/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_inspect.c - `tare inspect` */
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "cli/session.h"
#include "engine/inspect.h"

#include <errno.h>
#include <string.h>

struct inspect_options {
	const char *format; /* NULL: the whole documents, in an array */
};

static int set_type(const struct option_call *c, struct err *e)
{
	if (strcmp(c->text, "container") == 0 || !*c->text)
		return 0;
	return err_set(e, EINVAL, "only containers can be looked at (container)");
}

static const struct option rows[] = {
	{ "format", 'f', "TEMPLATE", "json, or a template of fields as '{{.State.Status}}' or '{{json .Config}}'",
	  option_text, offsetof(struct inspect_options, format), .words = "json" },
	{ "size", 's', NULL, .refused = "not supported yet: sizes are not counted" },
	{ "type", 0, "TYPE", "what the names are: container", set_type, .words = "container" },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int find(struct inspector *in, const char *name, struct container_view *ret, struct err *e)
{
	struct container_row row;
	struct db *db;
	int r = engine_db(in->en, &db, e);

	if (r == 0)
		r = containers_find(db, sv_from(name), in->a, &row, e);
	return r < 0 ? r : inspector_view(in, &row, ret, e);
}

/* shown: how many stand in the array already */
static int show(const struct document *d, const char *format, unsigned shown, struct buf *out, struct err *e)
{
	int r;

	if (!format) {
		buf_puts(out, shown ? ",\n    " : "\n    ");
		return document_print(d, true, 1, out, e);
	}
	r = strcmp(format, "json") == 0 ? document_print(d, false, 0, out, e) :
					  document_template(d, sv_from(format), out, e);
	if (r < 0)
		return err_wrap(e, r, "--format %.80s", format);
	buf_puts(out, "\n");
	return buf_status(out, e);
}

static int inspect(struct inspector *in, const char *name, const char *format, unsigned shown, struct buf *out,
		   struct err *e)
{
	struct container_view v;
	struct document *d;
	int r = find(in, name, &v, e);

	if (r == 0)
		r = inspector_document(in, &v, &d, e);
	if (r < 0)
		return r;
	r = show(d, format, shown, out, e);
	document_free(d);
	return r;
}

/* Every container is tried; each failure has its own line. */
static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const char *format = ((struct inspect_options *)options)->format;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct inspector in;
	unsigned shown = 0;
	int r = session_open(&s, cli, e);

	if (r < 0)
		return r;
	inspector_init(&in, &s.engine, cli->arena);
	buf_puts(&out, format ? "" : "[");
	for (int i = 0; i < operands->n; i++) {
		struct err one = { 0 };

		if (inspect(&in, operands->v[i], format, shown, &out, &one) == 0) {
			shown++;
			continue;
		}
		log_error("%s", one.msg);
		*ret_status = 1;
	}
	buf_puts(&out, format ? "" : shown ? "\n]\n" : "]\n");
	return cli_print(&out, e);
}

const struct command command_inspect = {
	.name = "inspect",
	.also = ALSO("container inspect"),
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "show everything about containers, as JSON",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct inspect_options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
