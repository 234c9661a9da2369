/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/charter.h"

#include "../test.h"

#include "base/io.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int folder(char name[64])
{
	(void)snprintf(name, 64, "/tmp/tare-test-XXXXXX");
	assert_non_null(mkdtemp(name));
	return open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

TEST(what_is_written_is_read)
{
	const char *lower[] = { "3", "2", "1" }, *copy_up[] = { "/a\nb", "/data=x" };
	struct charter c = { .id = "i",
			     .container_dir = "/d",
			     .copy_up = copy_up,
			     .copy_up_count = 2,
			     .auto_remove = true,
			     .trace = true,
			     .program = "/p",
			     .data_root = "/r",
			     .state_root = "/s",
			     .root = { .layers_dir = "/l",
				       .data_dir = "/d",
				       .lower = lower,
				       .lower_count = 3,
				       .upper = "upper",
				       .work = "work" } };
	scoped_arena a = ARENA(1 << 20);
	struct charter back;
	char name[64];
	scoped_fd dir = folder(name);

	assert_int_equal(0, charter_write(dir, &c, NULL));
	assert_int_equal(0, charter_read(dir, &a, &back, NULL));
	assert_string_equal("i", back.id);
	assert_null(back.root.path);
	assert_int_equal(3, back.root.lower_count);
	assert_string_equal("3", back.root.lower[0]);
	assert_string_equal("1", back.root.lower[2]);
	assert_int_equal(2, back.copy_up_count);
	assert_string_equal("/a\nb", back.copy_up[0]);
	assert_string_equal("/data=x", back.copy_up[1]);
	assert_true(back.auto_remove && back.trace && !back.open_stdin);
	assert_string_equal("/s", back.state_root);
	assert_int_equal(0, io_remove_tree_at(AT_FDCWD, name, NULL));
}

TEST(life_and_logs_are_written_and_read)
{
	struct charter c, back;
	scoped_arena a = ARENA(1 << 20);
	char name[64];
	scoped_fd dir = folder(name);

	charter_init(&c);
	c.id = c.container_dir = c.program = c.data_root = c.state_root = "x";
	c.tty = c.stdin_once = true;
	c.log_driver = LOG_NONE;
	c.log_attrs = "{\"a\":\"b\"}";
	c.log_max_size = INT64_C(1) << 40;
	c.log_max_file = 3;
	c.restart = RESTART_ON_FAILURE;
	c.restart_max = 5;
	c.restart_count = 2;
	c.stop_signal = SIGQUIT;
	c.stop_timeout = -1;
	assert_int_equal(0, charter_write(dir, &c, NULL));
	assert_int_equal(0, charter_read(dir, &a, &back, NULL));
	assert_true(back.tty && back.stdin_once && !back.init);
	assert_int_equal(LOG_NONE, back.log_driver);
	assert_string_equal("{\"a\":\"b\"}", back.log_attrs);
	assert_true(back.log_max_size == INT64_C(1) << 40);
	assert_int_equal(3, back.log_max_file);
	assert_int_equal(RESTART_ON_FAILURE, back.restart);
	assert_int_equal(5, back.restart_max);
	assert_int_equal(2, back.restart_count);
	assert_int_equal(SIGQUIT, back.stop_signal);
	assert_int_equal(-1, back.stop_timeout);
	assert_int_equal(0, io_remove_tree_at(AT_FDCWD, name, NULL));
}

TEST(what_exec_needs_is_written_and_read)
{
	const char *env[] = { "A=1\n2", "B=", "C=x=y" }, *groups[] = { "wheel" };
	struct charter c, back;
	scoped_arena a = ARENA(1 << 20);
	char name[64];
	scoped_fd dir = folder(name);

	charter_init(&c);
	c.id = c.container_dir = c.program = c.data_root = c.state_root = "x";
	c.exec_env = (struct oci_strings){ env, 3 };
	c.exec_groups = (struct oci_strings){ groups, 1 };
	c.exec_user = "app:staff";
	assert_int_equal(0, charter_write(dir, &c, NULL));
	assert_int_equal(0, charter_read(dir, &a, &back, NULL));
	assert_int_equal(3, back.exec_env.n);
	assert_string_equal("A=1\n2", back.exec_env.v[0]);
	assert_string_equal("C=x=y", back.exec_env.v[2]);
	assert_int_equal(1, back.exec_groups.n);
	assert_string_equal("app:staff", back.exec_user);
	assert_null(back.exec_workdir);
	assert_int_equal(0, io_remove_tree_at(AT_FDCWD, name, NULL));
}

#define NEEDED "tare-charter=1\0id=x\0container_dir=/d\0program=/p\0data_root=/r\0state_root=/s"

TEST(what_is_missing_has_its_default_and_what_is_newer_is_skipped)
{
	static const char text[] = NEEDED "\0something_newer=1";
	scoped_arena a = ARENA(1 << 20);
	struct charter c;
	char name[64];
	scoped_fd dir = folder(name);

	assert_int_equal(0, io_replace_at(dir, CHARTER_FILE, text, sizeof text, 0600, false, NULL));
	assert_int_equal(0, charter_read(dir, &a, &c, NULL));
	assert_int_equal(LOG_JSON_FILE, c.log_driver);
	assert_int_equal(1, c.log_max_file);
	assert_int_equal(RESTART_NO, c.restart);
	assert_int_equal(STOP_SIGNAL_DEFAULT, c.stop_signal);
	assert_int_equal(STOP_TIMEOUT_DEFAULT, c.stop_timeout);
	assert_int_equal(0, io_remove_tree_at(AT_FDCWD, name, NULL));
}

#define FIELDS(text) { text, sizeof(text) }

static const struct {
	const char *text;
	size_t n;
} bad[] = {
	{ "", 0 },
	FIELDS("tare-charter=2"),
	FIELDS("tare-charter=1\0id=x\0container_dir=/d"), /* the rest is missing */
	FIELDS("tare-charter=1\0noequals"),
	FIELDS(NEEDED "\0restart=sometimes"),
	FIELDS(NEEDED "\0log_driver=tape"),
	FIELDS(NEEDED "\0stop_timeout=soon"),
	FIELDS(NEEDED "\0stop_signal=99999999999"),
	{ "tare-charter=1", 14 }, /* no NUL at the end */
};

TEST(what_is_not_a_charter_is_refused)
{
	scoped_arena a = ARENA(1 << 20);
	char name[64];
	scoped_fd dir = folder(name);

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct charter c;

		assert_int_equal(0, io_replace_at(dir, CHARTER_FILE, bad[i].text, bad[i].n, 0600, false, NULL));
		assert_int_equal(-EINVAL, charter_read(dir, &a, &c, NULL));
	}
	assert_int_equal(0, io_remove_tree_at(AT_FDCWD, name, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_exec_needs_is_written_and_read), RUN(what_is_written_is_read),
					    RUN(life_and_logs_are_written_and_read),
					    RUN(what_is_missing_has_its_default_and_what_is_newer_is_skipped),
					    RUN(what_is_not_a_charter_is_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
