/* SPDX-License-Identifier: Apache-2.0 */
#include "insight/net_view.h"

#include "base/limits.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/netlink.h"
#include "kernel/smallfile.h"
#include "oci/list.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>

#define ATTEMPTS 10

/* ---- what the kernel lists ------------------------------------------------------------------------------------------- */

static bool number(const char *attrs, size_t size, uint16_t type, int *ret)
{
	size_t n = 0;
	const void *p = netlink_attr(attrs, size, type, &n);

	if (p && n == sizeof *ret)
		memcpy(ret, p, sizeof *ret);
	return p && n == sizeof *ret;
}

static int take_link(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e)
{
	struct net_view *v = arg;
	const char *attrs = (const char *)payload + NLMSG_ALIGN(sizeof(struct ifinfomsg)), *name;
	struct net_view_link *l;
	struct ifinfomsg m;
	const void *mac;
	size_t n = 0;

	if (h->nlmsg_type != RTM_NEWLINK || size < NLMSG_ALIGN(sizeof m))
		return 0;
	if (v->links.n >= LIMIT_NFT_SEEN)
		return err_set(e, E2BIG, "more than %u interfaces", LIMIT_NFT_SEEN);
	memcpy(&m, payload, sizeof m);
	size -= NLMSG_ALIGN(sizeof m);
	l = LIST_ADD(v->memory, &v->links);
	if (!l)
		return err_oom(e);
	l->index = m.ifi_index;
	l->up = m.ifi_flags & IFF_UP;
	(void)number(attrs, size, IFLA_MASTER, &l->master);
	(void)number(attrs, size, IFLA_LINK, &l->peer);
	name = netlink_attr(attrs, size, IFLA_IFNAME, &n);
	if (name)
		(void)sv_copy((struct sv){ name, strnlen(name, n) }, l->name, sizeof l->name);
	mac = netlink_attr(attrs, size, IFLA_ADDRESS, &n);
	if (mac && n == sizeof l->mac)
		memcpy(l->mac, mac, n);
	return 0;
}

static int take_address(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e)
{
	struct net_view *v = arg;
	const char *attrs = (const char *)payload + NLMSG_ALIGN(sizeof(struct ifaddrmsg));
	struct net_view_address *a;
	struct ifaddrmsg m;
	const void *ip;
	size_t n = 0;

	if (h->nlmsg_type != RTM_NEWADDR || size < NLMSG_ALIGN(sizeof m))
		return 0;
	if (v->addresses.n >= LIMIT_NFT_SEEN)
		return err_set(e, E2BIG, "more than %u addresses", LIMIT_NFT_SEEN);
	memcpy(&m, payload, sizeof m);
	size -= NLMSG_ALIGN(sizeof m);
	ip = netlink_attr(attrs, size, IFA_LOCAL, &n);
	if (!ip)
		ip = netlink_attr(attrs, size, IFA_ADDRESS, &n);
	if (!ip || n != (m.ifa_family == AF_INET ? 4u : 16u))
		return 0;
	a = LIST_ADD(v->memory, &v->addresses);
	if (!a)
		return err_oom(e);
	a->index = (int)m.ifa_index;
	a->ip = (struct net_ip){ .family = m.ifa_family, .prefix = m.ifa_prefixlen };
	memcpy(a->ip.bytes, ip, n);
	return 0;
}

static int list(struct net_view *v, uint16_t type, size_t head, netlink_fn *fn, struct err *e)
{
	char zero[sizeof(struct ifinfomsg)] = { 0 };
	struct netlink n;
	int r;

	netlink_init(&n);
	netlink_begin(&n, type, NLM_F_DUMP, zero, head, "list interfaces");
	r = netlink_dump(&n, v->route, fn, v, e);
	netlink_done(&n);
	return r;
}

/* Somebody may make or remove an interface while they are listed. */
static int list_links(struct net_view *v, struct err *e)
{
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < ATTEMPTS; i++) {
		v->links.n = v->addresses.n = 0;
		r = list(v, RTM_GETLINK, sizeof(struct ifinfomsg), take_link, e);
		if (r == 0)
			r = list(v, RTM_GETADDR, sizeof(struct ifaddrmsg), take_address, e);
	}
	return r;
}

static int take_listener(const struct listener *l, void *arg, struct err *e)
{
	struct net_view *v = arg;
	struct listener *one;

	if (v->listeners.n >= LIMIT_NFT_SEEN)
		return err_set(e, E2BIG, "more than %u listeners", LIMIT_NFT_SEEN);
	one = LIST_ADD(v->memory, &v->listeners);
	if (!one)
		return err_oom(e);
	*one = *l;
	return 0;
}

static bool is_on(const struct host *h, const char *path)
{
	char text[16];
	struct sv v;

	return smallfile_read(h->proc, path, text, sizeof text, &v) == 0 && v.n && v.p[0] != '0';
}

/* Inside: sockets stay in the namespace in which they were made; proc/sys/net is that of the reader. */
static int read_inside(const struct host *h, struct net_view *v, struct err *e)
{
	int r;

	v->route = netlink_open(NETLINK_ROUTE, e);
	if (v->route < 0)
		return v->route;
	v->rules_fd = netlink_open(NETLINK_NETFILTER, e);
	r = v->rules_fd < 0 ? v->rules_fd : list_links(v, e);
	if (r == 0)
		r = nft_read(v->rules_fd, v->memory, &v->rules, e);
	if (r == 0)
		r = sock_diag_each(IPPROTO_TCP, take_listener, v, e);
	if (r == 0)
		r = sock_diag_each(IPPROTO_UDP, take_listener, v, e);
	v->forwards4 = is_on(h, "sys/net/ipv4/ip_forward");
	v->forwards6 = is_on(h, "sys/net/ipv6/conf/all/forwarding");
	v->bridges_are_filtered = is_on(h, "sys/net/bridge/bridge-nf-call-iptables");
	return r;
}

int net_view_netns(const struct host *h, pid_t pid, struct err *e)
{
	char path[32];
	int fd;

	(void)snprintf(path, sizeof path, "%d/ns/net", (int)pid);
	fd = openat(h->proc, pid ? path : "self/ns/net", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "network namespace of process %d", (int)pid) : fd;
}

int net_view_enter(const struct net_view *v, struct err *e)
{
	return setns(v->netns, CLONE_NEWNET) < 0 ? err_sys(e, "enter a network namespace") : 0;
}

int net_view_open(const struct host *h, int netns, struct arena *a, struct net_view *ret, struct err *e)
{
	struct net_view v = { .netns = netns, .route = -1, .rules_fd = -1, .memory = a };
	scoped_fd own = net_view_netns(h, 0, e);
	int r = own < 0 ? own : net_view_enter(&v, e);

	if (r == 0) {
		r = read_inside(h, &v, e);
		if (setns(own, CLONE_NEWNET) < 0)
			r = err_sys(e, "go back to our network namespace");
	}
	if (r < 0)
		net_view_close(&v);
	else
		*ret = v;
	return r;
}

void net_view_close(struct net_view *v)
{
	fd_scope_end(&v->netns);
	fd_scope_end(&v->route);
	fd_scope_end(&v->rules_fd);
	v->netns = v->route = v->rules_fd = -1;
}

/* ---- questions --------------------------------------------------------------------------------------------------------- */

const struct net_view_link *net_view_link(const struct net_view *v, const char *name)
{
	for (size_t i = 0; i < v->links.n; i++)
		if (strcmp(v->links.v[i].name, name) == 0)
			return &v->links.v[i];
	return NULL;
}

const struct net_view_link *net_view_link_at(const struct net_view *v, int index)
{
	for (size_t i = 0; i < v->links.n; i++)
		if (v->links.v[i].index == index)
			return &v->links.v[i];
	return NULL;
}

static size_t ip_size(const struct net_ip *ip)
{
	return ip->family == AF_INET ? 4 : 16;
}

static bool is_same(const struct net_ip *a, const struct net_ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, ip_size(a)) == 0;
}

bool net_view_is_loopback(const struct net_ip *ip)
{
	static const uint8_t six[16] = { [15] = 1 };

	return ip->family == AF_INET ? ip->bytes[0] == 127 : memcmp(ip->bytes, six, sizeof six) == 0;
}

const struct net_view_link *net_view_address(const struct net_view *v, const struct net_ip *ip)
{
	if (net_view_is_loopback(ip))
		return net_view_link(v, "lo");
	for (size_t i = 0; i < v->addresses.n; i++)
		if (is_same(&v->addresses.v[i].ip, ip))
			return net_view_link_at(v, v->addresses.v[i].index);
	return NULL;
}

struct route_answer {
	const struct net_view *v;
	struct net_view_route route;
	uint8_t type;
};

static void take_ip(const char *attrs, size_t size, uint16_t type, uint8_t family, struct net_ip *ret)
{
	size_t n = 0;
	const void *p = netlink_attr(attrs, size, type, &n);

	if (!p || n != (family == AF_INET ? 4u : 16u))
		return;
	*ret = (struct net_ip){ .family = family, .prefix = (uint8_t)(8 * n) };
	memcpy(ret->bytes, p, n);
}

static int take_route(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e)
{
	struct route_answer *a = arg;
	const char *attrs = (const char *)payload + NLMSG_ALIGN(sizeof(struct rtmsg));
	struct rtmsg m;
	int out = 0;

	(void)e;
	if (h->nlmsg_type != RTM_NEWROUTE || size < NLMSG_ALIGN(sizeof m))
		return 0;
	memcpy(&m, payload, sizeof m);
	size -= NLMSG_ALIGN(sizeof m);
	a->type = m.rtm_type;
	a->route.local = m.rtm_type == RTN_LOCAL;
	if (number(attrs, size, RTA_OIF, &out))
		a->route.out = net_view_link_at(a->v, out);
	take_ip(attrs, size, RTA_GATEWAY, m.rtm_family, &a->route.gateway);
	take_ip(attrs, size, RTA_PREFSRC, m.rtm_family, &a->route.source);
	return 0;
}

int net_view_route(const struct net_view *v, const struct net_ip *to, struct net_view_route *ret, struct err *e)
{
	struct rtmsg m = { .rtm_family = to->family, .rtm_dst_len = (unsigned char)(8 * ip_size(to)) };
	struct route_answer a = { .v = v };
	struct netlink n;
	int r;

	netlink_init(&n);
	netlink_begin(&n, RTM_GETROUTE, NLM_F_ACK, &m, sizeof m, "ask for a route");
	netlink_put(&n, RTA_DST, to->bytes, ip_size(to));
	r = netlink_dump(&n, v->route, take_route, &a, e);
	netlink_done(&n);
	if (r == 0 && a.type != RTN_UNICAST && a.type != RTN_LOCAL)
		r = err_set(e, a.type == RTN_PROHIBIT ? EACCES : ENETUNREACH, "a route that leads nowhere");
	if (r == 0 && !a.route.out)
		r = err_set(e, ENETUNREACH, "a route without an interface");
	if (r == 0)
		*ret = a.route;
	return r;
}

static bool takes(const struct listener *l, const struct net_ip *ip)
{
	static const uint8_t zero[16], mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (l->local.family == AF_INET6 && memcmp(l->local.bytes, zero, 16) == 0)
		return true; /* IPv4 too, unless it said otherwise, which cannot be seen from here */
	if (l->local.family == AF_INET && memcmp(l->local.bytes, zero, 4) == 0)
		return ip->family == AF_INET;
	if (l->local.family == AF_INET6 && ip->family == AF_INET)
		return memcmp(l->local.bytes, mapped, 12) == 0 && memcmp(l->local.bytes + 12, ip->bytes, 4) == 0;
	return is_same(&l->local, ip);
}

const struct listener *net_view_listener(const struct net_view *v, uint8_t protocol, const struct net_ip *ip,
					 uint16_t port, const struct listener **ret_other)
{
	*ret_other = NULL;
	for (size_t i = 0; i < v->listeners.n; i++) {
		const struct listener *l = &v->listeners.v[i];

		if (l->protocol != protocol || l->port != port)
			continue;
		if (takes(l, ip))
			return l;
		*ret_other = l;
	}
	return NULL;
}

/* ---- rules -------------------------------------------------------------------------------------------------------------- */

static int find(const struct nft_seen_set *set, const void *key, struct nft_found *ret, void *arg, struct err *e)
{
	return nft_find(((const struct net_view *)arg)->rules_fd, set, key, ret, e);
}

static uint32_t type_of(const struct net_ip *ip, void *arg)
{
	if (net_view_address(arg, ip))
		return RTN_LOCAL;
	if (ip->family == AF_INET ? ip->bytes[0] >= 224 && ip->bytes[0] < 240 : ip->bytes[0] == 0xff)
		return RTN_MULTICAST;
	return RTN_UNICAST;
}

int net_view_hook(const struct net_view *v, uint8_t family, enum packet_hook hook, struct packet *p,
		  struct packet_verdict *ret, struct err *e)
{
	struct packet_world w = { .rules = &v->rules, .find = find, .type = type_of, .arg = (void *)v };
	const struct net_view_link *in = net_view_link(v, p->in), *out = net_view_link(v, p->out);

	p->in_index = in ? (uint32_t)in->index : 0;
	p->out_index = out ? (uint32_t)out->index : 0;
	return packet_at_hook(&w, family, hook, p, ret, e);
}
