/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/images.h"

#include "base/limits.h"
#include "base/scope.h"
#include "oci/list.h"
#include "oci/reference.h"

#include <limits.h>

/* ---- reading ------------------------------------------------------------------------------------------------ */

#define SIZE \
	"(SELECT total(l.size) FROM image_layers il JOIN layers l ON l.number = il.layer WHERE il.image_id = i.id)"
#define COLUMNS "i.id, i.config, i.created, " SIZE ", i.manifest, coalesce(i.index_digest, i.manifest)"
#define NAME_COLUMN 6 /* what stands behind them */

static int copy(struct sv s, struct arena *a, const char **ret, struct err *e)
{
	char *p = arena_alloc(a, s.n + 1);

	if (!p)
		return err_oom(e);
	if (s.n)
		memcpy(p, s.p, s.n);
	*ret = p;
	return 0;
}

static int copy_column(const struct db_rows *rows, int column, struct arena *a, const char **ret, struct err *e)
{
	struct sv s = db_col_sv(rows, column);

	*ret = NULL;
	return s.p ? copy(s, a, ret, e) : 0;
}

static int read_row(const struct db_rows *rows, bool named, struct arena *a, struct image_row *ret, struct err *e)
{
	struct image_row row = { .size_bytes = db_col_int(rows, 3) };
	int r = copy_column(rows, 0, a, &row.id, e);

	row.config.n = db_col_sv(rows, 1).n;
	if (r == 0)
		r = copy(db_col_sv(rows, 1), a, &row.config.p, e);
	if (r == 0)
		r = copy_column(rows, 2, a, &row.created, e);
	if (r == 0)
		r = copy_column(rows, 4, a, &row.manifest, e);
	if (r == 0)
		r = copy_column(rows, 5, a, &row.digest, e);
	if (r == 0 && named)
		r = copy_column(rows, NAME_COLUMN, a, &row.reference, e);
	if (r == 0)
		*ret = row;
	return r;
}

/* 1 = found, 0 = not */
static int find_by_id(struct db *db, struct sv hex, bool removed_too, struct arena *a, struct image_row *ret,
		      struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, "SELECT " COLUMNS " FROM images i WHERE i.id = ?1 AND i.removed <= ?2",
			 DB_ARGS(db_sv(hex), db_int(removed_too)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r != 1)
		return r;
	r = read_row(&rows, false, a, ret, e);
	return r < 0 ? r : 1;
}

static int find_by_name(struct db *db, const char *name, struct arena *a, struct image_row *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(
		db, "SELECT " COLUMNS ", n.name FROM image_refs n JOIN images i ON i.id = n.image_id WHERE n.name = ?1",
		DB_ARGS(db_text(name)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r != 1)
		return r;
	r = read_row(&rows, true, a, ret, e);
	return r < 0 ? r : 1;
}

/* 'g' follows 'f': every id that begins with the prefix lies between the two, and the index finds them. */
static int find_by_prefix(struct db *db, struct sv prefix, struct arena *a, struct image_row *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	struct image_row row;
	char end[DIGEST_HEX + 2];
	int r;

	(void)snprintf(end, sizeof end, SV_FMT "g", SV_ARG(prefix));
	r = db_query(db, "SELECT " COLUMNS " FROM images i WHERE i.id >= ?1 AND i.id < ?2 AND i.removed = 0 LIMIT 2",
		     DB_ARGS(db_sv(prefix), db_text(end)), &rows, e);
	if (r == 0)
		r = db_next(&rows, e);
	if (r != 1)
		return r;
	r = read_row(&rows, false, a, &row, e);
	if (r == 0)
		r = db_next(&rows, e);
	if (r == 1)
		return err_set(e, EINVAL, "multiple IDs found with provided prefix: " SV_FMT, SV_ARG(prefix));
	if (r < 0)
		return r;
	*ret = row;
	return 1;
}

/* An image has the digests of its manifest and its index under each of its repositories' names. ';' follows ':'. */
static int find_by_manifest(struct db *db, const struct reference *named, struct arena *a, struct image_row *ret,
			    struct err *e)
{
	struct reference repository = *named;
	char name[REFERENCE_SIZE], first[REFERENCE_SIZE + 1], end[REFERENCE_SIZE + 1];
	scoped_rows rows = { 0 };
	int r;

	repository.tag[0] = repository.digest.hex[0] = '\0';
	(void)reference_print(&repository, name);
	(void)snprintf(first, sizeof first, "%s:", name);
	(void)snprintf(end, sizeof end, "%s;", name);
	r = db_query(db,
		     "SELECT " COLUMNS
		     " FROM images i WHERE ?1 IN (i.manifest, i.index_digest) AND i.removed = 0 AND EXISTS"
		     " (SELECT 1 FROM image_refs n WHERE n.image_id = i.id AND n.name >= ?2 AND n.name < ?3) LIMIT 1",
		     DB_ARGS(db_text(named->digest.hex), db_text(first), db_text(end)), &rows, e);
	if (r == 0)
		r = db_next(&rows, e);
	if (r != 1)
		return r;
	r = read_row(&rows, false, a, ret, e);
	return r < 0 ? r : 1;
}

static bool is_hex(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n > 0 && s.n <= DIGEST_HEX;
}

/* With a digest the tag says nothing: "name:tag@sha256:…" is looked for as "name@sha256:…", as Docker does. */
const char *images_stored_name(struct reference *r, char ret[REFERENCE_SIZE])
{
	reference_default_tag(r);
	if (r->digest.hex[0])
		r->tag[0] = '\0';
	return reference_print(r, ret);
}

int images_find(struct db *db, struct sv ref, struct arena *a, struct image_row *ret, struct err *e)
{
	struct sv hex = sv_has_prefix(ref, "sha256:") ? (struct sv){ ref.p + 7, ref.n - 7 } : ref;
	char name[REFERENCE_SIZE];
	struct reference named = { 0 };
	int r = 0, bad = 0;

	if (hex.n == DIGEST_HEX && is_hex(hex)) {
		r = find_by_id(db, hex, false, a, ret, e);
		bad = r == 0 ? err_set(e, ENOENT, "No such image: " SV_FMT, SV_ARG(ref)) : 0;
	} else {
		bad = reference_parse(ref, &named, e);
		if (bad == 0)
			r = find_by_name(db, images_stored_name(&named, name), a, ret, e);
		if (r == 0 && bad == 0 && named.digest.hex[0])
			r = find_by_manifest(db, &named, a, ret, e);
		if (r == 0 && is_hex(hex))
			r = find_by_prefix(db, hex, a, ret, e);
	}
	if (r != 0 || bad < 0)
		return r < 0 ? r : r == 1 ? 0 : bad;
	return err_set(e, ENOENT, "No such image: %s", reference_print_familiar(&named, name));
}

int images_get(struct db *db, const char *id, struct arena *a, struct image_row *ret, struct err *e)
{
	int r = find_by_id(db, sv_from(id), true, a, ret, e);

	return r == 0 ? err_set(e, ENOENT, "No such image: sha256:%s", id) : r < 0 ? r : 0;
}

int images_refs(struct db *db, const char *id, struct arena *a, struct oci_strings *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	struct oci_strings list = { 0 };
	int r = db_query(db, "SELECT name FROM image_refs WHERE image_id = ?1 ORDER BY name", DB_ARGS(db_text(id)),
			 &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1)
		r = strings_add(a, &list, arena_str(a, db_col_text(&rows, 0)));
	if (r == -ENOMEM)
		return err_oom(e);
	if (r == 0)
		*ret = list;
	return r;
}

static int has_image(struct db *db, const char *id, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, "SELECT 1 FROM images WHERE id = ?1", DB_ARGS(db_text(id)), &rows, e);

	return r < 0 ? r : db_next(&rows, e);
}

/* A layer that was lost counts more than one that may be. Of several boots any will do: before one
 * unpacks anything it marks what others left as lost. */
static int note_unsynced(const struct db_rows *rows, struct arena *a, struct image_numbers *list, struct err *e)
{
	const char *boot = db_col_text(rows, 1);

	if (!boot || (list->unsynced && strcmp(list->unsynced, LAYER_LOST) == 0))
		return 0;
	list->unsynced = arena_str(a, boot);
	return list->unsynced ? 0 : err_oom(e);
}

int images_layers(struct db *db, const char *id, struct arena *a, struct image_numbers *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	struct image_numbers list = { 0 };
	int r = db_query(db,
			 "SELECT il.layer, l.unsynced_boot FROM image_layers il JOIN layers l ON l.number = il.layer"
			 " WHERE il.image_id = ?1 ORDER BY il.position",
			 DB_ARGS(db_text(id)), &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		unsigned *number = LIST_ADD(a, &list);

		r = number ? 0 : err_oom(e);
		if (number)
			*number = (unsigned)db_col_int(&rows, 0);
		if (r == 0)
			r = note_unsynced(&rows, a, &list, e);
	}
	if (r == 0 && list.n == 0) {
		r = has_image(db, id, e);
		r = r == 0 ? err_set(e, ENOENT, "No such image: sha256:%s", id) : r < 0 ? r : 0;
	}
	if (r == 0)
		*ret = list;
	return r;
}

int images_list(struct db *db, struct arena *a, struct image_rows *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	struct image_rows list = { 0 };
	int r = db_query(db,
			 "SELECT " COLUMNS ", n.name FROM images i LEFT JOIN image_refs n ON n.image_id = i.id"
			 " WHERE i.removed = 0 ORDER BY i.recorded_ns DESC, i.id, n.name",
			 DB_NO_ARGS, &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		struct image_row *row = LIST_ADD(a, &list);

		r = row ? read_row(&rows, true, a, row, e) : err_oom(e);
	}
	if (r == 0)
		*ret = list;
	return r;
}

int images_find_layer(void *arg, const struct digest *chain_id, unsigned *ret_number, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(arg, "SELECT number FROM layers WHERE chain_id = ?1 AND unsynced_boot IS NOT ?2",
			 DB_ARGS(db_text(chain_id->hex), db_text(LAYER_LOST)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r == 1)
		*ret_number = (unsigned)db_col_int(&rows, 0);
	return r;
}

int images_mark_lost(struct db *db, const char *boot, bool *ret_any, struct err *e)
{
	scoped_rows rows = { 0 };
	int64_t lost = 0, all = 0;
	int r = db_query(db,
			 "SELECT count(*), total(unsynced_boot <> ?1 AND unsynced_boot <> ?2) FROM layers"
			 " WHERE unsynced_boot IS NOT NULL",
			 DB_ARGS(db_text(boot), db_text(LAYER_LOST)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r == 1) {
		all = db_col_int(&rows, 0);
		lost = db_col_int(&rows, 1);
	}
	db_rows_done(&rows);
	*ret_any = all > lost;
	if (r < 0 || lost == 0)
		return r < 0 ? r : 0;
	return db_run(db, "UPDATE layers SET unsynced_boot = ?2 WHERE unsynced_boot <> ?1",
		      DB_ARGS(db_text(boot), db_text(LAYER_LOST)), NULL, e);
}

int images_unsynced(struct db *db, const char *boot, struct arena *a, struct image_numbers *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	struct image_numbers list = { .unsynced = boot };
	int r = db_query(db, "SELECT number FROM layers WHERE unsynced_boot = ?1", DB_ARGS(db_text(boot)), &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		unsigned *number = LIST_ADD(a, &list);

		r = number ? 0 : err_oom(e);
		if (number)
			*number = (unsigned)db_col_int(&rows, 0);
	}
	if (r == 0)
		*ret = list;
	return r;
}

int images_synced(struct db *db, const char *boot, unsigned number, struct err *e)
{
	return db_run(db, "UPDATE layers SET unsynced_boot = NULL WHERE number = ?1 AND unsynced_boot = ?2",
		      DB_ARGS(db_int(number), db_text(boot)), NULL, e);
}

int images_forget_blobs(struct db *db, bool *ret_any, struct err *e)
{
	int64_t changes = 0;
	int r = db_run(
		db,
		"DELETE FROM image_blobs WHERE digest NOT IN (SELECT id FROM images"
		" UNION SELECT manifest FROM images WHERE manifest IS NOT NULL"
		" UNION SELECT index_digest FROM images WHERE index_digest IS NOT NULL)"
		" AND image_id NOT IN (SELECT il.image_id FROM image_layers il JOIN layers l ON l.number = il.layer"
		" WHERE l.unsynced_boot IS NOT NULL)",
		DB_NO_ARGS, &changes, e);

	if (r == 0)
		*ret_any = changes > 0;
	return r;
}

int images_knows_layer(void *arg, unsigned number, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(arg, "SELECT 1 FROM layers WHERE number = ?1", DB_ARGS(db_int(number)), &rows, e);

	return r < 0 ? r : db_next(&rows, e);
}

int images_knows_blob(void *arg, const struct digest *blob, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(arg, "SELECT 1 FROM image_blobs WHERE digest = ?1", DB_ARGS(db_text(blob->hex)), &rows, e);

	return r < 0 ? r : db_next(&rows, e);
}

/* ';' follows ':', '0' follows '/'. */
int images_elsewhere(struct db *db, const char *domain, const char *path, const struct digest *blob,
		     char ret[REFERENCE_PATH_MAX + 1], struct err *e)
{
	char first[REFERENCE_DOMAIN_MAX + 2], end[REFERENCE_DOMAIN_MAX + 2];
	scoped_rows rows = { 0 };
	struct reference ref;
	int r;

	ret[0] = '\0';
	(void)snprintf(first, sizeof first, "%s/", domain);
	(void)snprintf(end, sizeof end, "%s0", domain);
	r = db_query(db,
		     "SELECT n.name FROM image_blobs b JOIN image_refs n ON n.image_id = b.image_id"
		     " WHERE b.digest = ?1 AND n.name >= ?2 AND n.name < ?3",
		     DB_ARGS(db_text(blob->hex), db_text(first), db_text(end)), &rows, e);
	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		r = reference_parse(db_col_sv(&rows, 0), &ref, e);
		if (r < 0 || strcmp(ref.path, path) == 0)
			continue;
		memcpy(ret, ref.path, sizeof ref.path);
		return 0;
	}
	return r < 0 ? r : 0;
}
