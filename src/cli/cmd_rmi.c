/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_rmi.c - `tare rmi` */
#include "base/log.h"
#include "base/scope.h"
#include "cli/session.h"
#include "engine/image_remove.h"

#include <errno.h>

struct rmi_options {
	bool force;
};

static const struct option rows[] = {
	{ "force", 'f', NULL, "also when stopped containers use it or it has several names; none there is no failure",
	  option_switch, offsetof(struct rmi_options, force) },
	{ "no-prune", 0, NULL, "delete no parents without a name; there are none", option_none },
	{ "platform", 0, "OS/ARCH", .refused = "not supported yet: an image has one platform" },
};

static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

static void put_changes(const struct image_changes *c, struct buf *out)
{
	for (size_t i = 0; i < c->n; i++)
		buf_putf(out, "%s: %s\n", c->v[i].deleted ? "Deleted" : "Untagged", c->v[i].name);
}

/* Every image is tried; each failure has its own line. What an earlier removal could not finish goes first. */
static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	bool force = ((struct rmi_options *)options)->force;
	scoped_session s = { .open = false };
	struct err left = { 0 };
	int r = session_open(&s, cli, e);

	if (r == 0 && engine_images_sweep(&s.engine, &left) < 0)
		log_warning("%s", left.msg);
	for (int i = 0; r == 0 && i < operands->n; i++) {
		scoped_buf out = BUF(CLI_OUTPUT_MAX);
		struct image_changes changes = { 0 };
		struct err one = { 0 };
		int removed =
			engine_image_remove(&s.engine, sv_from(operands->v[i]), force, cli->arena, &changes, &one);

		put_changes(&changes, &out);
		r = cli_print(&out, e);
		if (removed == 0)
			continue;
		log_error("%s", one.msg);
		if (!force || removed != -ENOENT)
			*ret_status = 1;
	}
	return r;
}

const struct command command_rmi = {
	.name = "rmi",
	.also = ALSO("image rm", "image remove"),
	.args = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "remove images, or names of images",
	.complete = "image",
	.groups = groups,
	.options_size = sizeof(struct rmi_options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
