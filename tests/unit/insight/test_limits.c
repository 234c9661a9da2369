/* SPDX-License-Identifier: Apache-2.0 */
/* The tightest limit on the way from the root, on plain files of v1 and v2 and on the captured hosts. */
#include "../test.h"
#include "../kernel/fake_tree.h"
#include "insight/limits.h"

#define MIB (INT64_C(1) << 20)

static const struct cgroup_layout v2 = { .mode = CGROUP_MODE_V2, .n = 1,
					 .h = { { .mount = "sys/fs/cgroup", .v2 = true, .controllers = ~0u } } };

struct world {
	struct fake_tree tree;
	struct host host;
	struct arena arena;
	struct levels levels;
};

static void put(struct world *w, const char *group, const char *file, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof path, "sys/fs/cgroup%s/%s", group, file);
	fake_tree_put(&w->tree, path, text);
}

static void begin(struct world *w)
{
	w->tree = fake_tree_new();
	fake_tree_dir(&w->tree, "sys/fs/cgroup");
	put(w, "", "cgroup.controllers", "cpu memory pids\n");
	w->host = fake_tree_host(&w->tree);
	w->arena = ARENA(4 << 20);
	levels_init(&w->levels, &w->host, &v2, &w->arena);
}

static void end(struct world *w)
{
	arena_done(&w->arena);
	host_close(&w->host);
	fake_tree_end(&w->tree);
}

static const struct level *read_levels(struct world *w, const char *path, unsigned what)
{
	const struct level *at = NULL;
	struct err e = { 0 };

	if (levels_read(&w->levels, path, what, &at, &e) < 0)
		fail_msg("%s", e.msg);
	return at;
}

TEST(the_tightest_limit_and_its_owner_are_found)
{
	struct world w;
	const struct level *at;

	begin(&w);
	put(&w, "/a", "memory.max", "104857600\n");
	put(&w, "/a/b", "memory.max", "max\n");
	put(&w, "/a/b/c", "memory.max", "209715200\n");
	put(&w, "/a", "cpu.max", "max 100000\n");
	put(&w, "/a/b", "cpu.max", "20000 100000\n");
	put(&w, "/a/b/c", "cpu.max", "100000 200000\n");
	put(&w, "/a/b/c", "pids.max", "10\n");
	put(&w, "/a/b/c", "pids.current", "4\n");
	put(&w, "/a", "pids.max", "6\n");
	put(&w, "/a", "pids.current", "5\n");
	at = read_levels(&w, "/a/b/c", CGROUP_STAT_MEMORY | CGROUP_STAT_CPU_LIMIT | CGROUP_STAT_PIDS);
	assert_int_equal(100 * MIB, limit_memory(at).value);
	assert_string_equal("/a", limit_memory(at).owner);
	assert_int_equal(200, limit_cpu(at).value);
	assert_string_equal("/a/b", limit_cpu(at).owner);
	assert_int_equal(6, limit_pids(at).value);
	assert_int_equal(1, headroom_pids(at).value);
	assert_string_equal("/a", headroom_pids(at).owner);
	assert_int_equal(CG_MAX, limit_swap(at).value);
	assert_null(limit_swap(at).owner);
	end(&w);
}

TEST(of_equal_limits_the_nearer_one_counts)
{
	struct world w;

	begin(&w);
	put(&w, "/a", "memory.max", "1048576\n");
	put(&w, "/a/b", "memory.max", "1048576\n");
	assert_string_equal("/a/b", limit_memory(read_levels(&w, "/a/b", CGROUP_STAT_MEMORY)).owner);
	end(&w);
}

TEST(page_cache_is_room_and_tmpfs_is_not)
{
	struct world w;
	const struct level *at;
	unsigned what = CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_DETAIL;

	begin(&w);
	put(&w, "/cache", "memory.max", "104857600\n");
	put(&w, "/cache", "memory.current", "104857600\n");
	put(&w, "/cache", "memory.stat", "file 99614720\ninactive_file 52428800\nactive_file 47185920\nshmem 0\n");
	put(&w, "/tmpfs", "memory.max", "104857600\n");
	put(&w, "/tmpfs", "memory.current", "104857600\n");
	put(&w, "/tmpfs", "memory.stat", "file 99614720\ninactive_file 0\nactive_file 0\nshmem 99614720\n");
	at = read_levels(&w, "/cache", what);
	assert_int_equal(95 * MIB, headroom_memory(at).value);
	assert_int_equal(50 * MIB, memory_working_set(&at->st));
	at = read_levels(&w, "/tmpfs", what);
	assert_int_equal(0, headroom_memory(at).value);
	assert_int_equal(100 * MIB, memory_working_set(&at->st));
	end(&w);
}

TEST(a_group_that_is_gone_is_an_error_and_one_above_it_is_left_out)
{
	struct world w;
	const struct level *at = NULL;

	begin(&w);
	put(&w, "/a", "memory.max", "1048576\n");
	assert_int_equal(-ENOENT, levels_read(&w.levels, "/a/none", CGROUP_STAT_MEMORY, &at, NULL));
	assert_null(at);
	assert_int_equal(0, levels_above(&w.levels, "/a/gone/below", CGROUP_STAT_MEMORY, &at, NULL));
	assert_string_equal("/a", at->path);
	assert_string_equal("/", at->up->path);
	assert_null(at->up->up);
	assert_int_equal(0, levels_above(&w.levels, "/", CGROUP_STAT_MEMORY, &at, NULL));
	assert_null(at);
	end(&w);
}

static const char *const hosts[] = { "guest-v2", "hybrid", "v1-joined" };

TEST(captured_hosts_say_the_same_of_the_same_group)
{
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		scoped_arena a = ARENA(4 << 20);
		const struct level *at = NULL;
		struct cgroup_layout l;
		struct levels ls;
		struct host h;
		char path[512];

		(void)snprintf(path, sizeof path, "%s/tests/hosts/%s", getenv("TARE_TOP"), hosts[i]);
		assert_int_equal(0, host_open(&h, path, NULL));
		assert_int_equal(0, cgroup_layout_read(&h, &l, NULL));
		levels_init(&ls, &h, &l, &a);
		assert_int_equal(0,
				 levels_read(&ls, "/tare-capture",
					     CGROUP_STAT_MEMORY | CGROUP_STAT_CPU_LIMIT | CGROUP_STAT_PIDS, &at, NULL));
		assert_int_equal(16 * MIB, limit_memory(at).value);
		assert_int_equal(200, limit_cpu(at).value);
		assert_int_equal(8, limit_pids(at).value);
		assert_string_equal("/tare-capture", limit_pids(at).owner);
		host_close(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(the_tightest_limit_and_its_owner_are_found),
		RUN(of_equal_limits_the_nearer_one_counts),
		RUN(page_cache_is_room_and_tmpfs_is_not),
		RUN(a_group_that_is_gone_is_an_error_and_one_above_it_is_left_out),
		RUN(captured_hosts_say_the_same_of_the_same_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
