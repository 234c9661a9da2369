/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/survey.h"

#include "base/io.h"
#include "base/parallel.h"
#include "base/scope.h"
#include "kernel/cgroup_stat.h"
#include "oci/list.h"
#include "storage/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MAX (64u << 20)

/* The first error is the one to tell; the others are likely of the same cause. */
struct first_error {
	int rc;
	struct err err;
};

static void note(struct first_error *f, int rc, const struct err *e)
{
	if (rc < 0 && f->rc == 0) {
		f->rc = rc;
		f->err = *e;
	}
}

/* ---- sets of ids --------------------------------------------------------------------------------------------- */

struct ids {
	const char **v; /* sorted */
	size_t n;
};

static int by_id(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int ids_of_rows(const struct container_rows *rows, struct arena *a, struct ids *ret, struct err *e)
{
	struct ids k = { .v = arena_array(a, rows->n + 1, sizeof *k.v), .n = rows->n };

	if (!k.v)
		return err_oom(e);
	for (size_t i = 0; i < k.n; i++)
		k.v[i] = rows->v[i].id;
	qsort(k.v, k.n, sizeof *k.v, by_id);
	*ret = k;
	return 0;
}

static int open_folder(int dir, DIR **ret, struct err *e)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	*ret = copy < 0 ? NULL : fdopendir(copy);
	if (*ret)
		return 0;
	r = err_sys(e, "open folder");
	if (copy >= 0)
		close(copy);
	return r;
}

static int ids_of_folder(int dir, struct arena *a, struct ids *ret, struct err *e)
{
	struct oci_strings found = { 0 };
	scoped_dir d = NULL;
	struct dirent *ent;
	int r = open_folder(dir, &d, e);

	while (r == 0 && (ent = readdir(d)))
		if (id_is_valid(sv_from(ent->d_name)) && strings_add(a, &found, arena_str(a, ent->d_name)) < 0)
			r = err_oom(e);
	if (r < 0)
		return r;
	if (found.n)
		qsort(found.v, found.n, sizeof *found.v, by_id);
	*ret = (struct ids){ found.v, found.n };
	return 0;
}

static bool ids_has(const struct ids *k, const char *id)
{
	return k->n && bsearch(&id, k->v, k->n, sizeof *k->v, by_id) != NULL;
}

/* ---- rows ---------------------------------------------------------------------------------------------------- */

/* By several threads, and without changing anything; who is not as it should be is put right after it. */
struct glances {
	struct engine *en;
	enum survey what;
	const struct ids *states; /* of those that had a life in this boot */
	struct container_item *items;
	bool *sure; /* of each item: its state is all that there is to know */
};

static bool glance_in_full(struct engine *en, struct container_item *item, const struct outcome *seen)
{
	bool wrong = true;

	return container_glance(en, &item->row, seen, &item->state, &wrong, NULL) == 0 && !wrong;
}

/* For a list of what has a life all others are as good as ended. What was never started in this boot has no state folder; of
 * the rest, many have ended and say so. */
static bool glance_for_life(struct engine *en, enum survey what, const struct ids *states, struct container_item *item)
{
	char path[ID_LEN + sizeof "/" OUTCOME_FILE];
	struct outcome o;

	item->state.status = CONTAINER_EXITED;
	if (!ids_has(states, item->row.id))
		return true;
	(void)snprintf(path, sizeof path, "%s/" OUTCOME_FILE, item->row.id);
	if (outcome_read_at(en->containers, path, &o, NULL) < 0)
		return false;
	if (o.state == OUTCOME_EXITED && !item->row.auto_remove)
		return true;
	if (what == SURVEY_ACTIVE || !container_is_active(container_status_of(&o)))
		return glance_in_full(en, item, &o);
	item->state = (struct container_state){ .status = container_status_of(&o), .outcome = o };
	return what == SURVEY_CLAIMED || container_monitor_is_alive(en, item->row.id);
}

static void glance_at(void *context, unsigned worker, size_t i)
{
	struct glances *all = context;
	struct container_item *item = &all->items[i];

	all->sure[i] = all->what < SURVEY_ACTIVE ? glance_in_full(all->en, item, NULL) :
						   glance_for_life(all->en, all->what, all->states, item);
}

/* The items have their rows; those that are there nowhere any more are taken out. */
static void look_at_rows(struct engine *en, const bool *sure, struct container_items *items, struct first_error *f)
{
	size_t n = 0;

	for (size_t i = 0; i < items->n; i++) {
		struct container_item *item = &items->v[i];
		struct err e = { 0 };
		int r = sure[i] ? 0 : container_look(en, &item->row, &item->state, &e);

		if (r < 0 && r != -ENOENT)
			note(f, r, &e);
		if (r < 0)
			continue;
		if (n < i)
			items->v[n] = *item;
		n++;
	}
	items->n = n;
}

/* ---- folders without a row ----------------------------------------------------------------------------------- */

/* A folder whose row is missing even now that its lock is held was never recorded, or its row is deleted already. */
static int sweep_container(struct engine *en, const char *id, struct err *e)
{
	scoped_arena a = ARENA(ARENA_MAX);
	scoped_fd dir = -1;
	struct container_row row;
	struct lock l = LOCK_NONE;
	int r = container_find(en, sv_from(id), &a, &row, e);

	if (r != -ENOENT)
		return r;
	r = container_lock(en, id, "sweep", 0, &l, &dir, NULL, e);
	if (r < 0)
		return r == -EAGAIN || r == -ENOENT ? 0 : r;
	r = container_find(en, sv_from(id), &a, &row, e);
	if (r == -ENOENT)
		return container_remove_locked(en, id, true, &l, e);
	lock_release(&l);
	return r;
}

static int sweep_state(struct engine *en, const char *id, struct err *e)
{
	if (faccessat(en->containers, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT ||
	    container_monitor_is_alive(en, id))
		return 0;
	return io_remove_tree_at(en->state, id, e);
}

static void sweep(struct engine *en, int dir, const struct ids *known,
		  int (*one)(struct engine *, const char *, struct err *), struct first_error *f)
{
	struct err e = { 0 };
	scoped_dir d = NULL;
	struct dirent *ent;
	int r = open_folder(dir, &d, &e);

	if (r < 0) {
		note(f, r, &e);
		return;
	}
	while ((ent = readdir(d)))
		if (id_is_valid(sv_from(ent->d_name)) && !ids_has(known, ent->d_name))
			note(f, one(en, ent->d_name, &e), &e);
}

static void sweep_volumes(struct engine *en, struct first_error *f)
{
	scoped_fd dir = -1;
	struct err e = { 0 };
	int r = 0;

	if (faccessat(en->root, "volumes", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		r = volumes_open(en->root, &dir, &e);
	if (r == 0 && dir >= 0)
		r = volumes_sweep(dir, &e);
	note(f, r, &e);
}

/* ---- all of it ------------------------------------------------------------------------------------------------ */

static int read_all(struct engine *en, enum survey what, struct arena *a, struct container_items *items,
		    struct ids *known, struct ids *states, struct err *e)
{
	struct container_rows rows = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = (what == SURVEY_CONFIGS ? containers_list : containers_list_light)(db, a, &rows, e);
	if (r == 0)
		r = ids_of_rows(&rows, a, known, e);
	if (r == 0 && what >= SURVEY_ACTIVE)
		r = ids_of_folder(en->state, a, states, e);
	if (r < 0)
		return r;
	items->v = arena_array(a, rows.n + 1, sizeof *items->v);
	if (!items->v)
		return err_oom(e);
	for (; items->n < rows.n; items->n++)
		items->v[items->n].row = rows.v[items->n];
	return 0;
}

static int look_at_all(struct engine *en, enum survey what, const struct ids *states, struct arena *a,
		       struct container_items *items, struct first_error *f, struct err *e)
{
	struct glances all = { en, what, states, items->v, arena_array(a, items->n + 1, sizeof *all.sure) };

	if (!all.sure)
		return err_oom(e);
	parallel_for(items->n, parallel_workers(items->n), glance_at, &all);
	look_at_rows(en, all.sure, items, f);
	return 0;
}

static void sweep_all(struct engine *en, const struct ids *known, struct first_error *f)
{
	sweep(en, en->containers, known, sweep_container, f);
	sweep(en, en->state, known, sweep_state, f);
	sweep_volumes(en, f);
}

int engine_survey(struct engine *en, enum survey what, struct arena *a, struct container_items *ret, struct err *e)
{
	struct container_items items = { 0 };
	struct first_error f = { 0 };
	struct ids known, states = { 0 };
	int r = read_all(en, what, a, &items, &known, &states, e);

	if (r == 0)
		r = look_at_all(en, what, &states, a, &items, &f, e);
	if (r == 0 && what < SURVEY_LIVING)
		sweep_all(en, &known, &f);
	if (r < 0)
		return r;
	*ret = items;
	return f.rc < 0 ? err_set(e, f.err.code, "%s", f.err.msg) : 0;
}

bool survey_confirms(struct engine *en, const char *id, const struct cgroup_stat *st)
{
	if (st->pids.current != CG_UNSET)
		return st->pids.current > 0;
	if (st->cpu.usage_ns == CG_UNSET && st->memory.usage_bytes == CG_UNSET)
		return false;
	return !id || container_monitor_is_alive(en, id);
}

int engine_recover(struct engine *en, struct err *e)
{
	scoped_arena a = ARENA(ARENA_MAX);
	struct container_items items;

	return engine_survey(en, SURVEY_ALL, &a, &items, e);
}
