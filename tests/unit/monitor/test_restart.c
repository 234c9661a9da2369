/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/restart.h"

#include "../test.h"

#include "base/scope.h"

static const struct {
	enum restart_policy policy;
	int max, exit_code, restarts;
	bool wanted, by_user;
} cases[] = {
	{ RESTART_NO, 0, 1, 0, false },        { RESTART_ALWAYS, 0, 0, 1000, true },
	{ RESTART_UNLESS_STOPPED, 0, 137, 0, true },
	{ RESTART_UNLESS_STOPPED, 0, 137, 0, false, true }, { RESTART_ALWAYS, 0, 0, 1000, true, true },
	{ RESTART_ON_FAILURE, 0, 0, 0, false },
	{ RESTART_ON_FAILURE, 0, 1, 1000, true }, { RESTART_ON_FAILURE, 3, 1, 2, true },
	{ RESTART_ON_FAILURE, 3, 1, 3, false }, { RESTART_ON_FAILURE, 3, 0, 0, false },
};

TEST(a_policy_decides_by_status_and_count)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct charter c = { .restart = cases[i].policy, .restart_max = cases[i].max };

		struct outcome o = { .exit_code = cases[i].exit_code, .restart_count = cases[i].restarts,
				     .stopped_by_user = cases[i].by_user };

		assert_int_equal(cases[i].wanted, restart_wanted(&c, &o));
	}
}

TEST(the_wait_doubles_to_a_minute_and_begins_anew_after_ten_seconds)
{
	static const int want[] = { 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000 };
	int delay = 0;

	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_int_equal(want[i], backoff_next(&delay, BACKOFF_CALM_NS - 1));
	assert_int_equal(100, backoff_next(&delay, BACKOFF_CALM_NS));
	assert_int_equal(200, backoff_next(&delay, 0));
}

TEST(in_a_pod_the_first_wait_is_none_and_ten_minutes_make_it_new)
{
	static const int want[] = { 0, 10000, 20000, 40000, 80000, 160000, 300000, 300000 };
	int next = 0;

	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_int_equal(want[i], backoff_next_pod(&next, BACKOFF_POD_CALM_NS - 1));
	assert_int_equal(0, backoff_next_pod(&next, BACKOFF_POD_CALM_NS));
	assert_int_equal(10000, backoff_next_pod(&next, 0));
}

static const struct {
	const char *rules[2];
	int exit_code;
	enum exit_action action;
} ruled[] = {
	{ { "Restart In 42 43" }, 43, EXIT_RESTART },
	{ { "Restart In 42 43" }, 4, EXIT_NOTHING },
	{ { "Restart In" }, 0, EXIT_NOTHING },
	{ { "Restart NotIn 1" }, 1, EXIT_NOTHING },
	{ { "Restart NotIn" }, 0, EXIT_RESTART },
	{ { "Restart In 1", "Restart In 137" }, 137, EXIT_RESTART },
	{ { "Restart In 1", "RestartAllContainers NotIn 2" }, 1, EXIT_RESTART }, /* the first one that matches */
	{ { "Restart In 1", "RestartAllContainers NotIn 2" }, 3, EXIT_RESTART_ALL },
	{ { "Newer In 1", "" }, 1, EXIT_NOTHING },
};

TEST(a_rule_is_about_some_exit_statuses_or_all_others)
{
	for (size_t i = 0; i < ARRAY_LEN(ruled); i++) {
		const char *v[] = { ruled[i].rules[0], ruled[i].rules[1] };
		const struct oci_strings rules = { v, v[1] ? 2 : 1 };

		assert_int_equal(ruled[i].action, restart_rules_action(&rules, ruled[i].exit_code));
		assert_int_equal(i >= 6 && i <= 7, restart_rules_have(&rules, EXIT_RESTART_ALL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_policy_decides_by_status_and_count),
		RUN(a_rule_is_about_some_exit_statuses_or_all_others),
		RUN(the_wait_doubles_to_a_minute_and_begins_anew_after_ten_seconds),
		RUN(in_a_pod_the_first_wait_is_none_and_ten_minutes_make_it_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
