/* SPDX-License-Identifier: Apache-2.0 */
/* Where the host's routes lead: part of net_link.h. */
#include "kernel/net_link.h"

#include "kernel/netlink.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

struct walk {
	int fd;
	net_route_fn *fn;
	void *arg;
};

static int take_route(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e)
{
	struct walk *w = arg;
	struct ifreq q = { 0 };
	struct rtmsg m;
	struct net_ip to = { 0 };
	const char *attrs = payload;
	const void *p;
	size_t n;

	if (h->nlmsg_type != RTM_NEWROUTE || size < sizeof m)
		return 0;
	memcpy(&m, payload, sizeof m);
	if (m.rtm_type != RTN_UNICAST || (m.rtm_family != AF_INET && m.rtm_family != AF_INET6))
		return 0;
	attrs += NLMSG_ALIGN(sizeof m);
	size -= NLMSG_ALIGN(sizeof m);
	to.family = m.rtm_family;
	to.prefix = m.rtm_dst_len;
	p = netlink_attr(attrs, size, RTA_DST, &n);
	if (!p || n != (to.family == AF_INET ? 4u : 16u) || !to.prefix || to.prefix > 8 * n)
		return 0;
	memcpy(to.bytes, p, n);
	p = netlink_attr(attrs, size, RTA_OIF, &n);
	if (p && n == sizeof q.ifr_ifindex) {
		memcpy(&q.ifr_ifindex, p, n);
		if (ioctl(w->fd, SIOCGIFNAME, &q) < 0)
			q.ifr_name[0] = '\0';
	}
	return w->fn(&to, q.ifr_name, w->arg, e);
}

int net_routes_each(int netlink, net_route_fn *fn, void *arg, struct err *e)
{
	struct walk w = { netlink, fn, arg };
	struct rtmsg m = { .rtm_family = AF_UNSPEC };
	struct netlink n;
	int r;

	netlink_init(&n);
	netlink_begin(&n, RTM_GETROUTE, NLM_F_DUMP, &m, sizeof m, "list routes");
	r = netlink_dump(&n, netlink, take_route, &w, e);
	netlink_done(&n);
	return r;
}
