/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and folders of volumes agree, also when others remove what is being used. */
#include "engine/volume.h"

#include "../test.h"
#include "fixture.h"

#include "base/scope.h"
#include "storage/volumes.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

static bool has_folder(const struct fixture *f, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/volumes/%s/_data", f->root, name);
	return access(path, F_OK) == 0;
}

static bool has_row(struct fixture *f, const char *name)
{
	scoped_arena a = ARENA(1 << 20);
	struct volume_row row;
	struct db *db;

	assert_int_equal(0, engine_db(&f->en, &db, NULL));
	return volume_rows_find(db, name, &a, &row, NULL) == 1;
}

static size_t users(struct fixture *f, const char *name)
{
	scoped_arena a = ARENA(1 << 20);
	struct oci_strings ids = { 0 };
	struct db *db;

	assert_int_equal(0, engine_db(&f->en, &db, NULL));
	assert_int_equal(0, volume_rows_users(db, name, &a, &ids, NULL));
	return ids.n;
}

static void use(struct fixture *f, const char *container, const char *name, enum volume_kind kind)
{
	struct volume_use u = { .name = name, .target = "/data", .kind = kind };
	scoped_fd volumes = -1;
	struct err e = { 0 };

	assert_int_equal(0, volumes_open(f->en.root, &volumes, &e));
	if (volume_use(&f->en, volumes, container, &u, &e) < 0)
		fail_msg("%s", e.msg);
}

TEST(use_makes_row_and_folder)
{
	scoped_fixture f = fixture_new();

	use(&f, "one", "web", VOLUME_NAMED);
	use(&f, "two", "web", VOLUME_NAMED);
	assert_true(has_folder(&f, "web") && has_row(&f, "web"));
	assert_int_equal(2, users(&f, "web"));
}

TEST(what_is_left_without_row_or_without_folder_is_used)
{
	scoped_fixture f = fixture_new();
	scoped_fd volumes = -1;
	struct volume_row row = { .name = "row", .created_ns = 1, .options = "{}" };
	scoped_arena a = ARENA(1 << 20);
	struct db *db;
	bool made;

	assert_int_equal(0, volumes_open(f.en.root, &volumes, NULL));
	assert_int_equal(0, volume_create(volumes, "folder", &made, NULL));
	assert_int_equal(0, engine_db(&f.en, &db, NULL));
	assert_int_equal(0, volume_rows_record(db, &row, NULL));
	use(&f, "one", "folder", VOLUME_NAMED);
	use(&f, "two", "row", VOLUME_NAMED);
	assert_true(has_row(&f, "folder") && has_folder(&f, "row"));
	assert_int_equal(1, volume_rows_find(db, "row", &a, &row, NULL));
	assert_true(row.created_ns > 1); /* it was made just now */
}

TEST(an_end_removes_what_was_made_for_it_alone)
{
	scoped_fixture f = fixture_new();

	use(&f, "one", "named", VOLUME_NAMED);
	use(&f, "two", "shared", VOLUME_OF_CONTAINER);
	use(&f, "other", "shared", VOLUME_OF_CONTAINER);
	use(&f, "three", "own", VOLUME_OF_CONTAINER);
	assert_int_equal(0, volumes_end(&f.en, "one", NULL));
	assert_int_equal(0, volumes_end(&f.en, "two", NULL));
	assert_int_equal(0, volumes_end(&f.en, "three", NULL));
	assert_true(has_folder(&f, "named") && has_row(&f, "named"));
	assert_true(has_folder(&f, "shared") && has_row(&f, "shared"));
	assert_false(has_folder(&f, "own") || has_row(&f, "own"));
	assert_int_equal(0, users(&f, "own"));
}

#define RIVALS 2
#define ROUNDS 60

static int remove_again_and_again(struct fixture *f, unsigned rival)
{
	struct err e;

	for (unsigned i = 0; i < ROUNDS; i++) {
		char container[32];

		(void)snprintf(container, sizeof container, "c%u-%u", rival, i);
		use(f, container, "same", VOLUME_OF_CONTAINER);
		if (!has_folder(f, "same") || !has_row(f, "same"))
			return 1; /* somebody took it away from under us */
		if (volumes_end(&f->en, container, &e) < 0)
			return 2;
		if (db_run(f->en.db, "DELETE FROM container_volumes WHERE container_id = ?1",
			   DB_ARGS(db_text(container)), NULL, &e) < 0)
			return 3;
	}
	return 0;
}

TEST(nobody_removes_what_another_one_begins_to_use)
{
	scoped_fixture f = fixture_new();
	pid_t pids[RIVALS];
	int status;

	engine_close(&f.en);
	for (unsigned i = 0; i < RIVALS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(fixture_open(&f, NULL) < 0 ? 9 : remove_again_and_again(&f, i));
	}
	for (unsigned i = 0; i < RIVALS; i++) {
		assert_int_equal(pids[i], waitpid(pids[i], &status, 0));
		assert_int_equal(0, status);
	}
	assert_int_equal(0, fixture_open(&f, NULL));
}

#define REMOVERS 3

static int use_again_and_again(struct fixture *f)
{
	for (unsigned i = 0; i < 4 * ROUNDS; i++) {
		use(f, "user", "same", VOLUME_NAMED);
		for (unsigned k = 0; k < 20; k++)
			if (!has_folder(f, "same") || !has_row(f, "same"))
				return 1;
		if (db_run(f->en.db, "DELETE FROM container_volumes", DB_NO_ARGS, NULL, NULL) < 0)
			return 2;
		(void)usleep(2000);
	}
	return 0;
}

/* A removal takes the folder first, or has one for a moment: nobody but us leaves one without a row. */
static bool is_without_row(struct fixture *f)
{
	for (unsigned i = 0; i < 200; i++) {
		if (has_row(f, "same") || !has_folder(f, "same"))
			return false;
		(void)usleep(1000);
	}
	return true;
}

static int make_again_and_again(struct fixture *f)
{
	const struct volume_spec spec = { .name = "same" };
	scoped_arena a = ARENA(64 << 20);

	for (unsigned i = 0; i < 10 * ROUNDS; i++) {
		const char *name;

		if (volume_make(&f->en, &spec, &a, &name, NULL) < 0)
			return 4;
		if (is_without_row(f))
			return 5;
	}
	return 0;
}

static int remove_all_the_time(struct fixture *f)
{
	scoped_arena a = ARENA(64 << 20);
	struct err e;

	for (;;) {
		int r = volume_delete(&f->en, "same", &a, &e);

		if (r < 0 && r != -ENOENT && r != -EBUSY)
			_exit(3);
		arena_done(&a);
	}
}

static void while_others_remove_it(int (*fn)(struct fixture *f))
{
	scoped_fixture f = fixture_new();
	pid_t pids[REMOVERS], user;
	int status;

	engine_close(&f.en);
	for (unsigned i = 0; i < REMOVERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(fixture_open(&f, NULL) < 0 ? 9 : remove_all_the_time(&f));
	}
	user = fork();
	if (user == 0)
		_exit(fixture_open(&f, NULL) < 0 ? 9 : fn(&f));
	assert_int_equal(user, waitpid(user, &status, 0));
	for (unsigned i = 0; i < REMOVERS; i++) {
		int killed;

		(void)kill(pids[i], SIGKILL);
		assert_int_equal(pids[i], waitpid(pids[i], &killed, 0));
		assert_true(WIFSIGNALED(killed));
	}
	assert_int_equal(0, fixture_open(&f, NULL));
	assert_int_equal(0, status);
}

/* The second one finds no folder, as the first has just removed it, and a row, as that is still about to go. */
TEST(of_several_who_remove_it_none_takes_what_was_made_since)
{
	while_others_remove_it(use_again_and_again);
}

TEST(what_was_made_while_it_was_removed_has_a_row)
{
	while_others_remove_it(make_again_and_again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(use_makes_row_and_folder),
		RUN(what_is_left_without_row_or_without_folder_is_used),
		RUN(an_end_removes_what_was_made_for_it_alone),
		RUN(nobody_removes_what_another_one_begins_to_use),
		RUN(of_several_who_remove_it_none_takes_what_was_made_since),
		RUN(what_was_made_while_it_was_removed_has_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
