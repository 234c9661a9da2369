/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks as programs: what they get, what is said of their end. Each case runs a shell. */
#include "runtime/hooks.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

#define SHELL(script) \
	"\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"" script "\"],\"env\":[\"PATH=/bin:/usr/bin\"],\"timeout\":9"

static const struct {
	const char *hook;
	int rc;
	const char *text;
} cases[] = {
	{ SHELL("exit 0"), 0, "" },
	{ SHELL("read -r x; test \\\"$x\\\""), 0, "" },
	{ SHELL("exit 7"), -EIO, "hooks.prestart[0] /bin/sh: exit status 7" },
	{ SHELL("echo one; echo two >&2; exit 1"), -EIO, "hooks.prestart[0] /bin/sh: exit status 1: one two" },
	{ SHELL("kill -9 $$"), -EIO, "hooks.prestart[0] /bin/sh: killed by signal 9" },
	{ SHELL("(sleep 1000 >&- 2>&-)& exit 0"), 0, "" },
	{ SHELL("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done"), 0, "" },
	{ "\"path\":\"/nowhere/x\"", -EIO, "hooks.prestart[0] /nowhere/x: exit status 125: exec: No such file" },
	{ "\"path\":\"/bin/sleep\",\"args\":[\"sleep\",\"1000\"],\"timeout\":1", -ETIMEDOUT,
	  "hooks.prestart[0] /bin/sleep: it took longer than its timeout of 1 s" },
};

TEST(a_hook_is_judged_by_its_end_and_quoted_when_it_fails)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_arena a = ARENA(1 << 20);
		const struct hook_subject s = { .id = "x", .bundle = "/tmp", .pid = 5 };
		struct runtime_spec spec;
		struct err e = { 0 };
		int r = runtime_spec_parse(
			sv_from(arena_fmt(&a, "{\"ociVersion\":\"1.3.0\",\"hooks\":{\"prestart\":[{%s}]}}",
					  cases[i].hook)),
			&a, &spec, &e);

		assert_int_equal(0, r);
		r = hooks_run(&spec, OCI_HOOK_PRESTART, &s, &e);
		if (r != cases[i].rc || !strstr(e.msg, cases[i].text))
			print_error("case %zu: %d \"%s\"\n", i, r, e.msg);
		assert_int_equal(cases[i].rc, r);
		assert_non_null(strstr(e.msg, cases[i].text));
	}
}

TEST(the_state_is_one_document_with_what_is_known)
{
	scoped_arena a = ARENA(1 << 20);
	struct runtime_spec spec;
	struct hook_state made;
	struct err e = { 0 };

	assert_int_equal(0, runtime_spec_parse(SV("{\"ociVersion\":\"1.2.0\",\"annotations\":{\"a\\\"b\":\"c\\nd\"}}"),
					       &a, &spec, &e));
	assert_int_equal(0, hook_state_make(&spec, "id", "/b", &a, &made, &e));
	assert_string_equal("{\"ociVersion\":\"1.2.0\",\"id\":\"id\"", made.head);
	assert_string_equal(",\"bundle\":\"/b\",\"annotations\":{\"a\\\"b\":\"c\\nd\"}}", made.tail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_hook_is_judged_by_its_end_and_quoted_when_it_fails),
		RUN(the_state_is_one_document_with_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
