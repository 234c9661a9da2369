/* SPDX-License-Identifier: Apache-2.0 */
/* net_dev.h - what went through the interfaces of a process's network namespace: proc_pid_net(5), dev. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct host;

struct net_totals {
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets, rx_errors, tx_errors, rx_dropped, tx_dropped;
};

#define NET_INTERFACES 16 /* of one namespace that are told apart */
struct net_interfaces {
	struct net_interface {
		char name[16];
		struct net_totals totals;
	} v[NET_INTERFACES];
	size_t n;
	uint64_t netns; /* inode of the namespace that they are in; 0: not read */
};

/* net_dev_list - each but the loopback. Pure. net_dev_read_list - as net_dev_read() */
void net_dev_list(struct sv text, struct net_interfaces *ret);
struct net_own;
int net_dev_read_list(const struct host *h, const struct net_own *own, pid_t pid, struct net_interfaces *ret,
		      struct err *e);

/* net_dev_parse - the sum of all interfaces but the loopback. Pure. Lines that are not understood count nothing. */
void net_dev_parse(struct sv text, struct net_totals *ret);

/* net_own_init - which namespace is our own: asked once for many processes. */
struct net_own {
	char link[64]; /* "net:[4026531840]" */
	size_t n;      /* 0: not known */
};
void net_own_init(struct net_own *own, const struct host *h);

/* net_dev_read - of the process's namespace; all zero when that is our own (the host's traffic is nobody's).
 * -ESRCH: no such process; -EACCES: not for us. */
int net_dev_read(const struct host *h, const struct net_own *own, pid_t pid, struct net_totals *ret, struct err *e);
