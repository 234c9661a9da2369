/* SPDX-License-Identifier: Apache-2.0 */
/* nft_read.h - what is in nf_tables, whoever put it there: tables, chains, sets and rules, over NETLINK_NETFILTER.
 *
 * A rule stays what the kernel gave: attributes, a list of expressions (insight/packet_rules.h follows them). Elements of
 * sets are not read; the kernel is asked whether one is in. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nft_seen_table {
	uint8_t family; /* NFPROTO_x of kernel/nftables.h */
	const char *name;
};

struct nft_seen_chain {
	uint8_t family;
	const char *table, *name;
	bool base; /* the kernel calls it by itself: what follows is about such ones */
	bool nat, drops; /* drops: its policy */
	uint32_t hook;
	int32_t priority;
};

struct nft_seen_set {
	uint8_t family;
	const char *table, *name;
	uint32_t key_size;
};

struct nft_seen_rule {
	uint8_t family;
	const char *table, *chain;
	uint64_t handle;
	const void *expressions; /* attributes NFTA_LIST_ELEM */
	size_t size;
};

struct nft_ruleset {
	struct arena *memory;
	struct {
		struct nft_seen_table *v;
		size_t n;
	} tables;
	struct {
		struct nft_seen_chain *v;
		size_t n;
	} chains;
	struct {
		struct nft_seen_set *v;
		size_t n;
	} sets;
	struct {
		struct nft_seen_rule *v;
		size_t n;
	} rules; /* of a chain in their order */
};

/* nft_read - everything; fd: netlink_open(NETLINK_NETFILTER). Memory belongs to a. -EPERM; -E2BIG: more than
 * LIMIT_NFT_SEEN of something. A kernel without nf_tables has nothing. */
int nft_read(int fd, struct arena *a, struct nft_ruleset *ret, struct err *e);
/* nft_read_answer - one message of the kernel's; what is not understood is skipped. Pure. */
int nft_read_answer(const struct nlmsghdr *h, const void *payload, size_t size, struct nft_ruleset *to, struct err *e);

/* An element of a map. */
struct nft_found {
	bool is_verdict;
	int32_t verdict;
	char chain[128]; /* of a verdict that is a jump */
	uint8_t data[64];
	size_t size;
};
/* nft_find - 1: the key is in the set, also inside of one of its intervals; 0: it is not. */
int nft_find(int fd, const struct nft_seen_set *set, const void *key, struct nft_found *ret, struct err *e);
/* nft_take_verdict - of an attribute NFTA_DATA_VERDICT. false: it is none */
bool nft_take_verdict(const void *attr, size_t size, int32_t *ret_code, char ret_chain[128]);
