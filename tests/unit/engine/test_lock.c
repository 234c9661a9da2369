/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/lock.h"

#include "../test.h"
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

TEST(a_released_lock_leaves_no_intent)
{
	scoped_fixture f = fixture_new();
	struct intent before = { .op = "x" };
	struct lock l = LOCK_NONE;
	struct stat st;

	assert_int_equal(0, lock_take(&f.en, f.dir.fd, "start", 0, &l, &before, NULL));
	assert_string_equal("", before.op);
	lock_release(&l);
	assert_int_equal(-1, l.fd);
	assert_int_equal(0, lock_take(&f.en, f.dir.fd, "stop", 0, &l, &before, NULL));
	assert_string_equal("", before.op);
	assert_int_equal(0, fstat(l.fd, &st));
	assert_int_equal(0600, st.st_mode & 07777);
	assert_int_equal(LOCK_RECORD_SIZE, st.st_size);
	lock_release(&l);
}

TEST(the_holder_is_named_to_those_who_cannot_have_it)
{
	scoped_fixture f = fixture_new();
	struct lock l = LOCK_NONE, second = LOCK_NONE;
	bool held;
	struct intent in;
	struct err e = { 0 };
	char want[96];

	assert_false(lock_is_held(f.dir.fd));
	assert_int_equal(0, lock_take(&f.en, f.dir.fd, "remove", 0, &l, NULL, NULL));
	assert_true(lock_is_held(f.dir.fd));
	assert_int_equal(-EAGAIN, lock_take(&f.en, f.dir.fd, "start", 0, &second, NULL, &e));
	assert_int_equal(-1, second.fd);
	(void)snprintf(want, sizeof want, "process %d is working on it (remove)", (int)getpid());
	assert_string_equal(want, e.msg);
	assert_int_equal(0, lock_peek(f.dir.fd, LOCK_FILE, &held, &in, NULL));
	assert_string_equal("remove", in.op);
	assert_int_equal(getpid(), in.pid);
	assert_string_equal(f.en.boot_id, in.boot_id);
	assert_true(procfs_is_process(f.host, in.pid, in.start_ticks));
	lock_release(&l);
	assert_false(lock_is_held(f.dir.fd));
}

TEST(a_killed_holder_leaves_its_intent_until_somebody_comes_to_the_end)
{
	scoped_fixture f = fixture_new();
	struct intent before = { 0 };
	struct lock l = LOCK_NONE;
	int ready[2], status;
	char c;
	pid_t pid;

	assert_int_equal(0, pipe(ready));
	pid = fork();
	if (pid == 0) {
		if (lock_take(&f.en, f.dir.fd, "remove", 0, &l, NULL, NULL) == 0)
			(void)!write(ready[1], "x", 1);
		pause();
		_exit(1);
	}
	assert_int_equal(1, read(ready[0], &c, 1));
	assert_int_equal(-EAGAIN, lock_take(&f.en, f.dir.fd, "start", 20, &l, NULL, NULL));
	assert_int_equal(0, kill(pid, SIGKILL));
	assert_int_equal(pid, waitpid(pid, &status, 0));

	assert_int_equal(0, lock_take(&f.en, f.dir.fd, "start", 1000, &l, &before, NULL));
	assert_string_equal("remove", before.op);
	assert_int_equal(pid, before.pid);
	assert_true(before.start_ticks > 0);
	assert_string_equal(f.en.boot_id, before.boot_id);
	assert_false(procfs_is_process(f.host, before.pid, before.start_ticks));
	lock_abandon(&l); /* as if this one were killed as well */

	assert_int_equal(0, lock_take(&f.en, f.dir.fd, "start", 0, &l, &before, NULL));
	assert_string_equal("remove", before.op); /* inherited */
	assert_int_equal(getpid(), before.pid);
	lock_release(&l);
	assert_int_equal(0, lock_take(&f.en, f.dir.fd, "start", 0, &l, &before, NULL));
	assert_string_equal("", before.op);
	lock_release(&l);
	close(ready[0]);
	close(ready[1]);
}

TEST(an_intent_can_change_under_the_lock)
{
	scoped_fixture f = fixture_new();
	bool held;
	struct intent in;
	struct lock l = LOCK_NONE;

	assert_int_equal(0, lock_take(&f.en, f.dir.fd, "reap", 0, &l, NULL, NULL));
	assert_int_equal(0, lock_intend(&f.en, &l, "remove", NULL));
	assert_int_equal(0, lock_peek(f.dir.fd, LOCK_FILE, &held, &in, NULL));
	assert_string_equal("remove", in.op);
	lock_release(&l);
}

TEST(a_damaged_record_does_not_lock_anybody_out)
{
	static const char *const records[] = { "rubbish", "tare-intent 1\npid x\n",
					       "tare-intent 1\nop aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
					       "tare-intent 2\nop y\n" };

	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		scoped_fixture f = fixture_new();
		bool held;
		struct intent before = { 0 };
		struct lock l = LOCK_NONE;

		assert_int_equal(0, io_replace_at(f.dir.fd, LOCK_FILE, records[i], strlen(records[i]), 0600,
						  IO_DISK_LATER, NULL));
		assert_int_equal(0, lock_peek(f.dir.fd, LOCK_FILE, &held, &before, NULL));
		assert_string_equal("", before.op);
		assert_int_equal(0, lock_take(&f.en, f.dir.fd, "start", 0, &l, &before, NULL));
		assert_string_equal("unknown", before.op);
		lock_release(&l);
	}
}

TEST(unknown_keys_of_a_later_version_are_skipped)
{
	static const char text[] = "tare-intent 1\nop x\ncolour blue\n\n\n";
	scoped_fixture f = fixture_new();
	bool held;
	struct intent in;

	assert_int_equal(0, io_replace_at(f.dir.fd, LOCK_FILE, text, strlen(text), 0600, IO_DISK_LATER, NULL));
	assert_int_equal(0, lock_peek(f.dir.fd, LOCK_FILE, &held, &in, NULL));
	assert_string_equal("x", in.op);
}

/* Has the process opened a lock file? An unlinked one counts, too. */
static bool has_lock_open(pid_t pid)
{
	char dir[32], link[PATH_MAX];
	scoped_fd fds = -1;
	bool found = false;

	(void)snprintf(dir, sizeof dir, "/proc/%d/fd", (int)pid);
	fds = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 3; i < 64 && !found; i++) {
		char name[16];
		ssize_t n;

		(void)snprintf(name, sizeof name, "%d", i);
		n = readlinkat(fds, name, link, sizeof link - 1);
		link[n < 0 ? 0 : n] = '\0';
		found = strstr(link, "/" LOCK_FILE);
	}
	return found;
}

TEST(who_waited_for_a_removed_object_is_told)
{
	scoped_fixture f = fixture_new();
	struct lock l = LOCK_NONE, second = LOCK_NONE;
	int status, let_go[2];
	char byte;
	pid_t pid;

	assert_int_equal(0, lock_take(&f.en, f.dir.fd, "remove", 0, &l, NULL, NULL));
	assert_int_equal(0, pipe(let_go));
	pid = fork();
	if (pid == 0) {
		struct err e = { 0 };

		close(l.fd);
		close(let_go[1]);
		_exit(lock_take(&f.en, f.dir.fd, "start", 60000, &second, NULL, &e) == -ENOENT &&
				      strstr(e.msg, "removed meanwhile") ?
			      0 :
			      1);
	}
	close(let_go[1]);
	assert_int_equal(0, read(let_go[0], &byte, 1)); /* the child has only what it opens itself from now on */
	close(let_go[0]);
	for (int i = 0; i < 50000 && !has_lock_open(pid); i++)
		(void)usleep(1000);
	assert_int_equal(0, unlinkat(f.dir.fd, LOCK_FILE, 0));
	lock_abandon(&l);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
}

TEST(a_folder_that_was_removed_is_told_likewise)
{
	scoped_fixture f = fixture_new();
	struct lock l = LOCK_NONE;
	struct err e = { 0 };
	scoped_fd gone = -1;

	assert_int_equal(0, mkdirat(f.dir.fd, "gone", 0700));
	gone = openat(f.dir.fd, "gone", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(gone >= 0);
	assert_int_equal(0, unlinkat(f.dir.fd, "gone", AT_REMOVEDIR));
	assert_int_equal(-ENOENT, lock_take(&f.en, gone, "start", 0, &l, NULL, &e));
	assert_string_equal("removed meanwhile", e.msg);
	assert_int_equal(-1, l.fd);
}

/* Adds one to a counter in a file, without a lock of its own. */
static int count_under_lock(struct fixture *f, int times)
{
	for (int i = 0; i < times; i++) {
		scoped_fd fd = -1;
		struct lock l = LOCK_NONE;
		int n = 0;

		if (lock_take(&f->en, f->dir.fd, "count", OFD_LOCK_FOREVER, &l, NULL, NULL) < 0)
			return 1;
		fd = openat(f->dir.fd, "counter", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (pread(fd, &n, sizeof n, 0) < 0)
			return 1;
		n++;
		if (pwrite(fd, &n, sizeof n, 0) != (ssize_t)sizeof n)
			return 1;
		lock_release(&l);
	}
	return 0;
}

TEST(one_holder_at_a_time)
{
	scoped_fixture f = fixture_new();
	scoped_fd fd = -1;
	pid_t pids[4];
	int n = 0, status;

	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(count_under_lock(&f, 200));
	}
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		assert_int_equal(pids[i], waitpid(pids[i], &status, 0));
		assert_int_equal(0, status);
	}
	fd = openat(f.dir.fd, "counter", O_RDONLY | O_CLOEXEC);
	assert_int_equal(sizeof n, pread(fd, &n, sizeof n, 0));
	assert_int_equal(800, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_released_lock_leaves_no_intent),
		RUN(the_holder_is_named_to_those_who_cannot_have_it),
		RUN(a_killed_holder_leaves_its_intent_until_somebody_comes_to_the_end),
		RUN(an_intent_can_change_under_the_lock),
		RUN(a_damaged_record_does_not_lock_anybody_out),
		RUN(unknown_keys_of_a_later_version_are_skipped),
		RUN(who_waited_for_a_removed_object_is_told),
		RUN(a_folder_that_was_removed_is_told_likewise),
		RUN(one_holder_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
