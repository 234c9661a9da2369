/* SPDX-License-Identifier: Apache-2.0 */
/* image_record.c - the rows of an image are made: its layers', its blobs', its names'. */
#include "engine/images.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "oci/image_spec.h"

/* Everything that may fail for the image's sake, before the transaction begins. */
static int look_through(const struct image_loaded *img, struct arena *a, struct image_config *ret_config,
			char name[REFERENCE_SIZE], struct err *e)
{
	struct reference ref;
	int r = image_config_parse(img->config_json, a, ret_config, e);

	if (r < 0)
		return err_wrap(e, r, "image %.12s", img->id.hex);
	name[0] = '\0';
	if (!img->reference)
		return 0;
	r = reference_parse(sv_from(img->reference), &ref, e);
	if (r == 0)
		(void)images_stored_name(&ref, name);
	return r;
}

static int record_image(struct db *db, const struct image_loaded *img, const char *created, struct err *e)
{
	return db_run(
		db,
		"INSERT INTO images(id, manifest, created, recorded_ns, config, index_digest)"
		" VALUES(?1, ?2, ?3, ?4, ?5, nullif(?6, ''))"
		" ON CONFLICT(id) DO UPDATE SET manifest = excluded.manifest, index_digest = excluded.index_digest,"
		" recorded_ns = excluded.recorded_ns, removed = 0",
		DB_ARGS(db_text(img->id.hex), db_text(img->manifest.hex), db_text(created), db_int(clock_real_ns()),
			db_blob(img->config_json.p, img->config_json.n), db_text(img->index.hex)),
		NULL, e);
}

/* The number of a lost layer with this chain id; 0: none. */
static int find_lost(struct db *db, const char *chain_id, int64_t *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, "SELECT number FROM layers WHERE chain_id = ?1 AND unsynced_boot = ?2",
			 DB_ARGS(db_text(chain_id), db_text(LAYER_LOST)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	*ret = r == 1 ? db_col_int(&rows, 0) : 0;
	return r < 0 ? r : 0;
}

/* The tree that was unpacked anew takes the lost one's place in all images; that is an orphan then. */
static int replace_lost(struct db *db, int64_t lost, int64_t number, struct err *e)
{
	int r = db_run(db, "UPDATE image_layers SET layer = ?1 WHERE layer = ?2", DB_ARGS(db_int(number), db_int(lost)),
		       NULL, e);

	return r < 0 ? r : db_run(db, "DELETE FROM layers WHERE number = ?1", DB_ARGS(db_int(lost)), NULL, e);
}

static int record_fresh(struct db *db, const struct image_loaded *img, const struct image_layer *l, struct err *e)
{
	int64_t lost = 0;
	int r = find_lost(db, l->chain_id.hex, &lost, e);

	if (r == 0 && lost)
		r = db_run(db, "UPDATE layers SET chain_id = 'lost.' || number WHERE number = ?1",
			   DB_ARGS(db_int(lost)), NULL, e);
	if (r == 0)
		r = db_run(
			db,
			"INSERT INTO layers(number, chain_id, diff_id, size, unsynced_boot) VALUES(?1, ?2, ?3, ?4, ?5)"
			" ON CONFLICT(chain_id) DO NOTHING",
			DB_ARGS(db_int(l->number), db_text(l->chain_id.hex), db_text(l->diff_id.hex),
				db_int(l->size_bytes), db_text(img->boot)),
			NULL, e);
	return r == 0 && lost ? replace_lost(db, lost, l->number, e) : r;
}

/* Two loads may have unpacked the same layer: the first row stays, the other tree is an orphan for the next load. */
static int record_layer(struct db *db, const struct image_loaded *img, size_t position, struct err *e)
{
	const struct image_layer *l = &img->layers[position];
	unsigned number = 0;
	int r = 0;

	if (l->fresh)
		r = record_fresh(db, img, l, e);
	if (r == 0)
		r = images_find_layer(db, &l->chain_id, &number, e);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, ESTALE, "image %.12s: its layer %.12s was removed meanwhile", img->id.hex,
			       l->chain_id.hex);
	return db_run(db,
		      "INSERT INTO image_layers(image_id, position, layer) VALUES(?1, ?2, ?3)"
		      " ON CONFLICT(image_id, position) DO UPDATE SET layer = excluded.layer",
		      DB_ARGS(db_text(img->id.hex), db_int((int64_t)position), db_int(number)), NULL, e);
}

static int record_blob(struct db *db, const char *id, const struct digest *blob, struct err *e)
{
	return db_run(db, "INSERT INTO image_blobs(image_id, digest) VALUES(?1, ?2) ON CONFLICT DO NOTHING",
		      DB_ARGS(db_text(id), db_text(blob->hex)), NULL, e);
}

/* Those of an earlier manifest of this image are not needed any more. */
static int record_blobs(struct db *db, const struct image_loaded *img, struct err *e)
{
	int r = db_run(db, "DELETE FROM image_blobs WHERE image_id = ?1", DB_ARGS(db_text(img->id.hex)), NULL, e);

	if (r == 0)
		r = record_blob(db, img->id.hex, &img->id, e);
	if (r == 0)
		r = record_blob(db, img->id.hex, &img->manifest, e);
	if (r == 0 && img->index.hex[0])
		r = record_blob(db, img->id.hex, &img->index, e);
	for (size_t i = 0; r == 0 && i < img->n_layers; i++)
		r = record_blob(db, img->id.hex, &img->layers[i].blob, e);
	return r;
}

/* Whose name it was until now. */
static int read_holder(struct db *db, const char *name, char ret[DIGEST_HEX + 1], struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, "SELECT image_id FROM image_refs WHERE name = ?1", DB_ARGS(db_text(name)), &rows, e);

	ret[0] = '\0';
	if (r == 0)
		r = db_next(&rows, e);
	if (r == 1)
		(void)sv_copy(db_col_sv(&rows, 0), ret, DIGEST_HEX + 1);
	return r < 0 ? r : 0;
}

static int record_name(struct db *db, const char *name, const char *id, struct err *e)
{
	return db_run(db,
		      "INSERT INTO image_refs(name, image_id) VALUES(?1, ?2)"
		      " ON CONFLICT(name) DO UPDATE SET image_id = excluded.image_id",
		      DB_ARGS(db_text(name), db_text(id)), NULL, e);
}

static int record_all(struct db *db, const struct image_loaded *img, const char *created, const char *name,
		      char ret_holder[DIGEST_HEX + 1], struct err *e)
{
	int r = record_image(db, img, created, e);

	for (size_t i = 0; r == 0 && i < img->n_layers; i++)
		r = record_layer(db, img, i, e);
	if (r == 0)
		r = record_blobs(db, img, e);
	if (r == 0 && name[0])
		r = read_holder(db, name, ret_holder, e);
	return r == 0 && name[0] ? record_name(db, name, img->id.hex, e) : r;
}

int images_record(struct db *db, const struct image_loaded *img, char ret_renamed[DIGEST_HEX + 1], struct err *e)
{
	scoped_arena a = ARENA(2 * LIMIT_IMAGE_CONFIG);
	char name[REFERENCE_SIZE], holder[DIGEST_HEX + 1] = "";
	struct image_config config;
	int r = look_through(img, &a, &config, name, e);

	if (r == 0)
		r = db_begin(db, e);
	if (r < 0)
		return r;
	r = db_end(db, record_all(db, img, config.created, name, holder, e), e);
	if (r == 0 && strcmp(holder, img->id.hex) == 0)
		holder[0] = '\0';
	if (r == 0 && ret_renamed)
		memcpy(ret_renamed, holder, sizeof holder);
	return r;
}

int images_tag(struct db *db, const char *id, struct sv name, struct err *e)
{
	char text[REFERENCE_SIZE];
	struct reference ref;
	int64_t changes = 0;
	int r = reference_parse(name, &ref, e);

	if (r < 0)
		return r;
	if (ref.digest.hex[0])
		return err_set(e, EINVAL, "refusing to create a tag with a digest reference");
	r = db_run(db,
		   "INSERT INTO image_refs(name, image_id) SELECT ?1, id FROM images WHERE id = ?2 AND removed = 0"
		   " ON CONFLICT(name) DO UPDATE SET image_id = excluded.image_id",
		   DB_ARGS(db_text(images_stored_name(&ref, text)), db_text(id)), &changes, e);
	if (r == 0 && changes == 0)
		return err_set(e, ENOENT, "No such image: sha256:%s", id);
	return r;
}
