/* SPDX-License-Identifier: Apache-2.0 */
#include "records/db.h"

#include "records/schema.h"

#include "../test.h"
#include "../tmpdir.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static int64_t number(struct db *db, const char *sql)
{
	scoped_rows rows = { 0 };
	struct err e = { 0 };

	if (db_query(db, sql, DB_NO_ARGS, &rows, &e) < 0 || db_next(&rows, &e) != 1)
		fail_msg("%s: %s", sql, e.msg);
	return db_col_int(&rows, 0);
}

static void raw(const char *path, const char *sql)
{
	sqlite3 *h;
	char *msg = NULL;

	assert_int_equal(SQLITE_OK, sqlite3_open(path, &h));
	if (sqlite3_exec(h, sql, NULL, NULL, &msg) != SQLITE_OK)
		fail_msg("%s: %s", sql, msg);
	sqlite3_close(h);
}

TEST(open_makes_the_schema_and_a_private_file)
{
	scoped_tmpdir t = tmpdir_new();
	struct err e = { 0 };
	struct db *db;
	struct stat st;

	assert_int_equal(0, db_open(t.path, &db, &e));
	assert_int_equal(db_schema_version(), number(db, "PRAGMA user_version"));
	assert_int_equal(DB_APPLICATION_ID, number(db, "PRAGMA application_id"));
	assert_int_equal(1, number(db, "PRAGMA synchronous"));
	assert_int_equal(0, number(db, "SELECT count(*) FROM containers"));
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "tare.db", "tare.db-wal", "tare.db-shm" };

		assert_int_equal(0, fstatat(t.fd, names[i], &st, 0));
		assert_int_equal(0600, st.st_mode & 07777);
	}
	db_close(db);
	assert_int_equal(0, fstatat(t.fd, "tare.db-wal", &st, 0)); /* kept, with the schema in it */
	assert_true(st.st_size > 0);
}

TEST(what_was_committed_is_there_at_the_next_open)
{
	scoped_tmpdir t = tmpdir_new();
	struct err e = { 0 };
	struct db *db;

	assert_int_equal(0, db_open(t.path, &db, &e));
	assert_int_equal(0, db_run(db, "INSERT INTO volumes VALUES(?1, ?2, 0, '{}')", DB_ARGS(db_text("v"), db_int(7)),
				   NULL, &e));
	db_close(db);
	assert_int_equal(0, db_open(t.path, &db, &e));
	assert_int_equal(7, number(db, "SELECT created_ns FROM volumes WHERE name = 'v'"));
	db_close(db);
}

/* What the WAL index of the last user says is not believed, whatever it is, and the file is not made anew. */
TEST(a_wal_index_that_nobody_keeps_is_read_anew)
{
	scoped_tmpdir t = tmpdir_new();
	struct err e = { 0 };
	struct db *db;
	struct stat before, after;
	char text[4096];
	int fd;

	assert_int_equal(0, db_open(t.path, &db, &e));
	raw(tmpdir_path(&t, "tare.db"), "CREATE TABLE numbers(n); INSERT INTO numbers VALUES(41)");
	assert_int_equal(0, db_run(db, "UPDATE numbers SET n = 42", DB_NO_ARGS, NULL, &e));
	db_close(db);
	fd = openat(t.fd, "tare.db-shm", O_RDWR);
	assert_int_equal(0, fstat(fd, &before));
	for (off_t at = 0; at < before.st_size;
	     at += (off_t)sizeof text) { /* what is no header; its copy is kept equal */
		assert_int_equal(sizeof text, pread(fd, text, sizeof text, at));
		memset(text + (at ? 0 : 136), 0x5a, sizeof text - (at ? 0 : 136));
		assert_int_equal(sizeof text, pwrite(fd, text, sizeof text, at));
	}
	assert_int_equal(0, db_open(t.path, &db, &e));
	assert_int_equal(42, number(db, "SELECT n FROM numbers"));
	assert_int_equal(0, db_run(db, "UPDATE numbers SET n = 43", DB_NO_ARGS, NULL, &e));
	db_close(db);
	assert_int_equal(0, fstat(fd, &after));
	assert_true(before.st_size == after.st_size && before.st_mtime <= after.st_mtime);
	close(fd);
	assert_int_equal(0, db_open(t.path, &db, &e));
	assert_int_equal(43, number(db, "SELECT n FROM numbers"));
	db_close(db);
}

TEST(values_of_every_kind_come_back)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_rows rows = { 0 };
	struct err e = { 0 };
	struct db *db;

	assert_int_equal(0, db_open(t.path, &db, &e));
	assert_int_equal(0, db_query(db, "SELECT ?1, ?2, ?3, ?4",
				     DB_ARGS(db_text(NULL), db_int(INT64_MIN), db_blob("a\0b", 3), db_sv(SV("é"))),
				     &rows, &e));
	assert_int_equal(1, db_next(&rows, &e));
	assert_null(db_col_text(&rows, 0));
	assert_true(db_col_int(&rows, 1) == INT64_MIN);
	assert_true(sv_eq(db_col_sv(&rows, 2), (struct sv){ "a\0b", 3 }));
	assert_string_equal("é", db_col_text(&rows, 3));
	assert_int_equal(0, db_next(&rows, &e));
	db_rows_done(&rows);
	db_close(db);
}

TEST(a_taken_key_is_EEXIST)
{
	scoped_tmpdir t = tmpdir_new();
	struct err e = { 0 };
	struct db *db;

	assert_int_equal(0, db_open(t.path, &db, &e));
	assert_int_equal(0, db_run(db, "INSERT INTO volumes VALUES('v', 0, 0, '{}')", DB_NO_ARGS, NULL, &e));
	assert_int_equal(-EEXIST, db_run(db, "INSERT INTO volumes VALUES('v', 0, 0, '{}')", DB_NO_ARGS, NULL, &e));
	db_close(db);
}

TEST(end_rolls_back_on_error_and_keeps_its_code)
{
	scoped_tmpdir t = tmpdir_new();
	struct err e = { 0 };
	struct db *db;

	assert_int_equal(0, db_open(t.path, &db, &e));
	assert_int_equal(0, db_begin(db, &e));
	assert_int_equal(0, db_run(db, "INSERT INTO volumes VALUES('v', 0, 0, '{}')", DB_NO_ARGS, NULL, &e));
	assert_int_equal(-ENOTSUP, db_end(db, -ENOTSUP, &e));
	assert_int_equal(0, number(db, "SELECT count(*) FROM volumes"));
	assert_int_equal(0, db_begin(db, &e)); /* no transaction was left open */
	assert_int_equal(0, db_end(db, 0, &e));
	db_close(db);
}

/* ---- what else may be lying there --------------------------------------------------------------------------- */

static void check_refused(const struct tmpdir *t, int code, const char *text)
{
	struct db *db = (struct db *)0x1;
	struct err e = { 0 };

	assert_int_equal(-code, db_open(t->path, &db, &e));
	assert_ptr_equal((struct db *)0x1, db);
	assert_non_null(strstr(e.msg, tmpdir_path(t, "tare.db")));
	if (!strstr(e.msg, text))
		fail_msg("\"%s\" says nothing of \"%s\"", e.msg, text);
	assert_null(strchr(e.msg, '\n'));
}

TEST(a_newer_schema_is_refused)
{
	scoped_tmpdir t = tmpdir_new();
	struct db *db;

	assert_int_equal(0, db_open(t.path, &db, NULL));
	db_close(db);
	raw(tmpdir_path(&t, "tare.db"), "PRAGMA user_version=9999");
	check_refused(&t, EPROTO, "9999 is newer");
}

TEST(a_file_that_is_no_database_is_refused_and_untouched)
{
	static const char text[] = "Dear diary, this is certainly not a database. It is long enough to be read as one.";
	scoped_tmpdir t = tmpdir_new();
	scoped_buf b = BUF(4096);

	assert_int_equal(0, io_replace_at(t.fd, "tare.db", text, sizeof text, 0600, IO_DISK_LATER, NULL));
	check_refused(&t, EBADMSG, "not a database");
	assert_int_equal(0, io_read_at(t.fd, "tare.db", &b, NULL));
	assert_true(sv_eq(buf_sv(&b), (struct sv){ text, sizeof text }));
}

TEST(a_database_of_another_program_is_refused_and_untouched)
{
	scoped_tmpdir t = tmpdir_new();

	raw(tmpdir_path(&t, "tare.db"), "CREATE TABLE bookmarks(url)");
	check_refused(&t, EBADMSG, "another program");
	raw(tmpdir_path(&t, "tare.db"), "PRAGMA user_version=1");
	check_refused(&t, EBADMSG, "another program");
	raw(tmpdir_path(&t, "tare.db"), "INSERT INTO bookmarks VALUES('x'); PRAGMA application_id=1");
	check_refused(&t, EBADMSG, "another program");
}

TEST(damage_is_named)
{
	static const char junk[4096] = "junk";
	scoped_tmpdir t = tmpdir_new();
	struct db *db;
	struct err e = { 0 };
	int fd, r;

	assert_int_equal(0, db_open(t.path, &db, NULL));
	for (int i = 0; i < 100; i++)
		assert_int_equal(
			0, db_run(db, "INSERT INTO volumes VALUES(?1, 0, 0, ?1)", DB_ARGS(db_int(i)), NULL, NULL));
	db_close(db);
	raw(tmpdir_path(&t, "tare.db"), "PRAGMA wal_checkpoint(TRUNCATE)");
	fd = openat(t.fd, "tare.db", O_WRONLY | O_CLOEXEC);
	for (off_t at = 1024; at < 64 * 1024; at += (off_t)sizeof junk) /* every page but the first */
		assert_int_equal(sizeof junk, pwrite(fd, junk, sizeof junk, at));
	close(fd);
	r = db_open(t.path, &db, &e);
	if (r == 0) {
		r = db_run(db, "INSERT INTO volumes VALUES('v', 0, 0, '{}')", DB_NO_ARGS, NULL, &e);
		db_close(db);
	}
	assert_int_equal(-EBADMSG, r);
	assert_non_null(strstr(e.msg, "tare.db: damaged"));
}

TEST(a_truncated_wal_loses_commits_but_not_the_file)
{
	scoped_tmpdir t = tmpdir_new();
	struct db *db;
	struct stat st;

	assert_int_equal(0, db_open(t.path, &db, NULL));
	assert_int_equal(0, db_run(db, "INSERT INTO volumes VALUES('v', 0, 0, '{}')", DB_NO_ARGS, NULL, NULL));
	db_close(db);
	assert_int_equal(0, fstatat(t.fd, "tare.db-wal", &st, 0));
	assert_int_equal(0, truncate(tmpdir_path(&t, "tare.db-wal"), st.st_size - 100));
	assert_int_equal(0, db_open(t.path, &db, NULL));
	assert_int_equal(0, number(db, "SELECT count(*) FROM volumes"));
	assert_int_equal(0, db_run(db, "INSERT INTO volumes VALUES('v', 0, 0, '{}')", DB_NO_ARGS, NULL, NULL));
	db_close(db);
}

static off_t wal_size(const struct tmpdir *t)
{
	struct stat st;

	return fstatat(t->fd, "tare.db-wal", &st, 0) < 0 ? 0 : st.st_size;
}

/* Each connection is the only one, as with one `tare run` after the other: what the last one knew of the WAL is lost. */
static off_t run_many(const struct tmpdir *t, bool patient)
{
	off_t most = 0;

	for (int i = 0; i < 300; i++) {
		struct db *db;

		assert_int_equal(0, db_open(t->path, &db, NULL));
		if (patient)
			db_set_patient(db);
		assert_int_equal(0, db_run(db, "INSERT INTO volumes VALUES('v', ?1, 0, '{}')", DB_ARGS(db_int(i)), NULL,
					   NULL));
		assert_int_equal(0, db_run(db, "DELETE FROM volumes", DB_NO_ARGS, NULL, NULL));
		db_close(db);
		most = wal_size(t) > most ? wal_size(t) : most;
	}
	return most;
}

TEST(the_wal_is_gathered_back_and_does_not_grow_for_ever)
{
	scoped_tmpdir t = tmpdir_new();
	off_t hasty = run_many(&t, false), patient;
	struct db *db;

	assert_in_range(hasty, 100 * 1048, 300 * 1048); /* pages of 1 KiB and their heads */
	assert_int_equal(0, db_open(t.path, &db, NULL)); /* gather once: begin anew */
	db_set_patient(db);
	assert_int_equal(0, db_run(db, "DELETE FROM volumes", DB_NO_ARGS, NULL, NULL));
	db_close(db);
	patient = run_many(&t, true);
	assert_true(patient < hasty);
	assert_int_equal(0, db_open(t.path, &db, NULL));
	assert_int_equal(0, number(db, "SELECT count(*) FROM volumes"));
	assert_int_equal(0, number(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"));
	db_close(db);
}

TEST(gathering_waits_for_nobody)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_rows rows = { 0 };
	struct db *reader, *writer;
	struct timespec from, to;

	assert_int_equal(0, db_open(t.path, &reader, NULL));
	assert_int_equal(0, db_query(reader, "SELECT name FROM sqlite_schema", DB_NO_ARGS, &rows, NULL));
	assert_int_equal(1, db_next(&rows, NULL)); /* a read transaction stays open */
	assert_int_equal(0, db_open(t.path, &writer, NULL));
	db_set_patient(writer);
	for (int i = 0; i < 100; i++)
		assert_int_equal(0, db_run(writer, "INSERT INTO volumes VALUES(?1, 0, 0, '{}')", DB_ARGS(db_int(i)),
					   NULL, NULL));
	clock_gettime(CLOCK_MONOTONIC, &from);
	db_close(writer);
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true(to.tv_sec - from.tv_sec < 5); /* DB_BUSY_MS is twice that */
	assert_int_equal(1, db_next(&rows, NULL));
	db_rows_done(&rows);
	assert_int_equal(100, number(reader, "SELECT count(*) FROM volumes"));
	db_close(reader);
}

TEST(every_older_version_is_brought_up_to_date)
{
	for (size_t from = 0; from <= schema_migration_count; from++) {
		scoped_tmpdir t = tmpdir_new();
		struct err e = { 0 };
		char sql[128];
		struct db *db;

		if (from > 0) {
			raw(tmpdir_path(&t, "tare.db"), "PRAGMA page_size=1024; PRAGMA journal_mode=WAL");
			for (size_t v = 0; v < from; v++)
				raw(tmpdir_path(&t, "tare.db"), schema_migrations[v]);
			(void)snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%zu",
				       DB_APPLICATION_ID, from);
			raw(tmpdir_path(&t, "tare.db"), sql);
			raw(tmpdir_path(&t, "tare.db"), "INSERT INTO containers(id, name, created_ns, cgroup, "
							"auto_remove, config) VALUES('i', 'n', 1, '/tare/i', 0, '{}')");
		}
		if (db_open(t.path, &db, &e) < 0)
			fail_msg("from version %zu: %s", from, e.msg);
		assert_int_equal(db_schema_version(), number(db, "PRAGMA user_version"));
		assert_int_equal(from > 0, number(db, "SELECT count(*) FROM containers"));
		db_close(db);
	}
}

/* ---- no room, no right to write ----------------------------------------------------------------------------- */

/* The case runs in a child with a mount namespace of its own; its exit status is 0, or the line that failed. */
#define NEED(x)                                                     \
	do {                                                        \
		if (!(x))                                           \
			_exit(__LINE__ & 127 ? __LINE__ & 127 : 1); \
	} while (0)

static void in_mount_namespace(void (*body)(const char *dir))
{
	scoped_tmpdir t = tmpdir_new();
	int status = 0;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("skipped: mounting needs root\n");
		skip();
	}
	pid = fork();
	if (pid == 0) {
		NEED(unshare(CLONE_NEWNS) == 0 && mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
		NEED(mount("tmpfs", t.path, "tmpfs", 0, "size=96k") == 0);
		body(t.path);
		_exit(0);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	if (status != 0)
		fail_msg("child: status %#x (line modulo 128: %d)", status, WEXITSTATUS(status));
}

static void fill_the_disk(const char *dir)
{
	static char text[4000];
	struct err e = { 0 };
	struct db *db;
	int r = 0, rows = 0;

	memset(text, 'x', sizeof text - 1);
	NEED(db_open(dir, &db, &e) == 0);
	for (; r == 0 && rows < 1000; rows += r == 0)
		r = db_run(db, "INSERT INTO volumes VALUES(?1, 0, 0, ?2)", DB_ARGS(db_int(rows), db_text(text)), NULL,
			   &e);
	NEED(r == -ENOSPC && strstr(e.msg, "tare.db: No space left on device") && !strchr(e.msg, '\n'));
	NEED(number(db, "SELECT count(*) FROM volumes") == rows);
	db_close(db);
	NEED(db_open(dir, &db, &e) == 0); /* all that was committed, nothing of what was not */
	NEED(number(db, "SELECT count(*) FROM volumes") == rows);
	db_close(db);
}

TEST(a_full_disk_is_one_line_and_loses_nothing)
{
	in_mount_namespace(fill_the_disk);
}

static void no_room_for_the_file(const char *dir)
{
	static char zero[4096];
	struct err e = { 0 };
	struct db *db;
	char path[128];
	int fd;

	(void)snprintf(path, sizeof path, "%s/ballast", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, zero, sizeof zero) == (ssize_t)sizeof zero)
		;
	NEED(db_open(dir, &db, &e) == -ENOSPC && strstr(e.msg, "tare.db"));
	NEED(unlink(path) == 0 && close(fd) == 0);
	NEED(db_open(dir, &db, &e) == 0); /* what half exists is finished */
	db_close(db);
}

TEST(no_room_at_birth_is_one_line_and_heals)
{
	in_mount_namespace(no_room_for_the_file);
}

static void read_only(const char *dir)
{
	struct err e = { 0 };
	struct db *db;

	NEED(mount("", dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	NEED(db_open(dir, &db, &e) == -EROFS && strstr(e.msg, "tare.db: Read-only file system"));
	NEED(mount("", dir, NULL, MS_REMOUNT, NULL) == 0);
	NEED(db_open(dir, &db, &e) == 0);
	db_close(db);
	NEED(mount("", dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	NEED(db_open(dir, &db, &e) == 0); /* one that exists can still be looked at */
	NEED(number(db, "SELECT count(*) FROM volumes") == 0);
	NEED(db_run(db, "INSERT INTO volumes VALUES('v', 0, 0, '{}')", DB_NO_ARGS, NULL, &e) == -EROFS);
	NEED(strstr(e.msg, "tare.db: cannot be written: Read-only file system"));
	db_close(db);
}

TEST(a_read_only_file_system_is_one_line)
{
	in_mount_namespace(read_only);
}

/* ---- many, and killed --------------------------------------------------------------------------------------- */

TEST(eight_processes_make_the_schema_together)
{
	scoped_tmpdir t = tmpdir_new();
	pid_t pids[8];
	struct db *db;

	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			NEED(db_open(t.path, &db, NULL) == 0);
			NEED(db_run(db, "INSERT INTO volumes VALUES(?1, 0, 0, '{}')", DB_ARGS(db_int((int64_t)i)), NULL,
				    NULL) == 0);
			db_close(db);
			_exit(0);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		int status;

		assert_int_equal(pids[i], waitpid(pids[i], &status, 0));
		assert_int_equal(0, status);
	}
	assert_int_equal(0, db_open(t.path, &db, NULL));
	assert_int_equal(8, number(db, "SELECT count(*) FROM volumes"));
	db_close(db);
}

/* Opens, writes pairs of rows in one transaction each, until it is killed; gathers the WAL as often as it can. */
static void write_until_killed(const char *dir, unsigned round)
{
	struct db *db;

	NEED(db_open(dir, &db, NULL) == 0);
	db_set_patient(db);
	for (int64_t i = 0;; i++) {
		NEED(db_begin(db, NULL) == 0);
		NEED(db_run(db, "INSERT INTO volumes VALUES('a' || ?1 || '.' || ?2, 0, 0, hex(zeroblob(600)))",
			    DB_ARGS(db_int(round), db_int(i)), NULL, NULL) == 0);
		NEED(db_run(db, "INSERT INTO volumes VALUES('b' || ?1 || '.' || ?2, 0, 0, '')",
			    DB_ARGS(db_int(round), db_int(i)), NULL, NULL) == 0);
		NEED(db_end(db, 0, NULL) == 0);
		if (i % 8 == 7) {
			db_close(db);
			NEED(db_open(dir, &db, NULL) == 0);
			db_set_patient(db);
		}
	}
}

TEST(a_writer_killed_anywhere_leaves_whole_transactions)
{
	scoped_tmpdir t = tmpdir_new();
	unsigned seed = 20261121;
	int64_t total = 0;
	struct db *db;

	/* longer where it begins late */
	for (unsigned round = 0; round < 200 || (total <= 200 && round < 2000); round++) {
		long pause_us = rand_r(&seed) % (int)(4000 + (round / 200) * 10000);
		int status;
		pid_t pid = fork();

		if (pid == 0)
			write_until_killed(t.path, round);
		(void)nanosleep(&(struct timespec){ .tv_nsec = pause_us * 1000 }, NULL);
		assert_int_equal(0, kill(pid, SIGKILL));
		assert_int_equal(pid, waitpid(pid, &status, 0));
		assert_true(WIFSIGNALED(status)); /* and not by a failure of its own */
		assert_int_equal(0, db_open(t.path, &db, NULL));
		assert_int_equal(number(db, "SELECT count(*) FROM volumes WHERE name LIKE 'a%'"),
				 number(db, "SELECT count(*) FROM volumes WHERE name LIKE 'b%'"));
		total += number(db, "SELECT count(*) FROM volumes");
		assert_int_equal(0, db_run(db, "DELETE FROM volumes", DB_NO_ARGS, NULL, NULL));
		db_close(db);
	}
	assert_true(total > 200); /* the kills did hit writers at work */
	assert_int_equal(0, db_open(t.path, &db, NULL));
	assert_int_equal(0, number(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"));
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(open_makes_the_schema_and_a_private_file),
		RUN(what_was_committed_is_there_at_the_next_open),
		RUN(a_wal_index_that_nobody_keeps_is_read_anew),
		RUN(values_of_every_kind_come_back),
		RUN(a_taken_key_is_EEXIST),
		RUN(end_rolls_back_on_error_and_keeps_its_code),
		RUN(a_newer_schema_is_refused),
		RUN(a_file_that_is_no_database_is_refused_and_untouched),
		RUN(a_database_of_another_program_is_refused_and_untouched),
		RUN(damage_is_named),
		RUN(a_truncated_wal_loses_commits_but_not_the_file),
		RUN(the_wal_is_gathered_back_and_does_not_grow_for_ever),
		RUN(gathering_waits_for_nobody),
		RUN(every_older_version_is_brought_up_to_date),
		RUN(a_full_disk_is_one_line_and_loses_nothing),
		RUN(no_room_at_birth_is_one_line_and_heals),
		RUN(a_read_only_file_system_is_one_line),
		RUN(eight_processes_make_the_schema_together),
		RUN(a_writer_killed_anywhere_leaves_whole_transactions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
