/* SPDX-License-Identifier: Apache-2.0 */
/* Rows, trees and blobs of images go together, whoever is killed on the way. */
#include "engine/image_remove.h"

#include "made.h"
#include "storage/content.h"
#include "storage/layers.h"

static struct digest digest_of(char c)
{
	struct digest d;

	memset(d.hex, c, DIGEST_HEX);
	d.hex[DIGEST_HEX] = '\0';
	return d;
}

/* Its layers by the letters of their chain ids; numbers are the letters' places in the alphabet. Trees and blobs too. */
static void make_image(struct fixture *f, char id, const char *name, const char *chains)
{
	static const char config[] = "{\"created\":\"2026-01-02T03:04:05Z\",\"rootfs\":{\"diff_ids\":[]}}";
	struct image_layer layers[8] = { 0 };
	struct image_loaded img = { .id = digest_of(id), .manifest = digest_of(id), .config_json = sv_from(config),
				    .reference = name, .layers = layers, .n_layers = strlen(chains) };
	scoped_fd content = -1, trees = -1;
	struct db *db;

	assert_int_equal(0, engine_db(&f->en, &db, NULL));
	assert_int_equal(0, content_open(f->en.root, &content, NULL));
	assert_int_equal(0, layers_open(f->en.root, &trees, NULL));
	for (size_t i = 0; i < img.n_layers; i++) {
		struct digest d = digest_of(chains[i]);
		char path[BLOB_PATH_SIZE], number[LAYER_NAME_SIZE];
		scoped_fd tree = -1;

		layers[i] = (struct image_layer){ .chain_id = d, .diff_id = d, .blob = d, .size_bytes = 100,
						  .number = (unsigned)(chains[i] - 'a' + 1), .fresh = true };
		(void)snprintf(number, sizeof number, "%u", layers[i].number);
		assert_int_equal(0, io_mkdir_at(trees, number, 0700, &tree, NULL));
		touch_at(tree, "file");
		blob_path(&d, path);
		touch_at(content, path);
	}
	assert_int_equal(0, images_record(db, &img, NULL, NULL));
}

static void use_image(struct fixture *f, char id, enum outcome_state state)
{
	struct made m = { ID, .state = state };
	struct db *db;

	make_container(f, &m);
	assert_int_equal(0, engine_db(&f->en, &db, NULL));
	assert_int_equal(0, db_run(db, "UPDATE containers SET image_id = ?1", DB_ARGS(db_text(digest_of(id).hex)), NULL,
				   NULL));
}

/* "1 2 | a b": the trees and blobs that are there. */
static const char *there(struct fixture *f)
{
	static char text[200];
	size_t n = 0;

	for (unsigned i = 1; i <= 8; i++) {
		char path[40];

		(void)snprintf(path, sizeof path, "layers/%u", i);
		if (faccessat(f->en.root, path, F_OK, 0) == 0)
			n += (size_t)snprintf(text + n, sizeof text - n, "%u ", i);
	}
	n += (size_t)snprintf(text + n, sizeof text - n, "|");
	for (char c = 'a'; c <= 'h'; c++) {
		struct digest d = digest_of(c);
		char blob[BLOB_PATH_SIZE], path[BLOB_PATH_SIZE + 10];

		blob_path(&d, blob);
		(void)snprintf(path, sizeof path, "content/%s", blob);
		if (faccessat(f->en.root, path, F_OK, 0) == 0)
			n += (size_t)snprintf(text + n, sizeof text - n, " %c", c);
	}
	return text;
}

static const char *told(const struct image_changes *c)
{
	static char text[1000];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < c->n; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%c:%.12s", i ? " " : "",
				      c->v[i].deleted ? 'D' : 'U', c->v[i].name);
	return text;
}

TEST(the_last_image_of_a_layer_frees_it)
{
	scoped_fixture f = fixture_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_changes c;

	fake = &f;
	make_image(&f, '1', "one", "ab");
	make_image(&f, '2', "two", "ac");
	assert_string_equal("1 2 3 | a b c", there(&f));
	assert_int_equal(0, engine_image_remove(&f.en, SV("one"), false, &a, &c, NULL));
	assert_string_equal("U:one:latest D:sha256:11111 D:sha256:bbbbb", told(&c));
	assert_int_equal(100, c.freed_bytes);
	assert_string_equal("1 3 | a c", there(&f));
	assert_int_equal(0, engine_image_remove(&f.en, SV("2222"), false, &a, &c, NULL));
	assert_string_equal("U:two:latest D:sha256:22222 D:sha256:ccccc D:sha256:aaaaa", told(&c));
	assert_string_equal("|", there(&f));
	assert_int_equal(-ENOENT, engine_image_remove(&f.en, SV("two"), false, &a, &c, NULL));
}

TEST(a_name_goes_and_the_image_stays)
{
	scoped_fixture f = fixture_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_changes c;
	struct image_row row;
	struct db *db;

	fake = &f;
	make_image(&f, '1', "one", "ab");
	assert_int_equal(0, engine_db(&f.en, &db, NULL));
	assert_int_equal(0, images_tag(db, digest_of('1').hex, SV("more:2"), NULL));
	assert_int_equal(0, engine_image_remove(&f.en, SV("one"), false, &a, &c, NULL));
	assert_string_equal("U:one:latest", told(&c));
	assert_string_equal("1 2 | a b", there(&f));
	assert_int_equal(-ENOENT, images_find(db, SV("one"), &a, &row, NULL));
	assert_int_equal(0, images_find(db, SV("more:2"), &a, &row, NULL));
	assert_int_equal(-EINVAL, images_tag(db, row.id, SV("Bad"), NULL));
	assert_int_equal(-EINVAL, images_tag(db, row.id, SV("x@sha256:0000"), NULL));
	assert_int_equal(-ENOENT, images_tag(db, digest_of('9').hex, SV("x"), NULL));
}

TEST(an_image_is_found_by_a_repository_and_its_manifest)
{
	static const char digest[] = "@sha256:1111111111111111111111111111111111111111111111111111111111111111";
	scoped_fixture f = fixture_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_row row;
	struct db *db;

	fake = &f;
	make_image(&f, '1', "one:3", "a");
	assert_int_equal(0, engine_db(&f.en, &db, NULL));
	assert_int_equal(0, images_find(db, sv_from(arena_fmt(&a, "one%s", digest)), &a, &row, NULL));
	assert_string_equal(digest_of('1').hex, row.id);
	assert_int_equal(0, images_find(db, sv_from(arena_fmt(&a, "one:9%s", digest)), &a, &row, NULL));
	assert_int_equal(-ENOENT, images_find(db, sv_from(arena_fmt(&a, "on%s", digest)), &a, &row, NULL));
	assert_int_equal(-ENOENT, images_find(db, sv_from(arena_fmt(&a, "one/x%s", digest)), &a, &row, NULL));
}

TEST(a_stopped_container_keeps_what_was_removed_by_force)
{
	scoped_fixture f = fixture_new();
	scoped_arena a = ARENA(1 << 20);
	struct remove_options o = { 0 };
	struct image_changes c;
	struct image_row row;
	struct err e = { 0 };
	struct db *db;

	fake = &f;
	make_image(&f, '1', "one", "ab");
	use_image(&f, '1', OUTCOME_EXITED);
	assert_int_equal(-EBUSY, engine_image_remove(&f.en, SV("one"), false, &a, &c, &e));
	assert_non_null(strstr(e.msg, "container c0ffee000000 is using its referenced image 111111111111"));
	assert_int_equal(0, engine_image_remove(&f.en, SV("one"), true, &a, &c, NULL));
	assert_string_equal("U:one:latest D:sha256:11111", told(&c));
	assert_int_equal(0, engine_images_sweep(&f.en, NULL));
	assert_string_equal("1 2 | a b", there(&f));
	assert_int_equal(0, engine_db(&f.en, &db, NULL));
	assert_int_equal(-ENOENT, images_find(db, sv_from(digest_of('1').hex), &a, &row, NULL));
	assert_int_equal(0, images_get(db, digest_of('1').hex, &a, &row, NULL));
	assert_int_equal(0, engine_remove(&f.en, SV(ID), &o, NULL));
	assert_string_equal("|", there(&f));
	assert_int_equal(-ENOENT, images_get(db, digest_of('1').hex, &a, &row, NULL));
}

TEST(a_running_container_keeps_its_image_without_a_name)
{
	scoped_fixture f = fixture_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_changes c;
	struct err e = { 0 };
	int fd;

	fake = &f;
	make_image(&f, '1', "one", "ab");
	use_image(&f, '1', OUTCOME_RUNNING);
	fd = hold_monitor_lock(&f, ID);
	assert_int_equal(-EBUSY, engine_image_remove(&f.en, SV("1111"), true, &a, &c, &e));
	assert_non_null(strstr(e.msg, "(cannot be forced) - image is being used by running container c0ffee000000"));
	assert_int_equal(0, engine_image_remove(&f.en, SV("one"), true, &a, &c, NULL));
	assert_string_equal("U:one:latest", told(&c));
	assert_string_equal("1 2 | a b", there(&f));
	close(fd);
}

static bool is_named(void *arg, const struct image_row *row)
{
	return row->reference && strstr(row->reference, arg);
}

TEST(prune_takes_what_no_container_has)
{
	scoped_fixture f = fixture_new();
	scoped_arena a = ARENA(1 << 20);
	struct image_prune all = { .all = true }, dangling = { 0 },
			   some = { .all = true, .wanted = is_named, .arg = "three" };
	struct image_changes c = { 0 }, c2 = { 0 }, c3 = { 0 };

	fake = &f;
	make_image(&f, '1', "one", "a");
	make_image(&f, '2', NULL, "b");
	make_image(&f, '3', "three", "c");
	make_image(&f, '4', "four", "d");
	use_image(&f, '4', OUTCOME_EXITED);
	assert_int_equal(0, engine_image_prune(&f.en, &dangling, &a, &c, NULL));
	assert_string_equal("D:sha256:22222 D:sha256:bbbbb", told(&c));
	assert_string_equal("1 3 4 | a c d", there(&f));
	assert_int_equal(0, engine_image_prune(&f.en, &some, &a, &c2, NULL));
	assert_string_equal("U:three:latest D:sha256:33333 D:sha256:ccccc", told(&c2));
	assert_int_equal(0, engine_image_prune(&f.en, &all, &a, &c3, NULL));
	assert_string_equal("U:one:latest D:sha256:11111 D:sha256:aaaaa", told(&c3));
	assert_int_equal(100, c3.freed_bytes);
	assert_string_equal("4 | d", there(&f));
}

static int remove_image(void *arg)
{
	struct fixture *f = arg;
	scoped_engine en = { .root_path = NULL };
	scoped_arena a = ARENA(1 << 20);
	struct image_changes c;
	int r = engine_open(&en, f->host, f->root, f->state, NULL);

	if (r == 0)
		r = engine_image_remove(&en, SV("one"), false, &a, &c, NULL);
	return r == -ENOENT ? 0 : r;
}

/* Either nothing happened yet, or the next sweep finds all of it. */
TEST(a_removal_that_is_killed_is_finished_by_the_next_sweep)
{
	bool more = true;
	unsigned whole = 0;

	for (unsigned n = 0; more; n += 5) {
		scoped_fixture f = fixture_new();
		scoped_arena a = ARENA(1 << 20);
		struct image_row row;
		struct db *db;

		fake = &f;
		make_image(&f, '1', "one", "ab");
		make_image(&f, '2', "two", "ac");
		engine_close(&f.en);
		more = killed_at(n, remove_image, &f);
		assert_int_equal(0, fixture_open(&f, NULL));
		assert_int_equal(0, engine_images_sweep(&f.en, NULL));
		assert_int_equal(0, engine_db(&f.en, &db, NULL));
		if (images_find(db, SV("one"), &a, &row, NULL) == 0) {
			assert_string_equal("1 2 3 | a b c", there(&f));
			whole++;
		} else {
			assert_string_equal("1 3 | a c", there(&f));
		}
	}
	assert_true(whole > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(the_last_image_of_a_layer_frees_it),
		RUN(a_name_goes_and_the_image_stays),
		RUN(an_image_is_found_by_a_repository_and_its_manifest),
		RUN(a_stopped_container_keeps_what_was_removed_by_force),
		RUN(a_running_container_keeps_its_image_without_a_name),
		RUN(prune_takes_what_no_container_has),
		RUN(a_removal_that_is_killed_is_finished_by_the_next_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
