/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/conntrack.h"

#include "base/scope.h"
#include "kernel/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE(type) ((uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | (type)))
#define AT_ONCE 256 /* deletions that go by one message */
/* CTA_FILTER_F_CTA_PROTO_NUM and …_DST_PORT of Linux 5.8; an older one skips CTA_FILTER, and tells of all. */
#define BY_PROTOCOL (1u << 3)
#define BY_PORT_TO (1u << 5)

struct search {
	const struct conntrack_ports *v;
	size_t n, count;
	uint8_t family;
	uint32_t waiting; /* deletions in `out` */
	struct netlink out;
};

static const void *inner(const void *p, size_t n, uint16_t type, size_t *ret)
{
	return p ? netlink_attr(p, n, type, ret) : NULL;
}

/* One that is gone meanwhile is no error; a socket that had one is of no use any more. */
static int flush(struct search *s, struct err *e)
{
	scoped_fd fd = netlink_open(NETLINK_NETFILTER, e);
	int r = fd < 0 ? fd : netlink_talk(&s->out, fd, NULL, e);

	s->waiting = 0;
	return r == -ENOENT ? 0 : r;
}

static bool is_meant(const struct search *s, const void *tuple, size_t size)
{
	size_t n = 0, protocol_size = 0, port_size = 0;
	const void *proto = inner(tuple, size, CTA_TUPLE_PROTO, &n);
	const uint8_t *protocol = inner(proto, n, CTA_PROTO_NUM, &protocol_size);
	const uint8_t *port = inner(proto, n, CTA_PROTO_DST_PORT, &port_size);
	unsigned to;

	if (!protocol || protocol_size != 1 || !port || port_size != 2)
		return false;
	to = (unsigned)(port[0] << 8 | port[1]);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].family == s->family && s->v[i].protocol == *protocol && to >= s->v[i].first &&
		    to <= s->v[i].last)
			return true;
	return false;
}

static int take(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e)
{
	static const uint16_t copied[] = { CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID };
	struct search *s = arg;
	struct nfgenmsg m;
	const char *attrs = (const char *)payload + NLMSG_ALIGN(sizeof m);
	const void *tuple;
	size_t n = 0;

	if (h->nlmsg_type != MESSAGE(IPCTNL_MSG_CT_NEW) || size < NLMSG_ALIGN(sizeof m))
		return 0;
	size -= NLMSG_ALIGN(sizeof m);
	memcpy(&m, payload, sizeof m);
	tuple = netlink_attr(attrs, size, CTA_TUPLE_ORIG, &n);
	if (!tuple || !is_meant(s, tuple, n))
		return 0;
	m.res_id = 0;
	netlink_begin(&s->out, MESSAGE(IPCTNL_MSG_CT_DELETE), NLM_F_ACK, &m, sizeof m, "connection");
	for (size_t i = 0; i < ARRAY_LEN(copied); i++) {
		const void *p = netlink_attr(attrs, size, copied[i], &n);

		if (p)
			netlink_put(&s->out, copied[i] == CTA_TUPLE_ORIG ? copied[i] | NLA_F_NESTED : copied[i], p, n);
	}
	s->count++;
	return ++s->waiting < AT_ONCE ? 0 : flush(s, e);
}

/* What the kernel can leave out itself: all but one protocol, all but one port. */
static void put_filter(struct netlink *q, const struct search *s)
{
	const struct conntrack_ports *first = NULL;
	bool one = true;
	size_t outer, proto;
	uint16_t port;

	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].family != s->family)
			continue;
		if (first && first->protocol != s->v[i].protocol)
			return;
		one = !first && s->v[i].first == s->v[i].last;
		first = first ? first : &s->v[i];
	}
	outer = netlink_nest(q, CTA_TUPLE_ORIG);
	proto = netlink_nest(q, CTA_TUPLE_PROTO);
	netlink_put_u8(q, CTA_PROTO_NUM, first->protocol);
	port = htons(first->first);
	if (one)
		netlink_put(q, CTA_PROTO_DST_PORT, &port, sizeof port);
	netlink_nest_end(q, proto);
	netlink_nest_end(q, outer);
	outer = netlink_nest(q, CTA_FILTER);
	netlink_put_u32(q, CTA_FILTER_ORIG_FLAGS, BY_PROTOCOL | (one ? BY_PORT_TO : 0));
	netlink_put_u32(q, CTA_FILTER_REPLY_FLAGS, 0);
	netlink_nest_end(q, outer);
}

static bool has_family(const struct search *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].family == s->family)
			return true;
	return false;
}

static int forget(struct search *s, int fd, struct err *e)
{
	struct nfgenmsg m = { .nfgen_family = s->family, .version = NFNETLINK_V0 };
	struct netlink q;
	int r;

	netlink_init(&q);
	netlink_begin(&q, MESSAGE(IPCTNL_MSG_CT_GET), NLM_F_DUMP, &m, sizeof m, "connections");
	put_filter(&q, s);
	r = netlink_dump(&q, fd, take, s, e);
	netlink_done(&q);
	return r == 0 && s->waiting ? flush(s, e) : r;
}

int conntrack_forget(const struct conntrack_ports *v, size_t n, size_t *ret_count, struct err *e)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct search s = { .v = v, .n = n };
	int r = 0;

	netlink_init(&s.out);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(families); i++) {
		scoped_fd fd = -1;

		s.family = families[i];
		if (!has_family(&s))
			continue;
		fd = netlink_open(NETLINK_NETFILTER, e);
		r = fd < 0 ? fd : forget(&s, fd, e);
	}
	netlink_done(&s.out);
	if (r == 0 && ret_count)
		*ret_count = s.count;
	return err_wrap(e, r, "conntrack");
}
