/* SPDX-License-Identifier: Apache-2.0 */
/* attach.h - to a container that runs: attach, wait; and to one that is started for it: start -a. */
#pragma once

#include "base/err.h"
#include "base/sv.h"
#include "engine/engine.h"

#include <stdbool.h>

struct attach_options {
	const char *detach_keys;
	bool no_stdin, no_sig_proxy;
};

#define ATTACH_EXIT_DETACHED 1

/* engine_attach - until it has ended, *ret_status is its exit status; or until somebody detached:
 * ATTACH_EXIT_DETACHED. -EINVAL, with Docker's texts: it does not run, or is paused, or restarting. */
int engine_attach(struct engine *en, struct sv ref, const struct attach_options *o, int *ret_status, struct err *e);

/* A container whose end is awaited. */
struct waiting {
	const char *id;
	int sock; /* -1: it has ended already */
	int status;
};

/* wait_begin - from here on its end is not missed; text of ref's row goes to the arena. wait_end - its exit status, as
 * soon as it has ended, though it may be started again. */
int wait_begin(struct engine *en, struct sv ref, struct arena *a, struct waiting *ret, struct err *e);
int wait_end(struct engine *en, struct waiting *w, int *ret_status, struct err *e);
