/* SPDX-License-Identifier: Apache-2.0 */
#include "network/rules.h"

#include "base/scope.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

/* Where in a packet. */
enum {
	ETHER_SOURCE = 6,
	ETHER_TYPE = 12,
	ARP_SENDER_MAC = 8,
	ARP_SENDER_IP = 14,
	IP4_SOURCE = 12,
	IP4_TO = 16,
	IP6_SOURCE = 8,
	IP6_TO = 24,
	TRANSPORT_TO = 2,
	NEIGHBOUR_TARGET = 8
};
enum { ICMP6_ROUTER_ADVERTISEMENT = 134, ICMP6_NEIGHBOUR_ADVERTISEMENT = 136, ICMP6_REDIRECT = 137 };
/* Hooks of inet and bridge, which have the same numbers. */
enum { AT_PREROUTING, AT_INPUT, AT_FORWARD, AT_OUTPUT, AT_POSTROUTING };

#define IFNAME { NFT_TYPE_IFNAME, IFNAMSIZ }
#define IP4 { NFT_TYPE_IP4, 4 }
#define IP6 { NFT_TYPE_IP6, 16 }
#define PROTO { NFT_TYPE_PROTO, 1 }
#define SERVICE { NFT_TYPE_SERVICE, 2 }

static const struct nft_set_spec inet_sets[] = {
	{ .name = "bridges", .key = { IFNAME } },
	{ .name = "internal", .key = { IFNAME } },
	{ .name = "masqueraded", .key = { IFNAME } },
	{ .name = "own4", .key = { IFNAME, IP4 }, .interval = true },
	{ .name = "own6", .key = { IFNAME, IP6 }, .interval = true },
	{ .name = "talk", .key = { IFNAME, IFNAME } },
	{ .name = "closed4", .key = { IFNAME } },
	{ .name = "closed6", .key = { IFNAME } },
	{ .name = "port4", .key = { PROTO, SERVICE }, .data = { IP4, SERVICE } },
	{ .name = "port-at4", .key = { IP4, PROTO, SERVICE }, .data = { IP4, SERVICE } },
	{ .name = "ranges4", .key = { IP4, PROTO, SERVICE }, .data = { IP4 }, .interval = true },
	{ .name = "port6", .key = { PROTO, SERVICE }, .data = { IP6, SERVICE } },
	{ .name = "port-at6", .key = { IP6, PROTO, SERVICE }, .data = { IP6, SERVICE } },
	{ .name = "ranges6", .key = { IP6, PROTO, SERVICE }, .data = { IP6 }, .interval = true },
};

static const struct nft_set_spec bridge_sets[] = {
	{ .name = "macs", .key = { IFNAME, { NFT_TYPE_ETHER, 6 } } },
	{ .name = "addresses4", .key = { IFNAME, IP4 } },
	{ .name = "addresses6", .key = { IFNAME, IP6 } },
	{ .name = "targets6",
	  .key = { IFNAME, { NFT_TYPE_INTEGER, 16, { NFT_PAYLOAD_TRANSPORT_HEADER, NEIGHBOUR_TARGET } } },
	  .pieces = true },
};

/* ---- conditions --------------------------------------------------------------------------------------------------- */

static void is_u8(struct nft *t, unsigned reg, uint8_t v)
{
	nft_compare(t, reg, NFT_CMP_EQ, &v, sizeof v);
}

static void is_ether_type(struct nft *t, uint16_t type)
{
	uint16_t v = htons(type);

	nft_payload(t, NFT_PAYLOAD_LL_HEADER, ETHER_TYPE, 2, 0);
	nft_compare(t, 0, NFT_CMP_EQ, &v, sizeof v);
}

static void is_family(struct nft *t, uint8_t family)
{
	nft_meta(t, NFT_META_NFPROTO, 0);
	is_u8(t, 0, family);
}

static void interface_in(struct nft *t, enum nft_meta_keys which, const char *set, bool inverted)
{
	nft_meta(t, which, 0);
	nft_in_set(t, set, 0, inverted);
}

static void any_bit(struct nft *t, enum nft_ct_keys key, uint32_t bits)
{
	uint32_t zero = 0;

	nft_ct(t, key, 0);
	nft_mask(t, 0, &bits, sizeof bits);
	nft_compare(t, 0, NFT_CMP_NEQ, &zero, sizeof zero);
}

static void end(struct nft *t, int verdict, const char *chain)
{
	nft_verdict(t, verdict, chain);
	nft_rule_end(t);
}

static void from_loopback(struct nft *t, unsigned offset)
{
	uint8_t net = 127;

	is_family(t, NFPROTO_IPV4);
	nft_payload(t, NFT_PAYLOAD_NETWORK_HEADER, offset, 1, 0);
	is_u8(t, 0, net);
}

/* ---- inet --------------------------------------------------------------------------------------------------------- */

/* What a map asks for, and whether it tells a port. */
struct port_map {
	const char *name;
	uint8_t family;
	bool by_address, range;
};
/* By what is asked for most. Single ports have tables of their own: to take one out of a table of intervals, the kernel goes
 * through all that are in it. */
static const struct port_map port_maps[] = {
	{ "port4", NFPROTO_IPV4, false, false }, { "port-at4", NFPROTO_IPV4, true, false },
	{ "ranges4", NFPROTO_IPV4, true, true }, { "port6", NFPROTO_IPV6, false, false },
	{ "port-at6", NFPROTO_IPV6, true, false }, { "ranges6", NFPROTO_IPV6, true, true },
};

static void put_map_rule(struct nft *t, const struct port_map *m)
{
	unsigned size = m->family == NFPROTO_IPV4 ? 4 : 16, words = size / 4, data = 8, at = m->by_address ? words : 0;

	nft_rule(t, "published");
	is_family(t, m->family);
	if (m->by_address)
		nft_payload(t, NFT_PAYLOAD_NETWORK_HEADER, size == 4 ? IP4_TO : IP6_TO, size, 0);
	nft_meta(t, NFT_META_L4PROTO, at);
	nft_payload(t, NFT_PAYLOAD_TRANSPORT_HEADER, TRANSPORT_TO, 2, at + 1);
	nft_map(t, m->name, 0, data);
	nft_dnat(t, m->family, data, m->range ? -1 : (int)(data + words));
	nft_rule_end(t);
}

static void put_to_host(struct nft *t, const char *chain)
{
	uint32_t local = RTN_LOCAL;

	nft_rule(t, chain);
	nft_address_type(t, 0);
	nft_compare(t, 0, NFT_CMP_EQ, &local, sizeof local);
	end(t, NFT_JUMP, "published");
}

static void put_nat(struct nft *t)
{
	nft_chain_make(t, "published");
	for (size_t i = 0; i < ARRAY_LEN(port_maps); i++)
		put_map_rule(t, &port_maps[i]);
	nft_chain_base(t, "prerouting", "nat", AT_PREROUTING, -100);
	put_to_host(t, "prerouting");
	nft_chain_base(t, "output", "nat", AT_OUTPUT, -100);
	put_to_host(t, "output");
}

/* To a published port of a neighbour, who would answer past us. Where it came in is not asked for: br_netfilter does not
 * tell. */
static void put_own(struct nft *t, uint8_t family, unsigned offset, unsigned size, const char *set)
{
	nft_rule(t, "postrouting");
	is_family(t, family);
	nft_meta(t, NFT_META_OIFNAME, 0);
	nft_payload(t, NFT_PAYLOAD_NETWORK_HEADER, offset, size, 4);
	nft_in_set(t, set, 0, false);
	any_bit(t, NFT_CT_STATUS, IPS_DST_NAT);
	nft_masquerade(t);
	nft_rule_end(t);
}

static void put_masquerade(struct nft *t)
{
	nft_chain_base(t, "postrouting", "nat", AT_POSTROUTING, 100);
	nft_rule(t, "postrouting"); /* to elsewhere */
	interface_in(t, NFT_META_IIFNAME, "masqueraded", false);
	interface_in(t, NFT_META_OIFNAME, "bridges", true);
	nft_masquerade(t);
	nft_rule_end(t);
	put_own(t, NFPROTO_IPV4, IP4_SOURCE, 4, "own4");
	put_own(t, NFPROTO_IPV6, IP6_SOURCE, 16, "own6");
	nft_rule(t, "postrouting"); /* from this host to its own 127.0.0.1 */
	interface_in(t, NFT_META_OIFNAME, "bridges", false);
	from_loopback(t, IP4_SOURCE);
	nft_masquerade(t);
	nft_rule_end(t);
}

#define STATE_ESTABLISHED 2 /* NF_CT_STATE_BIT(IP_CT_ESTABLISHED), and of what is related to it */
#define STATE_RELATED 4

/* Only between two that did not forward: an interface that came later is of somebody who wants it to. */
static void put_guard(struct nft *t, uint8_t family, const char *closed)
{
	nft_rule(t, "forward");
	is_family(t, family);
	interface_in(t, NFT_META_IIFNAME, "bridges", true);
	interface_in(t, NFT_META_IIFNAME, closed, false);
	interface_in(t, NFT_META_OIFNAME, closed, false);
	end(t, NF_DROP, NULL);
}

static void put_forward(struct nft *t, unsigned guards)
{
	nft_chain_make(t, "to-container");
	nft_rule(t, "to-container");
	any_bit(t, NFT_CT_STATE, STATE_ESTABLISHED | STATE_RELATED);
	end(t, NF_ACCEPT, NULL);
	nft_rule(t, "to-container");
	any_bit(t, NFT_CT_STATUS, IPS_DST_NAT);
	end(t, NF_ACCEPT, NULL);
	nft_rule(t, "to-container");
	end(t, NF_DROP, NULL);

	nft_chain_base(t, "forward", "filter", AT_FORWARD, 0);
	nft_rule(t, "forward"); /* within a bridge, where br_netfilter shows it to us */
	nft_meta(t, NFT_META_IIFNAME, 0);
	nft_meta(t, NFT_META_OIFNAME, 4);
	nft_in_set(t, "talk", 0, false);
	end(t, NF_ACCEPT, NULL);
	nft_rule(t, "forward");
	interface_in(t, NFT_META_IIFNAME, "internal", false);
	end(t, NF_DROP, NULL);
	nft_rule(t, "forward");
	interface_in(t, NFT_META_OIFNAME, "internal", false);
	end(t, NF_DROP, NULL);
	nft_rule(t, "forward");
	interface_in(t, NFT_META_OIFNAME, "bridges", false);
	end(t, NFT_JUMP, "to-container");
	if (guards & RULES_GUARD4)
		put_guard(t, NFPROTO_IPV4, "closed4");
	if (guards & RULES_GUARD6)
		put_guard(t, NFPROTO_IPV6, "closed6");
}

static void put_raw(struct nft *t)
{
	nft_chain_base(t, "raw", "filter", AT_PREROUTING, -300);
	nft_rule(t, "raw");
	interface_in(t, NFT_META_IIFNAME, "bridges", false);
	from_loopback(t, IP4_TO);
	end(t, NF_DROP, NULL);
}

/* ---- bridge ------------------------------------------------------------------------------------------------------- */

static void port_and(struct nft *t, enum nft_payload_bases base, unsigned offset, unsigned size, const char *set,
		     bool inverted)
{
	nft_meta(t, NFT_META_IIFNAME, 0);
	nft_payload(t, base, offset, size, 4);
	nft_in_set(t, set, 0, inverted);
}

static void is_icmp6(struct nft *t, uint8_t type)
{
	is_ether_type(t, ETH_P_IPV6);
	nft_meta(t, NFT_META_L4PROTO, 0);
	is_u8(t, 0, IPPROTO_ICMPV6);
	nft_payload(t, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 0);
	is_u8(t, 0, type);
}

static void put_neighbours(struct nft *t, const char *chain)
{
	static const uint8_t routers[] = { ICMP6_ROUTER_ADVERTISEMENT, ICMP6_REDIRECT };

	for (size_t i = 0; i < ARRAY_LEN(routers); i++) {
		nft_rule(t, chain);
		is_icmp6(t, routers[i]);
		end(t, NF_DROP, NULL);
	}
	nft_rule(t, chain);
	is_icmp6(t, ICMP6_NEIGHBOUR_ADVERTISEMENT);
	end(t, NFT_JUMP, "advertised");
}

/* A chain and a set of its own for what `nft` of Debian 12 cannot name (icmpv6 taddr) and a later one can: neither knows here
 * that it is ICMPv6, so both print the piece of the packet, as the set has it, and read that again. */
static void put_advertised(struct nft *t)
{
	nft_chain_make(t, "advertised");
	nft_rule(t, "advertised");
	port_and(t, NFT_PAYLOAD_TRANSPORT_HEADER, NEIGHBOUR_TARGET, 16, "targets6", true);
	end(t, NF_DROP, NULL);
}

static void put_addresses(struct nft *t, const char *chain)
{
	nft_rule(t, chain);
	is_ether_type(t, ETH_P_IP);
	port_and(t, NFT_PAYLOAD_NETWORK_HEADER, IP4_SOURCE, 4, "addresses4", false);
	end(t, NF_ACCEPT, NULL);
	nft_rule(t, chain);
	is_ether_type(t, ETH_P_ARP);
	port_and(t, NFT_PAYLOAD_NETWORK_HEADER, ARP_SENDER_IP, 4, "addresses4", false);
	port_and(t, NFT_PAYLOAD_NETWORK_HEADER, ARP_SENDER_MAC, 6, "macs", false);
	end(t, NF_ACCEPT, NULL);
	put_neighbours(t, chain);
	nft_rule(t, chain);
	is_ether_type(t, ETH_P_IPV6);
	port_and(t, NFT_PAYLOAD_NETWORK_HEADER, IP6_SOURCE, 16, "addresses6", false);
	end(t, NF_ACCEPT, NULL);
	nft_rule(t, chain);
	end(t, NF_DROP, NULL);
}

/* Not every kernel can tell a packet's bridge here, but each knows the port by name. */
static void put_bridge(struct nft *t, const char *prefix)
{
	const char *chain = "from-container";

	put_advertised(t);
	nft_chain_base(t, chain, "filter", AT_PREROUTING, -300);
	nft_rule(t, chain); /* ports that are not ours: other bridges, and what else somebody has put into ours */
	nft_meta(t, NFT_META_IIFNAME, 0);
	nft_compare(t, 0, NFT_CMP_NEQ, prefix, strlen(prefix));
	end(t, NF_ACCEPT, NULL);
	nft_rule(t, chain);
	port_and(t, NFT_PAYLOAD_LL_HEADER, ETHER_SOURCE, 6, "macs", true);
	end(t, NF_DROP, NULL);
	put_addresses(t, chain);
}

void rules_base(struct nft *t, const char *table, const char *prefix, unsigned guards)
{
	nft_use(t, NFPROTO_INET, table);
	nft_table_make(t, true);
	for (size_t i = 0; i < ARRAY_LEN(inet_sets); i++)
		nft_set_make(t, &inet_sets[i]);
	put_nat(t);
	put_masquerade(t);
	put_forward(t, guards);
	put_raw(t);
	nft_use(t, NFPROTO_BRIDGE, table);
	nft_table_make(t, false);
	for (size_t i = 0; i < ARRAY_LEN(bridge_sets); i++)
		nft_set_make(t, &bridge_sets[i]);
	put_bridge(t, prefix);
}

void rules_drop(struct nft *t, const char *table)
{
	static const uint8_t families[] = { NFPROTO_INET, NFPROTO_BRIDGE };

	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		nft_use(t, families[i], table);
		nft_table_make(t, false); /* so that there is one */
		nft_table_delete(t);
	}
}

/* ---- elements ----------------------------------------------------------------------------------------------------- */

static void change(struct nft *t, const char *set, const struct nft_element *el, enum rules_change how)
{
	if (how == RULES_ADD)
		nft_element_add(t, set, el);
	else
		nft_element_delete(t, set, el, how == RULES_REMOVE);
}

struct key {
	uint8_t bytes[2 * IFNAMSIZ + 8];
	size_t n;
};

static struct key name_key(const char *name)
{
	struct key k = { .n = IFNAMSIZ };

	(void)sv_copy(sv_from(name), (char *)k.bytes, IFNAMSIZ);
	return k;
}

static void add_field(struct key *k, const void *data, size_t n)
{
	memcpy(k->bytes + k->n, data, n);
	k->n += (n + 3) & ~(size_t)3;
}

static void change_key(struct nft *t, const char *set, const struct key *k, enum rules_change how)
{
	change(t, set, &(struct nft_element){ .key = k->bytes, .key_size = k->n }, how);
}

static void change_own(struct nft *t, const char *set, const struct key *name, const struct net_ip *subnet,
		       enum rules_change how)
{
	size_t size = subnet->family == AF_INET ? 4 : 16;
	struct net_ip first = net_subnet_base(subnet), last = first;
	struct key from = *name, until = *name;

	for (unsigned i = 0; i < size; i++) {
		unsigned bits = subnet->prefix > 8 * i ? subnet->prefix - 8 * i : 0;

		last.bytes[i] = (uint8_t)(last.bytes[i] | (bits >= 8 ? 0 : 0xff >> bits));
	}
	add_field(&from, first.bytes, size);
	add_field(&until, last.bytes, size);
	change(t, set, &(struct nft_element){ .key = from.bytes, .end = until.bytes, .key_size = from.n }, how);
}

void rules_network(struct nft *t, const char *table, const struct rules_network *n, enum rules_change how)
{
	struct key k = name_key(n->device), pair = k;

	add_field(&pair, k.bytes, IFNAMSIZ);
	nft_use(t, NFPROTO_INET, table);
	change_key(t, "bridges", &k, how);
	if (n->internal)
		change_key(t, "internal", &k, how);
	else if (n->masquerade)
		change_key(t, "masqueraded", &k, how);
	if (n->talk)
		change_key(t, "talk", &pair, how);
	if (n->subnet4.family)
		change_own(t, "own4", &k, &n->subnet4, how);
	if (n->subnet6.family)
		change_own(t, "own6", &k, &n->subnet6, how);
}

void rules_closed(struct nft *t, const char *table, const struct rules_closed *c)
{
	struct key k = name_key(c->device), pair = k;

	add_field(&pair, k.bytes, IFNAMSIZ);
	nft_use(t, NFPROTO_INET, table);
	if (c->guard & RULES_GUARD4)
		change_key(t, "closed4", &k, RULES_ADD);
	if (c->guard & RULES_GUARD6)
		change_key(t, "closed6", &k, RULES_ADD);
	if (c->bridge)
		change_key(t, "talk", &pair, RULES_ADD);
}

static void link_local(const uint8_t mac[6], uint8_t ret[16])
{
	const uint8_t ip[16] = { 0xfe,   0x80,   0,    0,    0,      0,      0,      0,
				 mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] };

	memcpy(ret, ip, sizeof ip);
}

void rules_endpoint(struct nft *t, const char *table, const struct rules_endpoint *ep, enum rules_change how)
{
	static const char *const sets[] = { "addresses6", "targets6" }; /* what it sends from; what it says to have */
	struct key mac = name_key(ep->host), ip4 = mac, ip6 = mac, local = mac;
	uint8_t address[16];

	nft_use(t, NFPROTO_BRIDGE, table);
	add_field(&mac, ep->mac, sizeof ep->mac);
	change_key(t, "macs", &mac, how);
	if (ep->ip4.family) {
		add_field(&ip4, ep->ip4.bytes, 4);
		change_key(t, "addresses4", &ip4, how);
	}
	if (!ep->ip6.family)
		return;
	add_field(&ip6, ep->ip6.bytes, 16);
	link_local(ep->mac, address);
	add_field(&local, address, 16);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		change_key(t, sets[i], &ip6, how);
		change_key(t, sets[i], &local, how);
	}
}

static struct key port_key(const uint8_t *address, size_t size, uint8_t protocol, uint16_t port)
{
	struct key k = { .n = 0 };
	uint16_t v = htons(port);

	add_field(&k, address, size);
	add_field(&k, &protocol, 1);
	add_field(&k, &v, 2);
	return k;
}

struct target {
	const struct net_ip *to;
	size_t size;
	const char *port, *port_at, *ranges;
};

static void change_range(struct nft *t, const struct target *w, const struct port_mapping *m, enum rules_change how)
{
	uint8_t low[16], high[16];
	struct key from, until, data = { .n = 0 };
	bool any = net_ip_is_any(&m->host);

	memset(low, 0, sizeof low);
	memset(high, 0xff, sizeof high);
	from = port_key(any ? low : m->host.bytes, w->size, m->protocol, m->host_first);
	until = port_key(any ? high : m->host.bytes, w->size, m->protocol, m->host_last);
	add_field(&data, w->to->bytes, w->size);
	change(t, w->ranges, &(struct nft_element){ from.bytes, until.bytes, data.bytes, from.n, data.n }, how);
}

static void change_port(struct nft *t, const struct target *w, const struct port_mapping *m, unsigned i,
			enum rules_change how)
{
	bool any = net_ip_is_any(&m->host);
	uint16_t to = htons((uint16_t)(m->first + i));
	struct key k = port_key(m->host.bytes, any ? 0 : w->size, m->protocol, (uint16_t)(m->host_first + i));
	struct key data = { .n = 0 };

	add_field(&data, w->to->bytes, w->size);
	add_field(&data, &to, 2);
	change(t, any ? w->port : w->port_at, &(struct nft_element){ k.bytes, NULL, data.bytes, k.n, data.n }, how);
}

static void change_family(struct nft *t, const struct target *w, const struct port_mapping *m, enum rules_change how)
{
	if (!w->to->family || (m->host.family && m->host.family != w->to->family))
		return;
	if (ports_is_equal(m) && m->first != m->last) {
		change_range(t, w, m, how);
		return;
	}
	for (unsigned i = 0; i <= (unsigned)(m->last - m->first); i++)
		change_port(t, w, m, i, how);
}

void rules_port(struct nft *t, const char *table, const struct rules_port *p, enum rules_change how)
{
	const struct target four = { &p->to4, 4, "port4", "port-at4", "ranges4" };
	const struct target six = { &p->to6, 16, "port6", "port-at6", "ranges6" };

	nft_use(t, NFPROTO_INET, table);
	change_family(t, &four, &p->map, how);
	change_family(t, &six, &p->map, how);
}
