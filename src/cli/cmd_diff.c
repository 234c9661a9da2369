/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_diff.c - `tare diff`: what a container changed in the files of its image. */
#include "base/io.h"
#include "base/scope.h"
#include "cli/session.h"
#include "engine/images.h"
#include "engine/recover.h"
#include "storage/changes.h"
#include "storage/layers.h"
#include "storage/rootview.h"

#include <errno.h>
#include <fcntl.h>

#define FLUSH_AT (64u << 10)
#define OUT_MAX (FLUSH_AT + 2 * PATH_MAX)

static int flush(struct buf *out, struct err *e)
{
	int r = out->len ? io_write_all(STDOUT_FILENO, out->p, out->len, e) : 0;

	buf_reset(out);
	return r;
}

static int print_change(void *arg, enum change change, const char *path, struct err *e)
{
	struct buf *out = arg;

	buf_putf(out, "%c %s\n", "ACD"[change], path);
	if (out->failed)
		return buf_status(out, e);
	return out->len >= FLUSH_AT ? flush(out, e) : 0;
}

static int open_below(struct engine *en, const char *image_id, struct arena *a, int *ret, struct err *e)
{
	struct image_numbers layers;
	scoped_fd dir = -1;
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = images_layers(db, image_id, a, &layers, e);
	if (r == 0)
		r = layers_open(en->root, &dir, e);
	return r == 0 ? rootview_open(dir, layers.v, layers.n, ret, e) : r;
}

static int open_upper(struct engine *en, const char *id, int *ret, struct err *e)
{
	scoped_fd dir = -1;
	int r = engine_container_dir(en, id, false, &dir, e);

	if (r < 0)
		return r;
	*ret = openat(dir, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret < 0 ? err_sys(e, "container %.12s: open upper", id) : 0;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	scoped_buf out = BUF(OUT_MAX);
	scoped_fd upper = -1, below = -1;
	struct container_row row;
	int r = session_open(&s, cli, e);

	if (r == 0)
		r = container_find(&s.engine, sv_from(operands->v[0]), cli->arena, &row, e);
	if (r == 0 && !row.image_id)
		r = err_set(e, ENOTSUP, "container %.12s has no image: its files are those of its --rootfs", row.id);
	if (r == 0)
		r = open_upper(&s.engine, row.id, &upper, e);
	if (r == 0)
		r = open_below(&s.engine, row.image_id, cli->arena, &below, e);
	if (r == 0)
		r = changes_list(upper, below, print_change, &out, e);
	return r == 0 ? flush(&out, e) : r;
}

const struct command command_diff = {
	.name = "diff",
	.also = ALSO("container diff"),
	.args = "CONTAINER",
	.summary = "show what a container changed in the files of its image",
	.complete = "container",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
