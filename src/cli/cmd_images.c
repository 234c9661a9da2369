/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_images.c - `tare images`: one line for each name of an image, in Docker's columns and fields. */
#include "base/clock.h"
#include "base/scope.h"
#include "base/table.h"
#include "cli/human.h"
#include "cli/session.h"
#include "engine/images.h"
#include "oci/json.h"
#include "oci/reference.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define NONE "<none>"

struct images_options {
	bool all, quiet, no_trunc, json;
};

static int set_format(const struct option_call *c, struct err *e)
{
	bool json = strcmp(c->text, "json") == 0;

	if (!json && strcmp(c->text, "table") != 0)
		return err_set(e, EINVAL, "unknown format (table, json)");
	((struct images_options *)c->target)->json = json;
	return 0;
}

#define FIELD(name) offsetof(struct images_options, name)

static const struct option rows[] = {
	{ "all", 'a', NULL, "also images without a name, which are shown anyway", option_switch, FIELD(all) },
	{ "digests", 0, NULL, .refused = "not supported yet: digests of manifests are not shown" },
	{ "filter", 'f', "NAME=VALUE", .refused = "not supported yet: name a repository instead" },
	{ "format", 0, "FORMAT", "table (default) or json", set_format, .words = "table json" },
	{ "no-trunc", 0, NULL, "show whole ids", option_switch, FIELD(no_trunc) },
	{ "quiet", 'q', NULL, "ids only", option_switch, FIELD(quiet) },
	{ "tree", 0, NULL, .refused = "not supported yet: an image has one platform" },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- one image as fields ------------------------------------------------------------------------------------ */

enum field { F_REPOSITORY, F_TAG, F_ID, F_CREATED_SINCE, F_SIZE, F_CREATED_AT, FIELDS };

static const char *const field_names[] = { "Repository", "Tag", "ID", "CreatedSince", "Size", "CreatedAt" };

static bool created_ns(const char *text, int64_t *ret)
{
	struct tm tm = { 0 };

	if (!text || !strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return false;
	*ret = (int64_t)timegm(&tm) * 1000000000;
	return true;
}

static int name_fields(const struct image_row *row, struct arena *a, const char *ret[FIELDS], struct err *e)
{
	char text[REFERENCE_SIZE];
	struct reference ref;
	int r;

	ret[F_REPOSITORY] = ret[F_TAG] = NONE;
	if (!row->reference)
		return 0;
	r = reference_parse(sv_from(row->reference), &ref, e);
	if (r < 0)
		return r;
	if (ref.tag[0])
		ret[F_TAG] = arena_str(a, ref.tag);
	ref.tag[0] = ref.digest.hex[0] = '\0';
	ret[F_REPOSITORY] = arena_str(a, reference_print_familiar(&ref, text));
	return ret[F_REPOSITORY] && ret[F_TAG] ? 0 : err_oom(e);
}

static int fields(const struct image_row *row, const struct images_options *o, int64_t now, struct arena *a,
		  const char *ret[FIELDS], struct err *e)
{
	char ago[HUMAN_SIZE], size[HUMAN_SIZE];
	int64_t made = 0;
	bool known = created_ns(row->created, &made);
	int r = name_fields(row, a, ret, e);

	if (r < 0)
		return r;
	ret[F_ID] = o->no_trunc ? arena_fmt(a, "sha256:%s", row->id) : arena_fmt(a, "%.12s", row->id);
	ret[F_CREATED_SINCE] = known ? arena_fmt(a, "%s ago", human_duration(now - made, ago)) : "N/A";
	ret[F_CREATED_AT] = known ? row->created : "N/A";
	ret[F_SIZE] = arena_str(a, human_bytes(row->size_bytes, size));
	return ret[F_ID] && ret[F_CREATED_SINCE] && ret[F_SIZE] ? 0 : err_oom(e);
}

/* ---- output ------------------------------------------------------------------------------------------------- */

static void put_json(const char *const f[FIELDS], struct buf *out)
{
	for (unsigned i = 0; i < FIELDS; i++) {
		buf_puts(out, i ? "," : "{");
		json_put_text(out, sv_from(field_names[i]));
		buf_puts(out, ":");
		json_put_text(out, sv_from(f[i]));
	}
	buf_puts(out, "}\n");
}

/* The operand: a repository, with a tag only that one. */
static bool is_wanted(const struct reference *wanted, const struct image_row *row)
{
	struct reference ref;

	if (!wanted)
		return true;
	if (!row->reference || reference_parse(sv_from(row->reference), &ref, NULL) < 0)
		return false;
	return strcmp(ref.domain, wanted->domain) == 0 && strcmp(ref.path, wanted->path) == 0 &&
	       (!wanted->tag[0] || strcmp(ref.tag, wanted->tag) == 0);
}

static const struct table_column columns[] = {
	{ "REPOSITORY", 10 }, { "TAG", 6 }, { "IMAGE ID" }, { "CREATED" }, { "SIZE" }
};

static int put_all(const struct image_rows *all, const struct images_options *o, const struct reference *wanted,
		   struct arena *a, struct buf *out, struct err *e)
{
	int64_t now = clock_real_ns();
	struct table table;
	int r = 0;

	table_init(&table, a, columns, ARRAY_LEN(columns));
	for (size_t i = 0; r == 0 && i < all->n; i++) {
		const char *f[FIELDS];

		if (!is_wanted(wanted, &all->v[i]))
			continue;
		r = fields(&all->v[i], o, now, a, f, e);
		if (r < 0)
			return r;
		if (o->quiet)
			buf_putf(out, "%s\n", f[F_ID]);
		else if (o->json)
			put_json(f, out);
		else
			table_row(&table, f);
	}
	if (!o->quiet && !o->json)
		r = table_print(&table, o->no_trunc ? 0 : 80, true, out, e);
	return r < 0 ? r : buf_status(out, e);
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct image_rows all;
	struct reference wanted;
	struct db *db;
	int r = operands->n ? reference_parse(sv_from(operands->v[0]), &wanted, e) : 0;

	if (r == 0)
		r = session_open(&s, cli, e);
	if (r == 0)
		r = engine_db(&s.engine, &db, e);
	if (r == 0)
		r = images_list(db, cli->arena, &all, e);
	if (r == 0)
		r = put_all(&all, options, operands->n ? &wanted : NULL, cli->arena, &out, e);
	return r == 0 && out.len ? cli_print(&out, e) : r;
}

const struct command command_images = {
	.name = "images",
	.also = ALSO("image ls", "image list"),
	.args = "[OPTIONS] [REPOSITORY[:TAG]]",
	.summary = "list images",
	.groups = groups,
	.options_size = sizeof(struct images_options),
	.max_args = 1,
	.run = run,
};
