/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"
#include "insight/alert.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

#define S INT64_C(1000000000)

static const struct {
	const char *text;
	struct alert_rule rule; /* texts apart */
	const char *target;
} good[] = {
	{ "memory > 90% for 30s",
	  { .metric = ALERT_MEMORY, .unit = ALERT_PERCENT, .threshold = 9000, .for_ns = 30 * S } },
	{ "memory>90.5%", { .metric = ALERT_MEMORY, .unit = ALERT_PERCENT, .threshold = 9050 } },
	{ " memory >= 512m ",
	  { .metric = ALERT_MEMORY, .unit = ALERT_BYTES, .or_equal = true, .threshold = 512 << 20 } },
	{ "throttled > 20%", { .metric = ALERT_THROTTLED, .unit = ALERT_PERCENT, .threshold = 2000 } },
	{ "cpu > 150% for 1m30s on web",
	  { .metric = ALERT_CPU, .unit = ALERT_PERCENT, .threshold = 15000, .for_ns = 90 * S },
	  "web" },
	{ "oom", { .metric = ALERT_OOM, .unit = ALERT_COUNT } },
	{ "oom on /a/b", { .metric = ALERT_OOM, .unit = ALERT_COUNT }, "/a/b" },
	{ "pids < 3", { .metric = ALERT_PIDS, .unit = ALERT_COUNT, .below = true, .threshold = 3 } },
	{ "pids\t>\t80%", { .metric = ALERT_PIDS, .unit = ALERT_PERCENT, .threshold = 8000 } },
	{ "pressure.io > 10%", { .metric = ALERT_PRESSURE_IO, .unit = ALERT_PERCENT, .threshold = 1000 } },
	{ "pressure.memory.full <= 1% on x for 2s",
	  { .metric = ALERT_PRESSURE_MEMORY_FULL,
	    .unit = ALERT_PERCENT,
	    .below = true,
	    .or_equal = true,
	    .threshold = 100,
	    .for_ns = 2 * S },
	  "x" },
	{ "io.write > 10m", { .metric = ALERT_WRITE, .unit = ALERT_BYTES, .threshold = 10 << 20 } },
};

TEST(a_rule_is_what_it_says)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct arena a = ARENA(1 << 16);
		struct alert_rule r;
		struct err e = { 0 };

		if (alert_rule_parse(sv_from(good[i].text), &a, &r, &e) < 0)
			fail_msg("%s: %s", good[i].text, e.msg);
		if (r.metric != good[i].rule.metric || r.unit != good[i].rule.unit || r.below != good[i].rule.below ||
		    r.or_equal != good[i].rule.or_equal || r.threshold != good[i].rule.threshold ||
		    r.for_ns != good[i].rule.for_ns || !r.target != !good[i].target ||
		    (r.target && strcmp(r.target, good[i].target) != 0))
			fail_msg("%s", good[i].text);
		arena_done(&a);
	}
}

static const struct {
	const char *text, *msg;
} bad[] = {
	{ "", "\"\": no such metric (memory, swap, cpu, throttled, pids, oom, io.read, io.write, pressure.cpu, "
	      "pressure.cpu.full, pressure.memory, pressure.memory.full, pressure.io, pressure.io.full)" },
	{ "memory", "memory: expected > or < behind it" },
	{ "memory = 3", "memory: expected > or < behind it" },
	{ "memory >", "memory > \"\": expected a percentage or a size such as 512m" },
	{ "memory > x", "memory > \"x\": expected a percentage or a size such as 512m" },
	{ "memory > -1%", "memory > \"-1%\": expected a percentage or a size such as 512m" },
	{ "cpu > 3", "cpu > \"3\": expected a percentage such as 90%" },
	{ "throttled > %", "throttled > \"%\": expected a percentage such as 90%" },
	{ "pids > 1k", "pids > \"1k\": expected a percentage or a number" },
	{ "io.read > 5%", "io.read > \"5%\": expected bytes a second such as 10m" },
	{ "memory > 9223372036854775807%",
	  "memory > \"9223372036854775807%\": expected a percentage or a size such as 512m" },
	{ "memory > 1% for", "invalid duration \"\": 500ms, 10s, 1h30m" },
	{ "memory > 1% for 1s for 2s", "\"for\": expected \"for DURATION\" or \"on TARGET\"" },
	{ "memory > 1% on", "\"on\": expected \"for DURATION\" or \"on TARGET\"" },
	{ "memory > 1% soon", "\"soon\": expected \"for DURATION\" or \"on TARGET\"" },
	{ "oom > 1", "\">\": expected \"for DURATION\" or \"on TARGET\"" },
	{ "oom for 3s", "\"for\": expected \"for DURATION\" or \"on TARGET\"" },
};

TEST(what_is_no_rule_is_refused_with_what_is_allowed)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct arena a = ARENA(1 << 16);
		struct alert_rule r = { .threshold = 77 };
		struct err e = { 0 };

		assert_int_equal(-EINVAL, alert_rule_parse(sv_from(bad[i].text), &a, &r, &e));
		assert_string_equal(bad[i].msg, e.msg);
		assert_int_equal(77, r.threshold);
		arena_done(&a);
	}
}

static struct alert_rule rule(const char *text, struct arena *a)
{
	struct alert_rule r;

	assert_int_equal(0, alert_rule_parse(sv_from(text), a, &r, NULL));
	return r;
}

/* Seconds, a value in percent, and what it brings about: '.', 'F'ires, 'E'nds. */
static void expect_story(const char *text, const char *story)
{
	struct arena a = ARENA(1 << 16);
	struct alert_rule r = rule(text, &a);
	struct alert_state s = { 0 };
	struct sv rest = sv_from(story), word;

	for (int64_t t = 1; sv_next(&rest, ' ', &word); t++) {
		struct sv value = { word.p, word.n - 1 };
		int64_t v;

		assert_int_equal(0, sv_i64(value, &v));
		if (".FE"[alert_step(&r, &s, v * 100, t * S)] != word.p[word.n - 1])
			fail_msg("%s: second %d of %s", text, (int)t, story);
	}
	arena_done(&a);
}

TEST(a_rule_fires_once_and_ends_when_the_value_is_well_back)
{
	expect_story("cpu > 90%", "90. 91F 95. 89. 85. 82. 81E 81. 91F");
	expect_story("cpu >= 90%", "89. 90F 82. 81E");
	expect_story("cpu > 90% for 2s", "91. 91. 91F 50. 50. 91. 50. 50. 50E");
	expect_story("cpu > 90% for 2s", "91. 91. 80. 91. 91. 91F");
	expect_story("cpu < 10%", "10. 9F 10. 11E");
	expect_story("cpu > 0%", "0. 1F 0E");
}

TEST(each_oom_kill_is_told)
{
	struct arena a = ARENA(1 << 16);
	struct alert_rule r = rule("oom", &a);
	struct alert_state s = { 0 };

	assert_int_equal(ALERT_SAME, alert_step(&r, &s, 0, 1));
	assert_int_equal(ALERT_FIRES, alert_step(&r, &s, 1, 2));
	assert_int_equal(ALERT_FIRES, alert_step(&r, &s, 2, 3));
	assert_true(alert_is_calm(&s));
	arena_done(&a);
}

static const struct {
	const char *rule;
	int64_t value; /* between the two looks below */
	const char *text;
} values[] = {
	{ "memory > 1%", 5000, "50.00%" },  { "memory > 1k", 2048, "2.0KiB" },	  { "swap > 1%", 0, "0.00%" },
	{ "cpu > 1%", 2500, "25.00%" },	    { "throttled > 1%", 3000, "30.00%" }, { "pids > 1", 7, "7" },
	{ "pids > 1%", 700, "7.00%" },	    { "oom", 2, "2" },			  { "io.read > 1", 500, "500B" },
	{ "pressure.io > 1%", 100, "1.00%" }, { "pressure.io.full > 1%", CG_UNSET, "?" },
};

TEST(values_are_of_the_time_between_two_looks)
{
	static const struct alert_numbers before = { .taken_ns = S, .cpu_ns = 0, .periods = 10, .throttled_periods = 5,
						     .oom_kills = 1, .read_bytes = 1000,
						     .pressure_us = { 0, 0, 0, 0, 0, CG_UNSET } };
	static const struct alert_numbers now = { .taken_ns = 3 * S, .memory_bytes = 2048, .memory_limit_bytes = 4096,
						  .swap_bytes = 5, .swap_limit_bytes = CG_MAX, .cpu_ns = S / 2,
						  .periods = 20, .throttled_periods = 8, .pids = 7, .pids_limit = 100,
						  .oom_kills = 3, .read_bytes = 2000,
						  .pressure_us = { 0, 0, 0, 0, 20000, 7 } };

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct arena a = ARENA(1 << 16);
		struct alert_rule r = rule(values[i].rule, &a);
		char text[32];

		if (alert_value(&r, &before, &now) != values[i].value)
			fail_msg("%s: %lld", values[i].rule, (long long)alert_value(&r, &before, &now));
		assert_string_equal(values[i].text, alert_value_text(&r, values[i].value, text));
		arena_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_rule_is_what_it_says),
		RUN(what_is_no_rule_is_refused_with_what_is_allowed),
		RUN(a_rule_fires_once_and_ends_when_the_value_is_well_back),
		RUN(each_oom_kill_is_told),
		RUN(values_are_of_the_time_between_two_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
