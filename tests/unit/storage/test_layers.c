/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/layers.h"

#include "../test.h"
#include "../scratch.h"

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

static unsigned finished(int layers)
{
	struct layer_draft d;
	scoped_fd dir = -1;
	unsigned number = 0;

	assert_int_equal(0, layer_draft_begin(layers, &d, NULL));
	scratch_file(d.dir, "file", "x");
	assert_int_equal(0, layer_draft_finish(layers, &d, &number, &dir, NULL));
	return number;
}

TEST(a_finished_tree_has_the_next_number)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1, dir = -1;
	scoped_free unsigned *v = NULL;
	size_t n;

	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	assert_int_equal(1, finished(layers));
	assert_int_equal(2, finished(layers));
	assert_int_equal(0, layers_list(layers, &v, &n, NULL));
	assert_int_equal(2, n);
	assert_int_equal(1, v[0]);
	assert_int_equal(2, v[1]);
	assert_int_equal(0, layer_open(layers, 2, &dir, NULL));
	assert_true(scratch_has(dir, "file"));
}

TEST(a_taken_number_is_never_replaced)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1, dir = -1;
	struct layer_draft d;
	unsigned number;

	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	assert_int_equal(0, layer_draft_begin(layers, &d, NULL));
	assert_int_equal(0, mkdirat(layers, "1", 0755)); /* empty: plain rename(2) would replace it */
	assert_int_equal(0, mkdirat(layers, "7", 0755));
	assert_int_equal(0, layer_draft_finish(layers, &d, &number, &dir, NULL));
	assert_int_equal(8, number);
}

TEST(a_dropped_draft_leaves_nothing)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1;
	struct layer_draft d;

	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	assert_int_equal(0, layer_draft_begin(layers, &d, NULL));
	scratch_file(d.dir, "file", "x");
	layer_draft_drop(layers, &d);
	assert_false(scratch_has(layers, d.name));
	layer_draft_drop(layers, &d);
}

TEST(a_missing_layer_is_named)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1;
	struct err e;
	int fd = 7;

	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	assert_int_equal(-ENOENT, layer_open(layers, 3, &fd, &e));
	assert_string_equal("layer 3: No such file or directory", e.msg);
	assert_int_equal(7, fd);
}

static int knows_two(void *arg, unsigned number, struct err *e)
{
	return number == 2;
}

/* As a killed loader leaves it: unlocked, half full. */
TEST(sweep_removes_leftovers_and_orphans_only)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1, held = -1;
	struct layer_draft living;

	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	for (unsigned i = 1; i <= 3; i++)
		assert_int_equal(i, finished(layers));
	assert_int_equal(0, mkdirat(layers, "new.12.0", 0755));
	assert_int_equal(0, mkdirat(layers, "new.12.0/sub", 0));
	assert_int_equal(0, mkdirat(layers, "del.4.12", 0755));
	assert_int_equal(0, mkdirat(layers, "del.4.12/sub", 0755));
	assert_int_equal(0, layer_draft_begin(layers, &living, NULL));
	assert_int_equal(0, layer_open(layers, 3, &held, NULL));
	assert_int_equal(0, flock(held, LOCK_EX)); /* unpacked, not recorded yet */

	assert_int_equal(0, layers_sweep(layers, knows_two, NULL, NULL));
	assert_false(scratch_has(layers, "1"));
	assert_true(scratch_has(layers, "2"));
	assert_true(scratch_has(layers, "3"));
	assert_false(scratch_has(layers, "new.12.0"));
	assert_false(scratch_has(layers, "del.4.12"));
	assert_true(scratch_has(layers, living.name));
	layer_draft_drop(layers, &living);
}

static int known_at_the_second_look(void *arg, unsigned number, struct err *e)
{
	unsigned *looks = arg;

	return ++*looks == 2;
}

/* Its maker recorded it and let go of the lock between the two looks. */
TEST(an_orphan_that_was_just_recorded_stays)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1;
	unsigned looks = 0;

	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	assert_int_equal(1, finished(layers));
	assert_int_equal(0, layer_remove(layers, 1, known_at_the_second_look, &looks, NULL));
	assert_int_equal(2, looks);
	assert_true(scratch_has(layers, "1"));
}

TEST(a_number_that_is_known_again_is_left_alone)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1, held = -1;

	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	for (unsigned i = 1; i <= 3; i++)
		assert_int_equal(i, finished(layers));
	assert_int_equal(0, layer_open(layers, 3, &held, NULL));
	assert_int_equal(0, flock(held, LOCK_EX));
	for (unsigned i = 1; i <= 4; i++)
		assert_int_equal(0, layer_remove(layers, i, knows_two, NULL, NULL));
	assert_false(scratch_has(layers, "1"));
	assert_true(scratch_has(layers, "2"));
	assert_true(scratch_has(layers, "3")); /* a loader's */
	layer_undo(layers, 3, &held);
	assert_int_equal(-1, held);
	assert_false(scratch_has(layers, "3"));
}

TEST(sweep_without_a_database_leaves_numbers_alone)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1;

	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	assert_int_equal(1, finished(layers));
	assert_int_equal(0, layers_sweep(layers, NULL, NULL, NULL));
	assert_true(scratch_has(layers, "1"));
}

/* A container may have made directories deeper than any path and any descriptor table. */
TEST(remove_takes_a_tree_of_any_depth)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1, dir = -1;
	struct rlimit keep, few;

	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &keep));
	few = (struct rlimit){ 128, keep.rlim_max };
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &few));
	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	assert_int_equal(1, finished(layers));
	assert_int_equal(0, layer_open(layers, 1, &dir, NULL));
	for (int i = 0; i < 1500; i++) {
		int next;

		assert_int_equal(0, mkdirat(dir, "d", 0755));
		next = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(dir);
		dir = next;
	}
	assert_int_equal(0, layer_remove(layers, 1, knows_two, NULL, NULL));
	assert_false(scratch_has(layers, "1"));
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &keep));
}

TEST(a_chain_is_locked_for_one_loader)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1, lock = -1;
	int status = 0, tell[2];
	char c;
	pid_t pid;

	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	assert_int_equal(0, layer_lock_chain(layers, 42, &lock, NULL));
	assert_int_equal(0, pipe(tell));
	pid = fork();
	if (pid == 0) {
		int fd = -1;

		close(lock); /* the same open file description: it would hold the parent's lock */
		if (layer_lock_chain(layers, 9000, &fd, NULL) < 0 || write(tell[1], "a", 1) != 1 ||
		    layer_lock_chain(layers, 42, &fd, NULL) < 0 || write(tell[1], "b", 1) != 1)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(1, read(tell[0], &c, 1));
	assert_int_equal('a', c);
	assert_int_equal(0, fcntl(tell[0], F_SETFL, O_NONBLOCK));
	(void)usleep(20000);
	assert_int_equal(-1, read(tell[0], &c, 1));
	close(fd_take(&lock));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
	close(tell[0]);
	close(tell[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_finished_tree_has_the_next_number),
		RUN(a_taken_number_is_never_replaced),
		RUN(a_dropped_draft_leaves_nothing),
		RUN(a_missing_layer_is_named),
		RUN(sweep_removes_leftovers_and_orphans_only),
		RUN(an_orphan_that_was_just_recorded_stays),
		RUN(a_number_that_is_known_again_is_left_alone),
		RUN(sweep_without_a_database_leaves_numbers_alone),
		RUN(remove_takes_a_tree_of_any_depth),
		RUN(a_chain_is_locked_for_one_loader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
