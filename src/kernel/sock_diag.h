/* SPDX-License-Identifier: Apache-2.0 */
/* sock_diag.h - who listens on this host: sock_diag(7), of the network namespace of this thread. */
#pragma once

#include "base/err.h"
#include "kernel/net_link.h"

#include <stdint.h>
#include <sys/types.h>

struct host;

struct listener {
	uint8_t protocol;    /* IPPROTO_TCP: listening; IPPROTO_UDP: bound and not connected */
	struct net_ip local; /* all zero: every address */
	uint16_t port;
	uint32_t inode;
};

typedef int listener_fn(const struct listener *l, void *arg, struct err *e);

/* sock_diag_each - IPv4 and IPv6 sockets of this protocol. fn: < 0 ends it. A kernel without the module for it knows of
 * none. */
int sock_diag_each(uint8_t protocol, listener_fn *fn, void *arg, struct err *e);

/* sock_diag_holder - the process that has this socket open, and its name; 0: none that we may look at. Walks proc. */
pid_t sock_diag_holder(const struct host *h, uint32_t inode, char ret_name[17]);
