/* SPDX-License-Identifier: Apache-2.0 */
/* make.h - what `create` and `run` have in common: from a bundle to a process that is ready.
 *
 * The order is what makes a SIGKILL harmless. The id is claimed, and the record says which group there will be, before
 * anything is made. The pid is in the record before the process may outlive its maker: until then it ends with the sync
 * socket. The socket of `start` gets its name last. */
#pragma once

#include "options/option.h"
#include "runtime/container.h"
#include "runtime_cli/bundle.h"

#include <signal.h>

struct make_options {
	const char *bundle, *console_socket, *pid_file, *pidfd_socket;
	int64_t preserve_fds;
	bool no_pivot, no_new_keyring, no_subreaper, detach, keep;
};
extern const struct option_group make_option_group;

struct making {
	struct runtime *rt;
	const struct make_options *options;
	struct entry entry;
	struct bundle bundle;
	struct container container; /* when `made` */
	bool made, held;
	int console, start_socket, notify; /* -1: none */
	const char *notify_to;             /* who waits to hear that it is ready; NULL: nobody */
};

/* make_ready - up to READY; the engine has the terminal and the pid file. held: the process will wait for `start`. On
 * failure nothing is left. */
int make_ready(struct runtime *rt, const char *id, struct make_options *options, bool held, struct making *m,
	       struct err *e);

/* The parts of it, for a process that comes from elsewhere: make_claim - up to the claim of the id, nothing is made yet.
 * make_written - m->container is there, and the engine is told. make_wait - of `run`, until the end; nothing is left then, unless
 * --keep. */
int make_claim(struct runtime *rt, const char *id, struct make_options *options, bool held, struct making *m,
	       struct err *e);
int make_written(struct making *m, struct err *e);
int make_notify(struct making *m,
		struct err *e); /* with nobody left in the foreground: until it is ready, if somebody waits for that */
int make_wait(struct making *m, const sigset_t *set, int *ret_status, struct err *e);

/* make_abort - nothing is left of it */
void make_abort(struct making *m);
void make_done(struct making *m); /* descriptors and memory */
#define scoped_making SCOPED(make_done) struct making
