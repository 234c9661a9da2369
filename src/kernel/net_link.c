/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/net_link.h"

#include "base/log.h"
#include "base/scope.h"
#include "kernel/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define GEN_MODE_NONE 1 /* IN6_ADDR_GEN_MODE_NONE: no link-local address by itself */

/* ---- in the host's namespace -------------------------------------------------------------------------------------- */

int net_device_index(int socket, const char *name)
{
	struct ifreq q = { 0 };

	(void)sv_copy(sv_from(name), q.ifr_name, sizeof q.ifr_name);
	return ioctl(socket, SIOCGIFINDEX, &q) < 0 ? 0 : q.ifr_ifindex;
}

bool net_device_is_bridge(int socket, const char *name)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq q = { .ifr_data = (void *)&info };

	(void)sv_copy(sv_from(name), q.ifr_name, sizeof q.ifr_name);
	return ioctl(socket, SIOCETHTOOL, &q) == 0 && strncmp(info.driver, "bridge", sizeof info.driver) == 0;
}

/* A host that was started with ipv6.disable=1 refuses to hear of it. */
static bool has_ipv6(void)
{
	static int known; /* it does not change while the host runs: 1 yes, -1 no */

	if (!known) {
		scoped_fd fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		known = fd >= 0 || errno != EAFNOSUPPORT ? 1 : -1;
	}
	return known > 0;
}

/* A message of its own, before the one that sets it up: in one the kernel does it the other way round. */
static void put_no_link_local(struct netlink *n, int index)
{
	struct ifinfomsg m = { .ifi_index = index };
	size_t all, own;

	if (!has_ipv6())
		return;
	netlink_begin(n, RTM_NEWLINK, 0, &m, sizeof m, "keep IPv6 from making addresses");
	all = netlink_nest(n, IFLA_AF_SPEC);
	own = netlink_nest(n, AF_INET6);
	netlink_put_u8(n, IFLA_INET6_ADDR_GEN_MODE, GEN_MODE_NONE);
	netlink_nest_end(n, own);
	netlink_nest_end(n, all);
}

/* One queue each way: of more, which there would be by itself, all but one are taken away again, with a grace period. */
static void put_one_queue(struct netlink *n)
{
	netlink_put_u32(n, IFLA_NUM_TX_QUEUES, 1);
	netlink_put_u32(n, IFLA_NUM_RX_QUEUES, 1);
}

static void put_far_end(struct netlink *n, const struct net_link *l, int to)
{
	netlink_put_text(n, IFLA_IFNAME, l->name);
	netlink_put(n, IFLA_ADDRESS, l->mac, sizeof l->mac);
	if (l->mtu)
		netlink_put_u32(n, IFLA_MTU, l->mtu);
	netlink_put_u32(n, IFLA_NET_NS_FD, (uint32_t)to);
}

static void put_veth(struct netlink *n, const struct net_link *l, int master, int to)
{
	struct ifinfomsg m = { .ifi_family = AF_UNSPEC };
	size_t info, data, peer;

	netlink_begin(n, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &m, sizeof m,
		      "make the pair of interfaces");
	netlink_put_text(n, IFLA_IFNAME, l->host);
	netlink_put_u32(n, IFLA_MASTER, (uint32_t)master);
	if (l->mtu)
		netlink_put_u32(n, IFLA_MTU, l->mtu);
	put_one_queue(n);
	info = netlink_nest(n, IFLA_LINKINFO);
	netlink_put_text(n, IFLA_INFO_KIND, "veth");
	data = netlink_nest(n, IFLA_INFO_DATA);
	peer = netlink_nest(n, VETH_INFO_PEER);
	netlink_raw(n, &m, sizeof m);
	put_far_end(n, l, to);
	put_one_queue(n);
	netlink_nest_end(n, peer);
	netlink_nest_end(n, data);
	netlink_nest_end(n, info);
}

/* A port has no use for IPv6 of its own. With it, each has routes on the host, and the kernel looks at all of them whenever one
 * comes or goes. What cannot be told keeps them, and works. */
static void switch_ipv6_off(const char *host)
{
	char path[sizeof "/proc/sys/net/ipv6/conf//disable_ipv6" + IFNAMSIZ];
	scoped_fd fd = -1;

	(void)snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", host);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || write(fd, "1", 1) != 1)
		log_debug("%s: %s", path, strerror(errno));
}

static void put_port(struct netlink *n, const struct net_link *l, int index)
{
	struct ifinfomsg m = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	size_t info, data;

	netlink_begin(n, RTM_NEWLINK, 0, &m, sizeof m, "set the port of the bridge up");
	info = netlink_nest(n, IFLA_LINKINFO);
	netlink_put_text(n, IFLA_INFO_SLAVE_KIND, "bridge");
	data = netlink_nest(n, IFLA_INFO_SLAVE_DATA);
	netlink_put_u8(n, IFLA_BRPORT_LEARNING, false); /* it learns even from frames that it forwards to nobody */
	netlink_put_u8(n, IFLA_BRPORT_UNICAST_FLOOD, false);
	if (l->isolated || l->hairpin) {
		netlink_put_u8(n, IFLA_BRPORT_ISOLATED, l->isolated);
		netlink_put_u8(n, IFLA_BRPORT_MODE, l->hairpin);
	}
	netlink_nest_end(n, data);
	netlink_nest_end(n, info);
}

/* What the bridge does not learn it is told: behind this port is this address, and nowhere else. */
static void put_neighbour(struct netlink *n, const struct net_link *l, int index)
{
	struct ndmsg m = { .ndm_family = AF_BRIDGE, .ndm_ifindex = index,
			   .ndm_state = NUD_NOARP, .ndm_flags = NTF_MASTER | NTF_STICKY };

	netlink_begin(n, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, &m, sizeof m,
		      "tell the bridge its address");
	netlink_put(n, NDA_LLADDR, l->mac, sizeof l->mac);
}

/* The end on the host is a port of its bridge by now: what is set to a port can be told only then. */
static int set_port(const struct net_link *l, int fd, struct err *e)
{
	int index = net_device_index(fd, l->host), r;
	struct netlink n;

	if (!index)
		return err_set(e, ENODEV, "link %s: it is gone", l->host);
	switch_ipv6_off(l->host);
	netlink_init(&n);
	put_port(&n, l, index);
	put_neighbour(&n, l, index);
	r = netlink_talk(&n, fd, NULL, e);
	netlink_done(&n);
	return r;
}

int net_port_join(int netlink, const struct net_link *l, struct err *e)
{
	struct ifinfomsg m = { .ifi_index = net_device_index(netlink, l->host) };
	int master = net_device_index(netlink, l->master), r;
	struct netlink n;

	if (!m.ifi_index || !master)
		return err_set(e, ENODEV, "interface %s is not there", m.ifi_index ? l->master : l->host);
	netlink_init(&n);
	netlink_begin(&n, RTM_NEWLINK, NLM_F_ACK, &m, sizeof m, l->host);
	netlink_put_u32(&n, IFLA_MASTER, (uint32_t)master);
	r = netlink_talk(&n, netlink, NULL, e);
	netlink_done(&n);
	return r < 0 ? r : set_port(l, netlink, e);
}

int net_port_hairpin(int netlink, const char *host, bool on, struct err *e)
{
	struct ifinfomsg m = { .ifi_family = AF_BRIDGE, .ifi_index = net_device_index(netlink, host) };
	struct netlink n;
	size_t port;
	int r;

	if (!m.ifi_index)
		return err_set(e, ENODEV, "interface %s is not there", host);
	netlink_init(&n);
	netlink_begin(&n, RTM_SETLINK, NLM_F_ACK, &m, sizeof m, host);
	port = netlink_nest(&n, IFLA_PROTINFO);
	netlink_put_u8(&n, IFLA_BRPORT_MODE, on);
	netlink_nest_end(&n, port);
	r = netlink_talk(&n, netlink, NULL, e);
	netlink_done(&n);
	return r;
}

static void put_macvlan(struct netlink *n, const struct net_link *l, int parent, int to)
{
	struct ifinfomsg m = { .ifi_family = AF_UNSPEC };
	size_t info, data;

	netlink_begin(n, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &m, sizeof m, "make the interface");
	put_far_end(n, l, to);
	netlink_put_u32(n, IFLA_LINK, (uint32_t)parent);
	info = netlink_nest(n, IFLA_LINKINFO);
	netlink_put_text(n, IFLA_INFO_KIND, "macvlan");
	data = netlink_nest(n, IFLA_INFO_DATA);
	netlink_put_u32(n, IFLA_MACVLAN_MODE, l->mode);
	netlink_nest_end(n, data);
	netlink_nest_end(n, info);
}

static int make_once(const struct net_link *l, int fd, int master, int to, struct err *e)
{
	struct netlink n;
	int r;

	netlink_init(&n);
	if (l->kind == NET_LINK_MACVLAN)
		put_macvlan(&n, l, master, to);
	else
		put_veth(&n, l, master, to);
	r = netlink_talk(&n, fd, NULL, e);
	netlink_done(&n);
	if (r < 0 || l->kind != NET_LINK_VETH)
		return r;
	r = set_port(l, fd, e);
	if (r < 0)
		(void)net_device_delete(fd, l->host, NULL);
	return r;
}

/* The namespace of an earlier life may not be gone yet, and with it the end on the host. */
static int make(const struct net_link *l, int fd, int to, struct err *e)
{
	int master = net_device_index(fd, l->master), r;

	if (!master)
		return err_set(e, ENODEV, "interface %s is not there", l->master);
	r = make_once(l, fd, master, to, e);
	if (r == -EEXIST && l->kind == NET_LINK_VETH && net_device_index(fd, l->host)) {
		(void)net_device_delete(fd, l->host, NULL);
		r = make_once(l, fd, master, to, e);
	}
	if (r == -EXFULL)
		r = err_set(e, EXFULL, "bridge %s has no port left: the kernel has 1,023 of them", l->master);
	return r;
}

/* ---- in the container's ------------------------------------------------------------------------------------------- */

static int open_there(int own, int to, int *ret, struct err *e)
{
	scoped_fd fd = -1;

	if (setns(to, CLONE_NEWNET) < 0)
		return err_sys(e, "setns to the network namespace");
	fd = netlink_open(NETLINK_ROUTE, e);
	if (setns(own, CLONE_NEWNET) < 0)
		return err_sys(e, "return to the network namespace");
	if (fd < 0)
		return fd;
	*ret = fd_take(&fd);
	return 0;
}

static size_t ip_size(const struct net_ip *ip)
{
	return ip->family == AF_INET ? 4 : 16;
}

static void put_address(struct netlink *n, const struct net_ip *ip, int index, uint16_t flags)
{
	struct ifaddrmsg m = { .ifa_family = ip->family, .ifa_prefixlen = ip->prefix, .ifa_index = (unsigned)index };

	if (!ip->family)
		return;
	netlink_begin(n, RTM_NEWADDR, flags, &m, sizeof m, "add the address");
	netlink_put(n, IFA_LOCAL, ip->bytes, ip_size(ip));
	netlink_put(n, IFA_ADDRESS, ip->bytes, ip_size(ip));
	if (ip->family == AF_INET && ip->prefix < 31) {
		uint8_t broadcast[4];

		for (unsigned i = 0; i < 4; i++) {
			unsigned bits = ip->prefix > 8 * i ? ip->prefix - 8 * i : 0;

			broadcast[i] = (uint8_t)(ip->bytes[i] | (bits >= 8 ? 0 : 0xff >> bits));
		}
		netlink_put(n, IFA_BROADCAST, broadcast, sizeof broadcast);
	}
	if (ip->family == AF_INET6)
		netlink_put_u32(n, IFA_FLAGS, IFA_F_NODAD);
}

static void put_default(struct netlink *n, const struct net_ip *gateway, int index, uint16_t flags)
{
	struct rtmsg m = { .rtm_family = gateway->family, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT,
			   .rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST };

	if (!gateway->family)
		return;
	netlink_begin(n, RTM_NEWROUTE, flags, &m, sizeof m, "add the default route");
	netlink_put(n, RTA_GATEWAY, gateway->bytes, ip_size(gateway));
	netlink_put_u32(n, RTA_OIF, (uint32_t)index);
}

static void put_up(struct netlink *n, int index, bool link_local)
{
	struct ifinfomsg m = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

	if (!link_local)
		put_no_link_local(n, index);
	netlink_begin(n, RTM_NEWLINK, 0, &m, sizeof m, "set the interface up");
}

/* The last message is the one that is acknowledged, whatever else there is to do. */
static void put_last(struct netlink *n, int index)
{
	struct ifinfomsg m = { .ifi_index = index };

	netlink_begin(n, RTM_NEWLINK, NLM_F_ACK, &m, sizeof m, "look at the interface");
}

static int settle(const struct net_link *l, int there, struct err *e)
{
	int index = net_device_index(there, l->name), r;
	struct netlink n;

	if (!index)
		return err_set(e, ENODEV, "%s is not there any more", l->name);
	netlink_init(&n);
	put_up(&n, index, l->ip6.family != 0);
	put_address(&n, &l->ip4, index, 0);
	put_address(&n, &l->ip6, index, 0);
	put_default(&n, &l->gateway4, index, NLM_F_CREATE | NLM_F_EXCL);
	put_default(&n, &l->gateway6, index, NLM_F_CREATE | NLM_F_EXCL);
	put_last(&n, index);
	r = netlink_talk(&n, there, NULL, e);
	netlink_done(&n);
	return r;
}

static void undo(const struct net_links *links, size_t n, int here, int there)
{
	for (size_t i = 0; i < n; i++)
		if (links->v[i].kind == NET_LINK_VETH)
			(void)net_device_delete(here, links->v[i].host, NULL);
		else
			(void)net_device_delete(there, links->v[i].name, NULL);
}

int net_links_attach(const struct net_links *links, int own, int to, struct err *e)
{
	scoped_fd here = netlink_open(NETLINK_ROUTE, e), there = -1;
	size_t made = 0;
	int r = here < 0 ? here : open_there(own, to, &there, e);

	while (r == 0 && made < links->n) {
		const struct net_link *l = &links->v[made];

		r = make(l, here, to, e);
		if (r == 0) {
			made++;
			r = settle(l, there, e);
		}
		if (r < 0)
			(void)err_wrap(e, r, "network interface %s on %s", l->name, l->master);
	}
	if (r < 0)
		undo(links, made, here, there);
	return r;
}

int net_link_route(const struct net_link *l, int own, int to, struct err *e)
{
	scoped_fd there = -1;
	struct netlink n;
	int r = open_there(own, to, &there, e), index = r < 0 ? 0 : net_device_index(there, l->name);

	if (r < 0)
		return r;
	if (!index)
		return err_set(e, ENODEV, "default route: interface %s is not there", l->name);
	netlink_init(&n);
	put_default(&n, &l->gateway4, index, NLM_F_CREATE | NLM_F_REPLACE);
	put_default(&n, &l->gateway6, index, NLM_F_CREATE | NLM_F_REPLACE);
	put_last(&n, index);
	r = netlink_talk(&n, there, NULL, e);
	netlink_done(&n);
	return r;
}

int net_link_detach(const char *name, int own, int to, struct err *e)
{
	scoped_fd there = -1;
	int r = open_there(own, to, &there, e);

	if (r == 0)
		r = net_device_delete(there, name, e);
	return r == -ENODEV ? 0 : r;
}

/* ---- devices of the host ------------------------------------------------------------------------------------------ */

int net_device_delete(int netlink, const char *name, struct err *e)
{
	struct ifinfomsg m = { .ifi_index = net_device_index(netlink, name) };
	struct netlink n;
	int r;

	if (!m.ifi_index)
		return err_set(e, ENODEV, "interface %s is not there", name);
	netlink_init(&n);
	netlink_begin(&n, RTM_DELLINK, NLM_F_ACK, &m, sizeof m, name);
	r = netlink_talk(&n, netlink, NULL, e);
	netlink_done(&n);
	return r;
}

static void put_bridge(struct netlink *n, const struct net_bridge *b)
{
	struct ifinfomsg m = { .ifi_family = AF_UNSPEC };
	size_t info, data;

	netlink_begin(n, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &m, sizeof m, "make it");
	netlink_put_text(n, IFLA_IFNAME, b->name);
	netlink_put(n, IFLA_ADDRESS, b->mac, sizeof b->mac); /* else it is that of a port, and changes with them */
	if (b->mtu)
		netlink_put_u32(n, IFLA_MTU, b->mtu);
	info = netlink_nest(n, IFLA_LINKINFO);
	netlink_put_text(n, IFLA_INFO_KIND, "bridge");
	data = netlink_nest(n, IFLA_INFO_DATA);
	/* who wants to hear which group is of use only beside a router that asks; each port that comes or goes pays for it */
	netlink_put_u8(n, IFLA_BR_MCAST_SNOOPING, false);
	netlink_nest_end(n, data);
	netlink_nest_end(n, info);
}

static int make_bridge(int fd, const struct net_bridge *b, struct netlink *n, int *ret_index, struct err *e)
{
	int r = 0;

	*ret_index = net_device_index(fd, b->name);
	if (!*ret_index) {
		put_bridge(n, b);
		r = netlink_talk(n, fd, NULL, e);
		*ret_index = net_device_index(fd, b->name);
	}
	if (r == -EEXIST && *ret_index)
		r = 0;
	return r == 0 && !*ret_index ? err_set(e, ENODEV, "it is gone again") : r;
}

int net_bridge_ensure(int netlink, const struct net_bridge *b, struct err *e)
{
	struct netlink n;
	int index, r;

	netlink_init(&n);
	r = make_bridge(netlink, b, &n, &index, e);
	if (r == 0) {
		put_address(&n, &b->ip4, index, NLM_F_CREATE | NLM_F_REPLACE);
		put_address(&n, &b->ip6, index, NLM_F_CREATE | NLM_F_REPLACE);
		put_up(&n, index, b->ip6.family != 0);
		put_last(&n, index);
		r = netlink_talk(&n, netlink, NULL, e);
	}
	netlink_done(&n);
	return err_wrap(e, r, "bridge %s", b->name);
}
