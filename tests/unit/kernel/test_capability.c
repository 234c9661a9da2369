/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/capability.h"

#include "../test.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	int cap;
} names[] = {
	{ "CAP_CHOWN", 0 }, { "kill", 5 },           { "KILL", 5 },
	{ "cap_Kill", 5 },  { "CAP_SYS_ADMIN", 21 }, { "CAP_CHECKPOINT_RESTORE", 40 },
	{ "", -1 },         { "CAP_", -1 },          { "CAP_CAP_KILL", -1 },
	{ "CAP_KIL", -1 },  { "CAP_KILLS", -1 },     { "ALL", -1 },
};

TEST(name_becomes_number_in_any_case)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(names[i].cap, cap_from_name(sv_from(names[i].name)));
}

TEST(every_name_comes_back)
{
	for (unsigned i = 0; i < 41; i++)
		assert_int_equal(i, cap_from_name(sv_from(cap_name(i))));
	assert_null(cap_name(41));
	assert_null(cap_name(~0u));
	assert_true(cap_all() == (UINT64_C(1) << 41) - 1);
}

static uint64_t bounding(void)
{
	uint64_t set = 0;

	for (unsigned cap = 0; cap < 64; cap++)
		set |= (uint64_t)(prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1) << cap;
	return set;
}

TEST(kernel_set_agrees_with_prctl)
{
	struct err e = { 0 };
	uint64_t set = cap_last_of_kernel(&e);

	assert_true(set != 0);
	for (unsigned i = 0; i < 41; i++)
		assert_int_equal(prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0, set >> i & 1);
	assert_true((bounding() & ~set) == 0);
}

/* Runs in a child; its exit status is the number of the first check that failed. */
static int drop_all_but(uint64_t keep)
{
	struct cap_sets s = { .effective = keep, .permitted = keep, .inheritable = keep, .ambient = keep };
	struct err e = { 0 };

	if (cap_drop_bounding(~UINT64_C(0), keep, &e) < 0)
		return 1;
	if ((bounding() & ~keep) != 0)
		return 2;
	if (cap_apply(&s, &e) < 0)
		return 3;
	for (unsigned i = 0; i < 41; i++)
		if ((prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1) != (keep >> i & 1))
			return 4;
	s.permitted |= UINT64_C(1) << CAP_SYS_ADMIN;
	if (cap_apply(&s, &e) != -EPERM)
		return 5;
	return strstr(e.msg, "CAP_SYS_ADMIN") ? 0 : 6;
}

TEST(sets_are_dropped_and_the_missing_one_is_named)
{
	uint64_t keep = UINT64_C(1) << CAP_KILL | UINT64_C(1) << CAP_NET_RAW;
	int status;
	pid_t pid;

	if (prctl(PR_CAPBSET_READ, CAP_SETPCAP, 0, 0, 0) != 1 || geteuid() != 0) {
		print_message("# skipped: needs root with CAP_SETPCAP\n");
		skip();
	}
	pid = fork();
	if (pid == 0)
		_exit(drop_all_but(keep));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(name_becomes_number_in_any_case),
		RUN(every_name_comes_back),
		RUN(kernel_set_agrees_with_prctl),
		RUN(sets_are_dropped_and_the_missing_one_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
