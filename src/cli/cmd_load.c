/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_load.c - `tare load`: becomes tare-image, which links what archives need. */
#include "cli/image_program.h"

#include <errno.h>
#include <unistd.h>

struct load_options {
	const char *input;
	bool quiet;
};

static const struct option rows[] = {
	{ "input", 'i', "PATH", "read this archive or folder instead of standard input", option_text,
	  offsetof(struct load_options, input) },
	{ "platform", 0, "OS/ARCH", .refused = "not supported yet: the images for this machine are loaded" },
	{ "quiet", 'q', NULL, "show no progress", option_switch, offsetof(struct load_options, quiet) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct load_options *o = options;
	struct image_words words = { .n = 0 };

	if (!o->input && isatty(STDIN_FILENO))
		return err_set(e, EINVAL, "requested load from stdin, but stdin is a terminal; see --input");
	image_word(&words, "load");
	if (o->quiet)
		image_word(&words, "--quiet");
	image_word(&words, o->input ? o->input : "-");
	return image_program_become(cli, &words, e);
}

const struct command command_load = {
	.name = "load",
	.also = ALSO("image load"),
	.args = "[OPTIONS]",
	.summary = "load images from an archive or a folder",
	.groups = groups,
	.options_size = sizeof(struct load_options),
	.run = run,
};
