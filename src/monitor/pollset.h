/* SPDX-License-Identifier: Apache-2.0 */
/* pollset.h - what the next poll(2) waits for: filled anew each time by everything that has a descriptor. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define POLLSET_FIRST 1024 /* what one container needs at most, or nearly so; a large pod's are on the heap */

struct pollset {
	struct pollfd *v; /* first, or on the heap */
	size_t n, room;
	struct pollfd first[POLLSET_FIRST]; /* pages that are never needed are never touched */
};

void pollset_begin(struct pollset *p); /* nothing is in it */
/* pollset_add - its place, for pollset_found(). fd < 0 has none; nor has one for which there is no memory: until there is, nobody
 * waits for it. */
size_t pollset_add(struct pollset *p, int fd, short events);

/* pollset_found - what poll(2) found of it. 0: nothing, or it has another place by now */
static inline short pollset_found(const struct pollset *p, size_t at, int fd)
{
	return at < p->n && p->v[at].fd == fd ? p->v[at].revents : 0;
}

/* fd_is_ready - now, for any of these events or an error */
static inline bool fd_is_ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) == 1;
}
