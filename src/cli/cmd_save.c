/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_save.c - `tare save`: becomes tare-image, which links what archives need. */
#include "cli/image_program.h"

#include <errno.h>
#include <unistd.h>

struct save_options {
	const char *output;
};

static const struct option rows[] = {
	{ "output", 'o', "FILE", "write to this file instead of standard output", option_text,
	  offsetof(struct save_options, output) },
	{ "platform", 0, "OS/ARCH", .refused = "not supported yet: an image here has one platform" },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct save_options *o = options;
	struct image_words words = { .n = 0 };

	if (!o->output && isatty(STDOUT_FILENO))
		return err_set(e, EINVAL, "cowardly refusing to save to a terminal. Use the -o flag or redirect");
	image_word(&words, "save");
	image_word_option(&words, "--output", o->output);
	for (int i = 0; i < operands->n; i++)
		image_word(&words, operands->v[i]);
	return image_program_become(cli, &words, e);
}

const struct command command_save = {
	.name = "save",
	.also = ALSO("image save"),
	.args = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "write images to an archive",
	.complete = "image",
	.groups = groups,
	.options_size = sizeof(struct save_options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
