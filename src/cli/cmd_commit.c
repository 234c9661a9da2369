/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_commit.c - `tare commit` and `tare import`: become tare-image, which links what archives need. */
#include "cli/image_program.h"
#include "oci/list.h"

struct make_options {
	const char *author, *message, *platform;
	struct oci_strings changes;
	bool no_pause;
};

static int set_change(const struct option_call *c, struct err *e)
{
	struct make_options *o = c->target;

	return LIST_PUT(c->arena, &o->changes, c->text, e);
}

static int set_pause(const struct option_call *c, struct err *e)
{
	struct make_options *o = c->target;

	o->no_pause = !c->on;
	return 0;
}

#define FIELD(name) offsetof(struct make_options, name)
#define CHANGE "apply a Dockerfile instruction to the image: CMD, ENV, USER or such"

static const struct option commit_rows[] = {
	{ "author", 'a', "NAME", "who made it: \"John Hannibal Smith <hannibal@a-team.com>\"", option_text,
	  FIELD(author) },
	{ "change", 'c', "INSTRUCTION", CHANGE, set_change, .late = true },
	{ "message", 'm', "TEXT", "a comment, which tare history shows", option_text, FIELD(message) },
	{ "no-pause", 0, NULL, "do not pause the container meanwhile", option_switch, FIELD(no_pause) },
	{ "pause", 'p', NULL, "pause the container meanwhile (default true)", set_pause },
};

static const struct option import_rows[] = {
	{ "change", 'c', "INSTRUCTION", CHANGE, set_change, .late = true },
	{ "message", 'm', "TEXT", "a comment, which tare history shows", option_text, FIELD(message) },
	{ "platform", 0, "OS/ARCH", "what it is made for: OS/ARCH[/VARIANT] (default: this machine)", option_text,
	  FIELD(platform) },
};

static OPTION_GROUP(commit_group, "Options", commit_rows);
static OPTION_GROUP(import_group, "Options", import_rows);
static const struct option_group *const commit_groups[] = { &commit_group, NULL };
static const struct option_group *const import_groups[] = { &import_group, NULL };

static int become(struct cli *cli, const char *name, const struct make_options *o, const struct operands *operands,
		  struct err *e)
{
	struct image_words words = { .n = 0 };

	image_word(&words, name);
	image_word_option(&words, "--author", o->author);
	image_word_option(&words, "--message", o->message);
	image_word_option(&words, "--platform", o->platform);
	for (size_t i = 0; i < o->changes.n; i++)
		image_word_option(&words, "--change", o->changes.v[i]);
	if (o->no_pause)
		image_word(&words, "--no-pause");
	for (int i = 0; i < operands->n; i++)
		image_word(&words, operands->v[i]);
	return image_program_become(cli, &words, e);
}

static int run_commit(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return become(cli, "commit", options, operands, e);
}

static int run_import(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return become(cli, "import", options, operands, e);
}

const struct command command_commit = {
	.name = "commit",
	.also = ALSO("container commit"),
	.args = "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
	.summary = "make an image of what a container changed",
	.complete = "container",
	.groups = commit_groups,
	.options_size = sizeof(struct make_options),
	.min_args = 1,
	.max_args = 2,
	.run = run_commit,
};

const struct command command_import = {
	.name = "import",
	.also = ALSO("image import"),
	.args = "[OPTIONS] FILE|URL|- [REPOSITORY[:TAG]]",
	.summary = "make an image of an archive of files",
	.groups = import_groups,
	.options_size = sizeof(struct make_options),
	.min_args = 1,
	.max_args = 2,
	.run = run_import,
};
