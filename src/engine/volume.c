/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume.h"

#include "base/clock.h"
#include "base/scope.h"
#include "storage/volumes.h"

#include <string.h>

#define ATTEMPTS 100 /* somebody removes it each time */
#define ARENA_MAX (32u << 20)

/* ---- making ------------------------------------------------------------------------------------------------- */

/* Row and folder, each made when it is missing. *ret_fd: the folder, held. */
static int ensure(struct db *db, int volumes, const struct volume_row *row, int *ret_fd, struct err *e)
{
	bool is_new, made;
	int r = volume_rows_record(db, row, &is_new, e);

	if (r == 0)
		r = volume_create(volumes, row->name, &made, e);
	if (r == 0 && made && !is_new)
		r = volume_rows_renew(db, row, e);
	return r < 0 ? r : volume_hold(volumes, row->name, true, ret_fd, e);
}

int volume_use(struct engine *en, int volumes, const char *container, const struct volume_use *use, struct err *e)
{
	struct volume_row row = {
		.name = use->name, .created_ns = clock_real_ns(), .kind = use->kind, .options = "{}"
	};
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

/* ---- removing ----------------------------------------------------------------------------------------------- */

/* by: the container that gives it up; NULL: none does. */
static int check_unused(struct db *db, const char *name, const char *by, struct arena *a, struct err *e)
{
	struct oci_strings users = { 0 };
	int r = volume_rows_users(db, name, a, &users, e);

	for (size_t i = 0; r == 0 && i < users.n; i++)
		if (!by || strcmp(users.v[i], by) != 0)
			r = err_set(e, EBUSY, "remove %s: volume is in use - [%s%s]", name, users.v[i],
				    users.n > 1 ? ", …" : "");
	return r;
}

/* The tree before the row: what a crash leaves is a row without a tree, which this finds again. */
static int remove_held(struct db *db, int volumes, const struct volume_row *row, const char *by, struct arena *a,
		       struct err *e)
{
	int r = check_unused(db, row->name, by, a, e);

	if (r == 0)
		r = volume_remove(volumes, row->name, e);
	return r < 0 && r != -ENOENT ? r : volume_rows_delete(db, row, by, e);
}

static int remove_one(struct db *db, int volumes, const char *name, const char *by, struct arena *a, struct err *e)
{
	struct volume_row row;
	scoped_fd held = -1;
	int r = volume_rows_find(db, name, a, &row, e);

	if (r <= 0)
		return r < 0 ? r : err_set(e, ENOENT, "get %s: no such volume", name);
	r = volume_hold(volumes, name, false, &held, e);
	return r < 0 && r != -ENOENT ? r : remove_held(db, volumes, &row, by, a, e);
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
		r = remove_one(db, volumes, names.v[i], container, &a, e);
		if (r == -ENOENT || r == -EBUSY) /* somebody was quicker, to remove or to use it */
			r = 0;
	}
	return r;
}
