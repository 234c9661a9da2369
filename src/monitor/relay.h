/* SPDX-License-Identifier: Apache-2.0 */
/* relay.h - one direction of a session's stdio: what is read from one descriptor goes to every taker.
 *
 * The monitor never blocks in it, though other processes may have the same descriptors (kernel/nowait.h): a chunk is read when
 * all takers have had the last one, and written at most PIPE_BUF bytes at a time, so a pipe that polls writable takes them. A
 * taker that is slow makes the container wait, as with Docker; one that fails is dropped. Without takers the
 * bytes are thrown away, unless the last one failed and was to break the pipe: then the writer is told as a pipe would
 * tell it, once there is more to read. (Not at once: a client that was killed is seen to leave first.) */
#pragma once

#include "base/err.h"
#include "kernel/nowait.h"
#include "monitor/pollset.h"

#include <stdbool.h>
#include <stddef.h>

#define RELAY_CHUNK 4096

struct taker {
	int fd;            /* owned; -1: it failed */
	const void *owner; /* who brought it */
	enum nowait how;   /* it is written to */
	bool breaks;       /* its failure is the writer's, when nobody else takes */
	size_t done;       /* relay_add() sets it */
};

struct relay {
	int from; /* owned; -1: ended */
	enum nowait how; /* it is read from */
	size_t polled;   /* its place in the pollset */
	struct taker *to;
	size_t takers, have, room;
	char *chunk; /* room bytes; NULL until something was read */
	int lost;    /* errno of a taker that failed otherwise than that nobody reads it any more; 0: none */
	const void *loser; /* its owner */
};

void relay_init(struct relay *r, int from); /* it does not block; another one: set r->how */
/* relay_add - takes t->fd. -ENOMEM: it stays the caller's */
int relay_add(struct relay *r, const struct taker *t, struct err *e);
void relay_drop(struct relay *r, const void *owner); /* closes what it brought */
bool relay_is_idle(const struct relay *r);           /* nothing read that some taker still waits for */
bool relay_owes(const struct relay *r, const void *owner); /* something read that this one still waits for */
int relay_lost(const struct relay *r, const void *owner); /* errno that kept something from this one; 0: nothing did */
void relay_poll(struct relay *r, struct pollset *p);
/* relay_run - after poll(2): reads and writes what is possible now. true: a new chunk was read: r->chunk, r->have bytes */
bool relay_run(struct relay *r, const struct pollset *p);
/* relay_slurp - read all that is there now, however slow the takers are. true: r->chunk has r->have new bytes at its end,
 * from *ret_at on */
bool relay_slurp(struct relay *r, size_t *ret_at);
void relay_rest(struct relay *r); /* gives memory back while there is nothing to do */
void relay_done(struct relay *r);
