/* SPDX-License-Identifier: Apache-2.0 */
#include "records/userns_rows.h"

#include "base/scope.h"
#include "oci/list.h"

#include <errno.h>
#include <string.h>

static const char uid[] = "uid", gid[] = "gid"; /* id_ranges.kind */

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* In ascending order; they may overlap, since maps that were asked for may. */
static int taken(struct db *db, const char *kind, struct arena *a, struct id_ranges *ret, struct err *e)
{
	scoped_rows rows = { 0 };
	struct id_ranges list = { 0 };
	int r = db_query(db, "SELECT first, count FROM id_ranges WHERE kind = ?1 ORDER BY first",
			 DB_ARGS(db_text(kind)), &rows, e);

	while (r == 0 && (r = db_next(&rows, e)) == 1) {
		struct id_range *range = LIST_ADD(a, &list);

		if (!range)
			return err_oom(e);
		*range = (struct id_range){ (uint32_t)db_col_int(&rows, 0), (uint32_t)db_col_int(&rows, 1) };
		r = 0;
	}
	if (r == 0)
		*ret = list;
	return r;
}

/* The first id of the lowest gap of `size` in one range; ID_NONE: there is none. */
static uint32_t gap(const struct id_range *in, const struct id_ranges *taken, uint32_t size)
{
	uint64_t at = in->first, end = (uint64_t)in->first + in->count;

	for (size_t i = 0; i < taken->n && taken->v[i].first < at + size; i++) {
		uint64_t after = (uint64_t)taken->v[i].first + taken->v[i].count;

		if (after > at)
			at = after;
	}
	return at + size <= end ? (uint32_t)at : ID_NONE;
}

static int choose(struct db *db, const char *kind, const struct id_ranges *in, uint32_t size, struct arena *a,
		  struct id_map *ret, struct err *e)
{
	struct id_extent *x = arena_alloc(a, sizeof *x);
	struct id_ranges used = { 0 };
	int r = x ? taken(db, kind, a, &used, e) : err_oom(e);

	if (r < 0)
		return r;
	*x = (struct id_extent){ .outside = ID_NONE, .count = size };
	for (size_t i = 0; i < in->n && x->outside == ID_NONE; i++)
		x->outside = gap(&in->v[i], &used, size);
	if (x->outside == ID_NONE)
		return err_set(e, ENOSPC,
			       "no %u %ss in a row are left of those that user \"" USERNS_USER
			       "\" has in sub%s(5); containers have %zu ranges of them",
			       size, kind, kind, used.n);
	*ret = (struct id_map){ x, 1 };
	return 0;
}

/* By auto nobody ever shares an id; who names ids may share them with others who named them. */
static int check_free(struct db *db, const char *kind, const struct id_map *m, struct err *e)
{
	for (size_t i = 0; i < m->n; i++) {
		scoped_rows rows = { 0 };
		uint64_t first = m->v[i].outside, end = first + m->v[i].count;
		int r = db_query(
			db,
			"SELECT container_id, first, count FROM id_ranges WHERE kind = ?1 AND allotted AND first < ?3 "
			"AND first + count > ?2 LIMIT 1",
			DB_ARGS(db_text(kind), db_int((int64_t)first), db_int((int64_t)end)), &rows, e);

		if (r == 0)
			r = db_next(&rows, e);
		if (r == 1)
			return err_set(e, EBUSY, "%s %lld to %lld of the host belong to container %.12s", kind,
				       (long long)db_col_int(&rows, 1),
				       (long long)(db_col_int(&rows, 1) + db_col_int(&rows, 2) - 1),
				       db_col_text(&rows, 0));
		if (r < 0)
			return r;
	}
	return 0;
}

int userns_choose(struct db *db, const struct userns_mode *m, const struct id_ranges *uids,
		  const struct id_ranges *gids, struct arena *a, struct userns_ids *ret, struct err *e)
{
	struct userns_ids ids = { m->map, m->map };
	int r;

	if (m->kind == USERNS_MAP) {
		r = check_free(db, uid, &m->map, e);
		if (r == 0)
			r = check_free(db, gid, &m->map, e);
	} else {
		r = choose(db, uid, uids, m->size, a, &ids.uids, e);
		if (r == 0)
			r = choose(db, gid, gids, m->size, a, &ids.gids, e);
	}
	if (r == 0)
		*ret = ids;
	return r;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static int insert(struct db *db, const char *container, const char *kind, const struct id_map *m, bool allotted,
		  struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->n; i++)
		r = db_run(
			db,
			"INSERT INTO id_ranges(kind, first, container_id, count, allotted) VALUES(?1, ?2, ?3, ?4, ?5)",
			DB_ARGS(db_text(kind), db_int(m->v[i].outside), db_text(container), db_int(m->v[i].count),
				db_int(allotted)),
			NULL, e);
	return r;
}

int userns_take(struct db *db, const char *container, const struct userns_mode *m, const struct id_ranges *uids,
		const struct id_ranges *gids, struct arena *a, struct userns_ids *ret, struct err *e)
{
	struct userns_ids ids;
	int r = userns_choose(db, m, uids, gids, a, &ids, e);

	if (r == 0)
		r = userns_share(db, container, &ids, m->kind == USERNS_AUTO, e);
	if (r == 0)
		*ret = ids;
	return r;
}

int userns_share(struct db *db, const char *container, const struct userns_ids *ids, bool allotted, struct err *e)
{
	int r = insert(db, container, uid, &ids->uids, allotted, e);

	return r < 0 ? r : insert(db, container, gid, &ids->gids, allotted, e);
}

/* ---- what a container has ----------------------------------------------------------------------------------------- */

static int find(struct db *db, const char *container, const char *kind, struct arena *a, struct id_map *ret,
		struct err *e)
{
	scoped_rows rows = { 0 };
	struct id_extent *x;
	int r = db_query(db, "SELECT first, count FROM id_ranges WHERE kind = ?1 AND container_id = ?2",
			 DB_ARGS(db_text(kind), db_text(container)), &rows, e);

	if (r == 0)
		r = db_next(&rows, e);
	if (r == 0)
		return err_set(e, ENOENT, "container %.12s has no %ss of the host", container, kind);
	if (r < 0)
		return r;
	x = arena_alloc(a, sizeof *x);
	if (!x)
		return err_oom(e);
	*x = (struct id_extent){ 0, (uint32_t)db_col_int(&rows, 0), (uint32_t)db_col_int(&rows, 1) };
	*ret = (struct id_map){ x, 1 };
	return 0;
}

int userns_find(struct db *db, const char *container, const struct userns_mode *m, struct arena *a,
		struct userns_ids *ret, struct err *e)
{
	struct userns_ids ids = { m->map, m->map };
	int r = 0;

	if (m->kind == USERNS_AUTO) {
		r = find(db, container, uid, a, &ids.uids, e);
		if (r == 0)
			r = find(db, container, gid, a, &ids.gids, e);
	}
	if (r == 0)
		*ret = ids;
	return r;
}
