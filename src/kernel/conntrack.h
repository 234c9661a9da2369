/* SPDX-License-Identifier: Apache-2.0 */
/* conntrack.h - entries of connections that packets belong to: ctnetlink over NETLINK_NETFILTER.
 *
 * Address translation is decided by the first packet of a connection. What has no connections of its own (UDP) has an entry that
 * lives as long as packets come, so it has to be deleted where the rules for it have changed. */
#pragma once

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* What was asked for: this protocol (IPPROTO_x) over AF_INET or AF_INET6, one of these ports, at whatever address. */
struct conntrack_ports {
	uint8_t family, protocol;
	uint16_t first, last;
};

/* conntrack_forget - the entries of all of them, in this network namespace. One request for each family, whatever n is, and one
 * more for what was found; of one port alone the kernel does the looking. *ret_count (may be NULL): how many went.
 * -EPERM; -EINVAL, -EOPNOTSUPP: this kernel has no ctnetlink. */
int conntrack_forget(const struct conntrack_ports *v, size_t n, size_t *ret_count, struct err *e);
