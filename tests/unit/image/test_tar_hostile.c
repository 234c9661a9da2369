/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that want to write, link or look outside their own folder, or to fill the disk with names. What stands outside is
 * compared before and after each one. */
#include "image/tar.h"

#include "base/arena.h"

#include "../test.h"
#include "../scratch.h"
#include "tarball.h"

#include <sys/sysmacros.h>

static const unsigned below[] = { 1 };
static bool is_root;

#define MAX_ENTRIES 6

/* Outside the tree: s/secret ("host"), s/dir/. Inside: s/root/. "@" in a link's text stands for the scratch path. */
static const struct attack {
	const char *what;
	int rc;
	const char *error; /* a part of it; NULL: the archive is fine, inside the tree */
	const char *made;  /* what must be there afterwards, in the tree */
	struct tar_entry v[MAX_ENTRIES];
	size_t n_below;
} attacks[] = {
	{ "a name that climbs", -EINVAL, "entry ../secret: the name leads out of the layer", NULL,
	  { { '0', "../secret", .data = "evil" } } },
	{ "a name that climbs later", -EINVAL, "leads out", NULL, { { '0', "a/b/../../../secret", .data = "evil" } } },
	{ "a directory that climbs", -EINVAL, "leads out", NULL, { { '5', "../dir/" } } },
	{ "an absolute name", 0, NULL, "etc/absolute", { { '0', "/etc/absolute", .data = "x" } } },
	{ "a file through an absolute link", -ENOTDIR, "entry out/new", NULL,
	  { { '2', "out", "@/dir" }, { '0', "out/new", .data = "evil" } } },
	{ "a file through a climbing link", -ENOTDIR, "entry out/new", NULL,
	  { { '2', "out", "../dir" }, { '0', "out/new", .data = "evil" } } },
	{ "a climbing link that finds something inside", 0, NULL, "dir/new",
	  { { '5', "dir/", .mode = 0755 }, { '2', "out", "../../../dir" }, { '0', "out/new", .data = "x" } } },
	{ "a file over a link to a file", 0, NULL, "out",
	  { { '2', "out", "../secret" }, { '0', "out", .data = "evil" } } },
	{ "a directory over a link to a directory", 0, NULL, "out/new",
	  { { '2', "out", "../dir" }, { '5', "out/", .mode = 0777 }, { '0', "out/new", .data = "x" } } },
	{ "a whiteout through a link", -ENOTDIR, "entry out/.wh.x", NULL,
	  { { '2', "out", "../dir" }, { '0', "out/.wh.x" } }, 1 },
	{ "an opaque mark through a link", -ENOTDIR, "entry out/.wh..wh..opq", NULL,
	  { { '2', "out", "../dir" }, { '0', "out/.wh..wh..opq" } }, 1 },
	{ "a hard link that climbs", -EINVAL, "leads out", NULL, { { '1', "mine", "../secret" } } },
	{ "a hard link with an absolute target",
	  -ENOENT,
	  "entry mine: hard link to",
	  NULL,
	  { { '1', "mine", "@/secret" } } },
	{ "a hard link through a link",
	  -ENOENT,
	  "hard link to out/secret",
	  NULL,
	  { { '2', "out", ".." }, { '5', "a/" }, { '1', "mine", "out/secret" } } },
	{ "a hard link to a link to the outside, then written", 0, NULL, "mine",
	  { { '2', "out", "../secret" }, { '1', "mine", "out" }, { '0', "mine", .data = "evil" } } },
	{ "a hard link to a directory",
	  -EPERM,
	  "entry mine: hard link to d",
	  NULL,
	  { { '5', "d/" }, { '1', "mine", "d" } } },
	{ "a hard link to the root", -EINVAL, "hard link to the root", NULL, { { '1', "mine", "/" } } },
	{ "a hard link as the root", -EINVAL, "the layer's root must be a directory", NULL,
	  { { '0', "x", .data = "x" }, { '1', "./", "x" } } },
	{ "a whiteout of ..", -EINVAL, "entry a/.wh...: a whiteout needs a name", NULL, { { '0', "a/.wh..." } }, 1 },
	{ "a whiteout of .", -EINVAL, "a whiteout needs a name", NULL, { { '0', ".wh.." } }, 1 },
	{ "a whiteout of nothing", -EINVAL, "a whiteout needs a name", NULL, { { '0', ".wh." } }, 1 },
	{ "a whiteout of /", -EINVAL, "leads out", NULL, { { '0', "../.wh.root" } }, 1 },
	{ "a device through a link", -ENOTDIR, "entry out/sda", NULL,
	  { { '2', "out", "../dir" }, { '4', "out/sda", .major = 8 } } },
	{ "a file through a device", -ENOTDIR, "entry null/x", NULL,
	  { { '3', "null", .major = 1, .minor = 3 }, { '0', "null/x", .data = "x" } } },
	{ "a file over a device", 0, NULL, "null",
	  { { '3', "null", .major = 1, .minor = 3 }, { '0', "null", .data = "x" } } },
	{ "a file over a pipe", 0, NULL, "pipe", { { '6', "pipe" }, { '0', "pipe", .data = "x" } } },
	{ "a link without a target", -EINVAL, "without a target", NULL, { { '2', "l", "" } } },
	{ "a link to itself as parent", -ELOOP, "entry l/x", NULL, { { '2', "l", "l" }, { '0', "l/x", .data = "x" } } },
	{ "a file as the root",
	  -EINVAL,
	  "the layer's root must be a directory",
	  NULL,
	  { { '0', "./.", .data = "x" } } },
	{ "a file in the place of a parent",
	  -ENOTDIR,
	  "entry f/x",
	  NULL,
	  { { '0', "f", .data = "x" }, { '0', "f/x", .data = "x" } } },
	{ "magic links", -ENOTDIR, "entry l/secret", NULL,
	  { { '2', "l", "/proc/self/cwd" }, { '0', "l/secret", .data = "x" } } },
};

static const char *with_path(struct arena *a, const char *link, const char *path)
{
	return link && link[0] == '@' ? arena_fmt(a, "%s%s", path, link + 1) : link;
}

static void outside_is_untouched(const struct scratch *s, const char *what)
{
	scoped_buf b = BUF(100);
	struct stat st;

	if (io_read_at(s->dir, "secret", &b, NULL) < 0 || strcmp(b.p, "host") != 0)
		fail_msg("%s: the file outside has changed", what);
	if (fstatat(s->dir, "secret", &st, 0) < 0 || st.st_nlink != 1 || (st.st_mode & 07777) != 0644)
		fail_msg("%s: the file outside got a link or a mode", what);
	if (unlinkat(s->dir, "dir", AT_REMOVEDIR) < 0 || mkdirat(s->dir, "dir", 0755) < 0)
		fail_msg("%s: the directory outside is not empty", what);
}

static void attack_one(const struct attack *at)
{
	scoped_scratch s = scratch_new();
	scoped_arena a = ARENA(1u << 20);
	scoped_buf tar = TARBALL;
	scoped_fd root = -1, layers = -1;
	struct err e = { 0 };
	uint64_t bytes;
	int r;

	scratch_file(s.dir, "secret", "host");
	assert_int_equal(0, mkdirat(s.dir, "dir", 0755));
	assert_int_equal(0, io_mkdir_at(s.dir, "root", 0755, &root, NULL));
	assert_int_equal(0, io_mkdir_at(s.dir, "layers", 0755, &layers, NULL));
	assert_int_equal(0, mkdirat(layers, "1", 0755));
	for (size_t i = 0; i < MAX_ENTRIES && at->v[i].name; i++) {
		struct tar_entry en = at->v[i];

		en.link = with_path(&a, en.link, s.path);
		tarball_add(&tar, en);
	}
	tarball_end(&tar);
	r = tarball_unpack(&tar, (struct tree_options){ root, layers, below, at->n_below, 0 }, &bytes, &e);
	if (r != at->rc)
		fail_msg("%s: returned %d (%s)", at->what, r, r ? e.msg : "");
	if (at->error && !strstr(e.msg, at->error))
		fail_msg("%s: \"%s\"", at->what, e.msg);
	if (at->made && !scratch_has(root, at->made))
		fail_msg("%s: %s was not made", at->what, at->made);
	outside_is_untouched(&s, at->what);
}

TEST(nothing_outside_the_layer_is_touched)
{
	SKIP_UNLESS(is_root, "not root");
	for (size_t i = 0; i < ARRAY_LEN(attacks); i++)
		attack_one(&attacks[i]);
}

struct fixture {
	struct scratch s;
	struct buf tar;
	struct err e;
	uint64_t bytes;
};

static struct fixture fixture_new(void)
{
	return (struct fixture){ scratch_new(), TARBALL, { 0 }, 0 };
}

static void fixture_end(struct fixture *f)
{
	buf_done(&f->tar);
	scratch_end(&f->s);
}

#define scoped_fixture SCOPED(fixture_end) struct fixture

static int unpack(struct fixture *f, uint64_t max_entries)
{
	tarball_end(&f->tar);
	return tarball_unpack(&f->tar, (struct tree_options){ f->s.dir, -1, NULL, 0, max_entries }, &f->bytes, &f->e);
}

TEST(entries_have_a_ceiling)
{
	scoped_fixture f = fixture_new();

	SKIP_UNLESS(is_root, "not root");
	for (int i = 0; i < 11; i++)
		tarball_add(&f.tar, (struct tar_entry){ '0', (char[]){ (char)('a' + i), 0 }, .data = "x" });
	assert_int_equal(-EFBIG, unpack(&f, 10));
	assert_string_equal("entry k: more than 10 entries", f.e.msg);
}

/* One entry with a thousand parents is a thousand entries. */
TEST(implied_parents_count_too)
{
	scoped_fixture f = fixture_new();
	char name[2001];

	SKIP_UNLESS(is_root, "not root");
	for (size_t i = 0; i < sizeof name; i++)
		name[i] = i % 2 ? '/' : 'd';
	name[2000] = '\0';
	PAX(&f.tar, { "path", name });
	tarball_add(&f.tar, (struct tar_entry){ '0', "short", .data = "x" });
	assert_int_equal(-EFBIG, unpack(&f, 100));
	assert_non_null(strstr(f.e.msg, "more than 100 entries"));
}

TEST(a_component_too_long_is_refused)
{
	scoped_fixture f = fixture_new();
	char name[300];

	SKIP_UNLESS(is_root, "not root");
	memset(name, 'n', sizeof name);
	name[256] = '\0';
	PAX(&f.tar, { "path", name });
	tarball_add(&f.tar, (struct tar_entry){ '0', "short", .data = "x" });
	assert_int_equal(-ENAMETOOLONG, unpack(&f, 0));
}

TEST(ids_out_of_range_are_refused)
{
	static const char *const ids[] = { "4294967295", "4294967296", "-1", "18446744073709551615" };

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		scoped_fixture f = fixture_new();

		PAX(&f.tar, { "uid", ids[i] });
		tarball_add(&f.tar, (struct tar_entry){ '0', "x", .data = "x" });
		if (unpack(&f, 0) != -EINVAL || !strstr(f.e.msg, "entry x: uid"))
			fail_msg("uid %s: \"%s\"", ids[i], f.e.msg);
	}
}

TEST(a_truncated_archive_is_told)
{
	scoped_fixture f = fixture_new();

	SKIP_UNLESS(is_root, "not root");
	tarball_add(&f.tar, (struct tar_entry){ '0', "x", .data = "0123456789" });
	f.tar.len = 515;
	assert_int_equal(-EBADMSG, tarball_unpack(&f.tar, (struct tree_options){ f.s.dir, -1, NULL, 0, 0 }, &f.bytes,
						  &f.e));
	assert_non_null(strstr(f.e.msg, "entry x: tar: "));
}

TEST(what_is_no_archive_is_told)
{
	scoped_fixture f = fixture_new();

	for (int i = 0; i < 3000; i++)
		(void)buf_puts(&f.tar, "hello");
	assert_int_equal(-EBADMSG, unpack(&f, 0));
	assert_non_null(strstr(f.e.msg, "tar: "));
}

/* 8 EiB that are not there must be an error of the file system at most. */
TEST(a_huge_hole_takes_no_room)
{
	scoped_fixture f = fixture_new();
	static const char map[512] = "1\n9223372036854771711\n1\n";
	scoped_buf data = BUF(4096);
	int r;

	SKIP_UNLESS(is_root, "not root");
	(void)buf_put(&data, map, sizeof map);
	(void)buf_put(&data, "d", 1);
	PAX(&f.tar, { "GNU.sparse.major", "1" }, { "GNU.sparse.minor", "0" }, { "GNU.sparse.name", "disk" },
	    { "GNU.sparse.realsize", "9223372036854771712" });
	tarball_add(&f.tar, (struct tar_entry){ '0', "x", .data = data.p, .size = data.len });
	r = unpack(&f, 0);
	assert_true(r == 0 || r == -EFBIG || r == -EINVAL || r == -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(nothing_outside_the_layer_is_touched),
		RUN(entries_have_a_ceiling),
		RUN(implied_parents_count_too),
		RUN(a_component_too_long_is_refused),
		RUN(ids_out_of_range_are_refused),
		RUN(a_truncated_archive_is_told),
		RUN(what_is_no_archive_is_told),
		RUN(a_huge_hole_takes_no_room),
		SPREAD(nothing_outside_the_layer_is_touched),
		SPREAD(a_truncated_archive_is_told),
		SPREAD(what_is_no_archive_is_told),
	};

	is_root = geteuid() == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
