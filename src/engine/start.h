/* SPDX-License-Identifier: Apache-2.0 */
/* start.h - a container that was made before gets a monitor, with the host as it is now. */
#pragma once

#include "base/err.h"
#include "records/containers.h"
#include "engine/create.h"
#include "engine/engine.h"
#include "engine/recover.h"

/* start_begin - take the container's lock; *ret_idle: it has no life now, and the lock is held with the intent "start".
 * Else it runs already, and nothing is held. *row becomes what it is now, as container_take() says.
 * -EINVAL, with Docker's text: paused, or on its way out. */
int start_begin(struct engine *en, struct arena *a, struct container_row *row, struct lock *ret, bool *ret_idle,
		struct err *e);

/* start_take - container_take() for somebody who will start it, whatever it does now. -EINVAL: it is on its way out. */
int start_take(struct engine *en, const char *op, struct arena *a, struct container_row *row, struct lock *ret,
	       struct err *e);

/* start_bundle - the first half of start_launch(): a monitor may be started. start_undo - none was: what it took of the host
 * (ports, rules) is given back; memory and descriptors too. Neither it nor start_launch() leaves anything on a failure. */
int start_bundle(struct engine *en, const struct container_row *row, struct container_config *c, struct arena *a,
		 struct creation *ret, struct err *e);
void start_undo(struct creation *cr);

/* start_launch - bundle and monitor for the container whose lock the caller holds. *cr is filled by it, free with
 * creation_done() (after which the lock is still the caller's); *ret_sock is the connection that the monitor was born
 * with: it waits for CONTROL_START. */
int start_launch(struct engine *en, const struct container_row *row, struct container_config *c, struct arena *a,
		 struct creation *ret, int *ret_sock, struct err *e);

/* start_detached - START, and wait until the command runs. < 0: it does not; *ret_status is 125, 126 or 127. */
int start_detached(int sock, int *ret_status, struct err *e);

/* start_locked - all of it, for the holder of the lock of a container without a life. */
int start_locked(struct engine *en, const struct container_row *row, struct err *e);

struct start_options {
	bool attach, interactive; /* interactive: its standard input too, when it has one */
	const char *detach_keys;  /* NULL: Docker's */
	bool no_sig_proxy;
};

/* engine_start_attached - and stay until it ends: *ret_status is its exit status (also of a failure: 125, 126, 127), or
 * ATTACH_EXIT_DETACHED. One that runs already is attached to. */
int engine_start_attached(struct engine *en, struct sv ref, const struct start_options *o, int *ret_status,
			  struct err *e);

/* start_is_for_boot - as Docker's daemon does when it begins: always, and unless-stopped unless somebody ended it; of neither
 * one that was never started. Not on-failure, whatever its end was. Pure. */
bool start_is_for_boot(const struct container_config *c, const struct container_state *s);

/* engine_start - `tare start` without -a: one that runs already is left as it is. Warnings go to log_warning(). */
int engine_start(struct engine *en, struct sv ref, struct err *e);
