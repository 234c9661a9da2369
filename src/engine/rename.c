/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rename.h"

#include "base/limits.h"
#include "base/scope.h"
#include "engine/lock.h"
#include "engine/recover.h"
#include "engine/running.h"
#include "engine/start.h"

#include <string.h>

/* No running container may have the name by its link that it has no longer by its row (running.h). */
static int rename_locked(struct engine *en, const struct container_row *row, const char *name, struct err *e)
{
	scoped_fd state = -1;
	struct db *db;
	int r = engine_state_dir(en, row->id, false, &state, e);

	if (r == 0)
		r = running_name(state, NULL, e);
	if (r == 0 || r == -ENOENT)
		r = engine_db(en, &db, e);
	if (r == 0)
		r = containers_rename(db, row->id, name, e);
	if (state >= 0)
		(void)running_name(state, r == 0 ? name : row->name, NULL); /* without it the database is asked */
	return r;
}

int engine_rename(struct engine *en, struct sv ref, const char *name, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_lock lock = LOCK_NONE;
	struct container_row row;
	int r;

	name += name[0] == '/';
	if (!ref.n || !*name)
		return err_set(e, EINVAL, "Neither old nor new names may be empty");
	r = container_find(en, ref, &a, &row, e);
	if (r == 0)
		r = start_take(en, "rename", &a, &row, &lock, e);
	if (r < 0)
		return r;
	if (strcmp(row.name, name) == 0)
		return err_set(e, EINVAL, "Renaming a container with the same name as its current name");
	r = rename_locked(en, &row, name, e);
	return r == -EEXIST ? err_wrap(e, r, "Error when allocating new name") : r;
}
