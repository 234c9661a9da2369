/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h - a container's end of tare-net (serve.h): that there is one, as long as the container is in a network.
 *
 * A connection, kept open. When it ends, tare-net has: whoever gets its lock first starts another one, and hands the lock to it,
 * so that of a thousand who see it exactly one does. Costs a descriptor, and nothing while nothing happens: the connection
 * is one more thing that the caller's poll(2) waits for. */
#pragma once

#include "base/err.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct net_watch {
	/* Borrowed: paths of tare-net and of tare, absolute; the folders; the container's id. */
	const char *program, *tare, *data_root, *state_root, *container;
	bool wanted;
	int sock;          /* -1: not connected */
	int64_t again_ns;  /* monotonic: when to try again; 0: not now */
	unsigned failures; /* one after the other */
};

/* net_watch_wake - sees to it that there is a tare-net, without waiting for it. */
void net_watch_wake(struct net_watch *w);
/* net_watch_settle - waits until what the container's records say is done: names are answered in its network namespace. At
 * most wait_ms: then -ETIMEDOUT or what kept it from starting, and it goes on trying in net_watch_run(). -EIO: tare-net's own
 * words; the connection stays. Again after the container has got another network namespace. */
int net_watch_settle(struct net_watch *w, unsigned wait_ms, struct err *e);

/* For the caller's loop: what to wait for (nothing but POLLHUP and POLLERR), until when at most (0: for ever), and what to do
 * then. */
static inline int net_watch_fd(const struct net_watch *w)
{
	return w->wanted ? w->sock : -1;
}
static inline int64_t net_watch_due_ns(const struct net_watch *w)
{
	return w->wanted ? w->again_ns : 0;
}
void net_watch_run(struct net_watch *w, short revents);
