/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of commands and options, and what is made of them: help, manual pages, completion, suggestions. */
#include "base/scope.h"
#include "base/wrap.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "engine/run.h"

#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The engine's place: nothing runs here. */
int engine_run(struct engine *engine, const struct host *host, struct container_config *c,
	       const struct run_flags *flags, int *ret_status, struct err *e)
{
	return err_set(e, ENOSYS, "not here");
}

/* ---- rows --------------------------------------------------------------------------------------------------- */

/* -EINVAL, or how many of the words are the name of *ret. */
static int find(const char *first, const char *second, const struct command **ret)
{
	char *words[] = { (char *)first, (char *)second };
	int used, r = command_find(words, second ? 2 : 1, ret, &used, NULL);

	return r < 0 ? r : used;
}

static void is_found(const struct command *c, const char *name)
{
	const char *blank = strchr(name, ' ');
	const struct command *found = NULL;
	char first[100];

	(void)snprintf(first, sizeof first, "%.*s", blank ? (int)(blank - name) : 99, name);
	assert_int_equal(blank ? 2 : 1, find(first, blank ? blank + 1 : NULL, &found));
	assert_ptr_equal(c, found);
	if (blank) {
		assert_int_equal(1, find(first, NULL, &found));
		assert_true(found->family);
	}
}

TEST(commands_are_sorted_and_complete)
{
	size_t n;
	const struct command *const *all = commands(&n);

	for (size_t i = 0; i < n; i++) {
		const struct command *c = all[i];

		assert_true(i == 0 || strcmp(all[i - 1]->name, c->name) < 0);
		is_found(c, c->name);
		for (const char *const *name = c->also; name && *name; name++)
			is_found(c, *name);
		assert_true(c->family == !c->run);
		assert_non_null(c->args);
		assert_true(c->hidden == (c->name[0] == '_'));
		assert_true(strlen(c->summary) <= 66 && c->summary[strlen(c->summary) - 1] != '.');
	}
}

TEST(a_family_takes_the_second_word)
{
	const struct command *found = NULL;

	assert_int_equal(2, find("image", "ls", &found));
	assert_ptr_equal(&command_images, found);
	assert_int_equal(1, find("image", "--help", &found));
	assert_ptr_equal(&command_image, found);
	assert_int_equal(1, find("images", "ls", &found));
	assert_ptr_equal(&command_images, found);
	found = NULL;
	assert_int_equal(-EINVAL, find("image", "run", &found));
	assert_int_equal(-EINVAL, find("image ls", NULL, &found));
	assert_int_equal(-EINVAL, find("ls", NULL, &found));
	assert_null(found);
}

TEST(a_family_lists_one_name_of_each_member)
{
	struct command_member members[COMMANDS_MAX];
	size_t n = command_members(&command_image, members), listed = 0;

	for (size_t i = 0; i < n; i++) {
		assert_true(i == 0 || strcmp(members[i - 1].name, members[i].name) < 0);
		listed += members[i].command == &command_images;
		assert_int_not_equal(0, strcmp(members[i].name, "list"));
	}
	assert_int_equal(1, listed);
}

static const struct {
	const char *first, *second, *text;
} unknown[] = {
	{ "imgae", NULL, "unknown command imgae; did you mean image?" },
	{ "image", "laod", "unknown command image laod; did you mean image load?" },
	{ "image", "xyzzy", "unknown command image xyzzy; `tare help image` lists them" },
	{ "xyzzy", "ls", "unknown command xyzzy; `tare help` lists them" },
};

TEST(an_unknown_command_is_named)
{
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		char *words[] = { (char *)unknown[i].first, (char *)unknown[i].second };
		const struct command *found;
		struct err e = { 0 };
		int used;

		assert_int_equal(-EINVAL, command_find(words, unknown[i].second ? 2 : 1, &found, &used, &e));
		assert_string_equal(unknown[i].text, e.msg);
	}
}

typedef void each_fn(const struct command *c, const struct option_group *g, const struct option *o);

static void each_group(const struct command *c, const struct option_group *const *groups, each_fn *fn)
{
	for (; groups && *groups; groups++)
		for (size_t i = 0; i < (*groups)->n; i++)
			fn(c, *groups, &(*groups)->rows[i]);
}

static void each_option(each_fn *fn)
{
	size_t n;
	const struct command *const *all = commands(&n);

	each_group(NULL, global_groups, fn);
	for (size_t i = 0; i < n; i++)
		each_group(all[i], all[i]->groups, fn);
}

static void is_well_formed(const struct command *c, const struct option_group *g, const struct option *o)
{
	if (o > g->rows && strcmp(o[-1].name, o->name) >= 0)
		fail_msg("--%s stands before --%s", o[-1].name, o->name);
	if (!o->set == !o->refused)
		fail_msg("--%s: either a setter or a refusal", o->name);
	if (!o->refused && (!o->summary || o->summary[strlen(o->summary) - 1] == '.'))
		fail_msg("--%s: a summary without a full stop", o->name);
	if (strcmp(o->name, "help") == 0 || strchr(o->name, '='))
		fail_msg("--%s is taken", o->name);
}

TEST(options_are_sorted_and_well_formed)
{
	each_option(is_well_formed);
}

static void is_unique(const struct command *c, const struct option_group *g, const struct option *o)
{
	for (const struct option_group *const *other = c ? c->groups : global_groups; *other; other++)
		for (size_t i = 0; i < (*other)->n; i++) {
			const struct option *p = &(*other)->rows[i];

			if (p == o)
				continue;
			if (strcmp(p->name, o->name) == 0)
				fail_msg("--%s twice", o->name);
			if (o->letter && p->letter == o->letter)
				fail_msg("-%c is --%s and --%s", o->letter, o->name, p->name);
		}
}

TEST(names_and_letters_of_options_are_unique_in_a_command)
{
	each_option(is_unique);
}

/* ---- what is made of them ----------------------------------------------------------------------------------- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* `text` followed by the end of a word */
static bool has(const struct buf *b, const char *text)
{
	for (const char *p = b->p; p && (p = strstr(p, text)); p++)
		if (!is_word(p[strlen(text)]) && p[strlen(text)] != '\\')
			return true;
	return false;
}

static void is_in_manual(const struct command *c, const struct option_group *g, const struct option *o)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	char want[200] = "Fl \\-", *p = want + strlen(want);

	for (const char *q = o->name; *q; q++) { /* dashes as roff(7) writes them */
		if (*q == '-')
			*p++ = '\\';
		*p++ = *q;
	}
	*p = '\0';
	help_man(c, &out);
	if (has(&out, want) == o->hidden)
		fail_msg("--%s: %s in the manual", o->name, o->hidden ? "hidden, but" : "not");
}

TEST(every_option_is_in_the_manual)
{
	each_option(is_in_manual);
}

static void is_in_help(const struct command *c, const struct option_group *g, const struct option *o)
{
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	char want[200];

	(void)snprintf(want, sizeof want, "--%s", o->name);
	if (c)
		help_command(c, &out);
	else
		help_overview(&out);
	if (has(&out, want) != (!o->hidden && !o->refused))
		fail_msg("--%s: help", o->name);
}

TEST(every_option_is_in_the_help)
{
	each_option(is_in_help);
}

static void is_completed(const struct command *c, const struct option_group *g, const struct option *o)
{
	scoped_buf bash = BUF(CLI_OUTPUT_MAX), zsh = BUF(CLI_OUTPUT_MAX), fish = BUF(CLI_OUTPUT_MAX);
	char dashes[100], fish_name[200];

	completion_bash(&bash);
	completion_zsh(&zsh);
	completion_fish(&fish);
	(void)snprintf(dashes, sizeof dashes, "--%s", o->name);
	(void)snprintf(fish_name, sizeof fish_name, "-l %s -d", o->name);
	if (o->hidden || o->refused)
		return;
	if (!has(&bash, dashes) || !has(&zsh, dashes) || !has(&fish, fish_name))
		fail_msg("--%s is not completed", o->name);
}

TEST(every_option_is_completed)
{
	each_option(is_completed);
}

TEST(refused_options_are_not_offered)
{
	scoped_buf bash = BUF(CLI_OUTPUT_MAX), fish = BUF(CLI_OUTPUT_MAX);

	completion_bash(&bash);
	completion_fish(&fish);
	assert_false(has(&bash, "--gpus"));
	assert_false(has(&fish, "-l gpus -d"));
}

static void lines_fit(const struct buf *b)
{
	struct sv rest = buf_sv(b), line;

	while (sv_next(&rest, '\n', &line)) {
		if (wrap_columns(line) > 80)
			fail_msg("%zu columns: %.*s", wrap_columns(line), (int)line.n, line.p);
		if (line.n && line.p[line.n - 1] == ' ')
			fail_msg("a blank at the end: %.*s", (int)line.n, line.p);
	}
}

TEST(help_fits_80_columns)
{
	scoped_buf overview = BUF(CLI_OUTPUT_MAX);
	size_t n;
	const struct command *const *all = commands(&n);

	help_overview(&overview);
	lines_fit(&overview);
	for (size_t i = 0; i < n; i++) {
		scoped_buf out = BUF(CLI_OUTPUT_MAX);

		if (!all[i]->hidden && !strchr(all[i]->name, ' '))
			assert_true(has(&overview, all[i]->name));
		help_command(all[i], &out);
		lines_fit(&out);
	}
}

/* ---- suggestions -------------------------------------------------------------------------------------------- */

static const struct {
	const char *text, *near;
} typos[] = {
	{ "inspec", "inspect" }, { "inspetc", "inspect" }, { "ifno", "info" }, { "rnu", "run" }, { "sp", "ps" },
	{ "versoin", "version" }, { "ver", "version" }, { "xyzzy", NULL }, { "r", NULL }, { "", NULL },
	{ "ru", "run" }, { "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", NULL },
};

TEST(typing_errors_are_near)
{
	static const char *const names[] = { "info", "inspect", "ps", "run", "version" };

	for (size_t i = 0; i < ARRAY_LEN(typos); i++) {
		const char *near = nearest(sv_from(typos[i].text), names, ARRAY_LEN(names));

		if (!near != !typos[i].near || (near && strcmp(near, typos[i].near) != 0))
			fail_msg("%s: %s", typos[i].text, near ? near : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(commands_are_sorted_and_complete),
		RUN(a_family_takes_the_second_word),
		RUN(a_family_lists_one_name_of_each_member),
		RUN(an_unknown_command_is_named),
		RUN(options_are_sorted_and_well_formed),
		RUN(names_and_letters_of_options_are_unique_in_a_command),
		RUN(every_option_is_in_the_manual),
		RUN(every_option_is_in_the_help),
		RUN(every_option_is_completed),
		RUN(refused_options_are_not_offered),
		RUN(help_fits_80_columns),
		RUN(typing_errors_are_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
