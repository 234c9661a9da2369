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
	assert_int_equal(0, volume_rows_record(db, &row, &made, NULL));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(use_makes_row_and_folder),
		RUN(what_is_left_without_row_or_without_folder_is_used),
		RUN(an_end_removes_what_was_made_for_it_alone),
		RUN(nobody_removes_what_another_one_begins_to_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
