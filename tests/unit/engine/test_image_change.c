/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_change.h"

#include "../test.h"
#include "base/scope.h"

#include <errno.h>
#include <string.h>

static const char *config_after(const char *const *changes, struct arena *a)
{
	struct image_full_config image = { .base = { .cmd = { (const char *[]){ "old" }, 1 } } };
	scoped_buf b = BUF(1 << 16);
	bool cmd_was_set = false;
	const char *at;

	for (; *changes; changes++)
		assert_int_equal(0, image_change(&image, &cmd_was_set, *changes, a, NULL));
	assert_int_equal(0, image_full_config_print(&image, &b, NULL));
	at = strstr(b.p, "\"config\":");
	return at ? arena_str(a, at + 9) : "";
}

static const struct {
	const char *changes[4], *config;
} cases[] = {
	{ { "CMD [\"a\", \"b c\"]" }, "{\"Cmd\":[\"a\",\"b c\"]}" },
	{ { "cmd echo  $HOME" }, "{\"Cmd\":[\"/bin/sh\",\"-c\",\"echo  $HOME\"]}" },
	{ { "CMD [not json" }, "{\"Cmd\":[\"/bin/sh\",\"-c\",\"[not json\"]}" },
	{ { "ENTRYPOINT [\"e\"]" }, "{\"Entrypoint\":[\"e\"]}" },
	{ { "CMD [\"c\"]", "ENTRYPOINT [\"e\"]" }, "{\"Entrypoint\":[\"e\"],\"Cmd\":[\"c\"]}" },
	{ { "ENV A=1 B='2 3' C=\"x\\\"y\"" }, "{\"Env\":[\"A=1\",\"B=2 3\",\"C=x\\\"y\"],\"Cmd\":[\"old\"]}" },
	{ { "ENV A one two" }, "{\"Env\":[\"A=one two\"],\"Cmd\":[\"old\"]}" },
	{ { "ENV A=1", "ENV B=$A-${A}x C='$A' D=$", "USER $B" },
	  "{\"User\":\"1-1x\",\"Env\":[\"A=1\",\"B=1-1x\",\"C=$A\",\"D=$\"],\"Cmd\":[\"old\"]}" },
	{ { "EXPOSE 80 53/udp 8000-8001" },
	  "{\"ExposedPorts\":{\"53/udp\":{},\"80/tcp\":{},\"8000/tcp\":{},\"8001/tcp\":{}},\"Cmd\":[\"old\"]}" },
	{ { "VOLUME /b /a", "VOLUME [\"/c d\"]" },
	  "{\"Cmd\":[\"old\"],\"Volumes\":{\"/a\":{},\"/b\":{},\"/c d\":{}}}" },
	{ { "WORKDIR /a", "WORKDIR b/../c" }, "{\"Cmd\":[\"old\"],\"WorkingDir\":\"/a/c\"}" },
	{ { "LABEL a=1 \"b c\"=2" }, "{\"Cmd\":[\"old\"],\"Labels\":{\"a\":\"1\",\"b c\":\"2\"}}" },
	{ { "STOPSIGNAL SIGINT" }, "{\"Cmd\":[\"old\"],\"StopSignal\":\"SIGINT\"}" },
	{ { "ONBUILD RUN x y" }, "{\"Cmd\":[\"old\"],\"OnBuild\":[\"RUN x y\"]}" },
	{ { "HEALTHCHECK --interval=5s --retries=2 CMD curl x" },
	  "{\"Cmd\":[\"old\"],\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl x\"],\"Interval\":5000000000,\"Retries\":2}}" },
	{ { "HEALTHCHECK NONE" }, "{\"Cmd\":[\"old\"],\"Healthcheck\":{\"Test\":[\"NONE\"]}}" },
};

TEST(instructions_change_the_configuration)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scoped_arena a = ARENA(1 << 20);
		const char *got = config_after(cases[i].changes, &a);

		if (strncmp(got, cases[i].config, strlen(cases[i].config)) != 0)
			fail_msg("%s\n  want: %s\n  got:  %s", cases[i].changes[0], cases[i].config, got);
	}
}

static const struct {
	const char *change, *text;
} wrong[] = {
	{ "RUN true", "RUN is not a valid change command" },
	{ "", " is not a valid change command" },
	{ "CMDX", "CMDX is not a valid change command" },
	{ "ENV", "ENV requires at least one argument" },
	{ "ENV A", "ENV must have two arguments" },
	{ "ENV =x", "ENV names can not be blank" },
	{ "ENV A=1 B", "Syntax error - can't find = in \"B\". Must be of the form: name=value" },
	{ "EXPOSE 0", "Invalid containerPort: 0" },
	{ "EXPOSE 70000", "Invalid containerPort: 70000" },
	{ "EXPOSE 9-8", "Invalid containerPort: 9-8" },
	{ "EXPOSE 80/x", "Invalid proto: x" },
	{ "STOPSIGNAL NOPE", "invalid signal: 'NOPE'" },
	{ "USER", "USER requires exactly one argument" },
	{ "VOLUME", "VOLUME requires at least one argument" },
	{ "VOLUME [\"\"]", "VOLUME specified can not be an empty string" },
	{ "ONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed" },
	{ "HEALTHCHECK x", "Unknown type \"x\" in HEALTHCHECK (try CMD)" },
	{ "HEALTHCHECK --interval=x CMD y", "HEALTHCHECK --interval=x: not a duration" },
	{ "HEALTHCHECK --wrong=x CMD y", "unknown flag: --wrong=x" },
	{ "HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD" },
};

TEST(what_is_none_is_refused_by_name)
{
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		scoped_arena a = ARENA(1 << 20);
		struct image_full_config image = { .base = { 0 } };
		struct err e = { 0 };
		bool cmd_was_set = false;

		assert_int_equal(-EINVAL, image_change(&image, &cmd_was_set, wrong[i].change, &a, &e));
		assert_string_equal(wrong[i].text, e.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(instructions_change_the_configuration),
		RUN(what_is_none_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
