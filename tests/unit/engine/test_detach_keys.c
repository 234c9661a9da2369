/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/detach_keys.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *text, *keys;
} good[] = {
	{ NULL, "\x10\x11" }, { "", "\x10\x11" }, { "a", "a" },	      { "ctrl-a,x", "\x01x" },
	{ "ctrl-[", "\x1b" }, { "ctrl-_", "\x1f" }, { "DEL,DEL", "\x7f\x7f" }, { "A", "A" },
};

TEST(keys_are_as_docker_names_them)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct detach_keys k;

		assert_int_equal(0, detach_keys_parse(good[i].text, &k, NULL));
		assert_int_equal(strlen(good[i].keys), k.n);
		assert_memory_equal(good[i].keys, k.key, k.n);
	}
}

TEST(other_keys_are_refused_by_name)
{
	static const char *const bad[] = { "ctrl-1", "ctrl-A", "ctrl", "ab", "a,", ",", "a,,b", "Ctrl-a", "ctrl-ab" };
	struct detach_keys k = { .n = 7 };
	struct err e = { 0 };
	char many[2 * DETACH_KEYS_MAX + 2];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(-EINVAL, detach_keys_parse(bad[i], &k, &e));
	assert_string_equal("Invalid detach keys (ctrl-ab) provided: Unknown character: 'ctrl-ab'", e.msg);
	for (size_t i = 0; i < sizeof many - 1; i++)
		many[i] = i % 2 ? ',' : 'x';
	many[sizeof many - 1] = '\0';
	assert_int_equal(-EINVAL, detach_keys_parse(many, &k, &e));
	assert_int_equal(7, k.n);
}

/* text goes in as one, and byte by byte */
static const struct {
	const char *keys, *in, *out;
	int found;
} typed[] = {
	{ "a,b", "xyz", "xyz", 0 },   { "a,b", "xaby", "x", 1 },     { "a,b", "aab", "a", 1 },
	{ "a,b", "acb", "acb", 0 },   { "a,a,b", "aaab", "a", 1 },   { "a,b,a,c", "ababac", "ab", 1 },
	{ "q", "q", "", 1 },	      { "a,a,b", "aacaab", "aac", 1 }, { "a,b", "a", "", 0 },
};

TEST(what_is_not_the_keys_is_passed_on)
{
	for (size_t i = 0; i < ARRAY_LEN(typed); i++)
		for (size_t step = 1; step < 10; step += 8) {
			struct detach_keys k;
			char out[64 + DETACH_KEYS_MAX];
			size_t have = 0, n, len = strlen(typed[i].in);
			int found = 0;

			assert_int_equal(0, detach_keys_parse(typed[i].keys, &k, NULL));
			for (size_t at = 0; !found && at < len; at += step) {
				found = detach_keys_filter(&k, typed[i].in + at, len - at < step ? len - at : step,
							   out + have, &n);
				have += n;
			}
			assert_int_equal(typed[i].found, found);
			assert_int_equal(strlen(typed[i].out), have);
			assert_memory_equal(typed[i].out, out, have);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = { RUN(keys_are_as_docker_names_them), RUN(other_keys_are_refused_by_name),
					    RUN(what_is_not_the_keys_is_passed_on) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
