/* SPDX-License-Identifier: Apache-2.0 */
/* packet_rules.h - what the rules of nf_tables do with one packet: the first of a new connection, followed through the chains
 * of a hook, as nf_tables does it.
 *
 * The packet is bytes, so each rule reads it as the kernel would. What cannot be known from outside (extensions of
 * iptables that are not understood, numbers of a socket) makes a rule unsure: it is taken as not matching, and the verdict
 * says so. Pure but for the questions to struct packet_world. */
#pragma once

#include "kernel/net_link.h"
#include "kernel/nft_read.h"

#include <stdbool.h>

/* Hooks of the families inet, ip and ip6, and of bridge, which have the same numbers. */
enum packet_hook { HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING };

struct packet {
	uint8_t bytes[128];
	size_t size;
	bool six;
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	char in[16], out[16]; /* interfaces; "": none */
	uint32_t in_index, out_index, mark;
	bool to_changed, from_changed, redirected; /* by NAT; redirected: to this host, whatever the address was */
};

struct packet_end {
	struct net_ip ip;
	uint16_t port;
	uint8_t mac[6];
};

void packet_make(struct packet *p, uint8_t protocol, const struct packet_end *from, const struct packet_end *to);
/* packet_to, packet_from - where it goes to, and comes from, now */
struct packet_end packet_to(const struct packet *p);
struct packet_end packet_from(const struct packet *p);
/* packet_through - NULL: none; their numbers are the caller's to fill in */
void packet_through(struct packet *p, const char *in, const char *out);

/* What only the kernel knows. */
struct packet_world {
	const struct nft_ruleset *rules;
	/* find - nft_find() */
	int (*find)(const struct nft_seen_set *set, const void *key, struct nft_found *ret, void *arg, struct err *e);
	/* type - RTN_x of an address; 0: unknown */
	uint32_t (*type)(const struct net_ip *ip, void *arg);
	void *arg;
};

struct packet_verdict {
	bool stopped, rejected, sure;
	const struct nft_seen_chain *chain; /* where it was stopped: the chain of the hook */
	const struct nft_seen_rule *rule;   /* NULL: by the chain's policy */
	const char *at;                     /* the name of the chain that the rule is in */
};

/* packet_at_hook - family: NFPROTO_IPV4, NFPROTO_IPV6 (the chains of inet too) or NFPROTO_BRIDGE. NAT changes the packet.
 * -E2BIG: rules that jump without an end. */
int packet_at_hook(const struct packet_world *w, uint8_t family, enum packet_hook hook, struct packet *p,
		   struct packet_verdict *ret, struct err *e);
