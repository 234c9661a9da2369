/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/pod_charter.h"

#include "../test.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

TEST(what_is_written_is_read)
{
	const char *rules[] = { "Restart In 42 43", "Restart NotIn 1" };
	const char *command[] = { "test", "-e", "/a=b" };
	struct pod_volume volumes[] = { { .name = "m", .fstype = "tmpfs", .options = "size=1" },
					{ .name = "d", .path = "/d" } };
	struct pod_mount mounts[] = { { "/a b", "d", "x=y" }, { "/m", "m", NULL } };
	struct pod_container containers[] = {
		{ .id = "1", .name = "init", .kind = MEMBER_INIT },
		{ .id = "2",
		  .name = "app",
		  .kind = MEMBER_MAIN,
		  .rules = { rules, 2 },
		  .mounts = { mounts, 2 },
		  .use = { [USE_LIVENESS] = { .action = ACTION_EXEC,
					      .arg = { command, 3 },
					      .delay_s = 1,
					      .timeout_s = 2,
					      .period_s = 3,
					      .successes = 4,
					      .failures = 5,
					      .grace_s = -1 },
			   [USE_PRE_STOP] = { .action = ACTION_SLEEP, .seconds = 9 } } },
	};
	const struct pod_charter c = { .uid = "u", .program = "/t", .data_root = "/d", .state_root = "/s",
				       .probe = "/p", .grace_s = 30, .v = containers, .n = 2,
				       .volumes = { volumes, 2 } };
	scoped_arena a = ARENA(LIMIT_CONTROL_MSG);
	char name[] = "/tmp/tare-test-XXXXXX";
	scoped_fd dir = open(mkdtemp(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct pod_charter back;
	const struct pod_use *u;

	assert_int_equal(0, pod_charter_write(dir, &c, NULL));
	assert_int_equal(0, pod_charter_read(dir, &a, &back, NULL));
	assert_int_equal(2, (int)back.n);
	assert_string_equal("init", back.v[0].name);
	assert_int_equal(ACTION_NONE, back.v[0].use[USE_LIVENESS].action);
	assert_int_equal(0, (int)back.v[0].rules.n);
	assert_string_equal("Restart NotIn 1", back.v[1].rules.v[1]);
	u = &back.v[1].use[USE_LIVENESS];
	assert_int_equal(ACTION_EXEC, u->action);
	assert_string_equal("/a=b", u->arg.v[2]);
	assert_int_equal(12345, u->delay_s * 10000 + u->timeout_s * 1000 + u->period_s * 100 + u->successes * 10 +
					u->failures);
	assert_int_equal(-1, u->grace_s);
	assert_int_equal(9, back.v[1].use[USE_PRE_STOP].seconds);
	assert_int_equal(30, back.grace_s);
	assert_int_equal(2, (int)back.volumes.n);
	assert_string_equal("size=1", pod_charter_volume(&back, "m")->options);
	assert_string_equal("/d", pod_charter_volume(&back, "d")->path);
	assert_null(pod_charter_volume(&back, "x"));
	assert_int_equal(0, (int)back.v[0].mounts.n);
	assert_int_equal(2, (int)back.v[1].mounts.n);
	assert_string_equal("/a b", back.v[1].mounts.v[0].destination);
	assert_string_equal("x=y", back.v[1].mounts.v[0].below);
	assert_null(back.v[1].mounts.v[1].below);
	assert_int_equal(0, io_remove_tree_at(AT_FDCWD, name, NULL));
}

#define HEAD "tare-pod=1\0uid=u\0program=/t\0data_root=/d\0state_root=/s\0probe=/p\0"
#define TEXT(t) { (t), sizeof(t) }
static const struct {
	struct sv text;
	int rc;
} cases[] = {
	{ TEXT(HEAD "container=1\0kind=main\0newer=x"), 0 },
	{ TEXT("tare-pod=2"), -EINVAL },
	{ { HEAD, sizeof HEAD - 1 }, -EINVAL }, /* no container */
	{ TEXT(HEAD "container=1\0kind=other"), -EINVAL },
	{ TEXT(HEAD "kind=main\0container=1"), -EINVAL },
	{ TEXT(HEAD "container=1\0use=often"), -EINVAL },
	{ TEXT(HEAD "container=1\0delay=1"), -EINVAL },
	{ TEXT(HEAD "container=1\0use=startup\0delay=99999999999"), -EINVAL },
	{ TEXT(HEAD "container=1\0damaged"), -EINVAL },
	{ TEXT(HEAD "volume=v\0path=/v\0container=1\0mount=/m\0of=v"), 0 },
	{ TEXT(HEAD "volume=v\0container=1"), -EINVAL },                      /* of no kind */
	{ TEXT(HEAD "volume=v\0path=/v\0fstype=tmpfs\0container=1"), -EINVAL }, /* of two */
	{ TEXT(HEAD "container=1\0mount=/m\0of=v"), -EINVAL },
	{ TEXT(HEAD "container=1\0mount=/m"), -EINVAL },
	{ TEXT(HEAD "mount=/m\0container=1"), -EINVAL },
	{ TEXT(HEAD "container=1\0mount=/m\0container=2\0of=v"), -EINVAL },
	{ { "", 0 }, -EINVAL },
};

TEST(what_is_damaged_is_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_arena a = ARENA(LIMIT_CONTROL_MSG);
		struct pod_charter c;

		assert_int_equal(cases[i].rc, pod_charter_parse(cases[i].text, &a, &c, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_written_is_read),
		RUN(what_is_damaged_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
