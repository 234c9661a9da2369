/* SPDX-License-Identifier: Apache-2.0 */
#include "records/kube_rows.h"

#include "base/scope.h"
#include "oci/list.h"

static const char *column(struct arena *a, const struct db_rows *rows, int i, bool *failed)
{
	const char *text = db_col_text(rows, i), *copy = text ? arena_str(a, text) : NULL;

	*failed |= text && !copy;
	return copy;
}

static int read_row(const struct db_rows *rows, struct arena *a, struct kube_row *ret)
{
	bool failed = false;

	*ret = (struct kube_row){ .uid = column(a, rows, 0, &failed),
				  .kind = column(a, rows, 1, &failed),
				  .namespace = column(a, rows, 2, &failed),
				  .name = column(a, rows, 3, &failed),
				  .owner = column(a, rows, 4, &failed),
				  .created_ns = db_col_int(rows, 5),
				  .cgroup = column(a, rows, 6, &failed),
				  .reason = column(a, rows, 7, &failed),
				  .applied = column(a, rows, 8, &failed),
				  .document = column(a, rows, 9, &failed) };
	return failed ? -ENOMEM : 0;
}

static int list(struct db *db, const char *sql, struct arena *a, struct kube_rows *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	struct kube_rows l = { 0 };
	int r = db_query(db, sql, DB_NO_ARGS, &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		struct kube_row *row = LIST_ADD(a, &l);

		r = row ? read_row(&rows, a, row) : -ENOMEM;
		if (r < 0)
			return err_oom(e);
	}
	if (r == 0)
		*ret = l;
	return r;
}

#define COLUMNS "uid, kind, namespace, name, owner, created_ns, cgroup, reason, applied, document"

int kube_rows_list(struct db *db, struct arena *a, struct kube_rows *ret, struct err *e)
{
	return list(db, "SELECT " COLUMNS " FROM kube_objects ORDER BY seq", a, ret, e);
}

int kube_rows_begun(struct db *db, struct arena *a, struct kube_rows *ret, struct err *e)
{
	return list(db, "SELECT " COLUMNS " FROM kube_objects WHERE kind = 'Pod' AND reason IS NULL ORDER BY seq", a,
		    ret, e);
}

int kube_rows_put(struct db *db, const struct kube_row *row, struct err *e)
{
	return db_run(db,
		      "INSERT INTO kube_objects(uid, kind, namespace, name, owner, created_ns, cgroup, reason, applied,"
		      " document) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
		      DB_ARGS(db_text(row->uid), db_text(row->kind), db_text(row->namespace), db_text(row->name),
			      db_text(row->owner), db_int(row->created_ns), db_text(row->cgroup), db_text(row->reason),
			      db_text(row->applied), db_text(row->document)),
		      NULL, e);
}

int kube_rows_replace(struct db *db, const struct kube_row *row, struct err *e)
{
	return db_run(db, "UPDATE kube_objects SET reason = ?2, applied = ?3, document = ?4 WHERE uid = ?1",
		      DB_ARGS(db_text(row->uid), db_text(row->reason), db_text(row->applied), db_text(row->document)),
		      NULL, e);
}

int kube_rows_delete(struct db *db, const char *uid, struct err *e)
{
	return db_run(db, "DELETE FROM kube_objects WHERE uid = ?1", DB_ARGS(db_text(uid)), NULL, e);
}
