/* SPDX-License-Identifier: Apache-2.0 */
/* subnet.h - addresses and subnets as numbers and as text, and which subnet a new network gets. Pure. */
#pragma once

#include "base/err.h"
#include "base/sv.h"
#include "kernel/net_link.h"

#include <netinet/in.h>

#define SUBNET_TEXT (INET6_ADDRSTRLEN + 4)

/* net_ip_parse - "10.0.0.1", "fd00::1": the prefix is the whole address. net_subnet_parse - "10.0.0.0/16"; bits behind the
 * prefix are kept. false: it is neither; *ret is untouched. */
bool net_ip_parse(struct sv text, struct net_ip *ret);
bool net_subnet_parse(struct sv text, struct net_ip *ret);
/* net_ip_print - without its prefix; "" for none. net_subnet_print - with it. Both return ret. */
const char *net_ip_print(const struct net_ip *ip, char ret[SUBNET_TEXT]);
const char *net_subnet_print(const struct net_ip *ip, char ret[SUBNET_TEXT]);

bool net_ip_equal(const struct net_ip *a, const struct net_ip *b); /* the addresses, whatever their prefixes */
bool net_ip_is_any(const struct net_ip *ip); /* none at all, 0.0.0.0, or :: */
bool net_ip_is_in(const struct net_ip *ip, const struct net_ip *subnet);
bool net_subnets_overlap(const struct net_ip *a, const struct net_ip *b);
struct net_ip net_subnet_base(const struct net_ip *subnet); /* without the bits behind the prefix */

/* net_subnet_at - the address that is `offset` behind the subnet's first, with the subnet's prefix. net_subnet_offset - where
 * an address of it lies. net_subnet_size - how many addresses, at most 2^63. */
struct net_ip net_subnet_at(const struct net_ip *subnet, uint64_t offset);
uint64_t net_subnet_offset(const struct net_ip *subnet, const struct net_ip *ip);
uint64_t net_subnet_size(const struct net_ip *subnet);

struct net_ips {
	struct net_ip *v;
	size_t n;
};

/* net_pool_choose - the first of Docker's default pools (172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/16 in /20s) that
 * overlaps none of `taken`. false: all do. */
bool net_pool_choose(const struct net_ips *taken, struct net_ip *ret);
/* net_pool_choose6 - a /64 of fd00::/8 (RFC 4193) that is made of a network's id. */
bool net_pool_choose6(const char *id, const struct net_ips *taken, struct net_ip *ret);

/* net_mac_parse - "02:42:ac:11:00:02", also with capitals. net_mac_of - Docker's, made of the address: whoever gets it next
 * is no stranger to its neighbours. */
bool net_mac_parse(struct sv text, uint8_t ret[6]);
void net_mac_of(const struct net_ip *ip, uint8_t ret[6]);
#define MAC_TEXT 18
const char *net_mac_print(const uint8_t mac[6], char ret[MAC_TEXT]);
