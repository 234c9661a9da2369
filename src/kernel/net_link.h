/* SPDX-License-Identifier: Apache-2.0 */
/* net_link.h - an interface of a container and what it is connected to: veth(4), bridges, macvlan; by rtnetlink(7).
 *
 * The pair is made with its far end already in the container's network namespace, under its name there; it goes with
 * that namespace. One batch in the host's namespace does it, and one in the container's. The bridge does not learn from our
 * ports and sends them nothing whose receiver it does not know: it is told who is behind them. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/sv.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct net_ip {
	uint8_t family; /* AF_INET, AF_INET6; 0: none */
	uint8_t prefix;
	uint8_t bytes[16]; /* network order; IPv4 has the first four */
};

enum net_link_kind { NET_LINK_VETH, NET_LINK_MACVLAN };

struct net_link {
	enum net_link_kind kind;
	char name[IFNAMSIZ];   /* in the container: eth0 */
	char host[IFNAMSIZ];   /* veth: the end on the host */
	char master[IFNAMSIZ]; /* the bridge; macvlan: the parent */
	uint8_t mac[6];
	uint32_t mtu; /* 0: the kernel's */
	uint32_t mode; /* of macvlan: MACVLAN_MODE_x */
	struct net_ip ip4, ip6, gateway4, gateway6; /* gateways: of the default routes */
	bool hairpin;  /* a port that may answer itself: where br_netfilter turns a published port back within the bridge */
	bool isolated; /* a port that does not reach the other ports of its bridge */
};

struct net_links {
	struct net_link *v;
	size_t n;
};

/* net_link_print - one line without a newline; net_link_parse - that line. Pure. -EINVAL */
void net_link_print(const struct net_link *l, struct buf *out);
int net_link_parse(struct sv line, struct net_link *ret, struct err *e);

/* net_links_attach - own, to: descriptors of this process's network namespace and of the container's. When it returns, this process is where it was. Single-threaded callers only. On failure none of them is left.
 * -ENODEV: no such bridge; -EXFULL: the bridge has no port left (1,023). A stale end of an earlier life is removed. */
int net_links_attach(const struct net_links *links, int own, int to, struct err *e);
/* net_link_route - the default routes go through this interface of the namespace now, by its gateways. */
int net_link_route(const struct net_link *l, int own, int to, struct err *e);
/* net_link_detach - remove this interface from the namespace. One that is not there is success. */
int net_link_detach(const char *name, int own, int to, struct err *e);

/* net_port_join - the end on the host, which is there, becomes a port of its bridge again, which was made anew. -ENODEV */
int net_port_join(int netlink, const struct net_link *l, struct err *e);
/* net_port_hairpin - of a port of a bridge, by its name. -ENODEV */
int net_port_hairpin(int netlink, const char *host, bool on, struct err *e);

/* net_bridge_ensure - a bridge of this name that is up, with these addresses (family 0: none); one that is there gets what
 * it lacks. *ret_made: it was made now. */
struct net_bridge {
	const char *name;
	uint32_t mtu;
	struct net_ip ip4, ip6;
	uint8_t mac[6];
};
int net_bridge_ensure(int netlink, const struct net_bridge *b, struct err *e);
/* net_device_delete - -ENODEV: no such interface */
int net_device_delete(int netlink, const char *name, struct err *e);
/* net_device_index - 0: no such interface. Any socket will do. */
int net_device_index(int socket, const char *name);
bool net_device_is_bridge(int socket, const char *name); /* ethtool(8) says so; the same */

/* net_routes_each - destinations of the host's routes but default ones, and subnets of its interfaces. fn: < 0 ends it. */
typedef int net_route_fn(const struct net_ip *to, const char *device, void *arg, struct err *e);
int net_routes_each(int netlink, net_route_fn *fn, void *arg, struct err *e);
