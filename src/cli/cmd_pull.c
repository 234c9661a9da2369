/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_pull.c - `tare pull`: becomes tare-image, which links what a registry needs. */
#include "cli/image_program.h"
#include "oci/reference.h"

struct pull_options {
	bool all_tags, quiet;
	const char *platform;
};

static const struct option rows[] = {
	{ "all-tags", 'a', NULL, "pull all tags of the repository", option_switch,
	  offsetof(struct pull_options, all_tags) },
	{ "disable-content-trust", 0, NULL, "images are not signed (default true)", option_none, .hidden = true },
	{ "platform", 0, "OS/ARCH", "of an image for several platforms, the one for this: OS/ARCH[/VARIANT]",
	  option_text, offsetof(struct pull_options, platform) },
	{ "quiet", 'q', NULL, "print the image's name only", option_switch, offsetof(struct pull_options, quiet) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct pull_options *o = options;
	struct image_words words = { .n = 0 };
	struct reference ref;
	int r = reference_parse(sv_from(operands->v[0]), &ref, e);

	if (r < 0)
		return r;
	image_word(&words, "pull");
	if (o->quiet)
		image_word(&words, "--quiet");
	if (o->all_tags)
		image_word(&words, "--all-tags");
	image_word_option(&words, "--platform", o->platform);
	image_word(&words, operands->v[0]);
	return image_program_become(cli, &words, e);
}

const struct command command_pull = {
	.name = "pull",
	.also = ALSO("image pull"),
	.args = "[OPTIONS] NAME[:TAG|@DIGEST]",
	.summary = "get an image from a registry",
	.groups = groups,
	.options_size = sizeof(struct pull_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
