/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rename.h"

#include "base/limits.h"
#include "base/scope.h"
#include "engine/recover.h"

#include <string.h>

int engine_rename(struct engine *en, struct sv ref, const char *name, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct container_row row;
	struct db *db;
	int r;

	name += name[0] == '/';
	if (!ref.n || !*name)
		return err_set(e, EINVAL, "Neither old nor new names may be empty");
	r = container_find(en, ref, &a, &row, e);
	if (r == 0)
		r = engine_db(en, &db, e);
	if (r < 0)
		return r;
	if (strcmp(row.name, name) == 0)
		return err_set(e, EINVAL, "Renaming a container with the same name as its current name");
	r = containers_rename(db, row.id, name, e);
	return r == -EEXIST ? err_wrap(e, r, "Error when allocating new name") : r;
}
