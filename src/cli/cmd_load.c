/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_load.c - `tare load`: becomes tare-image, which links what archives need. */
#include "base/scope.h"
#include "cli/command.h"
#include "engine/programs.h"

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

/* argv[0] is the name that its errors begin with. */
static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct load_options *o = options;
	const char *argv[9] = { "tare" };
	char path[PATH_MAX];
	int n = 1, r;

	if (!o->input && isatty(STDIN_FILENO))
		return err_set(e, EINVAL, "requested load from stdin, but stdin is a terminal; see --input");
	r = programs_find("tare-image", path, e);
	if (r < 0)
		return r;
	if (cli->root) {
		argv[n++] = "--root";
		argv[n++] = cli->root;
	}
	if (cli->state) {
		argv[n++] = "--state";
		argv[n++] = cli->state;
	}
	argv[n++] = "load";
	if (o->quiet)
		argv[n++] = "--quiet";
	argv[n] = o->input ? o->input : "-";
	(void)execv(path, (char *const *)argv);
	return err_sys(e, "start %s", path);
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
