/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces and idmapped mounts on the kernel that runs: who owns what, seen through them and on the disk. Needs
 * root. */
#include "own_host.h"

#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/user_namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST 700000
#define DISK "/var/tmp" /* /tmp may be a tmpfs, which cannot be idmapped before Linux 6.3 */

static struct host host;

#define CHECK_OK(call)                                    \
	do {                                              \
		if ((call) < 0)                           \
			fail_msg("%s: %s", #call, e.msg); \
	} while (0)

static int new_namespace(void)
{
	struct err e = { 0 };
	int fd = -1;

	CHECK_OK(userns_new(host.proc, &(struct userns_maps){ "0 700000 65536\n", "0 800000 65536\n" }, &fd, &e));
	return fd;
}

static struct stat look(int dir, const char *path)
{
	struct stat st = { 0 };

	assert_int_equal(0, fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW));
	return st;
}

static int clone_of(int dir)
{
	struct err e = { 0 };
	int mnt = mount_clone(dir, "", false, &e);

	CHECK_OK(mnt);
	return mnt;
}

static void put_owned(int dir, const char *path, uid_t uid, gid_t gid)
{
	scratch_file(dir, path, path);
	assert_int_equal(0, fchownat(dir, path, uid, gid, 0));
}

TEST(what_is_0_on_the_disk_is_the_namespaces_0)
{
	scoped_scratch s = scratch_new_in(DISK);
	scoped_fd ns = new_namespace(), mnt = clone_of(s.dir), made = -1;
	struct err e = { 0 };

	put_owned(s.dir, "root", 0, 0);
	put_owned(s.dir, "user", 1000, 100);
	put_owned(s.dir, "beyond", 65536, 65536);
	CHECK_OK(mount_idmap(mnt, ns, false, &e));
	assert_int_equal(FIRST, look(mnt, "root").st_uid);
	assert_int_equal(800000, look(mnt, "root").st_gid);
	assert_int_equal(FIRST + 1000, look(mnt, "user").st_uid);
	assert_int_equal(800100, look(mnt, "user").st_gid);
	assert_int_equal(65534, look(mnt, "beyond").st_uid);
	assert_int_equal(0, fchownat(mnt, "root", FIRST + 7, (gid_t)-1, 0));
	assert_int_equal(7, look(s.dir, "root").st_uid);
	made = openat(mnt, "new", O_CREAT | O_WRONLY, 0644); /* by an id that is not mapped */
	assert_int_equal(-1, made);
	assert_int_equal(EOVERFLOW, errno);
}

TEST(a_file_system_that_cannot_be_idmapped_is_said)
{
	scoped_fd ns = new_namespace(), proc = mount_new("proc", NULL, NULL, 0, NULL);
	struct err e = { 0 };

	assert_true(proc >= 0);
	assert_int_equal(-ENOTSUP, mount_idmap(proc, ns, false, &e));
	assert_string_equal("its file system cannot be idmapped", e.msg);
}

/* ---- an overlay of idmapped layers ------------------------------------------------------------------------------ */

static void make_layers(struct scratch *s)
{
	static const char *const folders[] = { "layers", "layers/1", "layers/2", "data", "data/upper", "data/work" };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		assert_int_equal(0, mkdirat(s->dir, folders[i], 0755));
	put_owned(s->dir, "layers/1/low", 0, 0);
	put_owned(s->dir, "layers/1/both", 0, 0);
	put_owned(s->dir, "layers/2/both", 33, 33);
}

static int overlay_of(struct scratch *s, int ns, bool append, bool detached, struct err *e)
{
	scoped_fd layers = openat(s->dir, "layers", O_RDONLY | O_DIRECTORY), data = openat(s->dir, "data", O_RDONLY);
	char layers_path[80], data_path[80];

	(void)snprintf(layers_path, sizeof layers_path, "%s/layers", s->path);
	(void)snprintf(data_path, sizeof data_path, "%s/data", s->path);
	return mount_overlay_idmapped(&(struct mount_overlay){ .layers_dir = layers,
							       .data_dir = data,
							       .layers_path = layers_path,
							       .data_path = data_path,
							       .lower = (const char *const[]){ "2", "1" },
							       .lower_count = 2,
							       .upper = "upper",
							       .work = "work",
							       .append = append,
							       .detached = detached },
				      ns, &(struct mount_owner){ FIRST, 800000 }, e);
}

static void check_overlay(bool append, bool detached)
{
	scoped_scratch s = scratch_new_in(DISK);
	scoped_fd ns = new_namespace(), root = -1, file = -1;
	struct err e = { 0 };

	make_layers(&s);
	CHECK_OK(root = overlay_of(&s, ns, append, detached, &e));
	assert_int_equal(FIRST, look(root, "low").st_uid);
	assert_int_equal(FIRST + 33, look(root, "both").st_uid);
	file = openat(root, "low", O_WRONLY | O_APPEND); /* copied up */
	assert_true(file >= 0);
	assert_int_equal(1, write(file, "!", 1));
	assert_int_equal(0, look(s.dir, "data/upper/low").st_uid);
	assert_int_equal(0, look(s.dir, "layers/1/low").st_uid);
	assert_int_equal(FIRST, look(root, "low").st_uid);
	assert_int_equal(0, fchownat(root, "low", FIRST + 5, 800006, 0));
	assert_int_equal(5, look(s.dir, "data/upper/low").st_uid);
	assert_int_equal(6, look(s.dir, "data/upper/low").st_gid);
	assert_int_equal(0, unlinkat(root, "both", 0)); /* in place of it a whiteout, made by who mounted */
	assert_true(S_ISCHR(look(s.dir, "data/upper/both").st_mode));
	assert_int_equal(0, look(s.dir, "data/upper/both").st_uid);
}

TEST(an_overlay_of_idmapped_layers_leaves_their_owners_on_the_disk)
{
	scoped_arena a = ARENA(1 << 20);
	struct host_facts facts = { 0 };
	struct err e = { 0 };

	CHECK_OK(host_facts_read(&host, &a, &facts, &e));
	check_overlay(facts.kernel.overlay_lowerdir_append, facts.kernel.overlay_detached_layers);
}

/* The way of kernels before 6.15, and that of those before 6.5, work on every one. */
TEST(layers_attached_in_a_namespace_of_their_own_do_the_same)
{
	scoped_arena a = ARENA(1 << 20);
	struct host_facts facts = { 0 };
	struct err e = { 0 };

	CHECK_OK(host_facts_read(&host, &a, &facts, &e));
	if (facts.kernel.overlay_lowerdir_append)
		check_overlay(true, false);
	check_overlay(false, false);
}

TEST(nothing_stays_mounted_and_no_descriptor_open)
{
	scoped_scratch s = scratch_new_in(DISK);
	scoped_fd ns = new_namespace();
	struct err e = { 0 };
	int before = dup(0), root, after;

	close(before);
	make_layers(&s);
	CHECK_OK(root = overlay_of(&s, ns, false, false, &e));
	assert_int_equal(0, look(s.dir, "layers/1/low").st_uid);
	close(root);
	assert_int_equal(0, unlinkat(s.dir, "layers/1/low", 0));
	assert_int_equal(-ENOENT, overlay_of(&(struct scratch){ "/nowhere", s.dir }, ns, false, false, &e));
	assert_string_equal("open /nowhere/layers: No such file or directory", e.msg);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_0_on_the_disk_is_the_namespaces_0),
		RUN(a_file_system_that_cannot_be_idmapped_is_said),
		RUN(an_overlay_of_idmapped_layers_leaves_their_owners_on_the_disk),
		RUN(layers_attached_in_a_namespace_of_their_own_do_the_same),
		RUN(nothing_stays_mounted_and_no_descriptor_open),
	};

	if (!own_host(&host))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
