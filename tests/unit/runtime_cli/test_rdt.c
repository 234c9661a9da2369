/* SPDX-License-Identifier: Apache-2.0 */
/* On a made tree: folders that are made in it get no files, as the kernel would give them. */
#include "runtime_cli/rdt.h"

#include "../test.h"
#include "base/io.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char top[] = "/tmp/test-rdt.XXXXXX";
static int dir;

static void make(const char *path)
{
	char file[128];

	assert_int_equal(0, mkdirat(dir, path, 0755));
	for (int i = 0; i < 2; i++) {
		(void)snprintf(file, sizeof file, "%s/%s", path, i ? "tasks" : "schemata");
		close(openat(dir, file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	}
}

static void check_file(const char *path, const char *want)
{
	scoped_buf text = BUF(4096);

	assert_int_equal(0, io_read_at(dir, path, &text, NULL));
	assert_string_equal(want, text.p ? text.p : "");
}

static int setup(void **state)
{
	(void)state;
	strcpy(top + strlen(top) - 6, "XXXXXX");
	assert_non_null(mkdtemp(top));
	dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make("gold");
	assert_int_equal(0, mkdirat(dir, "gold/mon_groups", 0755));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(dir);
	return io_remove_tree_at(AT_FDCWD, top, NULL);
}

static const char *schemata[] = { "L2:0=3", NULL };

TEST(a_class_is_looked_for_by_its_name)
{
	static const struct {
		const char *clos, *l3;
		int rc;
		const char *found, *error;
		bool made;
	} cases[] = {
		{ "gold", NULL, 0, "gold", NULL, false },
		{ "gold", "L3:0=f", 0, "gold", NULL, false },
		{ "/", NULL, 0, ".", NULL, false },
		{ NULL, NULL, 0, "web", NULL, true },
		{ "", "L3:0=f", 0, "web", NULL, true },
		{ "new", "L3:0=f", 0, "new", NULL, true },
		{ "new", NULL, -ENOENT, NULL, "linux.intelRdt.closID: there is no class new", false },
		{ "../x", NULL, -EINVAL, NULL, "linux.intelRdt.closID: \"../x\" is not the name of a class", false },
		{ "info", NULL, -EINVAL, NULL, "linux.intelRdt.closID: \"info\"", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct runtime_spec spec = {
			.intel_rdt = { .present = true, .clos_id = cases[i].clos, .l3_cache_schema = cases[i].l3 }
		};
		struct err e = { 0 };
		struct rdt r;

		assert_int_equal(cases[i].rc, rdt_look(&spec, "web", dir, &r, &e));
		if (cases[i].error) {
			assert_non_null(strstr(e.msg, cases[i].error));
			continue;
		}
		assert_string_equal(cases[i].found, r.clos);
		assert_int_equal(cases[i].made, r.made);
	}
}

TEST(a_class_that_is_there_gets_schemata_and_the_process_and_stays)
{
	struct runtime_spec spec = { .intel_rdt = { .present = true, .enable_monitoring = true,
						    .l3_cache_schema = "L3:0=f\nMB:0=1", .mem_bw_schema = "MB:0=50",
						    .schemata = { schemata, 1 } } };
	struct rdt r = { dir, "gold", false };
	struct err e = { 0 };

	make("gold/mon_groups/web"); /* as the kernel would, with its files: so it is there already … */
	assert_int_equal(-EEXIST, rdt_make(&r, &spec, "web", 42, &e));
	check_file("gold/schemata", "L3:0=f\nMB:0=50\nL2:0=3\n");
	assert_int_equal(0, rdt_enter(&r, &spec, "web", 42, &e)); /* … and a process enters it */
	check_file("gold/tasks", "42");
	check_file("gold/mon_groups/web/tasks", "42");
	spec.intel_rdt.enable_monitoring = false;
	assert_int_equal(0, rdt_make(&r, &spec, "web", 7, &e));
	assert_int_equal(0, rdt_remove(&r, "web", false, &e));
	assert_int_equal(0, faccessat(dir, "gold", F_OK, 0));
}

TEST(a_class_that_cannot_be_filled_is_taken_away_again)
{
	struct runtime_spec spec = { .intel_rdt = { .present = true, .l3_cache_schema = "L3:0=f" } };
	struct rdt r = { dir, "web", true };
	struct err e = { 0 };

	assert_int_equal(-ENOENT, rdt_make(&r, &spec, "web", 42, &e));
	assert_string_equal("linux.intelRdt: open web/schemata: No such file or directory", e.msg);
	assert_int_equal(-1, faccessat(dir, "web", F_OK, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_class_is_looked_for_by_its_name, setup, teardown),
		cmocka_unit_test_setup_teardown(a_class_that_is_there_gets_schemata_and_the_process_and_stays, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_class_that_cannot_be_filled_is_taken_away_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
