/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/volumes.h"

#include "../test.h"
#include "../scratch.h"

static const struct {
	const char *name;
	int rc;
} names[] = {
	{ "ab", 0 },
	{ "Data_1.x-y", 0 },
	{ "a", -EINVAL },
	{ "", -EINVAL },
	{ ".new.x", -EINVAL },
	{ "..", -EINVAL },
	{ "a/b", -EINVAL },
	{ "-a", -EINVAL },
	{ "a b", -EINVAL },
};

TEST(names_follow_dockers_rule)
{
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(names[i].rc, volume_name_check(sv_from(names[i].name), &e));
	assert_int_equal(-EINVAL, volume_name_check(SV("a/b"), &e));
	assert_string_equal("\"a/b\" includes invalid characters for a local volume name, only "
			    "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, "
			    "use absolute path",
			    e.msg);
}

TEST(create_makes_or_finds)
{
	scoped_scratch s = scratch_new();
	scoped_fd volumes = -1, data = -1;
	mode_t before = umask(077);
	bool made = false;
	struct stat st;

	assert_int_equal(0, volumes_open(s.dir, &volumes, NULL));
	assert_int_equal(0, volume_create(volumes, "web", &made, NULL));
	umask(before);
	assert_true(made);
	data = openat(volumes, "web/_data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(data >= 0);
	assert_int_equal(0, fstat(data, &st));
	assert_int_equal(0755, st.st_mode & 07777);
	scratch_file(data, "kept", "x");
	assert_int_equal(0, volume_create(volumes, "web", &made, NULL));
	assert_false(made);
	assert_true(scratch_has(volumes, "web/_data/kept"));
}

TEST(remove_takes_all_and_names_what_is_missing)
{
	scoped_scratch s = scratch_new();
	scoped_fd volumes = -1;
	struct err e;
	bool made;
	int fd = 7;

	assert_int_equal(0, volumes_open(s.dir, &volumes, NULL));
	assert_int_equal(0, volume_create(volumes, "web", &made, NULL));
	assert_int_equal(0, mkdirat(volumes, "web/_data/sub", 0700));
	assert_int_equal(0, volume_remove(volumes, "web", NULL));
	assert_false(scratch_has(volumes, "web"));
	assert_int_equal(-ENOENT, volume_remove(volumes, "web", &e));
	assert_string_equal("get web: no such volume", e.msg);
	assert_int_equal(-ENOENT, volume_hold(volumes, "web", true, &fd, &e));
	assert_string_equal("get web: no such volume", e.msg);
	assert_int_equal(7, fd);
}

TEST(sweep_removes_leftovers_only)
{
	scoped_scratch s = scratch_new();
	scoped_fd volumes = -1;
	bool made;

	assert_int_equal(0, volumes_open(s.dir, &volumes, NULL));
	assert_int_equal(0, volume_create(volumes, "web", &made, NULL));
	assert_int_equal(0, mkdirat(volumes, ".new.1", 0700));
	assert_int_equal(0, mkdirat(volumes, ".del.1", 0700));
	assert_int_equal(0, mkdirat(volumes, ".del.1/v", 0700));
	assert_int_equal(0, volumes_sweep(volumes, NULL));
	assert_false(scratch_has(volumes, ".new.1"));
	assert_false(scratch_has(volumes, ".del.1"));
	assert_true(scratch_has(volumes, "web/_data"));
}

TEST(bind_source_is_made_for_v_and_refused_for_mount)
{
	scoped_scratch s = scratch_new();
	scoped_fd made = -1;
	char path[128], text[192];
	struct err e;
	int fd = 7;

	(void)snprintf(path, sizeof path, "%s/x/y", s.path);
	(void)snprintf(text, sizeof text, "bind source path does not exist: %s", path);
	assert_int_equal(-ENOENT, bind_source_open(path, false, &fd, &e));
	assert_string_equal(text, e.msg);
	assert_int_equal(7, fd);
	assert_int_equal(-EINVAL, bind_source_open("x", true, &fd, &e));
	assert_string_equal("invalid mount path: 'x' mount path must be absolute", e.msg);
	assert_int_equal(0, bind_source_open(path, true, &made, &e));
	assert_true(scratch_has(s.dir, "x/y"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(names_follow_dockers_rule),
		RUN(create_makes_or_finds),
		RUN(remove_takes_all_and_names_what_is_missing),
		RUN(sweep_removes_leftovers_only),
		RUN(bind_source_is_made_for_v_and_refused_for_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
