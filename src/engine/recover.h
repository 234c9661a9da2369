/* SPDX-License-Identifier: Apache-2.0 */
/* recover.h - intent and outcome are merged: what a container is now, and what must happen after an end or a crash.
 *
 * A container is containers/<id>/ (with its lock), then a row, then an outcome "created" (`tare create` ends here), and for
 * each life <state>/<id>/ and a monitor, made in this order. Who makes or starts one holds its lock until the monitor has
 * written its first outcome; the monitor holds <state>/<id>/monitor.lock before it does, and as long as it lives. So, when
 * the lock is free:
 *
 *   no outcome, no monitor         its making was cut short: removed
 *   created, pid 0, no monitor     it was never started: as it should be
 *   any other but exited, no monitor   its monitor was killed: what is left in its cgroup is killed; it exited, 137
 *   damaged, no monitor            the power went before the disk had it: it exited, 255
 *   exited, no monitor, --rm       nobody cleaned up: removed
 *   intent "remove"                its removal was cut short: finished; "dead" as long as that fails
 *   intent "update", with a monitor    cut short: its cgroup and bundle become what the row says
 *   folder without row             likewise, or made and never recorded: removed
 *   row without folder             somebody removed the folder: the row goes too
 *
 * Whoever looks first does it; two at once are kept apart by the lock. Nothing here is killed by its pid. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "records/containers.h"
#include "engine/engine.h"
#include "engine/lock.h"
#include "engine/remove.h"
#include "monitor/outcome.h"

#define CONTAINER_STATUSES(X)                                                            \
	X(CREATED, "created") X(RUNNING, "running") X(PAUSED, "paused") X(RESTARTING, "restarting") \
	X(EXITED, "exited") X(REMOVING, "removing") X(DEAD, "dead")
enum container_status {
#define X(id, text) CONTAINER_##id,
	CONTAINER_STATUSES(X)
#undef X
};
const char *container_status_name(enum container_status s);
/* container_is_active - it has a life that can be ended: running, paused or restarting; Docker's State.Running. */
bool container_is_active(enum container_status s);

/* container_status_of - as the record has it, without a look at who is alive */
enum container_status container_status_of(const struct outcome *o);

struct container_state {
	enum container_status status;
	struct outcome outcome; /* zero while it is being made */
};

#define RECOVER_EXIT_LOST 137   /* the monitor was killed, and so is the container */
#define RECOVER_EXIT_REBOOT 255 /* it ended with the host, nobody knows how; or its record is damaged */

/* container_find - containers_find() in this engine's database. */
int container_find(struct engine *en, struct sv ref, struct arena *a, struct container_row *ret, struct err *e);

/* container_lock_new - make containers/<id> and take its lock (intent "create"). *ret_dir is the caller's to close.
 * -EEXIST */
int container_lock_new(struct engine *en, const char *id, struct lock *ret, int *ret_dir, struct err *e);

/* container_lock - of an existing one; waits up to timeout_ms. ret_before: see lock_take().
 * -ENOENT: gone. -EAGAIN: held, the text says by whom and for what. */
int container_lock(struct engine *en, const char *id, const char *op, unsigned timeout_ms, struct lock *ret,
		   int *ret_dir, struct intent *ret_before, struct err *e);

/* container_look_locked - container_look() for the holder of its lock; before: what container_lock() gave. -ENOENT: it is
 * gone now, and so is the lock (*l becomes LOCK_NONE). */
int container_look_locked(struct engine *en, const struct container_row *row, int dir, const struct intent *before,
			  struct lock *l, struct container_state *ret, struct err *e);

/* container_take - both, for a row that was found before: while somebody was waited for it may have become another, so *row
 * is what it is now (its text in the arena). < 0: nothing is held, and what the last holder began is still to be finished.
 * Errors as of container_lock() and container_look_locked(). *ret_dir is the caller's to close. */
int container_take(struct engine *en, const char *op, unsigned timeout_ms, struct arena *a, struct container_row *row,
		   struct lock *ret, int *ret_dir, struct container_state *ret_state, struct err *e);

/* container_monitor_is_alive - does somebody hold <state>/<id>/monitor.lock? Also yes where that cannot be found out (no
 * descriptor is left): what is taken for dead is ended. */
bool container_monitor_is_alive(const struct engine *en, const char *id);

/* container_is_up - it has a monitor, or somebody starts it just now; and nobody removes it. */
bool container_is_up(const struct engine *en, const char *id);

/* container_look - its state, after putting right what a crash left. Cheap when there is nothing to put right, and then
 * takes no lock. -ENOENT: it was half made or half removed, and is gone now. */
int container_look(struct engine *en, const struct container_row *row, struct container_state *ret, struct err *e);
/* container_glance - what may be seen without the lock, and nothing is changed: by any thread. seen: its outcome, if that was
 * read just before; NULL: it was not. *ret_wrong: nobody is at work on it, and it is not as it should be. -ENOENT: there is no
 * such folder. */
int container_glance(const struct engine *en, const struct container_row *row, const struct outcome *seen,
		     struct container_state *ret, bool *ret_wrong, struct err *e);

/* container_let_go_network - a monitor that was killed, or a machine that went down, gives nothing back: whoever wants a port
 * of this container looks, without a lock of it. true: it is gone, or has ended, and its ports are given back. */
bool container_let_go_network(struct engine *en, const char *id);

/* engine_reap - after the end of a container, by the monitor (`tare _reap ID`) or the client that waited for it:
 * with --rm it is removed, else its cgroup goes. Done before or gone: success.
 * -EBUSY: it runs. -EAGAIN: somebody else held its lock for too long. */
int engine_reap(struct engine *en, const char *id, struct err *e);
