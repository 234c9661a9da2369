/* SPDX-License-Identifier: Apache-2.0 */
#include "records/containers.h"

#include "records/network_rows.h"

#include "base/limits.h"
#include "base/scope.h"
#include "oci/list.h"

#define LIGHT_COLUMNS "id, name, created_ns, image_ref, image_id, cgroup, auto_remove, networked, ranked"
#define COLUMNS LIGHT_COLUMNS ", config"
#define NAME_ATTEMPTS 20
#define RACE_ATTEMPTS 5

/* ---- reading ------------------------------------------------------------------------------------------------ */

static int copy_text(const struct db_rows *rows, int column, struct arena *a, const char **ret, struct err *e)
{
	const char *text = db_col_text(rows, column);

	*ret = text ? arena_str(a, text) : NULL;
	return text && !*ret ? err_oom(e) : 0;
}

static int read_row(const struct db_rows *rows, struct arena *a, struct container_row *ret, struct err *e)
{
	struct container_row row = { .created_ns = db_col_int(rows, 2), .auto_remove = db_col_int(rows, 6) != 0,
				     .networked = db_col_int(rows, 7) != 0,
				     .ranked = db_col_int(rows, 8) != 0 };
	const struct {
		int column;
		const char **to;
	} texts[] = {
		{ 0, &row.id },       { 1, &row.name },   { 3, &row.image_ref },
		{ 4, &row.image_id }, { 5, &row.cgroup }, { 9, &row.config },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int r = copy_text(rows, texts[i].column, a, texts[i].to, e);

		if (r < 0)
			return r;
	}
	*ret = row;
	return 0;
}

/* 1 = found, 0 = not */
static int find_by(struct db *db, const char *sql, struct sv value, struct arena *a, struct container_row *ret,
		   struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, sql, DB_ARGS(db_sv(value)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r != 1)
		return r;
	r = read_row(&rows, a, ret, e);
	return r < 0 ? r : 1;
}

static bool is_id_prefix(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n > 0 && s.n <= ID_LEN;
}

/* 'g' follows 'f': every id that begins with the prefix lies between the two, and the index finds them. */
static int find_by_prefix(struct db *db, struct sv prefix, struct arena *a, struct container_row *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	struct container_row row;
	char end[ID_LEN + 2];
	int r;

	(void)snprintf(end, sizeof end, SV_FMT "g", SV_ARG(prefix));
	r = db_query(db, "SELECT " COLUMNS " FROM containers WHERE id >= ?1 AND id < ?2 LIMIT 2",
		     DB_ARGS(db_sv(prefix), db_text(end)), &rows, e);
	if (r == 0)
		r = db_next(&rows, e);
	if (r != 1)
		return r;
	r = read_row(&rows, a, &row, e);
	if (r == 0)
		r = db_next(&rows, e);
	if (r == 1)
		return err_set(e, EINVAL, "multiple IDs found with provided prefix: " SV_FMT, SV_ARG(prefix));
	if (r < 0)
		return r;
	*ret = row;
	return 1;
}

int containers_find(struct db *db, struct sv ref, struct arena *a, struct container_row *ret, struct err *e)
{
	struct sv name = ref;
	int r = 0;

	if (name.n && name.p[0] == '/')
		name = (struct sv){ name.p + 1, name.n - 1 };
	if (id_is_valid(ref))
		r = find_by(db, "SELECT " COLUMNS " FROM containers WHERE id = ?1", ref, a, ret, e);
	if (r == 0 && name_is_valid(name))
		r = find_by(db, "SELECT " COLUMNS " FROM containers WHERE name = ?1", name, a, ret, e);
	if (r == 0 && is_id_prefix(ref))
		r = find_by_prefix(db, ref, a, ret, e);
	if (r == 0)
		return err_set(e, ENOENT, "No such container: " SV_FMT, SV_ARG(ref));
	return r < 0 ? r : 0;
}

static int list(struct db *db, const char *sql, struct arena *a, struct container_rows *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	struct container_rows all = { 0 };
	int r = db_query(db, sql, DB_NO_ARGS, &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		struct container_row *row = LIST_ADD(a, &all);

		r = row ? read_row(&rows, a, row, e) : err_oom(e);
	}
	if (r == 0)
		*ret = all;
	return r;
}

int containers_list(struct db *db, struct arena *a, struct container_rows *ret, struct err *e)
{
	return list(db, "SELECT " COLUMNS " FROM containers ORDER BY seq DESC", a, ret, e);
}

int containers_list_light(struct db *db, struct arena *a, struct container_rows *ret, struct err *e)
{
	return list(db, "SELECT " LIGHT_COLUMNS ", NULL FROM containers ORDER BY seq DESC", a, ret, e);
}

int containers_config(struct db *db, const char *id, struct arena *a, const char **ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, "SELECT config FROM containers WHERE id = ?1", DB_ARGS(db_text(id)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r == 0)
		return err_set(e, ENOENT, "No such container: %s", id);
	return r < 0 ? r : copy_text(&rows, 0, a, ret, e);
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

/* The image may have been removed since it was looked up. */
static int insert_row(struct db *db, const struct container_row *row, const char *name, struct err *e)
{
	int64_t changes = 0;
	int r = db_run(db,
		       "INSERT INTO containers(" COLUMNS ") SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10"
		       " WHERE ?5 IS NULL OR EXISTS (SELECT 1 FROM images WHERE id = ?5 AND removed = 0)",
		       DB_ARGS(db_text(row->id), db_text(name), db_int(row->created_ns), db_text(row->image_ref),
			       db_text(row->image_id), db_text(row->cgroup), db_int(row->auto_remove),
			       db_int(row->networked), db_int(row->ranked), db_text(row->config)),
		       &changes, e);

	if (r == 0 && changes == 0)
		return err_set(e, ENOENT, "No such image: %s: it was just removed",
			       row->image_ref ? row->image_ref : row->image_id);
	return r;
}

/* The holder may be gone before it could be named: 0 then, and the caller tries again. */
static int conflict(struct db *db, const char *name, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, "SELECT id FROM containers WHERE name = ?1", DB_ARGS(db_text(name)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r != 1)
		return r;
	return err_set(e, EEXIST,
		       "Conflict. The container name \"/%s\" is already in use by container \"%s\". You have to remove "
		       "(or rename) that container to be able to reuse that name.",
		       name, db_col_text(&rows, 0));
}

static int insert_named(struct db *db, const struct container_row *row, struct err *e)
{
	int r = -EEXIST;

	for (unsigned i = 0; r == -EEXIST && i < RACE_ATTEMPTS; i++) {
		int held;

		r = insert_row(db, row, row->name, e);
		held = r == -EEXIST ? conflict(db, row->name, e) : 0;
		if (held < 0)
			return held;
	}
	return r;
}

static int insert_unnamed(struct db *db, const struct container_row *row, char ret_name[NAME_SIZE], struct err *e)
{
	int r = -EEXIST;

	for (unsigned i = 0; r == -EEXIST && i < NAME_ATTEMPTS; i++) {
		names_pick(row->id, i, ret_name);
		r = insert_row(db, row, ret_name, e);
	}
	return r;
}

static int check_name(const char *name, struct err *e)
{
	if (name_is_valid(sv_from(name)))
		return 0;
	return err_set(e, EINVAL,
		       "Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, 2 to %d characters",
		       name, LIMIT_NAME);
}

int containers_insert(struct db *db, const struct container_row *row, char ret_name[NAME_SIZE], struct err *e)
{
	char name[NAME_SIZE];
	int r;

	if (!id_is_valid(sv_from(row->id)))
		return err_set(e, EINVAL, "not a container id: %s", row->id);
	if (row->name) {
		r = check_name(row->name, e);
		if (r == 0)
			r = insert_named(db, row, e);
		if (r == 0)
			(void)snprintf(name, sizeof name, "%s", row->name);
	} else {
		r = insert_unnamed(db, row, name, e);
	}
	if (r == 0)
		(void)snprintf(ret_name, NAME_SIZE, "%s", name);
	return r;
}

int containers_rename(struct db *db, const char *id, const char *name, struct err *e)
{
	int64_t changes = 0;
	int r = check_name(name, e), held;

	if (r < 0)
		return r;
	r = db_run(db, "UPDATE containers SET name = ?2 WHERE id = ?1", DB_ARGS(db_text(id), db_text(name)), &changes,
		   e);
	if (r == -EEXIST) {
		held = conflict(db, name, e);
		return held < 0 ? held : r;
	}
	if (r == 0 && changes == 0)
		return err_set(e, ENOENT, "No such container: %s", id);
	return r;
}

int containers_set_config(struct db *db, const char *id, const char *config, struct err *e)
{
	int64_t changes = 0;
	int r = db_run(db, "UPDATE containers SET config = ?2 WHERE id = ?1", DB_ARGS(db_text(id), db_text(config)),
		       &changes, e);

	return r == 0 && changes == 0 ? err_set(e, ENOENT, "No such container: %s", id) : r;
}

int containers_set_cgroup(struct db *db, const char *id, const char *cgroup, struct err *e)
{
	return db_run(db, "UPDATE containers SET cgroup = ?2 WHERE id = ?1", DB_ARGS(db_text(id), db_text(cgroup)),
		      NULL, e);
}

/* What few have: a place in a network, a class. */
static int delete_rest(struct db *db, const char *id, struct err *e)
{
	int r = network_rows_forget(db, id, e);

	if (r == 0)
		r = db_run(db, "DELETE FROM kube_objects WHERE uid = ?1", DB_ARGS(db_text(id)), NULL, e);
	return r < 0 ? r : db_run(db, "DELETE FROM containers WHERE id = ?1", DB_ARGS(db_text(id)), NULL, e);
}

static int is_networked(struct db *db, const char *id, bool *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, "SELECT networked OR ranked FROM containers WHERE id = ?1", DB_ARGS(db_text(id)), &rows,
			 e);

	if (r == 0)
		r = db_next(&rows, e);
	*ret = r == 1 && db_col_int(&rows, 0);
	return r < 0 ? r : 0;
}

/* ret_networked NULL: also what is in a network */
static int delete(struct db *db, const char *id, bool *ret_networked, struct err *e)
{
	int64_t changes = 0;
	int r = db_begin(db, e);

	if (r < 0)
		return r;
	r = db_run(db, "DELETE FROM container_volumes WHERE container_id = ?1", DB_ARGS(db_text(id)), NULL, e);
	if (r == 0)
		r = db_run(db, "DELETE FROM id_ranges WHERE container_id = ?1", DB_ARGS(db_text(id)), NULL, e);
	if (r == 0)
		r = db_run(db, "DELETE FROM containers WHERE id = ?1 AND networked = 0 AND ranked = 0",
			   DB_ARGS(db_text(id)), &changes, e);
	if (r == 0 && changes == 0) /* or it is not there */
		r = ret_networked ? is_networked(db, id, ret_networked, e) : delete_rest(db, id, e);
	return db_end(db, r, e);
}

int containers_delete(struct db *db, const char *id, struct err *e)
{
	return delete(db, id, NULL, e);
}

int containers_delete_lone(struct db *db, const char *id, bool *ret_networked, struct err *e)
{
	*ret_networked = false;
	return delete(db, id, ret_networked, e);
}
