/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/content.h"

#include "../test.h"
#include "../scratch.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

static struct digest digest_of(char c)
{
	struct digest d;

	memset(d.hex, c, DIGEST_HEX);
	d.hex[DIGEST_HEX] = '\0';
	return d;
}

static void make_blob(int content, char c)
{
	struct digest d = digest_of(c);
	char path[BLOB_PATH_SIZE];

	blob_path(&d, path);
	scratch_file(content, path, "x");
}

static bool has_blob(int content, char c)
{
	struct digest d = digest_of(c);
	char path[BLOB_PATH_SIZE];

	blob_path(&d, path);
	return scratch_has(content, path);
}

static int knows_b(void *arg, const struct digest *blob, struct err *e)
{
	return blob->hex[0] == 'b';
}

static int fails(void *arg, const struct digest *blob, struct err *e)
{
	return err_set(e, EIO, "the database");
}

struct fixture {
	struct scratch s;
	int content;
};

static struct fixture fixture_new(void)
{
	struct fixture f = { .s = scratch_new(), .content = -1 };

	assert_int_equal(0, content_open(f.s.dir, &f.content, NULL));
	for (const char *c = "abc"; *c; c++)
		make_blob(f.content, *c);
	return f;
}

static void fixture_done(struct fixture *f)
{
	close(f->content);
	scratch_end(&f->s);
}

TEST(a_sweep_takes_what_nobody_knows)
{
	SCOPED(fixture_done) struct fixture f = fixture_new();

	scratch_file(f.content, "blobs/sha256/README", "not ours");
	assert_int_equal(0, content_sweep(f.content, knows_b, NULL, NULL));
	assert_false(has_blob(f.content, 'a'));
	assert_true(has_blob(f.content, 'b'));
	assert_false(has_blob(f.content, 'c'));
	assert_true(scratch_has(f.content, "blobs/sha256/README"));
}

TEST(a_sweep_leaves_blobs_alone_while_somebody_adds_some)
{
	SCOPED(fixture_done) struct fixture f = fixture_new();
	scoped_fd other = -1;

	assert_int_equal(0, content_open(f.s.dir, &other, NULL));
	assert_int_equal(0, content_hold(other, NULL));
	assert_int_equal(0, content_hold(f.content, NULL)); /* two may */
	assert_int_equal(0, content_sweep(f.content, knows_b, NULL, NULL));
	assert_true(has_blob(f.content, 'a'));
	content_release(other);
	assert_int_equal(0, content_sweep(f.content, knows_b, NULL, NULL));
	assert_true(has_blob(f.content, 'a'));
	content_release(f.content);
	assert_int_equal(0, content_sweep(f.content, knows_b, NULL, NULL));
	assert_false(has_blob(f.content, 'a'));
}

TEST(a_sweep_takes_the_folders_of_the_dead)
{
	SCOPED(fixture_done) struct fixture f = fixture_new();
	scoped_fd held = -1;

	assert_int_equal(0, mkdirat(f.content, "new.1.0", 0700));
	assert_int_equal(0, mkdirat(f.content, "new.2.0", 0700));
	assert_int_equal(1, content_lock_new(f.content, "new.2.0", &held, NULL));
	assert_int_equal(0, content_sweep(f.content, NULL, NULL, NULL));
	assert_false(scratch_has(f.content, "new.1.0"));
	assert_true(scratch_has(f.content, "new.2.0"));
	assert_true(has_blob(f.content, 'a')); /* nobody could be asked */
}

#define SWEEPS 3000

/* One sweeps while another makes, uses and removes a folder of always the same name. */
struct race {
	int content;
	atomic_bool stop;
};

static void *sweep_on(void *arg)
{
	struct race *race = arg;

	while (!atomic_load(&race->stop))
		(void)content_sweep(race->content, NULL, NULL, NULL);
	return NULL;
}

TEST(a_sweep_takes_no_folder_that_is_in_use_since_it_looked)
{
	SCOPED(fixture_done) struct fixture f = fixture_new();
	struct race race = { .content = f.content };
	unsigned gone = 0;
	pthread_t other;

	assert_int_equal(0, pthread_create(&other, NULL, sweep_on, &race));
	for (unsigned i = 0; i < SWEEPS; i++) {
		scoped_fd held = -1;

		(void)mkdirat(f.content, "new.1.0", 0700);
		if (content_lock_new(f.content, "new.1.0", &held, NULL) != 1)
			continue;
		for (unsigned k = 0; k < 5; k++)
			(void)sched_yield();
		gone += unlinkat(f.content, "new.1.0", AT_REMOVEDIR) < 0;
	}
	race.stop = true;
	(void)pthread_join(other, NULL);
	assert_int_equal(0, gone);
}

TEST(a_question_that_fails_keeps_the_blob)
{
	SCOPED(fixture_done) struct fixture f = fixture_new();
	struct err e;

	assert_int_equal(-EIO, content_sweep(f.content, fails, NULL, &e));
	assert_string_equal("the database", e.msg);
	assert_true(has_blob(f.content, 'a') && has_blob(f.content, 'b') && has_blob(f.content, 'c'));
}

TEST(a_blob_is_opened_and_removed_by_its_digest)
{
	SCOPED(fixture_done) struct fixture f = fixture_new();
	struct digest a = digest_of('a'), d = digest_of('d');
	scoped_fd fd = -1;
	int64_t size = 0;
	int none = 7;

	assert_int_equal(0, blob_open(f.content, &a, &fd, &size, NULL));
	assert_int_equal(1, size);
	assert_int_equal(-ENOENT, blob_open(f.content, &d, &none, &size, NULL));
	assert_int_equal(7, none);
	assert_int_equal(0, blob_remove(f.content, &a, NULL));
	assert_int_equal(0, blob_remove(f.content, &a, NULL));
	assert_false(has_blob(f.content, 'a'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_sweep_takes_what_nobody_knows),
		RUN(a_sweep_leaves_blobs_alone_while_somebody_adds_some),
		RUN(a_sweep_takes_the_folders_of_the_dead),
		RUN(a_sweep_takes_no_folder_that_is_in_use_since_it_looked),
		RUN(a_question_that_fails_keeps_the_blob),
		RUN(a_blob_is_opened_and_removed_by_its_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
