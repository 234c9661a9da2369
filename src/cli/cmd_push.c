/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_push.c - `tare push`: becomes tare-image, which links what a registry needs. */
#include "cli/image_program.h"
#include "oci/reference.h"

struct push_options {
	bool all_tags, quiet;
};

static const struct option rows[] = {
	{ "all-tags", 'a', NULL, "push all tags of the repository", option_switch,
	  offsetof(struct push_options, all_tags) },
	{ "disable-content-trust", 0, NULL, "images are not signed (default true)", option_none, .hidden = true },
	{ "platform", 0, "OS/ARCH", .refused = "not supported yet: an image here has one platform" },
	{ "quiet", 'q', NULL, "print the image's name only", option_switch, offsetof(struct push_options, quiet) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct push_options *o = options;
	struct image_words words = { .n = 0 };
	struct reference ref;
	int r = reference_parse(sv_from(operands->v[0]), &ref, e);

	if (r < 0)
		return r;
	image_word(&words, "push");
	if (o->quiet)
		image_word(&words, "--quiet");
	if (o->all_tags)
		image_word(&words, "--all-tags");
	image_word(&words, operands->v[0]);
	return image_program_become(cli, &words, e);
}

const struct command command_push = {
	.name = "push",
	.also = ALSO("image push"),
	.args = "[OPTIONS] NAME[:TAG]",
	.summary = "send an image to a registry",
	.complete = "image",
	.groups = groups,
	.options_size = sizeof(struct push_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
