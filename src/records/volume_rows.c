/* SPDX-License-Identifier: Apache-2.0 */
#include "records/volume_rows.h"

#include "base/scope.h"
#include "oci/list.h"

/* ---- writing ------------------------------------------------------------------------------------------------ */

int volume_rows_record(struct db *db, const struct volume_row *row, struct err *e)
{
	return db_run(db, "INSERT OR IGNORE INTO volumes(name, created_ns, anonymous, options) VALUES(?1, ?2, ?3, ?4)",
		      DB_ARGS(db_text(row->name), db_int(row->created_ns), db_int(row->kind), db_text(row->options)),
		      NULL, e);
}

int volume_rows_renew(struct db *db, const struct volume_row *row, struct err *e)
{
	int64_t changes = 0;
	int r = db_run(db, "UPDATE volumes SET created_ns = ?2, anonymous = ?3, options = ?4 WHERE name = ?1",
		       DB_ARGS(db_text(row->name), db_int(row->created_ns), db_int(row->kind), db_text(row->options)),
		       &changes, e);

	return r == 0 && changes == 0 ? err_set(e, ENOENT, "volume %s: its row was removed meanwhile", row->name) : r;
}

int volume_rows_use(struct db *db, const char *container, const struct volume_use *use, bool *ret_known, struct err *e)
{
	int64_t changes = 0;
	int r = db_run(db,
		       "INSERT INTO container_volumes(container_id, target, volume)"
		       " SELECT ?1, ?2, name FROM volumes WHERE name = ?3",
		       DB_ARGS(db_text(container), db_text(use->target), db_text(use->name)), &changes, e);

	if (r == 0)
		*ret_known = changes > 0;
	return r;
}

int volume_rows_delete(struct db *db, const struct volume_row *row, const char *by, struct err *e)
{
	int r = db_begin(db, e);

	if (r < 0)
		return r;
	if (by)
		r = db_run(db, "DELETE FROM container_volumes WHERE volume = ?1 AND container_id = ?2",
			   DB_ARGS(db_text(row->name), db_text(by)), NULL, e);
	if (r == 0)
		r = db_run(db,
			   "DELETE FROM volumes WHERE name = ?1 AND created_ns = ?2 AND NOT EXISTS"
			   " (SELECT 1 FROM container_volumes WHERE volume = ?1)",
			   DB_ARGS(db_text(row->name), db_int(row->created_ns)), NULL, e);
	return db_end(db, r, e);
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

static int collect(struct db_rows *rows, struct arena *a, struct oci_strings *ret, struct err *e)
{
	int r;

	while ((r = db_next(rows, e)) == 1)
		if (strings_add(a, ret, arena_str(a, db_col_text(rows, 0))) < 0)
			return err_oom(e);
	return r;
}

int volume_rows_alone(struct db *db, const char *container, struct arena *a, struct oci_strings *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db,
			 "SELECT DISTINCT v.name FROM container_volumes c JOIN volumes v ON v.name = c.volume"
			 " WHERE c.container_id = ?1 AND v.anonymous = ?2 AND NOT EXISTS"
			 " (SELECT 1 FROM container_volumes o WHERE o.volume = v.name AND o.container_id <> ?1)",
			 DB_ARGS(db_text(container), db_int(VOLUME_OF_CONTAINER)), &rows, e);

	return r < 0 ? r : collect(&rows, a, ret, e);
}

int volume_rows_users(struct db *db, const char *name, struct arena *a, struct oci_strings *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, "SELECT DISTINCT container_id FROM container_volumes WHERE volume = ?1 ORDER BY 1",
			 DB_ARGS(db_text(name)), &rows, e);

	return r < 0 ? r : collect(&rows, a, ret, e);
}

int volume_rows_of(struct db *db, const char *container, struct arena *a, struct volume_uses *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db,
			 "SELECT c.volume, c.target, v.anonymous FROM container_volumes c JOIN volumes v"
			 " ON v.name = c.volume WHERE c.container_id = ?1 ORDER BY c.target",
			 DB_ARGS(db_text(container)), &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		struct volume_use *use = LIST_ADD(a, ret);

		if (!use)
			return err_oom(e);
		*use = (struct volume_use){ .name = arena_str(a, db_col_text(&rows, 0)),
					    .target = arena_str(a, db_col_text(&rows, 1)),
					    .kind = (enum volume_kind)db_col_int(&rows, 2) };
		r = use->name && use->target ? 0 : err_oom(e);
	}
	return r;
}

#define COLUMNS "name, created_ns, anonymous, options"

static int read_row(const struct db_rows *rows, struct arena *a, struct volume_row *ret, struct err *e)
{
	struct volume_row row = { .name = arena_str(a, db_col_text(rows, 0)), .created_ns = db_col_int(rows, 1),
				  .kind = (enum volume_kind)db_col_int(rows, 2),
				  .options = arena_str(a, db_col_text(rows, 3)) };

	if (!row.name || !row.options)
		return err_oom(e);
	*ret = row;
	return 0;
}

int volume_rows_find(struct db *db, const char *name, struct arena *a, struct volume_row *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, "SELECT " COLUMNS " FROM volumes WHERE name = ?1", DB_ARGS(db_text(name)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r != 1)
		return r;
	r = read_row(&rows, a, ret, e);
	return r < 0 ? r : 1;
}

int volume_rows_list(struct db *db, struct arena *a, struct volume_rows *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, "SELECT " COLUMNS " FROM volumes ORDER BY name", DB_NO_ARGS, &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		struct volume_row *row = LIST_ADD(a, ret);

		r = row ? read_row(&rows, a, row, e) : err_oom(e);
	}
	return r;
}
