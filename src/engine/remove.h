/* SPDX-License-Identifier: Apache-2.0 */
/* remove.h - a container's traces are taken away, in an order in which any step may be the last one that was done:
 *
 *   1 its processes and cgroup   2 <state>/<id>   3 its anonymous volumes   4 what its folder holds, but the lock
 *   5 its row: from here on the name is free   6 the lock and the folder
 *
 * The intent "remove" stands in the lock until 6, so whoever looks next (recover.h) goes on where this was killed.
 * Each step is fine when it was done before. */
#pragma once

#include "base/err.h"
#include "base/sv.h"
#include "engine/engine.h"
#include "engine/lock.h"

#include <stdbool.h>

/* container_remove_locked - all six, for the holder of the container's lock, which is gone afterwards: *l becomes
 * LOCK_NONE. Row, folders or cgroup may be missing. volumes: remove its anonymous volumes too; those of a container
 * with auto_remove go always. On failure the intent stays and the lock is let go.
 * -EBUSY: processes in its cgroup do not end. */
int container_remove_locked(struct engine *en, const char *id, bool volumes, struct lock *l, struct err *e);

/* container_remove_folder - step 6 alone, of one that is empty but for its lock; dir: the folder. */
int container_remove_folder(struct engine *en, const char *id, int dir, struct err *e);

/* container_leave_locked - the part that somebody waits for, of a container that has ended and left no cgroup and no
 * anonymous volume: row and name go now. networked: it is known to be in a network; false: its row says so or not. The folders are its monitor's to remove (CONTROL_REAPED, flag 1); when that is
 * killed, whoever looks next finds the intent and does it. *l becomes LOCK_NONE. */
int container_leave_locked(struct engine *en, const char *id, bool networked, struct lock *l, struct err *e);

/* container_remove_ended - --rm: the monitor has told this client, over sock, that it ended. What follows is done, and the
 * monitor told so. simple: it left nothing that only the engine can remove; then nobody waits for the disk; networked: as above.
 * Somebody was quicker: success. */
int container_remove_ended(struct engine *en, const char *id, int sock, bool simple, bool networked, struct err *e);

struct remove_options {
	bool force;   /* kill it first when it runs */
	bool volumes; /* -v: its anonymous volumes too */
};

/* engine_remove - `tare rm`. -ENOENT "No such container: x"; -EBUSY, with Docker's text: it runs and !force. */
int engine_remove(struct engine *en, struct sv ref, const struct remove_options *o, struct err *e);

/* container_end_processes - kill what is in the cgroup `path` and below, and remove it. Refuses a path whose last part
 * does not name the container: a row gone wrong must never kill others. A group that is gone is success. */
int container_end_processes(struct engine *en, const char *id, const char *path, struct err *e);

/* container_forget - row, <state>/<id> and cgroup of a container whose folder is gone. */
int container_forget(struct engine *en, const char *id, const char *cgroup, struct err *e);
