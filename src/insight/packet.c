/* SPDX-License-Identifier: Apache-2.0 */
/* One packet as bytes: Ethernet, IPv4 or IPv6 without options, and the beginning of TCP or UDP. */
#include "insight/packet_rules.h"

#include "base/sv.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

enum {
	NETWORK = 14, /* where it begins */
	IP4_SIZE = 20,
	IP6_SIZE = 40,
	IP4_FROM = 12,
	IP4_TO = 16,
	IP6_FROM = 8,
	IP6_TO = 24,
	TCP_SIZE = 20,
	UDP_SIZE = 8,
	TCP_FLAGS = 13
};

static size_t transport(const struct packet *p)
{
	return (size_t)NETWORK + (p->six ? IP6_SIZE : IP4_SIZE);
}

static void put16(uint8_t *at, uint16_t v)
{
	uint16_t n = htons(v);

	memcpy(at, &n, sizeof n);
}

static void put_ip(struct packet *p, bool to, const struct net_ip *ip)
{
	memcpy(p->bytes + NETWORK + (p->six ? (to ? IP6_TO : IP6_FROM) : (to ? IP4_TO : IP4_FROM)), ip->bytes,
	       p->six ? 16 : 4);
}

static void put_head(struct packet *p, size_t payload)
{
	uint8_t *ip = p->bytes + NETWORK;

	if (p->six) {
		ip[0] = 0x60;
		put16(ip + 4, (uint16_t)payload);
		ip[6] = p->protocol;
		ip[7] = 64;
	} else {
		ip[0] = 0x45;
		put16(ip + 2, (uint16_t)(IP4_SIZE + payload));
		ip[6] = 0x40; /* not to be fragmented */
		ip[8] = 64;
		ip[9] = p->protocol;
	}
}

void packet_make(struct packet *p, uint8_t protocol, const struct packet_end *from, const struct packet_end *to)
{
	size_t payload = protocol == IPPROTO_TCP ? TCP_SIZE : UDP_SIZE;
	uint8_t *t;

	*p = (struct packet){ .six = to->ip.family == AF_INET6, .protocol = protocol };
	p->size = transport(p) + payload;
	memcpy(p->bytes, to->mac, 6);
	memcpy(p->bytes + 6, from->mac, 6);
	put16(p->bytes + 12, p->six ? ETH_P_IPV6 : ETH_P_IP);
	put_head(p, payload);
	put_ip(p, false, &from->ip);
	put_ip(p, true, &to->ip);
	t = p->bytes + transport(p);
	put16(t, from->port);
	put16(t + 2, to->port);
	if (protocol == IPPROTO_TCP) {
		t[12] = 0x50;
		t[TCP_FLAGS] = 0x02; /* SYN */
	} else {
		put16(t + 4, UDP_SIZE);
	}
}

static struct packet_end end_of(const struct packet *p, bool to)
{
	struct packet_end ret = { .ip = { .family = p->six ? AF_INET6 : AF_INET, .prefix = p->six ? 128 : 32 } };
	uint16_t port;

	memcpy(ret.ip.bytes, p->bytes + NETWORK + (p->six ? (to ? IP6_TO : IP6_FROM) : (to ? IP4_TO : IP4_FROM)),
	       p->six ? 16 : 4);
	memcpy(&port, p->bytes + transport(p) + (to ? 2 : 0), sizeof port);
	ret.port = ntohs(port);
	return ret;
}

struct packet_end packet_to(const struct packet *p)
{
	return end_of(p, true);
}

struct packet_end packet_from(const struct packet *p)
{
	return end_of(p, false);
}

void packet_through(struct packet *p, const char *in, const char *out)
{
	memset(p->in, 0, sizeof p->in);
	memset(p->out, 0, sizeof p->out);
	p->in_index = p->out_index = 0;
	(void)sv_copy(sv_from(in), p->in, sizeof p->in);
	(void)sv_copy(sv_from(out), p->out, sizeof p->out);
}
