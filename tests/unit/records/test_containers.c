/* SPDX-License-Identifier: Apache-2.0 */
#include "records/containers.h"

#include "../test.h"
#include "../tmpdir.h"

#include <errno.h>
#include <sys/wait.h>

#define ID_A "aaaa000000000000000000000000000000000000000000000000000000000001"
#define ID_B "aaaa000000000000000000000000000000000000000000000000000000000002"
#define ID_C "ffff0000000000000000000000000000000000000000000000000000000000ff"

static struct db *open_db(const struct tmpdir *t)
{
	struct db *db = NULL;
	struct err e = { 0 };

	if (db_open(t->path, &db, &e) < 0)
		fail_msg("%s", e.msg);
	return db;
}

static int insert(struct db *db, const char *id, const char *name, char ret_name[NAME_SIZE], struct err *e)
{
	struct container_row row = { .id = id, .name = name, .created_ns = 5, .cgroup = "/tare/x", .config = "{}" };

	return containers_insert(db, &row, ret_name, e);
}

TEST(a_row_comes_back_as_it_was)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct container_row in = { ID_A,      "web", 42,   "busybox", "cafe",
				    "/tare/a", true,  true, false,     "{\"Image\":\"busybox\"}" },
			     out;
	struct err e = { 0 };
	char name[NAME_SIZE];
	struct db *db = open_db(&t);

	assert_int_equal(
		0, db_run(db, "INSERT INTO images VALUES('cafe', NULL, NULL, 1, '', 0, NULL)", DB_NO_ARGS, NULL, &e));
	assert_int_equal(0, containers_insert(db, &in, name, &e));
	assert_string_equal("web", name);
	assert_int_equal(0, containers_find(db, SV("web"), &a, &out, &e));
	assert_string_equal(ID_A, out.id);
	assert_string_equal("web", out.name);
	assert_true(out.created_ns == 42);
	assert_string_equal("busybox", out.image_ref);
	assert_string_equal("cafe", out.image_id);
	assert_string_equal("/tare/a", out.cgroup);
	assert_true(out.auto_remove);
	assert_string_equal(in.config, out.config);
	db_close(db);
}

TEST(an_image_that_was_just_removed_is_told)
{
	scoped_tmpdir t = tmpdir_new();
	struct container_row row = { ID_A, NULL, 42, "busybox", "cafe", "/tare/a", true, true, false, "{}" };
	struct err e = { 0 };
	char name[NAME_SIZE];
	struct db *db = open_db(&t);

	assert_int_equal(-ENOENT, containers_insert(db, &row, name, &e));
	assert_string_equal("No such image: busybox: it was just removed", e.msg);
	assert_int_equal(
		0, db_run(db, "INSERT INTO images VALUES('cafe', NULL, NULL, 1, '', 1, NULL)", DB_NO_ARGS, NULL, &e));
	assert_int_equal(-ENOENT, containers_insert(db, &row, name, &e)); /* hidden */
	db_close(db);
}

TEST(a_taken_name_gives_dockers_text)
{
	scoped_tmpdir t = tmpdir_new();
	struct err e = { 0 };
	char name[NAME_SIZE] = "untouched";
	struct db *db = open_db(&t);

	assert_int_equal(0, insert(db, ID_A, "web", name, &e));
	memcpy(name, "untouched", sizeof "untouched");
	assert_int_equal(-EEXIST, insert(db, ID_B, "web", name, &e));
	assert_string_equal("untouched", name);
	assert_string_equal("Conflict. The container name \"/web\" is already in use by container \"" ID_A
			    "\". You have to remove (or rename) that container to be able to reuse that name.",
			    e.msg);
	db_close(db);
}

static const struct {
	const char *name;
	int rc;
} names[] = {
	{ "ab", 0 },       { "a.b-c_d", 0 },   { "9x", 0 },        { "", -EINVAL },      { "a", -EINVAL },
	{ "-a", -EINVAL }, { "a/b", -EINVAL }, { "a b", -EINVAL }, { "../up", -EINVAL }, { "\xc3\xa9t", -EINVAL },
};

TEST(names_follow_dockers_rule)
{
	scoped_tmpdir t = tmpdir_new();
	struct db *db = open_db(&t);
	char name[NAME_SIZE];
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(names[i].rc, insert(db, ID_A, names[i].name, name, &e));
		assert_int_equal(0, containers_delete(db, ID_A, &e));
	}
	assert_int_equal(-EINVAL, insert(db, "xyz", "ab", name, &e));
	db_close(db);
}

static const struct {
	const char *ref;
	int rc;
	const char *id; /* or the text of the error */
} finds[] = {
	{ ID_A, 0, ID_A },
	{ "one", 0, ID_A },
	{ "/one", 0, ID_A },
	{ "f", 0, ID_C },
	{ "ffff00", 0, ID_C },
	{ "aaaa", 0, ID_C }, /* a name wins over a prefix */
	{ "aaa", -EINVAL, "multiple IDs found with provided prefix: aaa" },
	{ "on", -ENOENT, "No such container: on" },
	{ "b", -ENOENT, "No such container: b" },
	{ "", -ENOENT, "No such container: " },
	{ "aaa%", -ENOENT, "No such container: aaa%" },
	{ "FFFF", -ENOENT, "No such container: FFFF" },
	{ ID_A "0", -ENOENT, "No such container: " ID_A "0" },
};

TEST(find_takes_id_then_name_then_prefix)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct db *db = open_db(&t);
	char name[NAME_SIZE];

	assert_int_equal(0, insert(db, ID_A, "one", name, NULL));
	assert_int_equal(0, insert(db, ID_B, "two", name, NULL));
	assert_int_equal(0, insert(db, ID_C, "aaaa", name, NULL));
	for (size_t i = 0; i < ARRAY_LEN(finds); i++) {
		struct container_row row = { .name = "untouched" };
		struct err e = { 0 };

		assert_int_equal(finds[i].rc, containers_find(db, sv_from(finds[i].ref), &a, &row, &e));
		assert_string_equal(finds[i].id, finds[i].rc ? e.msg : row.id);
		assert_true((finds[i].rc < 0) == (strcmp(row.name, "untouched") == 0));
	}
	db_close(db);
}

TEST(list_is_newest_first)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(8 << 20);
	struct db *db = open_db(&t);
	struct container_rows list = { 0 };
	char name[NAME_SIZE], id[ID_LEN + 1];

	assert_int_equal(0, containers_list(db, &a, &list, NULL));
	assert_int_equal(0, list.n);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(id, sizeof id, "%064x", i);
		(void)snprintf(name, sizeof name, "name-%d", i);
		assert_int_equal(0, insert(db, id, name, name, NULL));
	}
	assert_int_equal(0, containers_list(db, &a, &list, NULL));
	assert_int_equal(100, list.n);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(id, sizeof id, "%064x", 99 - i);
		assert_string_equal(id, list.v[i].id);
	}
	db_close(db);
}

TEST(a_deleted_row_frees_its_name)
{
	scoped_tmpdir t = tmpdir_new();
	struct db *db = open_db(&t);
	char name[NAME_SIZE];

	assert_int_equal(0, insert(db, ID_A, "web", name, NULL));
	assert_int_equal(0, containers_delete(db, ID_A, NULL));
	assert_int_equal(0, containers_delete(db, ID_A, NULL)); /* again is fine */
	assert_int_equal(0, insert(db, ID_B, "web", name, NULL));
	db_close(db);
}

TEST(rename_minds_conflicts)
{
	scoped_tmpdir t = tmpdir_new();
	struct db *db = open_db(&t);
	struct err e = { 0 };
	char name[NAME_SIZE];

	assert_int_equal(0, insert(db, ID_A, "web", name, NULL));
	assert_int_equal(0, insert(db, ID_B, "cache", name, NULL));
	assert_int_equal(-EEXIST, containers_rename(db, ID_B, "web", &e));
	assert_non_null(strstr(e.msg, "already in use by container \"" ID_A "\""));
	assert_int_equal(-ENOENT, containers_rename(db, ID_C, "other", &e));
	assert_int_equal(-EINVAL, containers_rename(db, ID_B, "-", &e));
	assert_int_equal(0, containers_rename(db, ID_B, "cache", &e));
	assert_int_equal(0, containers_rename(db, ID_B, "db", &e));
	db_close(db);
}

TEST(made_up_names_are_valid_and_do_not_run_out)
{
	scoped_tmpdir t = tmpdir_new();
	struct db *db = open_db(&t);
	struct err e = { 0 };

	for (uint64_t i = 1; i <= 300; i++) { /* the first halves are the same: the first attempts collide */
		char id[ID_LEN + 1], name[NAME_SIZE];

		(void)snprintf(id, sizeof id, "%032d%016llx%016llx", 7, (unsigned long long)(i * 0x9e3779b97f4a7c15),
			       (unsigned long long)(i * 0xc2b2ae3d27d4eb4f));
		if (insert(db, id, NULL, name, &e) < 0)
			fail_msg("%d: %s", (int)i, e.msg);
		assert_true(name_is_valid(sv_from(name)));
		assert_non_null(strchr(name, '_'));
	}
	db_close(db);
}

/* Eight processes want the same twenty names: each name is won once, the losers are told by whom. */
static int want_names(const char *dir, int who)
{
	struct db *db;
	int won = 0;

	if (db_open(dir, &db, NULL) < 0)
		return 255;
	for (int i = 0; i < 20; i++) {
		char id[ID_LEN + 1], name[NAME_SIZE], want[32];
		struct err e = { 0 };
		int r;

		(void)snprintf(id, sizeof id, "%064x", who * 1000 + i);
		(void)snprintf(want, sizeof want, "name-%d", i);
		r = insert(db, id, want, name, &e);
		if (r < 0 && (r != -EEXIST || !strstr(e.msg, "Conflict.")))
			return 255;
		won += r == 0;
	}
	db_close(db);
	return won;
}

TEST(exactly_one_process_wins_a_name)
{
	scoped_tmpdir t = tmpdir_new();
	pid_t pids[8];
	int won = 0;

	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(want_names(t.path, i));
	}
	for (int i = 0; i < 8; i++) {
		int status;

		assert_int_equal(pids[i], waitpid(pids[i], &status, 0));
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 20);
		won += WEXITSTATUS(status);
	}
	assert_int_equal(20, won);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_row_comes_back_as_it_was),
		RUN(an_image_that_was_just_removed_is_told),
		RUN(a_taken_name_gives_dockers_text),
		RUN(names_follow_dockers_rule),
		RUN(find_takes_id_then_name_then_prefix),
		RUN(list_is_newest_first),
		RUN(a_deleted_row_frees_its_name),
		RUN(rename_minds_conflicts),
		RUN(made_up_names_are_valid_and_do_not_run_out),
		RUN(exactly_one_process_wins_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
