/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/advice.h"

#include "../test.h"

#include "base/scope.h"

#include <string.h>

#define MI (1ll << 20)

static const struct {
	struct observed o;
	int64_t cpu[4];
	struct advice want;
} cases[] = {
	/* nothing seen: the least of all */
	{ { .n = 0 },
	  { 0 },
	  { .cpu_request_milli = 10, .memory_request_bytes = 4 * MI, .memory_limit_bytes = 4 * MI } },
	/* no limits: none is advised for CPU */
	{ { .n = 4, .working_set_bytes = 100 * MI, .peak_bytes = 120 * MI },
	  { 50, 401, 10, 20 },
	  { 20, 401, 401, 410, 0, 110 * MI, 150 * MI, NULL } },
	/* a limit that is far away shrinks, one that holds back grows */
	{ { .n = 2,
	    .cpu_limit_milli = 4000,
	    .throttled = 0,
	    .periods = 1000,
	    .working_set_bytes = 10 * MI,
	    .peak_bytes = 10 * MI },
	  { 100, 200 },
	  { 100, 200, 200, 200, 400, 11 * MI, 13 * MI, NULL } },
	{ { .n = 2,
	    .cpu_limit_milli = 200,
	    .throttled = 500,
	    .periods = 1000,
	    .working_set_bytes = 10 * MI,
	    .peak_bytes = 10 * MI },
	  { 190, 200 },
	  { 190, 200, 200, 200, 400, 11 * MI, 13 * MI, "held back by its CPU limit" } },
	/* killed at its limit */
	{ { .n = 1,
	    .memory_limit_bytes = 64 * MI,
	    .oom_kills = 1,
	    .working_set_bytes = 20 * MI,
	    .peak_bytes = 64 * MI },
	  { 0 },
	  { 0, 0, 0, 10, 0, 22 * MI, 96 * MI, "killed for lack of memory" } },
};

TEST(advice_follows_from_what_was_seen)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct observed o = cases[i].o;
		int64_t cpu[4];
		struct advice a;

		memcpy(cpu, cases[i].cpu, sizeof cpu);
		o.cpu_milli = cpu;
		advise(&o, &a);
		assert_int_equal(cases[i].want.cpu_p50, a.cpu_p50);
		assert_int_equal(cases[i].want.cpu_p95, a.cpu_p95);
		assert_int_equal(cases[i].want.cpu_most, a.cpu_most);
		assert_int_equal(cases[i].want.cpu_request_milli, a.cpu_request_milli);
		assert_int_equal(cases[i].want.cpu_limit_milli, a.cpu_limit_milli);
		assert_int_equal(cases[i].want.memory_request_bytes, a.memory_request_bytes);
		assert_int_equal(cases[i].want.memory_limit_bytes, a.memory_limit_bytes);
		assert_string_equal(cases[i].want.why ? cases[i].want.why : "", a.why ? a.why : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { RUN(advice_follows_from_what_was_seen) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
