/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of other namespaces, and one that has a namespace to itself, on the kernel that runs and as on Linux 5.4. Needs root. */
#include "own_host.h"

#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/old_kernel.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct host host;

#define CHECK_OK(call)                                    \
	do {                                              \
		if ((call) < 0)                           \
			fail_msg("%s: %s", #call, e.msg); \
	} while (0)

static struct stat look(int dir, const char *path)
{
	struct stat st = { 0 };

	assert_int_equal(0, fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW));
	return st;
}

static void check_kept(void)
{
	scoped_fd mnt = -1, ns = -1, all = -1, part = -1, link = -1;
	struct err e = { 0 };

	CHECK_OK(mnt = mount_new("tmpfs", NULL, "mode=1777", 0, &e));
	CHECK_OK(ns = mount_keep(mnt, host.proc, &e));
	close(fd_take(&mnt));
	CHECK_OK(part = mount_clone_kept(ns, "/new/er", &e));
	assert_int_equal(0, mkdirat(part, "x", 0700));
	close(fd_take(&part));
	CHECK_OK(all = mount_clone_kept(ns, "/", &e));
	assert_int_equal(01777, look(all, "new/er").st_mode & 07777);
	assert_int_equal(0700, look(all, "new/er/x").st_mode & 07777);
	assert_int_equal(0, symlinkat("/", all, "out"));
	CHECK_OK(link = mount_clone_kept(ns, "/out", &e));
	assert_true(look(link, ".").st_ino == look(all, ".").st_ino && look(link, ".").st_dev == look(all, ".").st_dev);
}

static void check_below(void)
{
	scoped_scratch s = scratch_new_in("/var/tmp");
	scoped_fd part = -1;
	struct err e = { 0 };

	assert_int_equal(0, symlinkat("/", s.dir, "out"));
	CHECK_OK(part = mount_clone_below(s.dir, "/out", &e));
	assert_true(look(part, ".").st_ino == look(s.dir, ".").st_ino);
}

static void check_others(void)
{
	scoped_fd ns = openat(host.proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC), mnt = -1;
	struct err e = { 0 };

	CHECK_OK(mnt = mount_clone_from(ns, "/proc", &e));
	assert_true(look(mnt, ".").st_dev == look(AT_FDCWD, "/proc").st_dev);
}

TEST(a_mount_that_is_kept_outlives_its_places_and_no_link_leads_out_of_it)
{
	check_kept();
	check_below();
	check_others();
}

TEST(and_so_it_is_on_an_old_kernel)
{
	sys_old_kernel(&(struct old_kernel){ true, true, true, host.proc });
	check_kept();
	check_below();
	check_others();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_mount_that_is_kept_outlives_its_places_and_no_link_leads_out_of_it),
		RUN(and_so_it_is_on_an_old_kernel),
	};

	if (!own_host(&host))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
