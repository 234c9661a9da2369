/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/nft_read.h"

#include "base/limits.h"
#include "base/scope.h"
#include "kernel/netlink.h"
#include "kernel/nftables.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define MESSAGE(type) ((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (type)))
#define HEAD NLMSG_ALIGN(sizeof(struct nfgenmsg))
#define ATTEMPTS 10 /* somebody may change what is being listed */

/* ---- attributes ----------------------------------------------------------------------------------------------------- */

struct attrs {
	const void *p;
	size_t n;
};

static struct attrs inner(struct attrs a, uint16_t type)
{
	struct attrs in = { NULL, 0 };

	if (a.p)
		in.p = netlink_attr(a.p, a.n, type, &in.n);
	return in;
}

static const char *text(struct attrs a, uint16_t type, struct arena *to)
{
	struct attrs in = inner(a, type);

	return in.p ? arena_sv(to, (struct sv){ in.p, strnlen(in.p, in.n) }) : NULL;
}

static uint32_t be32(struct attrs a, uint16_t type)
{
	struct attrs in = inner(a, type);
	uint32_t v = 0;

	if (in.p && in.n == sizeof v)
		memcpy(&v, in.p, sizeof v);
	return ntohl(v);
}

static uint64_t be64(struct attrs a, uint16_t type)
{
	struct attrs in = inner(a, type);
	uint64_t v = 0;

	if (in.p && in.n == sizeof v)
		memcpy(&v, in.p, sizeof v);
	return be64toh(v);
}

/* ---- objects -------------------------------------------------------------------------------------------------------- */

/* Room for one more, the list doubling; NULL: too many, or no memory. */
static void *grow(struct arena *a, void *list, size_t n, size_t size)
{
	void *v = list;

	if (n & (n - 1) || n == 1) /* there is room up to the next power of two */
		return v;
	if (n >= LIMIT_NFT_SEEN)
		return NULL;
	v = arena_array(a, n ? 2 * n : 2, size);
	if (v && n)
		memcpy(v, list, n * size);
	return v;
}

#define ADD(list, one)                                                                       \
	({                                                                                   \
		void *v_ = grow(to->memory, (list).v, (list).n, sizeof *(list).v);           \
		if (v_)                                                                      \
			(list).v = v_, (list).v[(list).n++] = (one);                         \
		v_ ? 0 : err_set(e, E2BIG, "nftables: more than %u objects", LIMIT_NFT_SEEN); \
	})

static int take_table(uint8_t family, struct attrs a, struct nft_ruleset *to, struct err *e)
{
	struct nft_seen_table t = { family, text(a, NFTA_TABLE_NAME, to->memory) };

	return t.name ? ADD(to->tables, t) : 0;
}

static int take_chain(uint8_t family, struct attrs a, struct nft_ruleset *to, struct err *e)
{
	struct attrs hook = inner(a, NFTA_CHAIN_HOOK), type = inner(a, NFTA_CHAIN_TYPE);
	struct nft_seen_chain c = { .family = family, .table = text(a, NFTA_CHAIN_TABLE, to->memory),
				    .name = text(a, NFTA_CHAIN_NAME, to->memory), .base = hook.p != NULL };

	c.nat = type.p && type.n >= 3 && memcmp(type.p, "nat", 3) == 0;
	c.drops = inner(a, NFTA_CHAIN_POLICY).p && be32(a, NFTA_CHAIN_POLICY) == NF_DROP;
	c.hook = be32(hook, NFTA_HOOK_HOOKNUM);
	c.priority = (int32_t)be32(hook, NFTA_HOOK_PRIORITY);
	return c.table && c.name ? ADD(to->chains, c) : 0;
}

static int take_set(uint8_t family, struct attrs a, struct nft_ruleset *to, struct err *e)
{
	struct nft_seen_set s = { family, text(a, NFTA_SET_TABLE, to->memory), text(a, NFTA_SET_NAME, to->memory),
				  be32(a, NFTA_SET_KEY_LEN) };

	return s.table && s.name ? ADD(to->sets, s) : 0;
}

static int take_rule(uint8_t family, struct attrs a, struct nft_ruleset *to, struct err *e)
{
	struct attrs list = inner(a, NFTA_RULE_EXPRESSIONS);
	struct nft_seen_rule r = { .family = family, .table = text(a, NFTA_RULE_TABLE, to->memory),
				   .chain = text(a, NFTA_RULE_CHAIN, to->memory),
				   .handle = be64(a, NFTA_RULE_HANDLE), .size = list.n };
	void *copy = list.n ? arena_alloc(to->memory, list.n) : NULL;

	if (list.n && !copy)
		return err_oom(e);
	if (copy)
		memcpy(copy, list.p, list.n);
	r.expressions = copy;
	return r.table && r.chain ? ADD(to->rules, r) : 0;
}

int nft_read_answer(const struct nlmsghdr *h, const void *payload, size_t size, struct nft_ruleset *to, struct err *e)
{
	struct nfgenmsg m;
	struct attrs a;

	if (size < HEAD)
		return 0;
	memcpy(&m, payload, sizeof m);
	a = (struct attrs){ (const char *)payload + HEAD, size - HEAD };
	switch (h->nlmsg_type) {
	case MESSAGE(NFT_MSG_NEWTABLE):
		return take_table(m.nfgen_family, a, to, e);
	case MESSAGE(NFT_MSG_NEWCHAIN):
		return take_chain(m.nfgen_family, a, to, e);
	case MESSAGE(NFT_MSG_NEWSET):
		return take_set(m.nfgen_family, a, to, e);
	case MESSAGE(NFT_MSG_NEWRULE):
		return take_rule(m.nfgen_family, a, to, e);
	default:
		return 0;
	}
}

static int take(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e)
{
	return nft_read_answer(h, payload, size, arg, e);
}

static int dump(int fd, uint16_t type, struct nft_ruleset *to, struct err *e)
{
	struct nfgenmsg m = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 };
	struct netlink n;
	int r;

	netlink_init(&n);
	netlink_begin(&n, MESSAGE(type), NLM_F_DUMP, &m, sizeof m, "list rules");
	r = netlink_dump(&n, fd, take, to, e);
	netlink_done(&n);
	return r;
}

int nft_read(int fd, struct arena *a, struct nft_ruleset *ret, struct err *e)
{
	static const uint16_t types[] = { NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETSET, NFT_MSG_GETRULE };
	struct nft_ruleset seen;
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < ATTEMPTS; i++) {
		seen = (struct nft_ruleset){ .memory = a };
		r = 0;
		for (size_t k = 0; r == 0 && k < ARRAY_LEN(types); k++)
			r = dump(fd, types[k], &seen, e);
	}
	if (r == -EOPNOTSUPP || r == -EPROTONOSUPPORT || r == -EINVAL)
		r = 0; /* no nf_tables in this kernel */
	if (r == 0)
		*ret = seen;
	return err_wrap(e, r, "nftables");
}

/* ---- elements ------------------------------------------------------------------------------------------------------- */

bool nft_take_verdict(const void *attr, size_t size, int32_t *ret_code, char ret_chain[128])
{
	struct attrs a = { attr, size }, code = inner(a, NFTA_VERDICT_CODE), chain = inner(a, NFTA_VERDICT_CHAIN);

	if (!code.p || code.n != sizeof(uint32_t))
		return false;
	ret_chain[0] = '\0';
	if (chain.p && sv_copy((struct sv){ chain.p, strnlen(chain.p, chain.n) }, ret_chain, 128) < 0)
		return false;
	*ret_code = (int32_t)be32(a, NFTA_VERDICT_CODE);
	return true;
}

static int take_element(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e)
{
	struct nft_found *to = arg;
	struct attrs a, verdict, value;

	(void)e;
	if (h->nlmsg_type != MESSAGE(NFT_MSG_NEWSETELEM) || size < HEAD)
		return 0;
	a = (struct attrs){ (const char *)payload + HEAD, size - HEAD };
	a = inner(inner(inner(a, NFTA_SET_ELEM_LIST_ELEMENTS), NFTA_LIST_ELEM), NFTA_SET_ELEM_DATA);
	verdict = inner(a, NFTA_DATA_VERDICT);
	value = inner(a, NFTA_DATA_VALUE);
	if (verdict.p)
		to->is_verdict = nft_take_verdict(verdict.p, verdict.n, &to->verdict, to->chain);
	if (value.p && value.n <= sizeof to->data) {
		memcpy(to->data, value.p, value.n);
		to->size = value.n;
	}
	return 0;
}

static void put_key(struct netlink *n, const struct nft_seen_set *set, const void *key)
{
	size_t all, one, value;

	netlink_put_text(n, NFTA_SET_ELEM_LIST_TABLE, set->table);
	netlink_put_text(n, NFTA_SET_ELEM_LIST_SET, set->name);
	all = netlink_nest(n, NFTA_SET_ELEM_LIST_ELEMENTS);
	one = netlink_nest(n, NFTA_LIST_ELEM);
	value = netlink_nest(n, NFTA_SET_ELEM_KEY);
	netlink_put(n, NFTA_DATA_VALUE, key, set->key_size);
	netlink_nest_end(n, value);
	netlink_nest_end(n, one);
	netlink_nest_end(n, all);
}

int nft_find(int fd, const struct nft_seen_set *set, const void *key, struct nft_found *ret, struct err *e)
{
	struct nfgenmsg m = { .nfgen_family = set->family, .version = NFNETLINK_V0 };
	struct nft_found found = { .is_verdict = false };
	struct err why = { 0 };
	struct netlink n;
	int r;

	netlink_init(&n);
	netlink_begin(&n, MESSAGE(NFT_MSG_GETSETELEM), NLM_F_ACK, &m, sizeof m, "look into a set");
	put_key(&n, set, key);
	r = netlink_dump(&n, fd, take_element, &found, &why);
	netlink_done(&n);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "nftables: set %s: %s", set->name, why.msg);
	*ret = found;
	return 1;
}
