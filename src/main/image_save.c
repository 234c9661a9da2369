/* SPDX-License-Identifier: Apache-2.0 */
/* image_save.c - tare-image save. */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "oci/list.h"
#include "image/save.h"
#include "main/image_session.h"
#include "oci/reference.h"

#include <string.h>

struct chosen {
	struct save_item *v;
	size_t n;
	struct oci_strings ids; /* of these images */
	struct session *s;
};

/* The image once, however often it is named. */
static struct save_item *item_of(struct chosen *c, const struct image_row *row, struct arena *a)
{
	struct save_item *item;

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].manifest.hex, row->manifest) == 0)
			return &c->v[i];
	item = LIST_ADD(a, c);
	if (!item || strings_add(a, &c->ids, arena_str(a, row->id)) < 0)
		return NULL;
	(void)snprintf(item->manifest.hex, sizeof item->manifest.hex, "%s", row->manifest);
	return item;
}

static int add_name(struct save_item *item, const char *name, struct arena *a, struct err *e)
{
	const char **to;

	if (!name || strchr(name, '@'))
		return 0;
	for (size_t i = 0; i < item->names.n; i++)
		if (strcmp(item->names.v[i], name) == 0)
			return 0;
	to = LIST_ADD(a, &item->names);
	if (!to)
		return err_oom(e);
	*to = arena_str(a, name);
	return *to ? 0 : err_oom(e);
}

static int add_row(struct chosen *c, const struct image_row *row, struct arena *a, struct err *e)
{
	struct save_item *item;

	if (!row->manifest)
		return err_set(e, ENOENT, "image %.12s has no manifest", row->id);
	item = item_of(c, row, a);
	return item ? add_name(item, row->reference, a, e) : err_oom(e);
}

/* A repository without a tag: all its tags, as Docker's. 1: there are some. */
static int add_repository(struct chosen *c, const struct image_rows *all, const struct reference *ref, struct arena *a,
			  struct err *e)
{
	int found = 0;

	for (size_t i = 0; i < all->n; i++) {
		struct reference has;
		int r;

		if (!all->v[i].reference || reference_parse(sv_from(all->v[i].reference), &has, NULL) < 0 ||
		    !has.tag[0] || strcmp(has.domain, ref->domain) != 0 || strcmp(has.path, ref->path) != 0)
			continue;
		r = add_row(c, &all->v[i], a, e);
		if (r < 0)
			return r;
		found = 1;
	}
	return found;
}

static int choose(struct session *s, const char *name, const struct image_rows *all, struct chosen *c, struct arena *a,
		  struct err *e)
{
	struct reference ref;
	struct image_row row;
	int r = 0;

	if (reference_parse(sv_from(name), &ref, NULL) == 0 && !ref.tag[0] && !ref.digest.hex[0])
		r = add_repository(c, all, &ref, a, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = images_find(s->db, sv_from(name), a, &row, e);
	return r == 0 ? add_row(c, &row, a, e) : r;
}

/* After the choice, which goes by the manifests as they came. */
static int make_whole(struct session *s, struct chosen *c, struct arena *a, struct err *e)
{
	struct image_row row;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		r = images_get(s->db, c->ids.v[i], a, &row, e);
		if (r == 0)
			r = session_repack(s, &row, &c->v[i].manifest, e);
	}
	return r;
}

static int write_archive(void *arg, int fd, struct err *e)
{
	const struct chosen *c = arg;

	return image_save(c->s->store.content, c->v, c->n, fd, session_told, c->s, e);
}

int image_save_command(struct session *s, int argc, char **argv, struct err *e)
{
	scoped_arena a = ARENA(4 * LIMIT_ARENA_IMAGE);
	struct chosen chosen = { .s = s };
	const char *output = NULL;
	struct image_rows all;
	int i = 1, r;

	if (argc > 2 && strcmp(argv[1], "--output") == 0) {
		output = argv[2];
		i = 3;
	}
	if (i >= argc)
		return err_set(e, EINVAL, "usage: tare-image save [--output FILE] NAME...");
	session_doing(s, "Saving", 0, !output);
	r = images_list(s->db, &a, &all, e);
	for (; r == 0 && i < argc; i++)
		r = choose(s, argv[i], &all, &chosen, &a, e);
	if (r == 0)
		r = make_whole(s, &chosen, &a, e);
	r = r == 0 ? session_output(output, write_archive, &chosen, e) : r;
	progress_clear(&s->progress);
	return r;
}
