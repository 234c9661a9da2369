/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/restart.h"

#include "../test.h"
#include "base/scope.h"

/* One character for each container of the pod, init containers first: whether it begins again after 0, 1 and 42. */
static const struct {
	const char *pod, *init, *main, *again;
	bool may_end;
} cases[] = {
	{ NULL, NULL, NULL, "n y y  y y y", false },
	{ "Always", "OnFailure", "Never", "n y y  n n n", true },
	{ "OnFailure", NULL, NULL, "n y y  n y y", true },
	{ "OnFailure", "Never", "Always", "n n n  y y y", false },
	{ "Never", NULL, "OnFailure", "n n n  n y y", true },
	{ "Never", "Always", NULL, "y y y  n n n", true },
};

static void say(char *out, const struct pod_spec *p, const struct container_spec *s)
{
	static const int codes[] = { 0, 1, 42 };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		out[2 * i] = pod_restarts(p, s, codes[i]) ? 'y' : 'n';
}

TEST(the_containers_own_policy_comes_before_the_pods)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct container_spec init = { .restart_policy = cases[i].init },
				      main = { .restart_policy = cases[i].main };
		const struct pod_spec p = { .restart_policy = cases[i].pod,
					    .inits = { &init, 1 },
					    .containers = { &main, 1 } };
		char again[] = "     "
			       "  "
			       "     ";

		say(again, &p, &init);
		say(again + 7, &p, &main);
		assert_string_equal(cases[i].again, again);
		assert_int_equal(cases[i].may_end, pod_may_end(&p));
	}
}

static const struct {
	const char *policy, *op;
	int64_t code;
	size_t n;
	const char *again;
} ruled[] = {
	{ "Never", "In", 42, 1, "n n y" },
	{ "Never", "In", 0, 1, "y n n" },
	{ "Never", "NotIn", 42, 1, "y y n" },
	{ "Never", "In", 0, 0, "n n n" },
	{ "Never", "NotIn", 0, 0, "y y y" },
	{ "OnFailure", "NotIn", 1, 1, "y y y" },
};

TEST(a_rule_that_matches_begins_it_again)
{
	for (size_t i = 0; i < ARRAY_LEN(ruled); i++) {
		int64_t code = ruled[i].code;
		struct exit_codes codes = { ruled[i].op, { &code, ruled[i].n } };
		struct restart_rule rule = { "Restart", &codes };
		struct container_spec main = { .restart_policy = ruled[i].policy, .restart_rules = { &rule, 1 } };
		const struct pod_spec p = { .containers = { &main, 1 } };
		char again[] = "     ";

		say(again, &p, &main);
		assert_string_equal(ruled[i].again, again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(the_containers_own_policy_comes_before_the_pods),
		RUN(a_rule_that_matches_begins_it_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
