/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - the firewall as containers need it: what is in our own tables, and which elements a network, a container's place
 * in it and a published port are. Pure: it fills a transaction (kernel/nftables.h), and does nothing.
 *
 * The rules stand still; all that changes are elements of sets, so a packet's way costs the same with one container as with a
 * thousand, and a change touches nothing that somebody else looks at.
 *
 *   inet  nat      published ports, of this host and of others: one interval for a range whose numbers stay, one element
 *                  of a hash table for each other port; what leaves for elsewhere gets the host's address
 *         forward  into a bridge of ours only what belongs to a connection from inside, or was published; and not
 *                  between interfaces that did not forward before we turned forwarding on
 *         raw      127.0.0.0/8 is the host's, also where route_localnet lets it answer
 *   bridge         from a container only its own addresses (MAC, ARP, IPv4, IPv6, neighbour advertisements), no router
 *                  advertisements, and no other protocol
 */
#pragma once

#include "kernel/net_link.h"
#include "kernel/nftables.h"
#include "network/ports.h"

struct rules_network {
	const char *device;
	struct net_ip subnet4, subnet6; /* family 0: none */
	bool internal, masquerade, talk; /* talk: its containers may talk to each other */
};

/* A container's place in one network. */
struct rules_endpoint {
	const char *host; /* its veth */
	uint8_t mac[6];
	struct net_ip ip4, ip6;
};

/* A published range: host_first is not 0, as many ports as in the container. */
struct rules_port {
	const char *container; /* whose it is, borrowed */
	struct port_mapping map;
	struct net_ip to4, to6; /* where it leads; family 0: nowhere in that family */
};

/* An interface that did not forward when we turned forwarding on. */
enum rules_guard { RULES_GUARD4 = 1, RULES_GUARD6 = 2 };
struct rules_closed {
	const char *device;
	unsigned guard; /* enum rules_guard */
	bool bridge;	/* what goes from port to port of it is not forwarded, but br_netfilter shows it as if it were */
};

enum rules_change { RULES_ADD, RULES_REMOVE, RULES_REMOVE_STRICT };

/* rules_base - all that stands still, under this table's name; -EEXIST when it is there. prefix: how the names of our ports
 * begin.
 * guards: enum rules_guard; in those families nothing is forwarded between interfaces of rules_closed(). */
void rules_base(struct nft *t, const char *table, const char *prefix, unsigned guards);
void rules_closed(struct nft *t, const char *table, const struct rules_closed *c);
void rules_drop(struct nft *t, const char *table); /* both tables: they are there */
void rules_network(struct nft *t, const char *table, const struct rules_network *n, enum rules_change how);
void rules_endpoint(struct nft *t, const char *table, const struct rules_endpoint *ep, enum rules_change how);
void rules_port(struct nft *t, const char *table, const struct rules_port *p, enum rules_change how);
