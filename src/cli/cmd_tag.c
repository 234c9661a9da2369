/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_tag.c - `tare tag` */
#include "base/scope.h"
#include "cli/session.h"
#include "engine/images.h"

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	struct image_row image;
	struct db *db;
	int r = session_open(&s, cli, e);

	if (r == 0)
		r = engine_db(&s.engine, &db, e);
	if (r == 0)
		r = images_find(db, sv_from(operands->v[0]), cli->arena, &image, e);
	return r < 0 ? r : images_tag(db, image.id, sv_from(operands->v[1]), e);
}

const struct command command_tag = {
	.name = "tag",
	.also = ALSO("image tag"),
	.args = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
	.summary = "give an image a further name",
	.complete = "image",
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
