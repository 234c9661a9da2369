/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_system_df.c - `tare system df`: whose every byte below the data root is. Docker's four rows come first. */
#include "base/scope.h"
#include "cli/human.h"
#include "cli/listing.h"
#include "cli/page.h"
#include "cli/session.h"
#include "records/containers.h"
#include "report/disk_usage.h"
#include "engine/images.h"

#include <errno.h>
#include <string.h>

struct df_options {
	struct listing_options how;
	bool verbose;
};

static const struct option rows[] = {
	LISTING_FORMAT(struct df_options),
	{ "verbose", 'v', NULL, "each image, container, volume and orphan", option_switch,
	  offsetof(struct df_options, verbose) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

/* What is looked at. */
struct df {
	struct engine *en;
	struct db *db;
	struct arena *a;
	struct disk_usage disk;
	struct image_rows images;
	struct container_rows containers;
};

static int read_all(struct df *d, struct err *e)
{
	int r = engine_db(d->en, &d->db, e);

	if (r == 0)
		r = disk_usage_read(d->en, d->a, &d->disk, e);
	if (r == 0)
		r = images_list(d->db, d->a, &d->images, e);
	return r == 0 ? containers_list_light(d->db, d->a, &d->containers, e) : r;
}

/* ---- the rows ------------------------------------------------------------------------------------------------ */

enum field { F_ACTIVE, F_RECLAIMABLE, F_SIZE, F_TOTAL, F_TYPE, FIELDS };

static const struct listing_field field_rows[] = {
	[F_ACTIVE] = { "Active", { "ACTIVE" } },
	[F_RECLAIMABLE] = { "Reclaimable", { "RECLAIMABLE" } },
	[F_SIZE] = { "Size", { "SIZE" } },
	[F_TOTAL] = { "TotalCount", { "TOTAL" } },
	[F_TYPE] = { "Type", { "TYPE" } },
};

static const unsigned char columns[] = { F_TYPE, F_TOTAL, F_ACTIVE, F_SIZE, F_RECLAIMABLE };
static const struct listing_kind kind = { field_rows, FIELDS, columns, sizeof columns, F_TYPE };

struct row {
	const char *type;
	size_t total, active;
	int64_t size, reclaimable;
	bool without_percent; /* Docker says none where nothing could be reclaimed anyway */
};

static void add_part(const struct df *d, enum disk_part part, struct row *ret)
{
	for (size_t i = 0; i < d->disk.n; i++) {
		const struct disk_item *item = &d->disk.v[i];

		if (item->part != part)
			continue;
		ret->total++;
		ret->active += item->active;
		ret->size += item->used.disk;
		ret->reclaimable += item->active ? 0 : item->used.disk;
	}
}

static bool has_container(const struct df *d, const char *image)
{
	for (size_t i = 0; i < d->containers.n; i++)
		if (d->containers.v[i].image_id && strcmp(d->containers.v[i].image_id, image) == 0)
			return true;
	return false;
}

/* An image has a line for each of its names. */
static bool is_first(const struct df *d, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(d->images.v[i].id, d->images.v[at].id) == 0)
			return false;
	return true;
}

/* Layers are what they take; it is images that are counted. */
static void count_images(const struct df *d, struct row *ret)
{
	ret->total = ret->active = 0;
	for (size_t i = 0; i < d->images.n; i++) {
		if (!is_first(d, i))
			continue;
		ret->total++;
		ret->active += has_container(d, d->images.v[i].id);
	}
}

static int put_row(struct listing *l, const struct row *row, struct arena *a, struct err *e)
{
	char size[HUMAN_SIZE], back[HUMAN_SIZE];
	const char *values[FIELDS] = {
		[F_ACTIVE] = arena_fmt(a, "%zu", row->active),
		[F_SIZE] = arena_str(a, human_bytes(row->size, size)),
		[F_TOTAL] = arena_fmt(a, "%zu", row->total),
		[F_TYPE] = row->type,
	};

	(void)human_bytes(row->reclaimable, back);
	values[F_RECLAIMABLE] =
		row->size > 0 && !row->without_percent ?
			arena_fmt(a, "%s (%lld%%)", back, (long long)(row->reclaimable * 100 / row->size)) :
			arena_str(a, back);
	return listing_add(l, values, e);
}

static int put_rows(const struct df *d, struct listing *l, struct err *e)
{
	struct row all[] = { { "Images" },	{ "Containers" }, { "Local Volumes" },
			     { "Build Cache", .without_percent = true },
			     { "Blobs" },	{ "Logs" },	  { "Orphans" },
			     { "Database", .without_percent = true },
			     { "Other", .without_percent = true } };
	const struct {
		enum disk_part part;
		int row;
	} parts[] = { { DISK_LAYER, 0 },  { DISK_SHARED, 0 },   { DISK_CONTAINER, 1 },
		      { DISK_VOLUME, 2 }, { DISK_BLOB, 4 },     { DISK_LOG, 5 },
		      { DISK_ORPHAN, 6 }, { DISK_DATABASE, 7 }, { DISK_OTHER, 8 } };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		add_part(d, parts[i].part, &all[parts[i].row]);
	count_images(d, &all[0]);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(all); i++)
		r = put_row(l, &all[i], d->a, e);
	return r;
}

/* ---- --verbose ----------------------------------------------------------------------------------------------- */

static int64_t sum_of(const struct df *d, enum disk_part part, const char *name)
{
	for (size_t i = 0; i < d->disk.n; i++)
		if (d->disk.v[i].part == part && strcmp(d->disk.v[i].name, name) == 0)
			return d->disk.v[i].used.disk;
	return 0;
}

static size_t containers_of(const struct df *d, const char *image)
{
	size_t n = 0;

	for (size_t i = 0; i < d->containers.n; i++)
		n += d->containers.v[i].image_id && strcmp(d->containers.v[i].image_id, image) == 0;
	return n;
}

static const char *size_text(int64_t bytes, struct arena *a)
{
	char text[HUMAN_SIZE];

	return arena_str(a, human_bytes(bytes, text));
}

/* "docker.io/library/busybox:latest" stands in the database. */
static const char *name_text(const struct image_row *row, struct arena *a)
{
	char text[REFERENCE_SIZE];
	struct reference ref;

	if (!row->reference || reference_parse(sv_from(row->reference), &ref, NULL) < 0)
		return "<none>";
	return arena_str(a, reference_print_familiar(&ref, text));
}

static int put_image(const struct df *d, const struct image_row *row, struct table *t, struct err *e)
{
	struct image_numbers layers = { 0 };
	int64_t shared = 0, unique = 0;
	int r = images_layers(d->db, row->id, d->a, &layers, e);

	for (size_t i = 0; i < layers.n; i++) {
		const char *number = arena_fmt(d->a, "%u", layers.v[i]);

		shared += number ? sum_of(d, DISK_SHARED, number) : 0;
		unique += number ? sum_of(d, DISK_LAYER, number) : 0;
	}
	if (r == 0)
		table_row(t, (const char *[]){ name_text(row, d->a), arena_fmt(d->a, "%.12s", row->id),
					      size_text(shared + unique, d->a), size_text(shared, d->a),
					      size_text(unique, d->a),
					      arena_fmt(d->a, "%zu", containers_of(d, row->id)) });
	return r;
}

static int put_images(const struct df *d, struct buf *out, struct err *e)
{
	static const struct table_column titles[] = {
		{ "IMAGE", 20 },         { "IMAGE ID" },    { "SIZE" },
		{ "SHARED SIZE", 0, 2 }, { "UNIQUE SIZE" }, { "CONTAINERS", 0, 1 }
	};
	struct table t;
	int r = 0;

	table_init(&t, d->a, titles, ARRAY_LEN(titles));
	for (size_t i = 0; r == 0 && i < d->images.n; i++)
		r = put_image(d, &d->images.v[i], &t, e);
	buf_puts(out, "Images space usage:\n\n");
	return r == 0 ? page_table(&t, false, out, e) : r;
}

static int put_containers(const struct df *d, struct buf *out, struct err *e)
{
	static const struct table_column titles[] = {
		{ "CONTAINER ID" }, { "IMAGE", 12 }, { "SIZE" }, { "LOG" }, { "NAMES", 24 }
	};
	struct table t;

	table_init(&t, d->a, titles, ARRAY_LEN(titles));
	for (size_t i = 0; i < d->containers.n; i++) {
		const struct container_row *c = &d->containers.v[i];

		table_row(&t, (const char *[]){ arena_fmt(d->a, "%.12s", c->id), c->image_ref ? c->image_ref : "",
						    size_text(sum_of(d, DISK_CONTAINER, c->id), d->a),
						    size_text(sum_of(d, DISK_LOG, c->id), d->a), c->name });
	}
	buf_puts(out, "\nContainers space usage:\n\n");
	return page_table(&t, false, out, e);
}

static int put_part(const struct df *d, enum disk_part part, const char *heading, const char *title, struct buf *out,
		    struct err *e)
{
	const struct table_column titles[] = { { title, 24 }, { "ACTIVE" }, { "SIZE" } };
	struct table t;

	table_init(&t, d->a, titles, ARRAY_LEN(titles));
	for (size_t i = 0; i < d->disk.n; i++)
		if (d->disk.v[i].part == part)
			table_row(&t, (const char *[]){ d->disk.v[i].name, d->disk.v[i].active ? "yes" : "no",
							    size_text(d->disk.v[i].used.disk, d->a) });
	buf_putf(out, "\n%s space usage:\n\n", heading);
	return page_table(&t, false, out, e);
}

static int put_verbose(const struct df *d, struct buf *out, struct err *e)
{
	int r = put_images(d, out, e);

	if (r == 0)
		r = put_containers(d, out, e);
	if (r == 0)
		r = put_part(d, DISK_VOLUME, "Local Volumes", "VOLUME NAME", out, e);
	buf_puts(out, "\nBuild cache usage: 0B\n");
	if (r == 0)
		r = put_part(d, DISK_ORPHAN, "Orphans", "PATH", out, e);
	return r;
}

/* ---- the command --------------------------------------------------------------------------------------------- */

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct df_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct df d = { .a = cli->arena };
	struct listing l;
	int r;

	if (o->verbose && o->how.format)
		return err_set(e, EINVAL, "the verbose and the format options conflict");
	r = listing_begin(&l, &kind, &o->how, cli->arena, &out, e);
	if (r == 0)
		r = session_open(&s, cli, e);
	d.en = &s.engine;
	if (r == 0)
		r = read_all(&d, e);
	if (r == 0 && o->verbose)
		r = put_verbose(&d, &out, e);
	else if (r == 0)
		r = put_rows(&d, &l, e);
	if (r == 0 && !o->verbose)
		r = listing_end(&l, e);
	return r == 0 ? cli_print(&out, e) : r;
}

const struct command command_system_df = {
	.name = "system df",
	.args = "[OPTIONS]",
	.summary = "show what takes how much of the disk",
	.groups = groups,
	.options_size = sizeof(struct df_options),
	.run = run,
};
