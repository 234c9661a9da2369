/* SPDX-License-Identifier: Apache-2.0 */
/* pollset.h - what the next poll(2) waits for: filled anew each time by everything that has a descriptor. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/* Every client has a connection and up to three descriptors, in each of the sessions; the rest is the monitor's own. */
#define POLLSET_MAX 1024

struct pollset {
	struct pollfd v[POLLSET_MAX]; /* pages that are never needed are never touched */
	size_t n;
};

/* pollset_add - its place. fd < 0 is waited for in vain; one for which no room is left is looked at when others wake
 * us. */
static inline size_t pollset_add(struct pollset *p, int fd, short events)
{
	size_t at = p->n < POLLSET_MAX ? p->n++ : POLLSET_MAX - 1;

	p->v[at] = (struct pollfd){ .fd = fd, .events = events };
	return at;
}

/* fd_is_ready - now, for any of these events or an error */
static inline bool fd_is_ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) == 1;
}
