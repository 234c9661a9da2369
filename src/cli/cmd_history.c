/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_history.c - `tare history`: the steps by which an image came about, in Docker's columns and fields. */
#include "base/clock.h"
#include "base/scope.h"
#include "cli/command.h"
#include "cli/human.h"
#include "cli/listing.h"
#include "cli/session.h"
#include "engine/image_history.h"

#include <string.h>

#define MISSING "<missing>" /* Docker's: of a step whose image is not kept */
#define CREATED_BY_WIDTH 45
#define UNKNOWN "N/A"

struct history_options {
	struct listing_options how;
	bool not_human;
};

static int set_human(const struct option_call *c, struct err *e)
{
	(void)e;
	((struct history_options *)c->target)->not_human = !c->on;
	return 0;
}

static const struct option rows[] = {
	LISTING_FORMAT(struct history_options),
	{ "human", 'H', NULL, "sizes and times for people (default true)", set_human },
	LISTING_NO_TRUNC(struct history_options),
	{ "platform", 0, "OS/ARCH", .refused = "not supported yet: an image has one platform" },
	LISTING_QUIET(struct history_options),
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

enum field { F_COMMENT, F_CREATED_AT, F_CREATED_BY, F_CREATED_SINCE, F_ID, F_SIZE, FIELDS };

static const struct listing_field field_rows[] = {
	[F_COMMENT] = { "Comment", { "COMMENT", 8, 2 } },
	[F_CREATED_AT] = { "CreatedAt", { "CREATED AT", 10, 1 } },
	[F_CREATED_BY] = { "CreatedBy", { "CREATED BY", 20 } },
	[F_CREATED_SINCE] = { "CreatedSince", { "CREATED", 8, 1 } },
	[F_ID] = { "ID", { "IMAGE", 12 } },
	[F_SIZE] = { "Size", { "SIZE" } },
};

static const unsigned char columns[] = { F_ID, F_CREATED_SINCE, F_CREATED_BY, F_SIZE, F_COMMENT };
static const unsigned char exact_columns[] = { F_ID, F_CREATED_AT, F_CREATED_BY, F_SIZE, F_COMMENT };

static const struct listing_kind kind = { field_rows, FIELDS, columns, sizeof columns, F_ID };
static const struct listing_kind exact_kind = { field_rows, FIELDS, exact_columns, sizeof exact_columns, F_ID };

/* One line, whatever the step's command was. */
static const char *created_by(const char *text, bool whole, struct arena *a)
{
	char *line = arena_str(a, text ? text : "");

	for (char *p = line; p && *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	if (line && !whole && strlen(line) > CREATED_BY_WIDTH)
		return arena_fmt(a, "%.*s…", CREATED_BY_WIDTH - 1, line);
	return line;
}

static void fields(const struct image_step *step, const char *id, const struct history_options *o, struct arena *a,
		   const char *ret[FIELDS])
{
	char ago[HUMAN_SIZE], size[HUMAN_SIZE];
	int64_t ns = 0;
	bool known = step->created && clock_parse_rfc3339(step->created, &ns) && ns > 0;

	ret[F_COMMENT] = step->comment ? step->comment : "";
	ret[F_CREATED_AT] = known ? step->created : UNKNOWN;
	ret[F_CREATED_BY] = created_by(step->created_by, o->how.no_trunc, a);
	ret[F_CREATED_SINCE] = known ? arena_fmt(a, "%s ago", human_duration(clock_real_ns() - ns, ago)) : UNKNOWN;
	ret[F_ID] = !id ? MISSING : o->how.no_trunc ? arena_fmt(a, "sha256:%s", id) : arena_fmt(a, "%.12s", id);
	ret[F_SIZE] = o->not_human ? arena_fmt(a, "%lld", (long long)step->size_bytes) :
				     arena_str(a, human_bytes(step->size_bytes, size));
}

static int list(struct db *db, const char *name, const struct history_options *o, struct arena *a, struct listing *l,
		struct err *e)
{
	struct image_row image;
	struct image_steps steps = { NULL, 0 };
	int r = images_find(db, sv_from(name), a, &image, e);

	if (r == 0)
		r = image_history(db, &image, a, &steps, e);
	for (size_t i = 0; r == 0 && i < steps.n; i++) {
		const char *values[FIELDS];

		fields(&steps.v[i], i == 0 ? image.id : NULL, o, a, values);
		r = listing_add(l, values, e);
	}
	return r == 0 ? listing_end(l, e) : r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct history_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct listing l;
	struct db *db;
	int r = listing_begin(&l, o->not_human ? &exact_kind : &kind, &o->how, cli->arena, &out, e);

	if (r == 0)
		r = session_open(&s, cli, e);
	if (r == 0)
		r = engine_db(&s.engine, &db, e);
	if (r == 0)
		r = list(db, operands->v[0], o, cli->arena, &l, e);
	return r == 0 && out.len ? cli_print(&out, e) : r;
}

const struct command command_history = {
	.name = "history",
	.also = ALSO("image history"),
	.args = "[OPTIONS] IMAGE",
	.summary = "show how an image came about",
	.complete = "image",
	.groups = groups,
	.options_size = sizeof(struct history_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
