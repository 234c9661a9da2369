/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_images.c - `tare images`: one line for each name of an image, in Docker's columns and fields. */
#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "cli/filter.h"
#include "cli/human.h"
#include "cli/listing.h"
#include "cli/session.h"
#include "cli/value.h"
#include "engine/image_remove.h"
#include "oci/image_spec.h"
#include "oci/reference.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define NONE "<none>"

struct images_options {
	struct listing_options how;
	bool all, digests;
	struct filters filters;
};

/* A line of the list. */
struct line {
	const struct image_row *row;
	const char *repository, *tag; /* as they are shown */
	int64_t created_ns;           /* 0: the image does not say */
	struct oci_pairs labels;      /* read when a filter asks for them */
	bool shown;
};

/* ---- filters ------------------------------------------------------------------------------------------------ */

static bool dangling_holds(const struct filter *f, const void *object)
{
	return (((const struct line *)object)->row->reference == NULL) == f->number;
}

static bool label_holds(const struct filter *f, const void *object)
{
	return filter_label(f->value, &((const struct line *)object)->labels);
}

/* A pattern of path.Match in Go: for the repository, or for the repository with its tag. */
static bool reference_holds(const struct filter *f, const void *object)
{
	char name[REFERENCE_SIZE];
	const struct line *l = object;

	if (!l->row->reference)
		return false;
	(void)snprintf(name, sizeof name, "%s:%s", l->repository, l->tag);
	return fnmatch(f->value, l->repository, FNM_PATHNAME) == 0 || fnmatch(f->value, name, FNM_PATHNAME) == 0;
}

static bool before_holds(const struct filter *f, const void *object)
{
	return ((const struct line *)object)->created_ns < f->number;
}

static bool since_holds(const struct filter *f, const void *object)
{
	return ((const struct line *)object)->created_ns > f->number;
}

static const struct filter_row filter_rows[] = {
	{ "before", NULL, before_holds },
	{ "dangling", filter_check_bool, dangling_holds },
	{ "label", NULL, label_holds, .all = true },
	{ "reference", NULL, reference_holds },
	{ "since", NULL, since_holds },
};

static void init(void *options)
{
	((struct images_options *)options)->filters = FILTERS(filter_rows);
}

static int64_t created_ns(const struct image_row *row)
{
	int64_t ns;

	return row->created && clock_parse_rfc3339(row->created, &ns) ? ns : 0;
}

/* before= and since= name an image: its time takes the name's place. */
static int find_times(struct filters *f, struct db *db, struct arena *a, struct err *e)
{
	for (size_t i = 0; i < f->given.n; i++) {
		struct filter *given = &f->given.v[i];
		struct image_row row;
		int r;

		if (given->row->holds != before_holds && given->row->holds != since_holds)
			continue;
		r = images_find(db, sv_from(given->value), a, &row, e);
		if (r < 0)
			return r;
		given->number = created_ns(&row);
	}
	return 0;
}

/* ---- options ------------------------------------------------------------------------------------------------ */

#define FIELD(name) offsetof(struct images_options, name)

static const struct option rows[] = {
	{ "all", 'a', NULL, "also images without a name, which are shown anyway", option_switch, FIELD(all) },
	{ "digests", 0, NULL, "show the digests of manifests", option_switch, FIELD(digests) },
	{ "filter", 'f', "NAME=VALUE", "only those with this before, dangling, label, reference or since", filter_set,
	  FIELD(filters), .words = "before= dangling=true dangling=false label= reference= since=" },
	LISTING_FORMAT(struct images_options),
	LISTING_NO_TRUNC(struct images_options),
	LISTING_QUIET(struct images_options),
	{ "tree", 0, NULL, .refused = "not supported yet: an image has one platform" },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* ---- one image as fields ------------------------------------------------------------------------------------ */

enum field {
	F_CONTAINERS,
	F_CREATED_AT,
	F_CREATED_SINCE,
	F_DIGEST,
	F_ID,
	F_REPOSITORY,
	F_SHARED_SIZE,
	F_SIZE,
	F_TAG,
	F_UNIQUE_SIZE,
	FIELDS
};

static const struct listing_field field_rows[] = {
	[F_CONTAINERS] = { "Containers", { "CONTAINERS" } },
	[F_CREATED_AT] = { "CreatedAt", { "CREATED AT" } },
	[F_CREATED_SINCE] = { "CreatedSince", { "CREATED", 8, 2 } },
	[F_DIGEST] = { "Digest", { "DIGEST", 19, 3 } },
	[F_ID] = { "ID", { "IMAGE ID" } },
	[F_REPOSITORY] = { "Repository", { "REPOSITORY", 20 } },
	[F_SHARED_SIZE] = { "SharedSize", { "SHARED SIZE" } },
	[F_SIZE] = { "Size", { "SIZE", 0, 1 } },
	[F_TAG] = { "Tag", { "TAG", 12 } },
	[F_UNIQUE_SIZE] = { "UniqueSize", { "UNIQUE SIZE" } },
};

static const unsigned char columns[] = { F_REPOSITORY, F_TAG, F_ID, F_CREATED_SINCE, F_SIZE };
static const unsigned char digest_columns[] = { F_REPOSITORY, F_TAG, F_DIGEST, F_ID, F_CREATED_SINCE, F_SIZE };

static const struct listing_kind kind = { field_rows, FIELDS, columns, sizeof columns, F_ID };
static const struct listing_kind digest_kind = { field_rows, FIELDS, digest_columns, sizeof digest_columns, F_ID };

static int name_of(const struct image_row *row, struct arena *a, struct line *ret, struct err *e)
{
	char text[REFERENCE_SIZE];
	struct reference ref;
	int r;

	ret->repository = ret->tag = NONE;
	if (!row->reference)
		return 0;
	r = reference_parse(sv_from(row->reference), &ref, e);
	if (r < 0)
		return r;
	if (ref.tag[0])
		ret->tag = arena_str(a, ref.tag);
	ref.tag[0] = ref.digest.hex[0] = '\0';
	ret->repository = arena_str(a, reference_print_familiar(&ref, text));
	return ret->repository && ret->tag ? 0 : err_oom(e);
}

static int make_line(const struct image_row *row, bool labels, struct arena *a, struct line *ret, struct err *e)
{
	struct image_config config = { 0 };
	int r = name_of(row, a, ret, e);

	if (r == 0 && labels)
		r = image_config_parse(row->config, a, &config, e);
	ret->row = row;
	ret->created_ns = created_ns(row);
	ret->labels = config.labels;
	return r;
}

static void fields(const struct line *l, bool whole, struct arena *a, const char *ret[FIELDS])
{
	const struct image_row *row = l->row;
	char ago[HUMAN_SIZE], size[HUMAN_SIZE], at[HUMAN_SIZE];
	bool known = l->created_ns > 0;

	ret[F_CONTAINERS] = ret[F_SHARED_SIZE] = ret[F_UNIQUE_SIZE] = "N/A"; /* as Docker: not counted for a list */
	ret[F_CREATED_AT] = known ? arena_str(a, human_time(l->created_ns, at)) : "N/A";
	ret[F_CREATED_SINCE] =
		known ? arena_fmt(a, "%s ago", human_duration(clock_real_ns() - l->created_ns, ago)) : "N/A";
	ret[F_DIGEST] = row->reference && row->digest ? arena_fmt(a, "sha256:%s", row->digest) : NONE;
	ret[F_ID] = whole ? arena_fmt(a, "sha256:%s", row->id) : arena_fmt(a, "%.12s", row->id);
	ret[F_REPOSITORY] = l->repository;
	ret[F_SIZE] = arena_str(a, human_bytes(row->size_bytes, size));
	ret[F_TAG] = l->tag;
}

/* ---- output ------------------------------------------------------------------------------------------------- */

static int newest_first(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return (x->created_ns < y->created_ns) - (x->created_ns > y->created_ns);
}

static int make_lines(const struct image_rows *all, const struct images_options *o, struct arena *a, struct line **ret,
		      struct err *e)
{
	struct line *lines = arena_array(a, all->n + 1, sizeof *lines);
	bool labels = filters_has(&o->filters, "label");
	int r = lines ? 0 : err_oom(e);

	for (size_t i = 0; r == 0 && i < all->n; i++)
		r = make_line(&all->v[i], labels, a, &lines[i], e);
	if (r < 0)
		return r;
	qsort(lines, all->n, sizeof *lines, newest_first);
	*ret = lines;
	return 0;
}

/* --quiet: an image has one line, however many names it has. */
static bool was_shown(const struct line *lines, size_t i)
{
	for (size_t k = i; k > 0 && lines[k - 1].created_ns == lines[i].created_ns; k--)
		if (lines[k - 1].shown && strcmp(lines[k - 1].row->id, lines[i].row->id) == 0)
			return true;
	return false;
}

static int list(struct db *db, struct images_options *o, struct arena *a, struct listing *l, struct err *e)
{
	struct image_rows all;
	struct line *lines;
	int r = find_times(&o->filters, db, a, e);

	if (r == 0)
		r = images_list(db, a, &all, e);
	if (r == 0)
		r = make_lines(&all, o, a, &lines, e);
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		const char *values[FIELDS];

		if (!filters_hold(&o->filters, &lines[i]) || (o->how.quiet && was_shown(lines, i)))
			continue;
		lines[i].shown = true;
		fields(&lines[i], o->how.no_trunc, a, values);
		r = listing_add(l, values, e);
	}
	return r == 0 ? listing_end(l, e) : r;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct images_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct err left = { 0 };
	struct listing l;
	struct db *db;
	int r = listing_begin(&l, o->digests ? &digest_kind : &kind, &o->how, cli->arena, &out, e);

	if (r == 0 && operands->n)
		r = filter_add(&o->filters, "reference", operands->v[0], cli->arena, e);
	if (r == 0)
		r = session_open(&s, cli, e);
	if (r < 0)
		return r;
	if (engine_images_sweep(&s.engine, &left) < 0)
		log_warning("%s", left.msg);
	r = engine_db(&s.engine, &db, e);
	if (r == 0)
		r = list(db, o, cli->arena, &l, e);
	return r == 0 && out.len ? cli_print(&out, e) : r;
}

const struct command command_images = {
	.name = "images",
	.also = ALSO("image ls", "image list"),
	.args = "[OPTIONS] [REPOSITORY[:TAG]]",
	.summary = "list images",
	.complete = "image",
	.groups = groups,
	.options_size = sizeof(struct images_options),
	.init = init,
	.max_args = 1,
	.run = run,
};
