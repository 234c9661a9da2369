/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/images.h"

#include "../test.h"
#include "../tmpdir.h"

#include <errno.h>
#include <sys/wait.h>

/* Digests that can be told apart: a letter, 64 times. */
static struct digest digest_of(char c)
{
	struct digest d;

	memset(d.hex, c, DIGEST_HEX);
	d.hex[DIGEST_HEX] = '\0';
	return d;
}

static const char config[] = "{\"created\":\"2026-01-02T03:04:05Z\",\"architecture\":\"amd64\",\"os\":\"linux\","
			     "\"config\":{\"Cmd\":[\"sh\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";

static struct image_loaded image(char id, const char *reference, struct image_layer *layers, size_t n)
{
	return (struct image_loaded){
		.id = digest_of(id), .manifest = digest_of('0'), .config_json = sv_from(config), .reference = reference,
		.layers = layers,    .n_layers = n,
	};
}

static struct image_layer layer(char chain, unsigned number, bool fresh)
{
	return (struct image_layer){
		.chain_id = digest_of(chain), .diff_id = digest_of(chain), .number = number,
		.size_bytes = fresh ? 1000 * (int64_t)number : 0, .fresh = fresh, .lock_fd = -1,
	};
}

static struct db *open_db(const struct tmpdir *t)
{
	struct db *db = NULL;
	struct err e = { 0 };

	if (db_open(t->path, &db, &e) < 0)
		fail_msg("%s", e.msg);
	return db;
}

static void record(struct db *db, struct image_loaded img)
{
	struct err e = { 0 };

	if (images_record(db, &img, NULL, &e) < 0)
		fail_msg("%s", e.msg);
}

TEST(a_recorded_image_is_found_by_every_spelling)
{
	static const char *const spellings[] = {
		"busybox",
		"busybox:latest",
		"library/busybox",
		"docker.io/library/busybox:latest",
		"aaaa",
		"sha256:aaaa",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_layer layers[] = { layer('1', 7, true), layer('2', 3, true) };
	struct db *db = open_db(&t);

	record(db, image('a', "busybox", layers, 2));
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		struct image_row row;
		struct err e = { 0 };

		if (images_find(db, sv_from(spellings[i]), &a, &row, &e) < 0)
			fail_msg("%s: %s", spellings[i], e.msg);
		assert_string_equal(digest_of('a').hex, row.id);
		assert_true(sv_is(row.config, config));
		assert_string_equal("2026-01-02T03:04:05Z", row.created);
		assert_true(row.size_bytes == 10000);
		if (i < 4)
			assert_string_equal("docker.io/library/busybox:latest", row.reference);
		else
			assert_null(row.reference);
	}
	db_close(db);
}

static const struct {
	const char *ref;
	int rc;
	const char *msg;
} misses[] = {
	{ "alpine", -ENOENT, "No such image: alpine:latest" },
	{ "busybox:2", -ENOENT, "No such image: busybox:2" },
	{ "ghcr.io/a/b", -ENOENT, "No such image: ghcr.io/a/b:latest" },
	{ "ab", -ENOENT, "No such image: ab:latest" },
	{ "a", -EINVAL, "multiple IDs found with provided prefix: a" },
	{ "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", -ENOENT,
	  "No such image: dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd" },
	{ "Busybox", -EINVAL, "invalid reference format: repository name (library/Busybox) must be lowercase" },
	{ "", -EINVAL, "invalid reference format: repository name must have at least one component" },
};

TEST(what_is_missing_is_named_as_docker_names_it)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_loaded twin = image('a', NULL, NULL, 0);
	struct db *db = open_db(&t);

	record(db, image('a', "busybox", NULL, 0));
	twin.id.hex[63] = 'b';
	record(db, twin);
	for (size_t i = 0; i < ARRAY_LEN(misses); i++) {
		struct image_row row = { .id = "untouched" };
		struct err e = { 0 };

		assert_int_equal(misses[i].rc, images_find(db, sv_from(misses[i].ref), &a, &row, &e));
		assert_string_equal(misses[i].msg, e.msg);
		assert_string_equal("untouched", row.id);
	}
	db_close(db);
}

TEST(layers_come_lowest_first)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_layer layers[] = { layer('1', 7, true), layer('2', 3, true), layer('3', 5, true) };
	struct image_numbers numbers;
	struct db *db = open_db(&t);
	struct err e = { 0 };

	record(db, image('a', "x", layers, 3));
	record(db, image('b', "scratch", NULL, 0));
	assert_int_equal(0, images_layers(db, digest_of('a').hex, &a, &numbers, &e));
	assert_int_equal(3, numbers.n);
	assert_int_equal(7, numbers.v[0]);
	assert_int_equal(3, numbers.v[1]);
	assert_int_equal(5, numbers.v[2]);
	assert_int_equal(0, images_layers(db, digest_of('b').hex, &a, &numbers, &e));
	assert_int_equal(0, numbers.n);
	assert_int_equal(-ENOENT, images_layers(db, digest_of('c').hex, &a, &numbers, &e));
	db_close(db);
}

TEST(a_layer_that_two_loads_unpacked_has_one_row)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_layer first[] = { layer('1', 1, true) }, second[] = { layer('1', 2, true), layer('2', 3, true) };
	struct image_numbers numbers;
	struct db *db = open_db(&t);
	struct digest chain = digest_of('1');
	unsigned number = 0;

	record(db, image('a', "a1", first, 1));
	record(db, image('b', "b1", second, 2));
	assert_int_equal(0, images_layers(db, digest_of('b').hex, &a, &numbers, NULL));
	assert_int_equal(1, numbers.v[0]); /* not 2: that tree is an orphan */
	assert_int_equal(3, numbers.v[1]);
	assert_int_equal(1, images_find_layer(db, &chain, &number, NULL));
	assert_int_equal(1, number);
	assert_int_equal(1, images_knows_layer(db, 1, NULL));
	assert_int_equal(0, images_knows_layer(db, 2, NULL));
	chain = digest_of('9');
	assert_int_equal(0, images_find_layer(db, &chain, &number, NULL));
	db_close(db);
}

TEST(a_layer_that_vanished_makes_the_load_stale_and_leaves_nothing)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_layer layers[] = { layer('1', 1, true), layer('2', 9, false) };
	struct image_loaded img = image('a', "gone", layers, 2);
	struct image_row row;
	struct db *db = open_db(&t);
	struct digest chain = digest_of('1');
	struct err e = { 0 };
	unsigned number;

	assert_int_equal(-ESTALE, images_record(db, &img, NULL, &e));
	assert_int_equal(-ENOENT, images_find(db, SV("gone"), &a, &row, NULL));
	assert_int_equal(0, images_find_layer(db, &chain, &number, NULL));
	db_close(db);
}

TEST(a_name_moves_to_the_image_that_was_loaded_last)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_rows list;
	struct image_row row;
	struct db *db = open_db(&t);

	record(db, image('a', "app:1", NULL, 0));
	record(db, image('b', "app:1", NULL, 0));
	record(db, image('b', "docker.io/library/app:2", NULL, 0)); /* a second name for the same image */
	assert_int_equal(0, images_find(db, SV("app:1"), &a, &row, NULL));
	assert_string_equal(digest_of('b').hex, row.id);
	assert_int_equal(0, images_list(db, &a, &list, NULL));
	assert_int_equal(3, list.n);
	assert_string_equal("docker.io/library/app:1", list.v[0].reference);
	assert_string_equal("docker.io/library/app:2", list.v[1].reference);
	assert_null(list.v[2].reference);
	assert_string_equal(digest_of('a').hex, list.v[2].id);
	db_close(db);
}

TEST(a_malformed_image_is_refused_before_a_row_is_made)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_loaded no_json = image('a', "x", NULL, 0), no_name = image('b', "no name", NULL, 0);
	struct image_rows list;
	struct db *db = open_db(&t);
	struct err e = { 0 };

	no_json.config_json = SV("{");
	assert_int_equal(-EINVAL, images_record(db, &no_json, NULL, &e));
	assert_non_null(strstr(e.msg, "image aaaaaaaaaaaa: "));
	assert_int_equal(-EINVAL, images_record(db, &no_name, NULL, &e));
	assert_int_equal(0, images_list(db, &a, &list, NULL));
	assert_int_equal(0, list.n);
	db_close(db);
}

TEST(loads_of_one_image_by_many_processes_agree)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_numbers numbers;
	struct db *db;
	pid_t pids[8];

	for (unsigned i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct image_layer layers[] = { layer('1', 100 + i, true), layer('2', 200 + i, true) };
			struct image_loaded img = image('a', "busybox", layers, 2);

			_exit(db_open(t.path, &db, NULL) < 0 || images_record(db, &img, NULL, NULL) < 0);
		}
	}
	for (unsigned i = 0; i < ARRAY_LEN(pids); i++) {
		int status;

		assert_int_equal(pids[i], waitpid(pids[i], &status, 0));
		assert_int_equal(0, status);
	}
	db = open_db(&t);
	assert_int_equal(0, images_layers(db, digest_of('a').hex, &a, &numbers, NULL));
	assert_int_equal(2, numbers.n);
	assert_int_equal(numbers.v[0] + 100, numbers.v[1]); /* both of the same, first, process */
	db_close(db);
}

static unsigned only_number(struct db *db, char id, struct arena *a, const char **ret_unsynced)
{
	struct image_numbers numbers;

	assert_int_equal(0, images_layers(db, digest_of(id).hex, a, &numbers, NULL));
	assert_int_equal(1, numbers.n);
	*ret_unsynced = numbers.unsynced;
	return numbers.v[0];
}

TEST(a_layer_that_was_not_known_to_be_on_the_disk_is_lost_with_its_boot)
{
	scoped_tmpdir t = tmpdir_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_layer first = layer('1', 7, true), known = layer('1', 7, false), again = layer('1', 9, true);
	struct image_loaded one = image('a', NULL, &first, 1), two = image('b', NULL, &known, 1),
			    anew = image('a', NULL, &again, 1);
	const struct digest chain = digest_of('1');
	struct db *db = open_db(&t);
	struct image_numbers numbers;
	const char *unsynced;
	unsigned number = 0;
	bool any = false;

	one.boot = "old";
	record(db, one);
	record(db, two);
	assert_int_equal(0, images_mark_lost(db, "old", &any, NULL));
	assert_true(any);
	assert_int_equal(1, images_find_layer(db, &chain, &number, NULL));
	assert_int_equal(7, only_number(db, 'a', &a, &unsynced));
	assert_string_equal("old", unsynced);
	assert_int_equal(0, images_unsynced(db, "old", &a, &numbers, NULL));
	assert_int_equal(1, numbers.n);
	assert_int_equal(7, numbers.v[0]);

	assert_int_equal(0, images_mark_lost(db, "new", &any, NULL));
	assert_false(any);
	assert_int_equal(0, images_find_layer(db, &chain, &number, NULL));
	assert_int_equal(0, images_synced(db, "old", 7, NULL)); /* too late */
	(void)only_number(db, 'a', &a, &unsynced);
	assert_string_equal(LAYER_LOST, unsynced);

	anew.boot = "new";
	record(db, anew);
	assert_int_equal(9, only_number(db, 'b', &a, &unsynced));
	assert_string_equal("new", unsynced);
	assert_int_equal(0, images_knows_layer(db, 7, NULL));
	assert_int_equal(0, images_synced(db, "new", 9, NULL));
	assert_int_equal(9, only_number(db, 'a', &a, &unsynced));
	assert_null(unsynced);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_recorded_image_is_found_by_every_spelling),
		RUN(what_is_missing_is_named_as_docker_names_it),
		RUN(layers_come_lowest_first),
		RUN(a_layer_that_two_loads_unpacked_has_one_row),
		RUN(a_layer_that_vanished_makes_the_load_stale_and_leaves_nothing),
		RUN(a_name_moves_to_the_image_that_was_loaded_last),
		RUN(a_malformed_image_is_refused_before_a_row_is_made),
		RUN(loads_of_one_image_by_many_processes_agree),
		RUN(a_layer_that_was_not_known_to_be_on_the_disk_is_lost_with_its_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
