/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_inspect.c - `tare inspect`, and of one kind of thing alone `tare image inspect`, … */
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "cli/session.h"
#include "engine/image_inspect.h"
#include "report/inspect.h"
#include "report/network_document.h"
#include "engine/network.h"
#include "engine/volume.h"

#include <errno.h>
#include <string.h>

/* ---- kinds of things ---------------------------------------------------------------------------------------- */

struct finder {
	struct engine *en;
	struct db *db;
	struct arena *a;
	struct inspector in; /* of containers */
	bool sizes;
};

static int find_container(struct finder *f, const char *name, struct document **ret, struct err *e)
{
	struct container_row row;
	struct container_view v;
	int r = containers_find(f->db, sv_from(name), f->a, &row, e);

	if (r == 0)
		r = inspector_view(&f->in, &row, &v, e);
	return r < 0 ? r : inspector_document(&f->in, &v, f->sizes, ret, e);
}

static int find_image(struct finder *f, const char *name, struct document **ret, struct err *e)
{
	struct image_row row;
	int r = images_find(f->db, sv_from(name), f->a, &row, e);

	return r < 0 ? r : image_document(f->en, &row, f->a, ret, e);
}

static int find_volume(struct finder *f, const char *name, struct document **ret, struct err *e)
{
	struct volume_row row;
	int r = volume_rows_find(f->db, name, f->a, &row, e);

	if (r == 0)
		return err_set(e, ENOENT, "get %.200s: no such volume", name);
	return r < 0 ? r : volume_document(f->en, &row, f->a, ret, e);
}

static int find_network(struct finder *f, const char *name, struct document **ret, struct err *e)
{
	struct network net;
	int r = network_find(f->en, name, f->a, &net, e);

	return r < 0 ? r : network_document(f->en, &net, f->a, ret, e);
}

/* In the order in which a name is looked for, as in Docker. */
static const struct kind {
	const char *name;
	int (*find)(struct finder *f, const char *name, struct document **ret, struct err *e); /* -ENOENT: none */
} kinds[] = {
	{ "container", find_container },
	{ "image", find_image },
	{ "network", find_network },
	{ "volume", find_volume },
};

/* Of a name that is none of a kind either, the next kind may still have one. */
static int find(struct finder *f, const struct kind *only, const char *name, struct document **ret, struct err *e)
{
	int r = -ENOENT;

	if (only)
		return only->find(f, name, ret, e);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct err one = { 0 };

		r = kinds[i].find(f, name, ret, &one);
		if (r == -ENOENT || (r == -EINVAL && i > 0))
			continue;
		if (r < 0)
			*e = one;
		return r;
	}
	return err_set(e, ENOENT, "no such object: %.200s", name);
}

/* ---- options ------------------------------------------------------------------------------------------------ */

struct inspect_options {
	const char *format; /* NULL: the whole documents, in an array */
	const struct kind *kind; /* NULL: any */
	bool sizes;
};

static int set_type(const struct option_call *c, struct err *e)
{
	scoped_buf names = BUF(200);

	((struct inspect_options *)c->target)->kind = NULL;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(c->text, kinds[i].name) == 0)
			((struct inspect_options *)c->target)->kind = &kinds[i];
		buf_putf(&names, "%s%s", i ? ", " : "", kinds[i].name);
	}
	if (*c->text && !((struct inspect_options *)c->target)->kind)
		return err_set(e, EINVAL, "unknown type (%s)", names.p);
	return 0;
}

#define FORMAT                                                                                                    \
	{ "format", 'f', "TEMPLATE", "json, or a template of fields as '{{.State.Status}}' or '{{json .Config}}'", \
	  option_text, offsetof(struct inspect_options, format), .words = "json" }
#define SIZE                                                                                     \
	{ "size", 's', NULL, "of a container, also how much it wrote into its root", option_switch, \
	  offsetof(struct inspect_options, sizes) }

static const struct option rows[] = {
	FORMAT,
	SIZE,
	{ "type", 0, "TYPE", "what the names are: container, image, network or volume", set_type,
	  .words = "container image network volume", .late = true },
};

static const struct option container_rows[] = { FORMAT, SIZE };

static const struct option image_rows[] = {
	FORMAT,
	{ "platform", 0, "OS/ARCH", .refused = "not supported yet: an image has one platform" },
};

static const struct option network_rows[] = {
	FORMAT,
	{ "verbose", 'v', NULL, .refused = "is for swarms, and tare has none" },
};

static OPTION_GROUP(network_group, "Options", network_rows);
static const struct option_group *const network_groups[] = { &network_group, NULL };

static const struct option volume_rows[] = { FORMAT };

static OPTION_GROUP(volume_group, "Options", volume_rows);
static const struct option_group *const volume_groups[] = { &volume_group, NULL };

static OPTION_GROUP(group, "Options", rows);
static OPTION_GROUP(container_group, "Options", container_rows);
static OPTION_GROUP(image_group, "Options", image_rows);
static const struct option_group *const groups[] = { &group, NULL };
static const struct option_group *const container_groups[] = { &container_group, NULL };
static const struct option_group *const image_groups[] = { &image_group, NULL };

static void only_containers(void *options)
{
	((struct inspect_options *)options)->kind = &kinds[0];
}

static void only_images(void *options)
{
	((struct inspect_options *)options)->kind = &kinds[1];
}

static void only_networks(void *options)
{
	((struct inspect_options *)options)->kind = &kinds[2];
}

static void only_volumes(void *options)
{
	((struct inspect_options *)options)->kind = &kinds[3];
}

/* ---- output ------------------------------------------------------------------------------------------------- */

/* shown: how many stand in the array already */
static int show(const struct document *d, const char *format, unsigned shown, struct buf *out, struct err *e)
{
	if (format)
		return document_show(d, format, out, e);
	buf_puts(out, shown ? ",\n    " : "\n    ");
	return document_print(d, true, 1, out, e);
}

static int inspect(struct finder *f, const struct inspect_options *o, const char *name, unsigned shown, struct buf *out,
		   struct err *e)
{
	struct document *d;
	int r = find(f, o->kind, name, &d, e);

	if (r < 0)
		return r;
	r = show(d, o->format, shown, out, e);
	document_free(d);
	return r;
}

/* Every name is tried; each failure has its own line. */
static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	const struct inspect_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct finder f = { .en = &s.engine, .a = cli->arena, .sizes = o->sizes };
	unsigned shown = 0;
	int r = session_open(&s, cli, e);

	if (r == 0)
		r = engine_db(&s.engine, &f.db, e);
	if (r < 0)
		return r;
	inspector_init(&f.in, &s.engine, cli->arena);
	buf_puts(&out, o->format ? "" : "[");
	for (int i = 0; i < operands->n; i++) {
		struct err one = { 0 };

		if (inspect(&f, o, operands->v[i], shown, &out, &one) == 0) {
			shown++;
			continue;
		}
		log_error("%s", one.msg);
		*ret_status = 1;
	}
	buf_puts(&out, o->format ? "" : shown ? "\n]\n" : "]\n");
	return cli_print(&out, e);
}

#define INSPECT(operands, what, names, kinds_groups)                                                      \
	.args = "[OPTIONS] " operands, .summary = "show everything about " what ", as JSON", .complete = (names), \
	.groups = (kinds_groups), .options_size = sizeof(struct inspect_options), .min_args = 1, .max_args = -1, \
	.run = run

const struct command command_inspect = {
	.name = "inspect",
	INSPECT("NAME [NAME...]", "all kinds of objects", "container", groups),
};

const struct command command_container_inspect = {
	.name = "container inspect",
	INSPECT("CONTAINER [CONTAINER...]", "containers", "container", container_groups),
	.init = only_containers,
};

const struct command command_image_inspect = {
	.name = "image inspect",
	INSPECT("IMAGE [IMAGE...]", "images", "image", image_groups),
	.init = only_images,
};

const struct command command_network_inspect = {
	.name = "network inspect",
	INSPECT("NETWORK [NETWORK...]", "networks", "network", network_groups),
	.init = only_networks,
};

const struct command command_volume_inspect = {
	.name = "volume inspect",
	INSPECT("VOLUME [VOLUME...]", "volumes", "volume", volume_groups),
	.init = only_volumes,
};
