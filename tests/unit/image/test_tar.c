/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's entries as they should come out on the disk. Hostile ones are in test_tar_hostile.c. */
#include "image/tar.h"

#include "kernel/user_namespaces.h"

#include "../test.h"
#include "../scratch.h"
#include "tarball.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

static const unsigned below[] = { 1 };
static bool is_root;

struct fixture {
	struct scratch s;
	int root, layers;
	struct buf tar;
};

/* layers/1 is the layer below, root the one in the making. */
static struct fixture fixture_new(void)
{
	struct fixture f = { scratch_new(), -1, -1, TARBALL };

	assert_int_equal(0, io_mkdir_at(f.s.dir, "root", 0755, &f.root, NULL));
	assert_int_equal(0, io_mkdir_at(f.s.dir, "layers", 0755, &f.layers, NULL));
	assert_int_equal(0, mkdirat(f.layers, "1", 0755));
	return f;
}

static void fixture_end(struct fixture *f)
{
	close(f->root);
	close(f->layers);
	buf_done(&f->tar);
	scratch_end(&f->s);
}

#define scoped_fixture SCOPED(fixture_end) struct fixture

static void unpack_from(struct fixture *f, struct tree_options o)
{
	struct err e = { 0 };
	uint64_t bytes;

	o.root = f->root;
	o.layers = f->layers;
	o.below = below;
	tarball_end(&f->tar);
	if (tarball_unpack(&f->tar, o, &bytes, &e) < 0)
		fail_msg("%s", e.msg);
}

static void unpack(struct fixture *f, size_t n_below)
{
	unpack_from(f, (struct tree_options){ .n_below = n_below });
}

static struct stat stat_of(const struct fixture *f, const char *path)
{
	struct stat st;

	if (fstatat(f->root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s is missing", path);
	return st;
}

static void has_text(const struct fixture *f, const char *path, const char *text)
{
	scoped_buf b = BUF(1u << 20);

	assert_int_equal(0, io_read_at(f->root, path, &b, NULL));
	assert_string_equal(text, b.p);
}

static bool is_opaque(const struct fixture *f, const char *path)
{
	scoped_fd fd = openat(f->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char v = 0;

	return fgetxattr(fd, "trusted.overlay.opaque", &v, 1) == 1 && v == 'y';
}

static bool is_whiteout(const struct fixture *f, const char *path)
{
	struct stat st = stat_of(f, path);

	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
}

TEST(owner_mode_time_and_content)
{
	scoped_fixture f = fixture_new();
	struct stat st;

	SKIP_UNLESS(is_root, "not root");
	tarball_add(&f.tar, (struct tar_entry){ '5', "./", .mode = 0711, .mtime = 77 });
	tarball_add(&f.tar, (struct tar_entry){ '5', "./bin/", .mode = 02750, .uid = 1, .gid = 2, .mtime = 1000 });
	tarball_add(&f.tar, (struct tar_entry){ '0', "bin/su", .data = "elf", .mode = 04755, .uid = 3, .gid = 4,
						.mtime = 1234567890 });
	unpack(&f, 0);
	st = stat_of(&f, "bin/su");
	assert_int_equal(S_IFREG | 04755, st.st_mode);
	assert_int_equal(3, st.st_uid);
	assert_int_equal(4, st.st_gid);
	assert_int_equal(1234567890, st.st_mtime);
	has_text(&f, "bin/su", "elf");
	st = stat_of(&f, "bin");
	assert_int_equal(S_IFDIR | 02750, st.st_mode);
	assert_int_equal(1000, st.st_mtime); /* although bin/su came later */
	st = stat_of(&f, ".");
	assert_int_equal(S_IFDIR | 0711, st.st_mode);
	assert_int_equal(77, st.st_mtime);
}

TEST(pax_gives_long_names_large_ids_and_nanoseconds)
{
	scoped_fixture f = fixture_new();
	char name[300];
	struct stat st;

	SKIP_UNLESS(is_root, "not root");
	memset(name, 'n', sizeof name);
	name[100] = '/';
	name[250] = '\0';
	PAX(&f.tar, { "path", name, strlen(name) },
	    { "uid", "4294967294", 10 },
	    { "gid", "70000", 5 },
	    { "mtime", "1700000000.123456789", 20 });
	tarball_add(&f.tar, (struct tar_entry){ '0', "short", .data = "x" });
	unpack(&f, 0);
	st = stat_of(&f, name);
	assert_true(st.st_uid == 4294967294u);
	assert_int_equal(70000, st.st_gid);
	assert_int_equal(1700000000, st.st_mtim.tv_sec);
	assert_int_equal(123456789, st.st_mtim.tv_nsec);
}

/* Names are bytes to Linux. */
TEST(names_keep_their_bytes)
{
	scoped_fixture f = fixture_new();
	char target[16];

	SKIP_UNLESS(is_root, "not root");
	PAX(&f.tar, { "path", "etc/\xc3\xbc\xe2\x82\xac", 9 });
	tarball_add(&f.tar, (struct tar_entry){ '0', "utf8", .data = "1" });
	tarball_add(&f.tar, (struct tar_entry){ '0', "lat\xfcn", .data = "2" });
	PAX(&f.tar, { "linkpath", "\xe2\x82\xac", 3 });
	tarball_add(&f.tar, (struct tar_entry){ '2', "link", "plain" });
	PAX(&f.tar, { "path", "pax-lat\xfcn", 9 }, { "linkpath", "to-lat\xfcn", 8 }); /* Go writes it so */
	tarball_add(&f.tar, (struct tar_entry){ '2', "link2", "plain" });
	unpack(&f, 0);
	has_text(&f, "etc/\xc3\xbc\xe2\x82\xac", "1");
	assert_int_equal(3, readlinkat(f.root, "link", target, sizeof target));
	assert_memory_equal("\xe2\x82\xac", target, 3);
	assert_int_equal(8, readlinkat(f.root, "pax-lat\xfcn", target, sizeof target));
	assert_memory_equal("to-lat\xfcn", target, 8);
	has_text(&f, "lat\xfcn", "2");
}

TEST(links_nodes_and_fifos)
{
	scoped_fixture f = fixture_new();
	char target[16] = "";
	struct stat st;

	SKIP_UNLESS(is_root, "not root");
	tarball_add(&f.tar, (struct tar_entry){ '0', "bin/busybox", .data = "x", .mode = 0755 });
	tarball_add(&f.tar, (struct tar_entry){ '1', "bin/ls", "./bin/busybox" });
	tarball_add(&f.tar, (struct tar_entry){ '2', "sh", "/bin/ls", .uid = 5, .mtime = 99 });
	tarball_add(&f.tar, (struct tar_entry){ '3', "dev/null", .major = 1, .minor = 3, .mode = 0666 });
	tarball_add(&f.tar, (struct tar_entry){ '4', "dev/sda", .major = 8, .minor = 0, .mode = 0660, .gid = 6 });
	tarball_add(&f.tar, (struct tar_entry){ '6', "run/pipe", .mode = 0622 });
	unpack(&f, 0);
	assert_int_equal(2, stat_of(&f, "bin/ls").st_nlink);
	assert_int_equal(stat_of(&f, "bin/busybox").st_ino, stat_of(&f, "bin/ls").st_ino);
	assert_int_equal(7, readlinkat(f.root, "sh", target, sizeof target));
	st = stat_of(&f, "sh");
	assert_int_equal(5, st.st_uid);
	assert_int_equal(99, st.st_mtime);
	st = stat_of(&f, "dev/null");
	assert_int_equal(S_IFCHR | 0666, st.st_mode);
	assert_true(st.st_rdev == makedev(1, 3));
	st = stat_of(&f, "dev/sda");
	assert_int_equal(S_IFBLK | 0660, st.st_mode);
	assert_int_equal(6, st.st_gid);
	assert_int_equal(S_IFIFO | 0622, stat_of(&f, "run/pipe").st_mode);
}

/* VFS_CAP_REVISION_2, cap_net_raw: what setcap(8) writes. */
static const unsigned char capability[20] = { 1, 0, 0, 2, 0, 0x20 };

TEST(extended_attributes_are_kept_but_for_the_hosts_own)
{
	scoped_fixture f = fixture_new();
	scoped_fd fd = -1;
	char v[32];

	SKIP_UNLESS(is_root, "not root");
	PAX(&f.tar, { "SCHILY.xattr.security.capability", capability, sizeof capability },
	    { "SCHILY.xattr.user.note", "a\0b", 3 },
	    { "SCHILY.xattr.trusted.overlay.redirect", "/etc", 4 },
	    { "SCHILY.xattr.user.overlay.opaque", "y", 1 });
	tarball_add(&f.tar, (struct tar_entry){ '0', "ping", .data = "elf", .mode = 0755 });
	unpack(&f, 0);
	fd = openat(f.root, "ping", O_RDONLY | O_CLOEXEC);
	assert_int_equal(sizeof capability, fgetxattr(fd, "security.capability", v, sizeof v));
	assert_memory_equal(capability, v, sizeof capability);
	if (setxattr(f.s.path, "user.probe", "", 0, 0) == 0) { /* a tmpfs has none before Linux 6.6 */
		assert_int_equal(3, fgetxattr(fd, "user.note", v, sizeof v));
		assert_memory_equal("a\0b", v, 3);
	}
	assert_int_equal(-1, fgetxattr(fd, "trusted.overlay.redirect", v, sizeof v));
	assert_int_equal(-1, fgetxattr(fd, "user.overlay.opaque", v, sizeof v));
}

/* acl(5): what is made in such a folder gets the bits that the list says, not those that open(2) asked for. */
TEST(a_default_acl_takes_nothing_from_the_modes_of_entries)
{
	static const unsigned char acl[] = { 2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, /* user::rwx */
					     4, 0, 0, 0, 255, 255, 255, 255,              /* group::--- */
					     32, 0, 0, 0, 255, 255, 255, 255 };           /* other::--- */
	scoped_fixture f = fixture_new();

	SKIP_UNLESS(is_root, "not root");
	SKIP_UNLESS(setxattr(f.s.path, "system.posix_acl_default", acl, sizeof acl, 0) == 0, "no ACLs here");
	(void)removexattr(f.s.path, "system.posix_acl_default");
	PAX(&f.tar, { "SCHILY.xattr.system.posix_acl_default", acl, sizeof acl });
	tarball_add(&f.tar, (struct tar_entry){ '5', "d/", .mode = 0755 });
	tarball_add(&f.tar, (struct tar_entry){ '0', "d/x", .data = "x", .mode = 0664 });
	unpack(&f, 0);
	assert_int_equal(S_IFREG | 0664, stat_of(&f, "d/x").st_mode);
}

/* GNU's pax format 1.0: a map of the data before the data. */
TEST(sparse_files_keep_their_holes)
{
	static const char map[512] = "1\n1048576\n4\n";
	scoped_fixture f = fixture_new();
	scoped_buf data = BUF(4096);
	char v[4];
	scoped_fd fd = -1;
	struct stat st;

	SKIP_UNLESS(is_root, "not root");
	(void)buf_put(&data, map, sizeof map);
	(void)buf_put(&data, "data", 4);
	PAX(&f.tar, { "GNU.sparse.major", "1", 1 },
	    { "GNU.sparse.minor", "0", 1 },
	    { "GNU.sparse.name", "disk", 4 },
	    { "GNU.sparse.realsize", "2097152", 7 });
	tarball_add(&f.tar, (struct tar_entry){ '0', "GNUSparseFile.0/disk", .data = data.p, .size = data.len });
	unpack(&f, 0);
	st = stat_of(&f, "disk");
	assert_int_equal(2097152, st.st_size);
	assert_true(st.st_blocks * 512 < 1048576);
	fd = openat(f.root, "disk", O_RDONLY | O_CLOEXEC);
	assert_int_equal(4, pread(fd, v, 4, 1048576));
	assert_memory_equal("data", v, 4);
}

TEST(whiteouts_speak_of_the_layers_below)
{
	scoped_fixture f = fixture_new();

	SKIP_UNLESS(is_root, "not root");
	tarball_add(&f.tar, (struct tar_entry){ '0', "etc/.wh.gone" });
	tarball_add(&f.tar, (struct tar_entry){ '5', "var/", .mode = 0755 });
	tarball_add(&f.tar, (struct tar_entry){ '0', "var/new", .data = "mine" });
	tarball_add(&f.tar, (struct tar_entry){ '0', "var/.wh..wh..opq" });
	tarball_add(&f.tar, (struct tar_entry){ '0', ".wh..wh.plnk" });
	unpack(&f, 1);
	assert_true(is_whiteout(&f, "etc/gone"));
	assert_true(is_opaque(&f, "var"));
	has_text(&f, "var/new", "mine");
	assert_false(is_opaque(&f, "etc"));
	assert_false(scratch_has(f.root, "plnk"));
	assert_false(scratch_has(f.root, ".wh..wh.plnk"));
}

TEST(a_whiteout_and_a_name_of_the_same_layer_in_any_order)
{
	scoped_fixture f = fixture_new();

	SKIP_UNLESS(is_root, "not root");
	tarball_add(&f.tar, (struct tar_entry){ '0', ".wh.file" });
	tarball_add(&f.tar, (struct tar_entry){ '0', "file", .data = "new" });
	tarball_add(&f.tar, (struct tar_entry){ '0', "kept", .data = "kept" });
	tarball_add(&f.tar, (struct tar_entry){ '0', ".wh.kept" });
	tarball_add(&f.tar, (struct tar_entry){ '0', ".wh.dir" });
	tarball_add(&f.tar, (struct tar_entry){ '5', "dir/", .mode = 0755 });
	tarball_add(&f.tar, (struct tar_entry){ '5', "dir2/", .mode = 0755 });
	tarball_add(&f.tar, (struct tar_entry){ '0', ".wh.dir2" });
	tarball_add(&f.tar, (struct tar_entry){ '0', ".wh.implied" });
	tarball_add(&f.tar, (struct tar_entry){ '0', "implied/x", .data = "x" });
	unpack(&f, 1);
	has_text(&f, "file", "new");
	has_text(&f, "kept", "kept");
	assert_true(is_opaque(&f, "dir"));
	assert_true(is_opaque(&f, "dir2"));
	assert_true(is_opaque(&f, "implied"));
}

/* overlayfs knows no opaque root: each name below gets its own mark. */
TEST(an_opaque_root_hides_every_name_below)
{
	scoped_fixture f = fixture_new();

	SKIP_UNLESS(is_root, "not root");
	scratch_file(f.layers, "1/file", "old");
	scratch_file(f.layers, "1/replaced", "old");
	assert_int_equal(0, mkdirat(f.layers, "1/before", 0755));
	assert_int_equal(0, mkdirat(f.layers, "1/after", 0755));
	tarball_add(&f.tar, (struct tar_entry){ '5', "before/", .mode = 0755 });
	tarball_add(&f.tar, (struct tar_entry){ '0', ".wh..wh..opq" });
	tarball_add(&f.tar, (struct tar_entry){ '5', "after/", .mode = 0755 });
	tarball_add(&f.tar, (struct tar_entry){ '0', "replaced", .data = "new" });
	tarball_add(&f.tar, (struct tar_entry){ '0', "mine", .data = "mine" });
	unpack(&f, 1);
	assert_true(is_whiteout(&f, "file"));
	assert_true(is_opaque(&f, "before"));
	assert_true(is_opaque(&f, "after"));
	has_text(&f, "replaced", "new");
	has_text(&f, "mine", "mine");
}

TEST(the_lowest_layer_has_nothing_to_hide)
{
	scoped_fixture f = fixture_new();

	SKIP_UNLESS(is_root, "not root");
	tarball_add(&f.tar, (struct tar_entry){ '0', ".wh.gone" });
	tarball_add(&f.tar, (struct tar_entry){ '0', ".wh..wh..opq" });
	tarball_add(&f.tar, (struct tar_entry){ '3', "zero" });
	unpack(&f, 0);
	assert_false(scratch_has(f.root, "gone"));
	assert_false(scratch_has(f.root, "zero"));
	assert_false(is_opaque(&f, "."));
}

/* "tmp/x" without "tmp/": an upper /tmp of mode 0755 would take the sticky bit from the image's. */
TEST(implied_parents_look_as_below)
{
	static const struct timespec times[2] = { { 5, 6 }, { 7, 8 } };
	scoped_fixture f = fixture_new();
	struct stat st;

	SKIP_UNLESS(is_root, "not root");
	assert_int_equal(0, mkdirat(f.layers, "1/tmp", 0700));
	assert_int_equal(0, fchmodat(f.layers, "1/tmp", 01777, 0));
	assert_int_equal(0, fchownat(f.layers, "1/tmp", 7, 8, 0));
	assert_int_equal(0, utimensat(f.layers, "1/tmp", times, 0));
	tarball_add(&f.tar, (struct tar_entry){ '0', "tmp/x", .data = "x" });
	tarball_add(&f.tar, (struct tar_entry){ '0', "opt/a/b", .data = "x" });
	unpack(&f, 1);
	st = stat_of(&f, "tmp");
	assert_int_equal(S_IFDIR | 01777, st.st_mode);
	assert_int_equal(7, st.st_uid);
	assert_int_equal(8, st.st_gid);
	assert_int_equal(7, st.st_mtim.tv_sec);
	assert_int_equal(8, st.st_mtim.tv_nsec);
	assert_int_equal(S_IFDIR | 0755, stat_of(&f, "opt/a").st_mode);
}

/* Named after what is in it, first by itself, then through a link: what the entries say stays. */
TEST(a_parent_that_is_named_later_looks_as_named)
{
	scoped_fixture f = fixture_new();

	SKIP_UNLESS(is_root, "not root");
	assert_int_equal(0, mkdirat(f.layers, "1/named", 0700));
	assert_int_equal(0, mkdirat(f.layers, "1/linked", 0711));
	tarball_add(&f.tar, (struct tar_entry){ '0', "named/x", .data = "x" });
	tarball_add(&f.tar, (struct tar_entry){ '5', "named/", .mode = 0755, .mtime = 9 });
	tarball_add(&f.tar, (struct tar_entry){ '0', "linked/x", .data = "x" });
	tarball_add(&f.tar, (struct tar_entry){ '2', "l", "." });
	tarball_add(&f.tar, (struct tar_entry){ '5', "l/linked/", .mode = 0750 });
	unpack(&f, 1);
	assert_int_equal(S_IFDIR | 0755, stat_of(&f, "named").st_mode);
	assert_int_equal(9, stat_of(&f, "named").st_mtime);
	assert_int_equal(S_IFDIR | 0750, stat_of(&f, "linked").st_mode);
}

static int when_asked(void *arg, struct err *e)
{
	const struct fixture *f = arg;

	(void)e;
	has_text(f, "tmp/x", "x");
	has_text(f, "tmp/last", "y");
	return mkdirat(f->layers, "1/tmp", 0711);
}

/* Layers are unpacked beside each other, also those whose parents are in other layers. */
TEST(the_layers_below_are_waited_for_at_the_end)
{
	scoped_fixture f = fixture_new();

	SKIP_UNLESS(is_root, "not root");
	tarball_add(&f.tar, (struct tar_entry){ '0', "tmp/x", .data = "x" });
	tarball_add(&f.tar, (struct tar_entry){ '0', "tmp/last", .data = "y" });
	unpack_from(&f, (struct tree_options){ .n_below = 1, .wait_below = when_asked, .arg = &f });
	assert_int_equal(S_IFDIR | 0711, stat_of(&f, "tmp").st_mode);
}

TEST(of_two_entries_with_one_name_the_last_wins)
{
	scoped_fixture f = fixture_new();

	SKIP_UNLESS(is_root, "not root");
	tarball_add(&f.tar, (struct tar_entry){ '0', "a", .data = "first, longer" });
	tarball_add(&f.tar, (struct tar_entry){ '1', "b", "a" });
	tarball_add(&f.tar, (struct tar_entry){ '0', "a", .data = "second" });
	tarball_add(&f.tar, (struct tar_entry){ '5', "d/", .mode = 0755 });
	tarball_add(&f.tar, (struct tar_entry){ '0', "d/sub/x", .data = "x" });
	tarball_add(&f.tar, (struct tar_entry){ '5', "d/", .mode = 0700, .mtime = 5 });
	tarball_add(&f.tar, (struct tar_entry){ '5', "e/", .mode = 0700 });
	tarball_add(&f.tar, (struct tar_entry){ '0', "e/x", .data = "x" });
	tarball_add(&f.tar, (struct tar_entry){ '2', "e", "d" });
	tarball_add(&f.tar, (struct tar_entry){ '1', "a", "a" });
	unpack(&f, 0);
	has_text(&f, "a", "second");
	has_text(&f, "b", "first, longer");
	has_text(&f, "d/sub/x", "x");
	assert_int_equal(S_IFDIR | 0700, stat_of(&f, "d").st_mode);
	assert_int_equal(5, stat_of(&f, "d").st_mtime);
	assert_true(S_ISLNK(stat_of(&f, "e").st_mode));
}

/* Files by the dozen, and one that is larger than what is handed on at once. */
TEST(many_files_and_a_large_one)
{
	enum { FILES = 100, LARGE = 700000 };
	scoped_fixture f = fixture_new();
	scoped_buf large = TARBALL, got = TARBALL;
	char name[32], text[32];

	while (large.len < LARGE)
		(void)buf_putf(&large, "%zu ", large.len);
	for (int i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof name, "d/%d", i);
		(void)snprintf(text, sizeof text, "text %d", i);
		tarball_add(&f.tar, (struct tar_entry){ '0', name, .data = i % 7 ? text : NULL, .mtime = i });
		if (i == FILES / 2)
			tarball_add(&f.tar, (struct tar_entry){ '0', "large", .data = large.p, .size = large.len });
	}
	unpack(&f, 0);
	for (int i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof name, "d/%d", i);
		(void)snprintf(text, sizeof text, "text %d", i);
		assert_int_equal(i % 7 ? strlen(text) : 0, stat_of(&f, name).st_size);
		assert_int_equal(i, stat_of(&f, name).st_mtime);
		if (i % 7)
			has_text(&f, name, text);
	}
	assert_int_equal(0, io_read_at(f.root, "large", &got, NULL));
	assert_int_equal(large.len, got.len);
	assert_memory_equal(large.p, got.p, got.len);
}

/* Whichever thread meets it. */
TEST(an_entry_that_fails_is_named)
{
	static const struct id_extent first = { 0, 100000, 10 };
	static const struct id_map map = { &first, 1 };
	const struct tree_owner owner = { .uids = &map, .gids = &map };
	scoped_fixture f = fixture_new();
	struct tree_options o = { f.root, f.layers, below, 0, 0, .owner = &owner };
	struct err e = { 0 };
	uint64_t bytes;
	char name[32];

	SKIP_UNLESS(is_root, "not root");
	for (int i = 0; i < 50; i++) {
		(void)snprintf(name, sizeof name, "f%d", i);
		tarball_add(&f.tar, (struct tar_entry){ '0', name, .data = "x", .uid = i == 20 ? 10 : 9 });
	}
	tarball_end(&f.tar);
	assert_int_equal(-EINVAL, tarball_unpack(&f.tar, o, &bytes, &e));
	assert_string_equal("entry f20: owner 10:0 is not mapped in the user namespace", e.msg);
}

TEST(an_empty_layer_is_fine)
{
	struct tree_options o;
	scoped_fixture f = fixture_new();
	scoped_buf nothing = TARBALL;
	struct err e;
	uint64_t bytes = 7;

	unpack(&f, 0);
	o = (struct tree_options){ f.root, f.layers, below, 0, 0 };
	assert_int_equal(0, buf_room(&nothing, 1));
	assert_int_equal(0, tarball_unpack(&nothing, o, &bytes, &e));
	assert_int_equal(0, bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(owner_mode_time_and_content),
		RUN(pax_gives_long_names_large_ids_and_nanoseconds),
		RUN(names_keep_their_bytes),
		RUN(links_nodes_and_fifos),
		RUN(extended_attributes_are_kept_but_for_the_hosts_own),
		RUN(a_default_acl_takes_nothing_from_the_modes_of_entries),
		RUN(sparse_files_keep_their_holes),
		RUN(whiteouts_speak_of_the_layers_below),
		RUN(a_whiteout_and_a_name_of_the_same_layer_in_any_order),
		RUN(an_opaque_root_hides_every_name_below),
		RUN(the_lowest_layer_has_nothing_to_hide),
		RUN(implied_parents_look_as_below),
		RUN(a_parent_that_is_named_later_looks_as_named),
		RUN(the_layers_below_are_waited_for_at_the_end),
		RUN(of_two_entries_with_one_name_the_last_wins),
		RUN(many_files_and_a_large_one),
		RUN(an_entry_that_fails_is_named),
		RUN(an_empty_layer_is_fine),
		SPREAD(owner_mode_time_and_content),
		SPREAD(links_nodes_and_fifos),
		SPREAD(extended_attributes_are_kept_but_for_the_hosts_own),
		SPREAD(sparse_files_keep_their_holes),
		SPREAD(of_two_entries_with_one_name_the_last_wins),
		SPREAD(many_files_and_a_large_one),
		SPREAD(an_entry_that_fails_is_named),
		SPREAD(an_empty_layer_is_fine),
	};

	is_root = geteuid() == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
