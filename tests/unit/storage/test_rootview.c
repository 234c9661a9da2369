/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/rootview.h"

#include "storage/layers.h"

#include "../test.h"
#include "../scratch.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

static bool own_mounts;

static unsigned layer_with(int layers, const char *path, const char *text)
{
	struct layer_draft d;
	scoped_fd dir = -1;
	unsigned number = 0;

	assert_int_equal(0, layer_draft_begin(layers, &d, NULL));
	assert_int_equal(0, mkdirat(d.dir, "etc", 0755));
	scratch_file(d.dir, path, text);
	assert_int_equal(0, layer_draft_finish(layers, &d, &number, &dir, NULL));
	return number;
}

TEST(the_upper_layer_wins)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1, view = -1;
	scoped_buf b = BUF(100);
	unsigned v[2];

	SKIP_UNLESS(own_mounts, "no mount namespace of our own");
	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	v[0] = layer_with(layers, "etc/passwd", "lower");
	scratch_file(layers, "1/etc/group", "group");
	v[1] = layer_with(layers, "etc/passwd", "upper");
	assert_int_equal(0, rootview_open(layers, v, 2, &view, NULL));
	assert_int_equal(0, rootview_read(view, "etc/passwd", &b, NULL));
	assert_int_equal(0, rootview_read(view, "/etc/group", &b, NULL));
	assert_string_equal("uppergroup", b.p);
	assert_int_equal(-1, openat(view, "new", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(EROFS, errno);
}

TEST(the_working_directory_stays)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1, view = -1;
	char before[4096], after[4096];
	unsigned v[2];

	SKIP_UNLESS(own_mounts, "no mount namespace of our own");
	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	v[0] = layer_with(layers, "etc/passwd", "a");
	v[1] = layer_with(layers, "etc/passwd", "b");
	assert_non_null(getcwd(before, sizeof before));
	assert_int_equal(0, rootview_open(layers, v, 2, &view, NULL));
	assert_non_null(getcwd(after, sizeof after));
	assert_string_equal(before, after);
}

TEST(a_hundred_layers_are_merged)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1, view = -1;
	scoped_buf b = BUF(100);
	unsigned v[100];
	int r;

	SKIP_UNLESS(own_mounts, "no mount namespace of our own");
	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	for (unsigned i = 0; i < 100; i++) {
		char text[16];

		(void)snprintf(text, sizeof text, "%u", i);
		v[i] = layer_with(layers, i ? "etc/top" : "etc/bottom", text);
	}
	r = rootview_open(layers, v, 100, &view, NULL);
	SKIP_UNLESS(r != -EINVAL, "overlayfs of this kernel has no lowerdir+");
	assert_int_equal(0, r);
	assert_int_equal(0, rootview_read(view, "etc/top", &b, NULL));
	assert_int_equal(0, rootview_read(view, "etc/bottom", &b, NULL));
	assert_string_equal("990", b.p);
}

TEST(a_missing_layer_is_named)
{
	scoped_scratch s = scratch_new();
	scoped_fd layers = -1;
	struct err e;
	unsigned v[2] = { 1, 9 };
	int view = 7;

	assert_int_equal(0, layers_open(s.dir, &layers, NULL));
	assert_int_equal(1, layer_with(layers, "etc/passwd", "x"));
	assert_int_equal(-ENOENT, rootview_open(layers, v, 2, &view, &e));
	assert_string_equal("layer 9: No such file or directory", e.msg);
	assert_int_equal(-EINVAL, rootview_open(layers, v, 0, &view, &e));
	assert_int_equal(7, view);
}

/* Links resolve inside the tree; what is not a regular file is not opened at all. */
TEST(read_stays_inside_and_reads_regular_files_only)
{
	scoped_scratch s = scratch_new();
	scoped_fd view = -1;
	scoped_buf b = BUF(100);
	struct err e;

	scratch_file(s.dir, "secret", "host");
	assert_int_equal(0, mkdirat(s.dir, "root", 0755));
	view = openat(s.dir, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(0, mkdirat(view, "etc", 0755));
	scratch_file(view, "etc/real", "image");
	assert_int_equal(0, symlinkat("/etc/real", view, "etc/absolute"));
	assert_int_equal(0, symlinkat("../../../../../secret", view, "etc/climbs"));
	assert_int_equal(0, symlinkat("/proc/self/root", view, "etc/magic"));
	assert_int_equal(0, mkfifoat(view, "etc/fifo", 0644));

	assert_int_equal(0, rootview_read(view, "etc/absolute", &b, &e));
	assert_string_equal("image", b.p);
	assert_int_equal(-ENOENT, rootview_read(view, "etc/climbs", &b, &e));
	assert_string_equal("open etc/climbs: No such file or directory", e.msg);
	assert_int_equal(-ENOENT, rootview_read(view, "etc/magic/etc/passwd", &b, &e));
	assert_int_equal(-ENOENT, rootview_read(view, "../secret", &b, &e));
	assert_int_equal(-EINVAL, rootview_read(view, "etc/fifo", &b, &e));
	assert_string_equal("etc/fifo: not a regular file", e.msg);
	assert_int_equal(-EINVAL, rootview_read(view, "etc", &b, &e));
}

TEST(read_refuses_more_than_the_ceiling)
{
	scoped_scratch s = scratch_new();
	scoped_buf b = BUF(4);
	struct err e;

	scratch_file(s.dir, "group", "12345");
	assert_int_equal(-EMSGSIZE, rootview_read(s.dir, "group", &b, &e));
	assert_string_equal("group: more than 4 bytes", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(the_upper_layer_wins),
		RUN(the_working_directory_stays),
		RUN(a_hundred_layers_are_merged),
		RUN(a_missing_layer_is_named),
		RUN(read_stays_inside_and_reads_regular_files_only),
		RUN(read_refuses_more_than_the_ceiling),
	};

	own_mounts = scratch_own_mounts();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
