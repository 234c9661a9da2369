/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "storage/usage.h"
#include "storage/volumes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ATTEMPTS 100 /* somebody removes it each time */
#define ARENA_MAX (32u << 20)

/* ---- making ------------------------------------------------------------------------------------------------- */

/* Row and folder, each made when it is missing. *ret_fd: the folder, held. -ENOENT: somebody removes it. That has the folder
 * first and then the row of the time that it has seen: with a new folder the row has a new time. */
static int ensure(struct db *db, int volumes, struct volume_row *row, int *ret_fd, struct err *e)
{
	bool made;
	int r;

	row->created_ns = clock_real_ns();
	r = volume_rows_record(db, row, e);

	if (r == 0)
		r = volume_create(volumes, row->name, &made, e);
	if (r == 0 && made) {
		row->created_ns = clock_real_ns();
		r = volume_rows_renew(db, row, e);
	}
	return r < 0 ? r : volume_hold(volumes, row->name, true, ret_fd, e);
}

static bool same_options(const struct oci_pairs *x, const struct oci_pairs *y)
{
	for (size_t i = 0; i < x->n; i++) {
		size_t k = 0;

		while (k < y->n && strcmp(x->v[i].key, y->v[k].key) != 0)
			k++;
		if (k == y->n || strcmp(x->v[i].value, y->v[k].value) != 0)
			return false;
	}
	return x->n == y->n;
}

static int check_same(struct db *db, const struct volume_spec *spec, struct arena *a, struct err *e)
{
	struct volume_options o;
	struct volume_row row;
	int r = volume_rows_find(db, spec->name, a, &row, e);

	if (r <= 0)
		return r;
	r = volume_options_parse(row.options, a, &o, e);
	if (r == 0 && spec->options.options.n && !same_options(&o.options, &spec->options.options))
		r = err_set(e, EEXIST, "a volume named %s already exists, with other driver options", spec->name);
	return r;
}

static int name_it(struct volume_spec *spec, struct arena *a, struct err *e)
{
	struct id id;
	int r = spec->name ? volume_name_check(sv_from(spec->name), e) : id_new(&id, e);

	if (r == 0 && !spec->name) {
		spec->name = arena_str(a, id.hex);
		r = spec->name ? 0 : err_oom(e);
	}
	return r;
}

static int check_spec(const struct volume_spec *spec, struct err *e)
{
	enum volume_backing backing;

	if (spec->driver && strcmp(spec->driver, "local") != 0)
		return err_set(e, EINVAL, "error looking up volume plugin %.80s: plugin \"%.80s\" not found",
			       spec->driver, spec->driver);
	return volume_options_backing(&spec->options, &backing, e);
}

static int make_volume(struct engine *en, struct volume_row *row, struct err *e)
{
	scoped_fd volumes = -1;
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = volumes_open(en->root, &volumes, e);
	for (int i = 0; r == 0 && i < ATTEMPTS; i++) {
		scoped_fd held = -1;

		r = ensure(db, volumes, row, &held, e);
		if (r != -ENOENT)
			return r;
		r = 0;
	}
	return r < 0 ? r : err_set(e, EBUSY, "volume %s: removed while it is made", row->name);
}

int volume_make(struct engine *en, const struct volume_spec *wanted, struct arena *a, const char **ret_name,
		struct err *e)
{
	scoped_buf options = BUF(LIMIT_CONFIG_JSON);
	struct volume_spec spec = *wanted;
	struct volume_row row = { .kind = wanted->name ? VOLUME_NAMED : VOLUME_UNNAMED };
	struct db *db;
	int r = check_spec(&spec, e);

	if (r == 0)
		r = name_it(&spec, a, e);
	if (r == 0)
		r = volume_options_print(&spec.options, &options, e);
	if (r == 0)
		r = engine_db(en, &db, e);
	if (r == 0)
		r = check_same(db, &spec, a, e);
	if (r < 0)
		return r;
	row.name = spec.name;
	row.options = options.p;
	r = make_volume(en, &row, e);
	if (r == 0)
		*ret_name = spec.name;
	return r;
}

int volume_use(struct engine *en, int volumes, const char *container, const struct volume_use *use, struct err *e)
{
	struct volume_row row = { .name = use->name, .kind = use->kind, .options = "{}" };
	bool known = false;
	struct db *db;
	int r = engine_db(en, &db, e);

	for (int i = 0; r == 0 && !known && i < ATTEMPTS; i++) {
		scoped_fd held = -1;

		r = ensure(db, volumes, &row, &held, e);
		if (r == 0)
			r = volume_rows_use(db, container, use, &known, e);
		else if (r == -ENOENT)
			r = 0;
	}
	return r < 0 || known ? r : err_set(e, EBUSY, "volume %s: removed while it is made", use->name);
}

/* ---- its folder --------------------------------------------------------------------------------------------- */

const char *volume_path(const struct engine *en, const char *name, struct arena *a)
{
	return arena_fmt(a, "%s/volumes/%s/_data", en->root_path, name);
}

int volume_bytes(struct engine *en, const char *name, int64_t *ret, struct err *e)
{
	scoped_fd volumes = -1;
	char path[LIMIT_NAME + sizeof "/_data"];
	int r = volumes_open(en->root, &volumes, e);

	(void)snprintf(path, sizeof path, "%s/_data", name);
	return r < 0 ? r : usage_count(volumes, path, ret, e);
}

/* ---- removing ----------------------------------------------------------------------------------------------- */

/* by: the container that gives it up; NULL: none does. */
static int check_unused(struct db *db, const char *name, const char *by, struct arena *a, struct err *e)
{
	struct oci_strings users = { 0 };
	const char *text = "";
	int r = volume_rows_users(db, name, a, &users, e);

	for (size_t i = 0; r == 0 && i < users.n; i++)
		if ((!by || strcmp(users.v[i], by) != 0) && text)
			text = arena_fmt(a, "%s%s%s", text, *text ? ", " : "", users.v[i]);
	if (r == 0 && !text)
		return err_oom(e);
	return r < 0 || !*text ? r : err_set(e, EBUSY, "remove %s: volume is in use - [%s]", name, text);
}

/* The tree before the row: what a crash leaves is a row without a tree, which this finds again. */
static int remove_held(struct engine *en, struct db *db, int volumes, int held, const struct volume_row *row,
		       const char *by, struct arena *a, struct err *e)
{
	int r = check_unused(db, row->name, by, a, e);

	if (r == 0) {
		volume_unmount(held, volume_path(en, row->name, a));
		r = volume_remove(volumes, row->name, e);
	}
	return r < 0 && r != -ENOENT ? r : volume_rows_delete(db, row, by, e);
}

/* A row without a tree, or somebody removes it just now: without a tree nothing could be held, and what somebody makes and uses
 * meanwhile would go. */
static int hold_alone(int volumes, const char *name, int *ret, struct err *e)
{
	int r = -ENOENT;

	for (int i = 0; r == -ENOENT && i < ATTEMPTS; i++) {
		bool made;
		int created;

		r = volume_hold(volumes, name, false, ret, e);
		created = r == -ENOENT ? volume_create(volumes, name, &made, e) : 0;
		if (created < 0)
			return created;
	}
	return r;
}

static int no_such_volume(const char *name, struct err *e)
{
	return err_set(e, ENOENT, "get %s: no such volume", name);
}

/* With the row as it is then: while somebody was waited for it may have become another one. */
static int remove_one(struct engine *en, struct db *db, int volumes, const char *name, const char *by, struct arena *a,
		      struct err *e)
{
	struct volume_row row;
	scoped_fd held = -1;
	int r = volume_rows_find(db, name, a, &row, e);

	if (r <= 0)
		return r < 0 ? r : no_such_volume(name, e);
	r = hold_alone(volumes, name, &held, e);
	if (r < 0)
		return r;
	r = volume_rows_find(db, name, a, &row, e);
	if (r == 1)
		return remove_held(en, db, volumes, held, &row, by, a, e);
	if (r == 0)
		(void)volume_remove(volumes, name, NULL);
	return r < 0 ? r : no_such_volume(name, e);
}

int volume_delete(struct engine *en, const char *name, struct arena *a, struct err *e)
{
	scoped_fd volumes = -1;
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = volumes_open(en->root, &volumes, e);
	return r < 0 ? r : remove_one(en, db, volumes, name, NULL, a, e);
}

int volumes_end(struct engine *en, const char *container, struct err *e)
{
	scoped_arena a = ARENA(ARENA_MAX);
	struct oci_strings names = { 0 };
	scoped_fd volumes = -1;
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = volume_rows_alone(db, container, &a, &names, e);
	if (r < 0 || names.n == 0)
		return r;
	r = volumes_open(en->root, &volumes, e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		r = remove_one(en, db, volumes, names.v[i], container, &a, e);
		if (r == -ENOENT || r == -EBUSY) /* somebody was quicker, to remove or to use it */
			r = 0;
	}
	return r;
}
