/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_cp.c - `tare cp`: becomes tare-image, which links what archives need. */
#include "cli/image_program.h"

#include <errno.h>

struct cp_options {
	bool archive, follow_link, quiet;
};

static const struct option rows[] = {
	{ "archive", 'a', NULL, "into a container: all belongs to its user; out of it: owners stay", option_switch,
	  offsetof(struct cp_options, archive) },
	{ "follow-link", 'L', NULL, "a symbolic link as source stands for what it leads to", option_switch,
	  offsetof(struct cp_options, follow_link) },
	{ "quiet", 'q', NULL, "say nothing about what was copied", option_switch, offsetof(struct cp_options, quiet) },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct cp_options *o = options;
	struct image_words words = { .n = 0 };

	if (!operands->v[0][0])
		return err_set(e, EINVAL, "source can not be empty");
	if (!operands->v[1][0])
		return err_set(e, EINVAL, "destination can not be empty");
	image_word(&words, "cp");
	if (o->archive)
		image_word(&words, "--archive");
	if (o->follow_link)
		image_word(&words, "--follow-link");
	if (o->quiet)
		image_word(&words, "--quiet");
	image_word(&words, operands->v[0]);
	image_word(&words, operands->v[1]);
	return image_program_become(cli, &words, e);
}

const struct command command_cp = {
	.name = "cp",
	.also = ALSO("container cp"),
	.args = "[OPTIONS] CONTAINER:PATH PATH|- | PATH|- CONTAINER:PATH",
	.summary = "copy files between a container and the host",
	.complete = "container",
	.groups = groups,
	.options_size = sizeof(struct cp_options),
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
