/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/outcome.h"

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

static void remove_folder(const char *name)
{
	assert_int_equal(0, io_remove_tree_at(AT_FDCWD, name, NULL));
}

TEST(what_is_written_is_read)
{
	struct outcome o = { .state = OUTCOME_EXITED,
			     .boot_id = "b-1",
			     .monitor_pid = 2,
			     .pid = 3,
			     .pid_start_ticks = UINT64_MAX,
			     .created_ns = 1,
			     .started_ns = 2,
			     .finished_ns = INT64_MAX,
			     .exit_code = 137,
			     .restart_count = 4,
			     .stopped_by_user = true,
			     .oom_killed = true,
			     .oom_kills = 3,
			     .oom_owner = "/a group/b",
			     .oom_limit_bytes = 1 << 20,
			     .oom_victim = "a name",
			     .oom_victim_pid = 7,
			     .oom_log_seq = UINT64_MAX,
			     .error = "two\nlines" };
	struct outcome back;
	char name[64];
	scoped_fd dir = folder(name);

	assert_int_equal(0, outcome_write(dir, &o, NULL));
	assert_int_equal(0, outcome_read(dir, &back, NULL));
	assert_string_equal("two lines", back.error);
	(void)snprintf(back.error, sizeof back.error, "%s", o.error);
	assert_memory_equal(&o, &back, sizeof o);
	remove_folder(name);
}

TEST(each_exec_session_has_its_own_record)
{
	struct outcome one = { .state = OUTCOME_RUNNING, .pid = 7 }, two = { .state = OUTCOME_EXITED, .exit_code = 9 },
		       back;
	char name[64];
	scoped_fd dir = folder(name);

	assert_int_equal(0, outcome_write_exec(dir, 1, &one, NULL));
	assert_int_equal(0, outcome_write_exec(dir, 4294967295, &two, NULL));
	assert_int_equal(0, outcome_read_exec(dir, 1, &back, NULL));
	assert_memory_equal(&one, &back, sizeof back);
	assert_int_equal(0, outcome_read_exec(dir, 4294967295, &back, NULL));
	assert_memory_equal(&two, &back, sizeof back);
	assert_int_equal(-ENOENT, outcome_read_exec(dir, 2, &back, NULL));
	remove_folder(name);
}

static const struct {
	const char *text;
	int rc;
} records[] = {
	{ "tare-outcome 1\nstate running\nsomething_newer yes\n", 0 },
	{ "tare-outcome 1\nstate paused\n", 0 },
	{ "tare-outcome 1\nstate restarting\nrestart_count 3\n", 0 },
	{ "tare-outcome 1\nrestart_count many\n", -EINVAL },
	{ "tare-outcome 1\nstate sleeping\n", -EINVAL },
	{ "tare-outcome 1\npid 99999999999\n", -EINVAL },
	{ "tare-outcome 1\noom_killed perhaps\n", -EINVAL },
	{ "", -EINVAL },
	{ "something else\n", -EINVAL },
};

TEST(damaged_records_are_told_and_newer_keys_are_skipped)
{
	char name[64];
	scoped_fd dir = folder(name);

	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		struct outcome o = { .exit_code = 7 };

		assert_int_equal(0, io_replace_at(dir, OUTCOME_FILE, records[i].text, strlen(records[i].text), 0600,
						  false, NULL));
		assert_int_equal(records[i].rc, outcome_read(dir, &o, NULL));
		assert_int_equal(records[i].rc ? 7 : 0, o.exit_code);
	}
	remove_folder(name);
}

TEST(no_record_is_enoent)
{
	struct outcome o;
	char name[64];
	scoped_fd dir = folder(name);

	assert_int_equal(-ENOENT, outcome_read(dir, &o, NULL));
	remove_folder(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_written_is_read),
		RUN(each_exec_session_has_its_own_record),
		RUN(damaged_records_are_told_and_newer_keys_are_skipped),
		RUN(no_record_is_enoent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
