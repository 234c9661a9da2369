/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_commit.h"

#include "spec/env.h"
#include "engine/image_change.h"
#include "oci/list.h"

#include <stdlib.h>
#include <string.h>

/* What was asked for first, then what the image has beside it. */
static int merge_env(const struct container_config *c, struct image_config *image, struct arena *a)
{
	struct oci_strings env = { 0 };

	for (size_t i = 0; i < c->env.n; i++)
		if (strchr(c->env.v[i], '=') && env_put(a, &env, c->env.v[i]) < 0)
			return -ENOMEM;
	for (size_t i = 0; i < image->env.n; i++) {
		struct sv name, value;

		(void)sv_cut(sv_from(image->env.v[i]), '=', &name, &value);
		if (!env_find(&env, name) && strings_add(a, &env, image->env.v[i]) < 0)
			return -ENOMEM;
	}
	image->env = env;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* -v /path: a volume of its own, as the image could have asked for. */
static int merge_volumes(const struct container_config *c, struct image_config *image, struct arena *a)
{
	struct oci_strings all = { 0 };

	for (size_t i = 0; i < image->volumes.n; i++)
		if (strings_add(a, &all, image->volumes.v[i]) < 0)
			return -ENOMEM;
	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct mount_config *m = &c->mounts.v[i];

		if (m->type == MOUNT_VOLUME && !m->source && !strings_has(&all, m->target) &&
		    strings_add(a, &all, m->target) < 0)
			return -ENOMEM;
	}
	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, by_text);
	image->volumes = all;
	return 0;
}

static int merge_labels(const struct container_config *c, struct image_config *image, struct arena *a)
{
	struct oci_pairs all = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < image->labels.n; i++)
		r = pairs_set(a, &all, image->labels.v[i].key, image->labels.v[i].value);
	for (size_t i = 0; r == 0 && i < c->labels.n; i++)
		r = pairs_set(a, &all, c->labels.v[i].key, c->labels.v[i].value);
	image->labels = all;
	return r;
}

static int merge(const struct container_config *c, struct image_config *image, struct arena *a, struct err *e)
{
	if (merge_env(c, image, a) < 0 || merge_volumes(c, image, a) < 0 || merge_labels(c, image, a) < 0)
		return err_oom(e);
	if (c->command.n || c->entrypoint_set)
		image->cmd = c->command;
	if (c->entrypoint_set)
		image->entrypoint = c->entrypoint;
	if (image->entrypoint.n == 1 && !*image->entrypoint.v[0]) /* --entrypoint "": none */
		image->entrypoint.n = 0;
	if (c->user && *c->user)
		image->user = c->user;
	if (c->workdir && *c->workdir)
		image->working_dir = c->workdir;
	if (c->stop_signal)
		image->stop_signal = c->stop_signal;
	return 0;
}

/* --expose: "80/tcp", "80-90/udp" */
static int merge_ports(const struct container_config *c, struct image_full_config *image, struct arena *a,
		       struct err *e)
{
	bool no_matter = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->expose.n; i++) {
		const char *change = arena_fmt(a, "EXPOSE %s", c->expose.v[i]);

		r = change ? image_change(image, &no_matter, change, a, e) : err_oom(e);
	}
	return r;
}

static int change_all(const struct commit_words *w, struct image_full_config *image, struct arena *a, struct err *e)
{
	bool cmd_was_set = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->changes.n; i++)
		r = image_change(image, &cmd_was_set, w->changes.v[i], a, e);
	return r;
}

static const char *joined(const struct oci_strings *words, struct arena *a)
{
	const char *all = "";

	for (size_t i = 0; all && i < words->n; i++)
		all = arena_fmt(a, "%s%s%s", all, i ? " " : "", words->v[i]);
	return all;
}

static int add_step(const struct commit_words *w, const char *created_by, bool empty, struct image_full_config *image,
		    struct arena *a, struct err *e)
{
	struct image_history_row *row = LIST_ADD(a, &image->history);

	if (!row || !created_by)
		return err_oom(e);
	*row = (struct image_history_row){ w->created, *created_by ? created_by : NULL, w->author, w->comment, empty };
	image->base.created = w->created;
	if (w->author && *w->author)
		image->base.author = w->author;
	return 0;
}

static int add_layer(const struct digest *diff_id, struct image_config *image, struct arena *a, struct err *e)
{
	struct digest *d = LIST_ADD(a, &image->diff_ids);

	if (!d)
		return err_oom(e);
	*d = *diff_id;
	image->rootfs_type = "layers";
	return 0;
}

int image_commit_config(const struct container_config *c, const struct commit_words *words,
			const struct digest *diff_id, struct image_full_config *image, struct arena *a, struct err *e)
{
	const char *created_by;
	int r = merge(c, &image->base, a, e);

	created_by = joined(&image->base.cmd, a);
	if (r == 0)
		r = merge_ports(c, image, a, e);
	if (r == 0)
		r = change_all(words, image, a, e);
	if (r == 0 && diff_id)
		r = add_layer(diff_id, &image->base, a, e);
	return r == 0 ? add_step(words, created_by, !diff_id, image, a, e) : r;
}

int image_import_config(const struct commit_words *words, const struct digest *diff_id, struct image_full_config *image,
			struct arena *a, struct err *e)
{
	int r = change_all(words, image, a, e);

	if (r == 0)
		r = add_layer(diff_id, &image->base, a, e);
	return r == 0 ? add_step(words, "", false, image, a, e) : r;
}
