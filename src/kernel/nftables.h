/* SPDX-License-Identifier: Apache-2.0 */
/* nftables.h - tables, chains, sets and rules of nf_tables, changed in one transaction over NETLINK_NETFILTER.
 *
 * What goes into one struct nft is done whole or not at all. A rule is a row of expressions that hand values to each other
 * in sixteen registers of four bytes; keys of sets that consist of several fields lie in neighbouring ones, each field
 * filled up to four bytes. Oracle: what `nft list ruleset` reads out of it (tests/system/network_rules.bats). */
#pragma once

#include "base/err.h"
#include "kernel/netlink.h"

#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What <linux/netfilter.h> has, which excludes the C library's <netinet/in.h>. */
enum { NFPROTO_UNSPEC, NFPROTO_INET, NFPROTO_IPV4, NFPROTO_BRIDGE = 7, NFPROTO_IPV6 = 10 };
enum { NF_DROP, NF_ACCEPT };

struct nft {
	struct netlink n;
	uint8_t family;    /* NFPROTO_x of the table that is worked on */
	const char *table; /* its name */
	uint32_t sets;     /* counted: each needs a number */
	size_t rule, expressions; /* nests of the rule that is being put */
};

/* The types of keys and data as `nft` knows them: only for its output. */
enum nft_type {
	NFT_TYPE_INTEGER = 4, /* only of nft_field.payload, which tells what it is a number of */
	NFT_TYPE_IP4 = 7,
	NFT_TYPE_IP6 = 8,
	NFT_TYPE_ETHER = 9,
	NFT_TYPE_PROTO = 12,
	NFT_TYPE_SERVICE = 13,
	NFT_TYPE_IFNAME = 41
};

struct nft_field {
	enum nft_type type;
	uint8_t size; /* bytes, without what fills it up */
	struct nft_place {
		enum nft_payload_bases base;
		uint8_t offset; /* bytes */
	} payload; /* of NFT_TYPE_INTEGER */
};

struct nft_set_spec {
	const char *name;
	struct nft_field key[3], data[2]; /* size 0 ends; without data it is a set, not a map */
	bool interval;                    /* elements are ranges, in each field */
	/* The key is names of interfaces and pieces of a packet that `nft` of some versions has no name for. It is told what
	 * they are ("typeof iifname . @th,64,128"): a set of bare integers it prints, but does not read again. */
	bool pieces;
};

/* nft_begin - genid: the transaction is only for the rules of that generation (nft_generation()); 0: of whatever is there.
 * Free with nft_done(). */
void nft_begin(struct nft *t, uint32_t genid);
void nft_done(struct nft *t);
/* nft_commit - errors are the kernel's, with what the message was about: -ENOENT: a table, chain, set or element that is not
 * there; -EEXIST, -EBUSY; -ERESTART: another generation; -EPERM; -EOPNOTSUPP: this kernel has no nf_tables. */
int nft_commit(struct nft *t, int fd, struct err *e); /* fd: of nft_open(); after a failure it is of no use */
int nft_open(struct err *e);
/* nft_close - of a socket by which something was removed: the kernel lets its end wait until nobody can see that any more,
 * and all other changes with it. So that time is waited for before, where nobody else has to. */
void nft_close(int fd);
int nft_generation(uint32_t *ret, struct err *e);
bool nft_has_table(uint8_t family, const char *name); /* false also where nobody tells */

void nft_use(struct nft *t, uint8_t family, const char *table); /* what follows is about this table */
void nft_table_make(struct nft *t, bool exclusive);             /* exclusive: -EEXIST when it is there */
void nft_table_delete(struct nft *t);
void nft_set_make(struct nft *t, const struct nft_set_spec *s);
void nft_chain_make(struct nft *t, const char *name);
void nft_chain_base(struct nft *t, const char *name, const char *type, unsigned hook, int priority);

/* Elements: key, end (of a range; NULL: none) and data (NULL: a set's), as they lie in registers. */
struct nft_element {
	const void *key, *end, *data;
	size_t key_size, data_size;
};
void nft_element_add(struct nft *t, const char *set, const struct nft_element *el);
/* nft_element_delete - forgiving: one that is not there is fine (Linux 6.3 and later) */
void nft_element_delete(struct nft *t, const char *set, const struct nft_element *el, bool forgiving);

/* ---- rules: nft_rule, its expressions, nft_rule_end ------------------------------------------------------------------ */

void nft_rule(struct nft *t, const char *chain);
void nft_rule_end(struct nft *t);
/* Registers are numbered from 0 to 15. */
void nft_meta(struct nft *t, enum nft_meta_keys key, unsigned reg);
void nft_ct(struct nft *t, enum nft_ct_keys key, unsigned reg);
void nft_payload(struct nft *t, enum nft_payload_bases base, unsigned offset, unsigned size, unsigned reg);
/* nft_load - a value of the rule's own */
void nft_load(struct nft *t, unsigned reg, const void *data, size_t size);
void nft_compare(struct nft *t, unsigned reg, enum nft_cmp_ops op, const void *data, size_t size);
void nft_mask(struct nft *t, unsigned reg, const void *mask, size_t size); /* at most 16 bytes */
void nft_in_set(struct nft *t, const char *set, unsigned reg, bool inverted);
void nft_map(struct nft *t, const char *map, unsigned from, unsigned to);
void nft_address_type(struct nft *t, unsigned reg); /* of the destination: RTN_x, four bytes */
void nft_dnat(struct nft *t, uint8_t family, unsigned address, int port); /* port: its register, -1: it stays */
void nft_masquerade(struct nft *t);
void nft_verdict(struct nft *t, int code, const char *chain); /* NF_ACCEPT, NF_DROP, NFT_JUMP … */
