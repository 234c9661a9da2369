/* SPDX-License-Identifier: Apache-2.0 */
/* stdio.h - standard input, output and error of one session: pipes, or one terminal, and the clients at their other end.
 *
 * Everything that several clients can have, each with descriptors of its own; who goes is dropped, and the session does
 * not notice. A terminal is one stream: it is read as output. The monitor keeps its other side open too while the
 * process lives, so that it does not hang up when nobody in the container has it open for a moment. */
#pragma once

#include "base/err.h"
#include "monitor/jsonlog.h"
#include "monitor/pollset.h"
#include "monitor/relay.h"

#include <stdbool.h>
#include <stdint.h>

struct input {
	struct relay relay; /* from a client's descriptor to one of our own for the session's input */
	const void *owner;
	struct input *next;
};

struct stdio {
	bool tty, open_stdin, stdin_once;
	int sink;  /* where input goes; -1: nowhere (any more) */
	int slave; /* of a terminal; -1 */
	struct relay out, err;
	struct input *inputs;
	struct jsonlog *log; /* NULL: its output is not kept */
};

void stdio_init(struct stdio *s);
/* stdio_open - ret_child: the process's descriptors, the caller's to close; with a terminal all -1, and stdio_set_master()
 * follows. What clients attached before stays attached: a restart opens anew. */
int stdio_open(struct stdio *s, int ret_child[3], struct err *e);
void stdio_close(int fds[3]); /* those that are open, which become -1 */
/* stdio_set_master - takes the descriptor, in any case */
int stdio_set_master(struct stdio *s, int master, struct err *e);

/* stdio_attach - bits: CONTROL_STDx; takes what it needs out of fds, in their order. breaks: if this client's output
 * fails, the process shall notice as in a pipeline. */
int stdio_attach(struct stdio *s, const void *owner, int bits, int fds[3], bool breaks, struct err *e);
void stdio_detach(struct stdio *s, const void *owner);

/* stdio_resize - -ENOTTY: it has no terminal */
int stdio_resize(struct stdio *s, uint16_t rows, uint16_t columns, struct err *e);

void stdio_poll(struct stdio *s, struct pollset *p);
void stdio_run(struct stdio *s, const struct pollset *p);

/* stdio_hang_up - the process has ended: no more input; of a terminal only what was written to it is read still */
void stdio_hang_up(struct stdio *s);
bool stdio_has_output(const struct stdio *s);                  /* some of it may come, or is not taken yet */
bool stdio_owes(const struct stdio *s, const void *owner);     /* output that this client has not taken yet */
/* stdio_lost - output that this client could not take, and why, as *why: "standard output: No space left on device" */
bool stdio_lost(const struct stdio *s, const void *owner, struct err *why);
/* stdio_finish - nobody waits for the sources any longer: what they hold now is read; takers get it as they can */
void stdio_finish(struct stdio *s);
void stdio_rest(struct stdio *s); /* gives memory back while there is nothing to do */
void stdio_done(struct stdio *s);
