/* SPDX-License-Identifier: Apache-2.0 */
/* running.h - which running container has a name, without the database: a link <state>/<id>/name beside its monitor.
 *
 * The database is the truth. The link is written with the bundle and taken away before a rename touches the row, both by
 * the holder of the container's lock: so a link of a container whose monitor lives says what the row says. One that is
 * missing, or a name that two of them have, only means that the database has to be asked. */
#pragma once

#include "base/err.h"
#include "base/id.h"
#include "base/sv.h"
#include "engine/engine.h"

#include <stdbool.h>

/* running_find - by a whole id, which is taken as it is, or the name of one whose monitor lives. Looks at so many state
 * folders that it is still cheaper than the database. */
bool running_find(const struct engine *en, struct sv ref, struct id *ret);

/* running_name - give the container's state directory the name, in the place of an earlier one; NULL: none. */
int running_name(int state_dir, const char *name, struct err *e);
