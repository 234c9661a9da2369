/* SPDX-License-Identifier: Apache-2.0 */
/* db.h - what was asked for: one SQLite file, <data root>/tare.db.
 *
 * The only file that includes <sqlite3.h> is db.c. Journal: WAL, synchronous=NORMAL (a power cut may take the last
 * commits, never the file), WAL and wal-index kept on close and no checkpoint on close: opening, one insert and one
 * delete take about half a millisecond. Later commits are gathered back into the file by a patient connection.
 *
 * Several processes may use the file at once; within a process one thread. No I/O and no waiting between db_begin()
 * and db_end(). Errors of every function here, with the file's name in the text:
 *   -EBUSY   another process kept the file locked for DB_BUSY_MS
 *   -EBADMSG not a database, not tare's, damaged
 *   -EPROTO  a newer tare made it
 *   -EEXIST  a UNIQUE or PRIMARY KEY column has that value already
 *   -ENOSPC, -EROFS, -EACCES, -EIO … what the file system said */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DB_FILE "tare.db"
#define DB_APPLICATION_ID 0x74617265 /* "tare", in the file's header */
#define DB_BUSY_MS 10000

struct db;

/* db_open - open or make dir/tare.db and bring its schema up to date. Unit of nothing; free with db_close(). */
int db_open(const char *dir, struct db **ret, struct err *e);
void db_close(struct db *db);

/* db_set_patient - gather the WAL back into the file from now on when it has grown a little (two fsync(2)). For
 * commands that nobody waits for; a connection that is not patient does it only when it has grown a lot. */
void db_set_patient(struct db *db);

int db_schema_version(void); /* the newest that this program knows */

/* ---- statements --------------------------------------------------------------------------------------------- */

struct db_arg {
	enum { DB_ARG_NULL, DB_ARG_INT, DB_ARG_TEXT, DB_ARG_BLOB } kind;
	int64_t i;
	const void *p;
	size_t n;
};

static inline struct db_arg db_int(int64_t i)
{
	return (struct db_arg){ DB_ARG_INT, .i = i };
}

static inline struct db_arg db_text(const char *text) /* NULL is SQL's NULL */
{
	struct sv s = sv_from(text);

	return text ? (struct db_arg){ DB_ARG_TEXT, .p = s.p, .n = s.n } : (struct db_arg){ DB_ARG_NULL };
}

static inline struct db_arg db_sv(struct sv s)
{
	return (struct db_arg){ DB_ARG_TEXT, .p = s.p ? s.p : "", .n = s.n };
}

static inline struct db_arg db_blob(const void *p, size_t n)
{
	return (struct db_arg){ DB_ARG_BLOB, .p = p ? p : "", .n = n };
}

/* DB_ARGS(db_text(id), db_int(3)) - the last two arguments before `e` of db_run() and db_query(). */
#define DB_ARGS(...) \
	(const struct db_arg[]){ __VA_ARGS__ }, sizeof((const struct db_arg[]){ __VA_ARGS__ }) / sizeof(struct db_arg)
#define DB_NO_ARGS NULL, 0

/* db_run - one statement that gives no rows. ret_changes (may be NULL): rows that it changed. */
int db_run(struct db *db, const char *sql, const struct db_arg *args, size_t n, int64_t *ret_changes, struct err *e);

struct db_rows {
	struct db *db;
	void *stmt;
};

/* db_query - begin; db_next: 1 = a row, 0 = the end, < 0. Columns count from 0 and are borrowed until db_next(). The
 * arguments must live as long as the rows. A read transaction is open until db_rows_done(): do nothing long inside. */
int db_query(struct db *db, const char *sql, const struct db_arg *args, size_t n, struct db_rows *ret, struct err *e);
int db_next(struct db_rows *rows, struct err *e);
const char *db_col_text(const struct db_rows *rows, int column); /* NULL for SQL's NULL */
struct sv db_col_sv(const struct db_rows *rows, int column); /* text or blob */
int64_t db_col_int(const struct db_rows *rows, int column);
void db_rows_done(struct db_rows *rows);

#define scoped_rows SCOPED(db_rows_done) struct db_rows

/* db_begin - a write transaction (BEGIN IMMEDIATE). db_end - COMMIT when rc is 0, else ROLLBACK; returns rc, or the
 * commit's error. */
int db_begin(struct db *db, struct err *e);
int db_end(struct db *db, int rc, struct err *e);
