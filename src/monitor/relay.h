/* SPDX-License-Identifier: Apache-2.0 */
/* relay.h - one direction of a container's stdio: a pipe's bytes go to every attached client, or one client's to a pipe.
 *
 * The monitor never blocks in it: a chunk is read when all takers have had the last one, and written to whoever poll(2)
 * says can take it, at most PIPE_BUF bytes at a time (so a pipe that polls writable does not block; a terminal gets
 * less). A taker that is slow makes the container wait, as with Docker; one that fails is dropped. When the last one fails, the writer is told as a pipe would tell it; when they just leave, the
 * bytes are thrown away. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define RELAY_TAKERS 8
#define RELAY_CHUNK 4096

struct relay {
	int from; /* owned; -1: ended */
	struct {
		int fd; /* owned; -1: free place */
		size_t done;
	} to[RELAY_TAKERS];
	size_t have;
	char chunk[RELAY_CHUNK];
};

void relay_init(struct relay *r, int from);
bool relay_add(struct relay *r, int fd); /* false: no place left; fd stays the caller's */
void relay_drop(struct relay *r, int fd);  /* closes it */
bool relay_is_idle(const struct relay *r); /* nothing read that some taker still waits for */
/* relay_poll - the descriptors that it waits for; returns their number, at most 1 + RELAY_TAKERS */
int relay_poll(const struct relay *r, struct pollfd *ret);
/* relay_run - after poll(2): reads and writes what is possible now */
void relay_run(struct relay *r);
void relay_done(struct relay *r);
