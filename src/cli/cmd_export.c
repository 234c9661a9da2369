/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_export.c - `tare export`: becomes tare-image, which links what archives need. */
#include "cli/image_program.h"

#include <errno.h>
#include <unistd.h>

struct export_options {
	const char *output;
};

static const struct option rows[] = {
	{ "output", 'o', "FILE", "write to this file instead of standard output", option_text,
	  offsetof(struct export_options, output) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct export_options *o = options;
	struct image_words words = { .n = 0 };

	if (!o->output && isatty(STDOUT_FILENO))
		return err_set(e, EINVAL, "cowardly refusing to save to a terminal. Use the -o flag or redirect");
	image_word(&words, "export");
	image_word_option(&words, "--output", o->output);
	image_word(&words, operands->v[0]);
	return image_program_become(cli, &words, e);
}

const struct command command_export = {
	.name = "export",
	.also = ALSO("container export"),
	.args = "[OPTIONS] CONTAINER",
	.summary = "write the files of a container to an archive",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct export_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
