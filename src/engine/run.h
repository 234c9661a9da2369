/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - one container from configuration to exit status: what `tare run` hands over. */
#pragma once

#include "base/err.h"
#include "spec/config.h"

#include <stdbool.h>

struct engine;
struct host;

struct run_flags {
	bool plan;  /* print the plan on standard output and make nothing */
	bool trace; /* print microseconds per step on standard error */
	/* called with the id when the container is made, before it is started; NULL: not. A failure undoes it */
	int (*created)(void *arg, const char *id, struct err *e);
	void *created_arg;
	bool no_sig_proxy; /* signals end the client, not the container */
	const char *detach_keys; /* "ctrl-a,x"; NULL: Docker's */
};

/* engine_run - make and start the container of c; in the foreground (not c->detach) wait for its end.
 *
 * engine: NULL for the plan of a --rootfs, which needs no data root. host: whose facts count; with plan it may be a
 * captured one. *ret_status, set on success and on failure: 0 to 255, what `tare run` exits with: the command's own
 * status, 128 + signal, 126 not executable, 127 not found, 125 for an error of the engine, 1 without the terminal that was
 * asked for; 0 when detached (the id was printed) or planned. Warnings were written by log_warning(). */
int engine_run(struct engine *engine, const struct host *host, struct container_config *c,
	       const struct run_flags *flags, int *ret_status, struct err *e);
