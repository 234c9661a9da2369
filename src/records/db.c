/* SPDX-License-Identifier: Apache-2.0 */
#include "records/db.h"

#include "base/scope.h"
#include "records/db_memory.h"
#include "records/schema.h"

#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

/* Who opens the file alone reads the whole WAL again, 1 to 2 us a frame; a run writes some 8. Gathering it costs 2 ms. */
#define WAL_FRAMES_PATIENT 64
#define WAL_FRAMES_HASTY 128

struct db {
	sqlite3 *h;
	char *path;
	int wal_frames, wal_frames_max; /* seen after the last commit; checkpoint above the second */
};

/* ---- errors ------------------------------------------------------------------------------------------------- */

static int code_of_io(struct db *db, int otherwise)
{
	int code = db->h ? sqlite3_system_errno(db->h) : 0;

	return code > 0 ? code : otherwise;
}

static int fail(struct db *db, int rc, struct err *e)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, EBUSY, "%s: locked by another process for more than %d s", db->path,
			       DB_BUSY_MS / 1000);
	case SQLITE_NOTADB:
		return err_set(e, EBADMSG, "%s: not a database", db->path);
	case SQLITE_CORRUPT:
		return err_set(e, EBADMSG, "%s: damaged: %s", db->path, sqlite3_errmsg(db->h));
	case SQLITE_FULL:
		return err_set(e, ENOSPC, "%s: %s", db->path, strerror(ENOSPC));
	case SQLITE_NOMEM:
		return err_oom(e);
	case SQLITE_READONLY:
		return err_set(e, EROFS, "%s: cannot be written: %s", db->path, strerror(code_of_io(db, EROFS)));
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
	case SQLITE_PERM: {
		int code = code_of_io(db, EIO);

		return err_set(e, code, "%s: %s", db->path, strerror(code));
	}
	case SQLITE_CONSTRAINT:
		return err_set(e,
			       rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ? EEXIST : EINVAL,
			       "%s: %s", db->path, sqlite3_errmsg(db->h));
	default:
		return err_set(e, EINVAL, "%s: %s", db->path, sqlite3_errmsg(db->h));
	}
}

/* ---- statements --------------------------------------------------------------------------------------------- */

static int bind(sqlite3_stmt *s, int i, const struct db_arg *a)
{
	switch (a->kind) {
	case DB_ARG_INT:
		return sqlite3_bind_int64(s, i, a->i);
	case DB_ARG_TEXT:
		return sqlite3_bind_text64(s, i, a->p, a->n, SQLITE_STATIC, SQLITE_UTF8);
	case DB_ARG_BLOB:
		return sqlite3_bind_blob64(s, i, a->p, a->n, SQLITE_STATIC);
	case DB_ARG_NULL:
		break;
	}
	return sqlite3_bind_null(s, i);
}

int db_query(struct db *db, const char *sql, const struct db_arg *args, size_t n, struct db_rows *ret, struct err *e)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db->h, sql, -1, &s, NULL);

	for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
		rc = bind(s, (int)i + 1, &args[i]);
	if (rc != SQLITE_OK) {
		int r = fail(db, sqlite3_extended_errcode(db->h), e);

		sqlite3_finalize(s);
		return r;
	}
	*ret = (struct db_rows){ db, s };
	return 0;
}

int db_next(struct db_rows *rows, struct err *e)
{
	int rc = sqlite3_step(rows->stmt);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : fail(rows->db, sqlite3_extended_errcode(rows->db->h), e);
}

const char *db_col_text(const struct db_rows *rows, int column)
{
	return (const char *)sqlite3_column_text(rows->stmt, column);
}

struct sv db_col_sv(const struct db_rows *rows, int column)
{
	const char *p = sqlite3_column_blob(rows->stmt, column);

	return (struct sv){ p, (size_t)sqlite3_column_bytes(rows->stmt, column) };
}

int64_t db_col_int(const struct db_rows *rows, int column)
{
	return sqlite3_column_int64(rows->stmt, column);
}

void db_rows_done(struct db_rows *rows)
{
	sqlite3_finalize(PTR_TAKE(rows->stmt));
}

int db_run(struct db *db, const char *sql, const struct db_arg *args, size_t n, int64_t *ret_changes, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, sql, args, n, &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1)
		r = 0;
	if (r == 0 && ret_changes)
		*ret_changes = sqlite3_changes64(db->h);
	return r;
}

int db_begin(struct db *db, struct err *e)
{
	return db_run(db, "BEGIN IMMEDIATE", DB_NO_ARGS, NULL, e);
}

int db_end(struct db *db, int rc, struct err *e)
{
	int r = rc;

	if (rc == 0)
		r = db_run(db, "COMMIT", DB_NO_ARGS, NULL, e);
	/* A full disk may have rolled back already; then there is nothing left to end. */
	if (r < 0 && !sqlite3_get_autocommit(db->h))
		(void)db_run(db, "ROLLBACK", DB_NO_ARGS, NULL, NULL);
	return r;
}

/* ---- opening ------------------------------------------------------------------------------------------------ */

static int run_all(struct db *db, const char *sql, struct err *e)
{
	int rc = sqlite3_exec(db->h, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : fail(db, sqlite3_extended_errcode(db->h), e);
}

static int read_number(struct db *db, const char *sql, int64_t *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	int r = db_query(db, sql, DB_NO_ARGS, &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r == 1)
		*ret = db_col_int(&rows, 0);
	return r < 0 ? r : 0;
}

/* SQLite's own handler begins with 1 ms and ends with 100; a transaction here lasts a fifth of the first. */
static int on_busy(void *arg, int tries)
{
	int64_t waited_us = tries < 100 ? 200LL * tries : 20000 + 2000LL * (tries - 100);
	long pause_us = tries < 100 ? 200 : 2000;

	if (waited_us > DB_BUSY_MS * 1000LL)
		return 0;
	(void)nanosleep(&(struct timespec){ .tv_nsec = pause_us * 1000 }, NULL);
	return 1;
}

static int on_commit(void *arg, sqlite3 *h, const char *name, int frames)
{
	struct db *db = arg;

	db->wal_frames = frames;
	return SQLITE_OK;
}

/* Who opens the database alone cuts the WAL index to 3 bytes, since nothing in it is to be believed any more, and makes it
 * long again at once. On ext4 that takes 0.3 ms, and 2 ms when the journal is busy: more than all else that a start does
 * with the database. Here its header alone goes, without which SQLite reads the WAL anew and clears each of its tables
 * when it comes to it, as after the crash of one user among several. */
#define INDEX_CUT 3
#define INDEX_HEADER 136 /* two WalIndexHdr and a WalCkptInfo: "The WAL-Index File Format" of walformat.html */

static int cut(int fd, off_t size)
{
	static const char nothing[INDEX_HEADER];
	struct stat st;

	if (size == INDEX_CUT && fstat(fd, &st) == 0 && st.st_size > INDEX_HEADER &&
	    pwrite(fd, nothing, sizeof nothing, 0) == (ssize_t)sizeof nothing)
		return 0;
	return ftruncate(fd, size);
}

static void configure_files(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix");

	if (vfs && vfs->xSetSystemCall)
		(void)vfs->xSetSystemCall(vfs, "ftruncate", (sqlite3_syscall_ptr)cut);
}

/* One thread and a short life: no mutexes, no statistics, no lookaside pool to touch. Before the first open only. */
static void configure_library(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	(void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
#if !defined(TARE_FAULTS) && !defined(__SANITIZE_ADDRESS__) /* those are to see each malloc */
	(void)sqlite3_config(SQLITE_CONFIG_MALLOC, &db_memory);
#endif
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	(void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
	configure_files();
}

/* SQLite would make the file readable by everyone; WAL and wal-index take the file's mode. */
static int create_file(const char *path, struct err *e)
{
	scoped_fd fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? err_sys(e, "%s", path) : 0;
}

/* SQLite tries open(2) for writing, then for reading. A file that another process makes in between is opened for
 * reading: it could be written. */
static bool opened_too_early(struct db *db, int rc)
{
	return rc == SQLITE_OK && sqlite3_db_readonly(db->h, "main") == 1 && access(db->path, W_OK) == 0;
}

static int open_file(struct db *db, struct err *e)
{
	int rc = sqlite3_open_v2(db->path, &db->h, SQLITE_OPEN_READWRITE, NULL), r;

	if (((rc & 0xff) == SQLITE_CANTOPEN && sqlite3_system_errno(db->h) == ENOENT) || opened_too_early(db, rc)) {
		r = create_file(db->path, e);
		if (r < 0)
			return r;
		(void)sqlite3_close(PTR_TAKE(db->h));
		rc = sqlite3_open_v2(db->path, &db->h, SQLITE_OPEN_READWRITE, NULL);
	}
	if (rc != SQLITE_OK)
		return fail(db, db->h ? sqlite3_extended_errcode(db->h) : SQLITE_NOMEM, e);
	return 0;
}

static int connect(struct db *db, struct err *e)
{
	int keep = 1, r;

	configure_library();
	r = open_file(db, e);
	if (r < 0)
		return r;
	(void)sqlite3_busy_handler(db->h, on_busy, NULL);
	(void)sqlite3_file_control(db->h, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_wal_hook(db->h, on_commit, db);
	return run_all(db, "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-256", e);
}

static int check_owner(struct db *db, int64_t version, struct err *e)
{
	int64_t id = 0, objects = 0;
	int r = read_number(db, "PRAGMA application_id", &id, e);

	if (r == 0 && version == 0)
		r = read_number(db, "SELECT count(*) FROM sqlite_schema", &objects, e);
	if (r < 0)
		return r;
	if (id == DB_APPLICATION_ID || (id == 0 && version == 0 && objects == 0))
		return 0;
	return err_set(e, EBADMSG, "%s: a database of another program", db->path);
}

static int check_version(struct db *db, int64_t version, struct err *e)
{
	if (version >= 0 && version <= db_schema_version())
		return 0;
	return err_set(e, EPROTO, "%s: schema version %lld is newer than this tare knows (%d)", db->path,
		       (long long)version, db_schema_version());
}

static int migrate_from(struct db *db, int64_t version, struct err *e)
{
	char sql[80];
	int r = 0;

	for (int64_t v = version; r == 0 && v < db_schema_version(); v++)
		r = run_all(db, schema_migrations[v], e);
	if (r == 0 && version == 0) {
		(void)snprintf(sql, sizeof sql, "PRAGMA application_id=%d", DB_APPLICATION_ID);
		r = run_all(db, sql, e);
	}
	if (r < 0)
		return r;
	(void)snprintf(sql, sizeof sql, "PRAGMA user_version=%d", db_schema_version());
	return run_all(db, sql, e);
}

/* Turning the WAL on needs the file to oneself, and SQLite does not wait for that: so a lock of ours around it. */
static int lock_creation(struct db *db, const char *dir, int *ret_fd, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return err_sys(e, "%s", dir);
	do
		r = flock(fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		r = err_sys(e, "%s: lock", dir);
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static int migrate(struct db *db, const char *dir, struct err *e)
{
	scoped_fd lock = -1;
	int64_t version = 0;
	int r = lock_creation(db, dir, &lock, e);

	if (r == 0)
		r = read_number(db, "PRAGMA user_version", &version, e);
	if (r == 0)
		r = check_owner(db, version, e);
	if (r == 0 && version == 0)
		r = run_all(db, "PRAGMA page_size=1024; PRAGMA journal_mode=WAL", e);
	if (r == 0)
		r = db_begin(db, e);
	if (r < 0)
		return r;
	r = read_number(db, "PRAGMA user_version", &version, e);
	if (r == 0)
		r = check_version(db, version, e);
	if (r == 0)
		r = migrate_from(db, version, e);
	return db_end(db, r, e);
}

static int prepare_schema(struct db *db, const char *dir, struct err *e)
{
	int64_t version = 0;
	int r = read_number(db, "PRAGMA user_version", &version, e);

	/* A file without a version may get one between two looks at it: migrate() looks with the lock. */
	if (r == 0 && version != 0)
		r = check_owner(db, version, e);
	if (r == 0)
		r = check_version(db, version, e);
	if (r == 0 && version < db_schema_version())
		r = migrate(db, dir, e);
	return r;
}

int db_schema_version(void)
{
	return (int)schema_migration_count;
}

int db_open(const char *dir, struct db **ret, struct err *e)
{
	struct db *db = calloc(1, sizeof *db);
	int r;

	if (!db || asprintf(&db->path, "%s/" DB_FILE, dir) < 0) {
		free(db);
		return err_oom(e);
	}
	db->wal_frames_max = WAL_FRAMES_HASTY;
	r = connect(db, e);
	if (r == 0)
		r = prepare_schema(db, dir, e);
	if (r < 0) {
		db_close(db);
		return r;
	}
	*ret = db;
	return 0;
}

void db_set_patient(struct db *db)
{
	db->wal_frames_max = WAL_FRAMES_PATIENT;
}

/* TRUNCATE: how far the WAL was gathered is known only to those who have the file open now. If it kept its length, the
 * next one to open the file alone would take all of it for new, and it would grow for ever. Waits for nobody: what
 * others still read or write is left to a later one. */
static void gather(struct db *db)
{
	char sql[64];

	(void)sqlite3_busy_handler(db->h, NULL, NULL);
	if (sqlite3_wal_checkpoint_v2(db->h, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
		return;
	/* The first commit into an empty WAL waits for the disk once more: not the next container's, but this one. */
	(void)snprintf(sql, sizeof sql, "PRAGMA user_version=%d", db_schema_version());
	(void)run_all(db, sql, NULL);
}

void db_close(struct db *db)
{
	if (!db)
		return;
	if (db->wal_frames > db->wal_frames_max)
		gather(db);
	(void)sqlite3_close(db->h);
	free(db->path);
	free(db);
}
