/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_remove.h"

#include "base/scope.h"
#include "records/containers.h"
#include "oci/list.h"
#include "engine/recover.h"
#include "oci/reference.h"
#include "storage/content.h"
#include "storage/layers.h"

#include <string.h>

#define ATTEMPTS 10
#define ARENA_MAX (64u << 20)

/* Trees that no row tells of any more. */
struct freed {
	unsigned *v;
	size_t n;
};

static int add_change(struct image_changes *c, struct arena *a, bool deleted, const char *name, struct err *e)
{
	struct image_change *new = name ? LIST_ADD(a, c) : NULL;

	if (!new)
		return err_oom(e);
	*new = (struct image_change){ deleted, name };
	return 0;
}

/* ---- containers ---------------------------------------------------------------------------------------------- */

/* How many have the image: what was seen before the transaction is compared with what is there in it. */
static int count_users(struct db *db, const char *image, int64_t *ret_n, int64_t *ret_last, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, "SELECT count(*), coalesce(max(seq), 0) FROM containers WHERE image_id = ?1",
			 DB_ARGS(db_text(image)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r < 0)
		return r;
	*ret_n = db_col_int(&rows, 0);
	*ret_last = db_col_int(&rows, 1);
	return 0;
}

static bool is_stopped(enum container_status s)
{
	return s == CONTAINER_CREATED || s == CONTAINER_EXITED || s == CONTAINER_REMOVING;
}

/* Reads files: not inside a transaction. */
static int look_at_users(struct engine *en, struct db *db, const char *image, struct arena *a, struct image_users *ret,
			 struct err *e)
{
	struct container_rows all;
	struct image_users users = { NULL, NULL };
	int r = containers_list(db, a, &all, e);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct container_state s;

		if (!all.v[i].image_id || strcmp(all.v[i].image_id, image) != 0)
			continue;
		r = container_look(en, &all.v[i], &s, e);
		if (r == -ENOENT)
			r = 0;
		else if (r == 0 && is_stopped(s.status))
			users.stopped = all.v[i].id;
		else if (r == 0)
			users.running = all.v[i].id;
	}
	if (r == 0)
		*ret = users;
	return r;
}

/* ---- rows ---------------------------------------------------------------------------------------------------- */

static int untag(struct db *db, const char *name, struct arena *a, struct image_changes *c, struct err *e)
{
	char text[REFERENCE_SIZE];
	struct reference ref;
	int r = db_run(db, "DELETE FROM image_refs WHERE name = ?1", DB_ARGS(db_text(name)), NULL, e);

	if (r == 0)
		r = reference_parse(sv_from(name), &ref, e);
	if (r < 0)
		return r;
	return add_change(c, a, false, arena_str(a, reference_print_familiar(&ref, text)), e);
}

/* The layers that only this image has, the topmost first. */
static int list_own_layers(struct db *db, const char *id, struct arena *a, struct freed *f, struct image_changes *c,
			   struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db,
			 "SELECT l.number, l.chain_id, l.size FROM image_layers il JOIN layers l ON l.number = il.layer"
			 " WHERE il.image_id = ?1 AND NOT EXISTS"
			 " (SELECT 1 FROM image_layers o WHERE o.layer = l.number AND o.image_id <> ?1)"
			 " ORDER BY il.position DESC",
			 DB_ARGS(db_text(id)), &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		unsigned *number = LIST_ADD(a, f);

		if (!number)
			return err_oom(e);
		*number = (unsigned)db_col_int(&rows, 0);
		c->freed_bytes += db_col_int(&rows, 2);
		r = add_change(c, a, true, arena_fmt(a, "sha256:%s", db_col_text(&rows, 1)), e);
	}
	return r;
}

static int delete_rows(struct db *db, const char *id, struct arena *a, struct freed *f, struct image_changes *c,
		       struct err *e)
{
	static const char *const statements[] = {
		"DELETE FROM image_layers WHERE image_id = ?1",
		"DELETE FROM image_blobs WHERE image_id = ?1",
		"DELETE FROM image_refs WHERE image_id = ?1",
		"DELETE FROM images WHERE id = ?1",
	};
	size_t first = f->n;
	int r = list_own_layers(db, id, a, f, c, e);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(statements); i++)
		r = db_run(db, statements[i], DB_ARGS(db_text(id)), NULL, e);
	for (size_t i = first; r == 0 && i < f->n; i++)
		r = db_run(db, "DELETE FROM layers WHERE number = ?1", DB_ARGS(db_int(f->v[i])), NULL, e);
	return r;
}

static int delete_image(struct db *db, const char *id, int64_t users, struct arena *a, struct freed *f,
			struct image_changes *c, struct err *e)
{
	int r = add_change(c, a, true, arena_fmt(a, "sha256:%s", id), e);

	if (r < 0)
		return r;
	if (users)
		return db_run(db, "UPDATE images SET removed = 1 WHERE id = ?1", DB_ARGS(db_text(id)), NULL, e);
	return delete_rows(db, id, a, f, c, e);
}

/* ---- trees and blobs ----------------------------------------------------------------------------------------- */

static int sweep_content(struct engine *en, struct db *db, struct err *e)
{
	scoped_fd content = -1;
	int r = content_open(en->root, &content, e);

	return r < 0 ? r : content_sweep(content, images_knows_blob, db, e);
}

/* After the commit. All are tried; the first error is told. */
static int free_trees(struct engine *en, struct db *db, const struct freed *f, struct err *e)
{
	scoped_fd layers = -1;
	int r = f->n ? layers_open(en->root, &layers, e) : 0, first = 0;

	for (size_t i = 0; r == 0 && i < f->n; i++) {
		int one = layer_remove(layers, f->v[i], images_knows_layer, db, first ? NULL : e);

		if (!first)
			first = one;
	}
	if (r == 0 && first == 0)
		r = sweep_content(en, db, e);
	return r < 0 ? r : first;
}

/* ---- removing ------------------------------------------------------------------------------------------------ */

struct removal {
	struct engine *en;
	struct db *db;
	struct arena *a;
	const char *asked;
	bool force;
	struct image_row image;
	struct image_users users;
	int64_t count, last; /* of the containers that were looked at */
	bool deleted; /* the image too, not only a name */
	struct freed freed;
	struct image_changes changes;
};

static int apply(struct removal *m, struct err *e)
{
	struct oci_strings names;
	struct image_verdict v;
	int64_t count, last;
	int r = count_users(m->db, m->image.id, &count, &last, e);

	if (r == 0 && (count != m->count || last != m->last))
		return -EAGAIN;
	if (r == 0)
		r = images_refs(m->db, m->image.id, m->a, &names, e);
	if (r == 0 && m->image.reference && !strings_has(&names, m->image.reference))
		return -EAGAIN;
	if (r == 0)
		r = image_judge(&m->image, m->image.reference, m->asked, &names, &m->users, m->force, m->a, &v, e);
	for (size_t i = 0; r == 0 && i < v.names.n; i++)
		r = untag(m->db, v.names.v[i], m->a, &m->changes, e);
	m->deleted = r == 0 && v.delete;
	if (m->deleted)
		r = delete_image(m->db, m->image.id, count, m->a, &m->freed, &m->changes, e);
	return r;
}

/* -EAGAIN: a container or a name came or went meanwhile. */
static int attempt(struct removal *m, struct err *e)
{
	int r = images_find(m->db, sv_from(m->asked), m->a, &m->image, e);

	if (r == 0)
		r = count_users(m->db, m->image.id, &m->count, &m->last, e);
	if (r == 0)
		r = look_at_users(m->en, m->db, m->image.id, m->a, &m->users, e);
	if (r == 0)
		r = db_begin(m->db, e);
	if (r < 0)
		return r;
	m->changes = (struct image_changes){ 0 };
	m->freed = (struct freed){ 0 };
	return db_end(m->db, apply(m, e), e);
}

int engine_image_remove(struct engine *en, struct sv ref, bool force, struct arena *a, struct image_changes *ret,
			struct err *e)
{
	struct removal m = { .en = en, .a = a, .asked = arena_fmt(a, SV_FMT, SV_ARG(ref)), .force = force };
	int r = m.asked ? engine_db(en, &m.db, e) : err_oom(e);

	if (r < 0)
		return r;
	r = -EAGAIN;
	for (int i = 0; r == -EAGAIN && i < ATTEMPTS; i++)
		r = attempt(&m, e);
	if (r == -EAGAIN)
		return err_set(e, EBUSY, "image %s: its containers or names change all the time", m.asked);
	if (r < 0)
		return r;
	*ret = m.changes;
	r = m.deleted ? free_trees(en, m.db, &m.freed, e) : 0;
	return r < 0 ? err_wrap(e, r, "image %s is removed, but not all of its files", m.asked) : 0;
}

/* ---- pruning ------------------------------------------------------------------------------------------------- */

/* By id, with all its names; only when no container has it. */
static int prune_one(struct db *db, const char *id, bool all, struct arena *a, struct freed *f,
		     struct image_changes *c, struct err *e)
{
	struct oci_strings names;
	int64_t users, last;
	int r = count_users(db, id, &users, &last, e);

	if (r < 0 || users)
		return r;
	r = images_refs(db, id, a, &names, e);
	if (r < 0 || (names.n && !all))
		return r;
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = untag(db, names.v[i], a, c, e);
	return r < 0 ? r : delete_image(db, id, 0, a, f, c, e);
}

static bool seen_before(const struct image_rows *all, size_t i)
{
	return i > 0 && strcmp(all->v[i - 1].id, all->v[i].id) == 0;
}

int engine_image_prune(struct engine *en, const struct image_prune *o, struct arena *a, struct image_changes *ret,
		       struct err *e)
{
	struct image_rows all;
	struct freed freed = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = images_list(db, a, &all, e);
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		if (seen_before(&all, i) || (o->wanted && !o->wanted(o->arg, &all.v[i])))
			continue;
		r = db_begin(db, e);
		if (r == 0)
			r = db_end(db, prune_one(db, all.v[i].id, o->all, a, &freed, ret, e), e);
	}
	if (r == 0)
		r = free_trees(en, db, &freed, e);
	return r < 0 ? r : engine_images_sweep(en, e); /* what crashes left is needed by nobody either */
}

/* ---- what is left -------------------------------------------------------------------------------------------- */

static int next_hidden(struct db *db, struct arena *a, const char **ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db,
			 "SELECT id FROM images WHERE removed = 1 AND NOT EXISTS"
			 " (SELECT 1 FROM containers c WHERE c.image_id = images.id) LIMIT 1",
			 DB_NO_ARGS, &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r != 1)
		return r;
	*ret = arena_str(a, db_col_text(&rows, 0));
	return *ret ? 1 : err_oom(e);
}

/* Looked for without a transaction first: mostly there is none. */
static int release(struct db *db, struct arena *a, struct freed *f, struct err *e)
{
	struct image_changes unsaid = { 0 };
	const char *id;
	int r;

	while ((r = next_hidden(db, a, &id, e)) == 1) {
		r = db_begin(db, e);
		if (r < 0)
			return r;
		r = next_hidden(db, a, &id, e);
		if (r == 1)
			r = delete_rows(db, id, a, f, &unsaid, e);
		r = db_end(db, r, e);
		if (r < 0)
			return r;
	}
	return r;
}

int engine_images_release(struct engine *en, struct err *e)
{
	scoped_arena a = ARENA(ARENA_MAX);
	struct freed freed = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = release(db, &a, &freed, e);
	return r < 0 || freed.n == 0 ? r : free_trees(en, db, &freed, e);
}

int engine_images_sweep(struct engine *en, struct err *e)
{
	scoped_fd layers = -1;
	struct db *db;
	int r = engine_images_release(en, e);

	if (r == 0)
		r = engine_db(en, &db, e);
	if (r == 0)
		r = layers_open(en->root, &layers, e);
	if (r == 0)
		r = layers_sweep(layers, images_knows_layer, db, e);
	return r < 0 ? r : sweep_content(en, db, e);
}
