/* SPDX-License-Identifier: Apache-2.0 */
/* stop.h - a container's life is ended, by its monitor: stop, kill, restart; or held and let go: pause, unpause. */
#pragma once

#include "base/err.h"
#include "records/containers.h"
#include "engine/engine.h"

#include <stdbool.h>

struct stop_options {
	int signal;        /* 0: the container's own */
	bool timeout_set;
	int timeout_s;     /* until SIGKILL, < 0: for ever; not set: the container's own */
	bool keep;         /* --rm or not: it will be started again */
};

/* A stop that was asked for; several may be under way at once. */
struct stopping {
	struct container_row row;
	int sock; /* -1: there is nothing to wait for */
	bool keep;
};

/* stop_begin - ask. Text of the row stays borrowed. One that has no life is fine: nothing to wait for. */
int stop_begin(struct engine *en, const struct container_row *row, const struct stop_options *o, struct stopping *ret,
	       struct err *e);
/* stop_end - wait until it has ended, and what follows an end is done. Gives everything back, also on failure. */
int stop_end(struct engine *en, struct stopping *s, struct err *e);

/* engine_restart - stop and start as one: nobody gets in between, and --rm does not remove it. One without a life is
 * started. */
int engine_restart(struct engine *en, struct sv ref, const struct stop_options *o, struct err *e);

/* engine_kill - a signal for its first process; of SIGKILL the end is waited for.
 * -ESRCH "cannot kill container: x: container ID is not running" */
int engine_kill(struct engine *en, struct sv ref, int signo, struct err *e);

/* engine_pause, engine_unpause - with Docker's texts when it is not in the right state. */
int engine_pause(struct engine *en, struct sv ref, struct err *e);
int engine_unpause(struct engine *en, struct sv ref, struct err *e);
