/* SPDX-License-Identifier: Apache-2.0 */
/* net_view.h - one network namespace as it is now: interfaces, addresses, rules, listeners, and what its routes say; by
 * rtnetlink(7), sock_diag(7) and nf_tables. Nothing is changed. */
#pragma once

#include "base/arena.h"
#include "insight/packet_rules.h"
#include "kernel/nft_read.h"
#include "kernel/sock_diag.h"

#include <stdbool.h>

struct host;

struct net_view_link {
	int index, master, peer; /* peer: of a veth, its number in the other namespace; 0: none */
	char name[16];
	uint8_t mac[6];
	bool up;
};

struct net_view_address {
	int index;
	struct net_ip ip;
};

struct net_view {
	int netns, route, rules_fd; /* descriptors */
	struct arena *memory;
	struct {
		struct net_view_link *v;
		size_t n;
	} links;
	struct {
		struct net_view_address *v;
		size_t n;
	} addresses;
	struct {
		struct listener *v;
		size_t n;
	} listeners;
	struct nft_ruleset rules;
	bool forwards4, forwards6;
	bool bridges_are_filtered; /* br_netfilter: frames within a bridge pass the rules of IP */
};

/* net_view_open - netns: taken over; the caller is back in its own namespace when it returns. Single-threaded callers only. */
int net_view_open(const struct host *h, int netns, struct arena *a, struct net_view *ret, struct err *e);
void net_view_close(struct net_view *v);
/* net_view_netns - of a process; 0: our own */
int net_view_netns(const struct host *h, pid_t pid, struct err *e);
/* net_view_enter - this thread, into that one; back: net_view_enter() of our own */
int net_view_enter(const struct net_view *v, struct err *e);

const struct net_view_link *net_view_link(const struct net_view *v, const char *name); /* NULL: none */
const struct net_view_link *net_view_link_at(const struct net_view *v, int index);
/* net_view_address - the interface that has it; NULL: none. Addresses of 127.0.0.0/8 are all lo's. */
const struct net_view_link *net_view_address(const struct net_view *v, const struct net_ip *ip);
bool net_view_is_loopback(const struct net_ip *ip);

struct net_view_route {
	const struct net_view_link *out;
	struct net_ip gateway, source; /* family 0: none */
	bool local;
};
/* net_view_route - where the kernel would send it. -ENETUNREACH, -EHOSTUNREACH, -EACCES, -EINVAL (a blackhole) */
int net_view_route(const struct net_view *v, const struct net_ip *to, struct net_view_route *ret, struct err *e);

/* net_view_listener - who takes what comes to this address and port; NULL: nobody. *ret_other: who listens on that port of
 * another address. */
const struct listener *net_view_listener(const struct net_view *v, uint8_t protocol, const struct net_ip *ip,
					 uint16_t port, const struct listener **ret_other);

/* net_view_hook - packet_at_hook() by the rules of this namespace. */
int net_view_hook(const struct net_view *v, uint8_t family, enum packet_hook hook, struct packet *p,
		  struct packet_verdict *ret, struct err *e);
