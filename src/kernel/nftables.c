/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/nftables.h"

#include "base/scope.h"
#include "kernel/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define DESTROY_ELEMENT 30 /* NFT_MSG_DESTROYSETELEM, which Debian 12's headers lack */
#define MESSAGE(type) ((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (type)))
#define REGISTER(i) (NFT_REG32_00 + (i))

/* ---- the transaction ---------------------------------------------------------------------------------------------- */

static void begin(struct nft *t, unsigned type, uint16_t flags, const char *what)
{
	struct nfgenmsg m = { .nfgen_family = t->family, .version = NFNETLINK_V0 };

	netlink_begin(&t->n, MESSAGE(type), flags, &m, sizeof m, what);
}

/* Every message but the outermost two is acknowledged only if it asks for it; the last one has to. */
void nft_begin(struct nft *t, uint32_t genid)
{
	struct nfgenmsg m = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	*t = (struct nft){ .family = NFPROTO_UNSPEC };
	netlink_init(&t->n);
	netlink_begin(&t->n, NFNL_MSG_BATCH_BEGIN, 0, &m, sizeof m, "nftables");
	if (genid)
		netlink_put_be32(&t->n, NFNL_BATCH_GENID, genid);
}

void nft_done(struct nft *t)
{
	netlink_done(&t->n);
}

/* The acknowledgement of the last message that does something is that of the whole: it is sent after the commit. */
static void ask_for_answer(struct nft *t)
{
	struct nlmsghdr *h;

	if (t->n.out.failed || t->n.at + sizeof *h > t->n.out.len)
		return;
	h = (struct nlmsghdr *)(void *)(t->n.out.p + t->n.at);
	h->nlmsg_flags |= NLM_F_ACK;
}

int nft_open(struct err *e)
{
	return netlink_open(NETLINK_NETFILTER, e);
}

void nft_close(int fd)
{
	if (fd < 0)
		return;
	(void)sys_membarrier(MEMBARRIER_CMD_GLOBAL);
	close(fd);
}

int nft_commit(struct nft *t, int fd, struct err *e)
{
	struct nfgenmsg m = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };
	uint32_t last = t->n.seq;
	int r;

	if (last <= 1)
		return 0; /* nothing to do */
	ask_for_answer(t);
	netlink_begin(&t->n, NFNL_MSG_BATCH_END, 0, &m, sizeof m, NULL);
	t->n.seq = last; /* the one that is answered */
	r = netlink_talk(&t->n, fd, NULL, e);
	return err_wrap(e, r, "firewall rules");
}

static int take_generation(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e)
{
	const char *attrs = (const char *)payload + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	uint32_t v;
	size_t n;
	const void *p;

	if (h->nlmsg_type != MESSAGE(NFT_MSG_NEWGEN) || size < NLMSG_ALIGN(sizeof(struct nfgenmsg)))
		return 0;
	p = netlink_attr(attrs, size - NLMSG_ALIGN(sizeof(struct nfgenmsg)), NFTA_GEN_ID, &n);
	if (!p || n != sizeof v)
		return err_set(e, EPROTO, "nftables: no generation");
	memcpy(&v, p, n);
	*(uint32_t *)arg = ntohl(v);
	return 0;
}

int nft_generation(uint32_t *ret, struct err *e)
{
	struct nfgenmsg m = { .version = NFNETLINK_V0 };
	scoped_fd fd = netlink_open(NETLINK_NETFILTER, e);
	uint32_t v = 0;
	struct netlink n;
	int r;

	if (fd < 0)
		return fd;
	netlink_init(&n);
	netlink_begin(&n, MESSAGE(NFT_MSG_GETGEN), NLM_F_ACK, &m, sizeof m, "nftables");
	r = netlink_dump(&n, fd, take_generation, &v, e);
	netlink_done(&n);
	if (r == 0)
		*ret = v;
	return err_wrap(e, r, "firewall rules");
}

static int take_table(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e)
{
	*(bool *)arg |= h->nlmsg_type == MESSAGE(NFT_MSG_NEWTABLE);
	return 0;
}

bool nft_has_table(uint8_t family, const char *name)
{
	struct nfgenmsg m = { .nfgen_family = family, .version = NFNETLINK_V0 };
	scoped_fd fd = netlink_open(NETLINK_NETFILTER, NULL);
	bool found = false;
	struct netlink n;

	if (fd < 0)
		return false;
	netlink_init(&n);
	netlink_begin(&n, MESSAGE(NFT_MSG_GETTABLE), NLM_F_ACK, &m, sizeof m, "nftables");
	netlink_put_text(&n, NFTA_TABLE_NAME, name);
	(void)netlink_dump(&n, fd, take_table, &found, NULL);
	netlink_done(&n);
	return found;
}

/* ---- tables, chains, sets ----------------------------------------------------------------------------------------- */

void nft_use(struct nft *t, uint8_t family, const char *table)
{
	t->family = family;
	t->table = table;
}

void nft_table_make(struct nft *t, bool exclusive)
{
	begin(t, NFT_MSG_NEWTABLE, NLM_F_CREATE | (exclusive ? NLM_F_EXCL : 0), "table");
	netlink_put_text(&t->n, NFTA_TABLE_NAME, t->table);
}

void nft_table_delete(struct nft *t)
{
	begin(t, NFT_MSG_DELTABLE, 0, "table");
	netlink_put_text(&t->n, NFTA_TABLE_NAME, t->table);
}

void nft_chain_make(struct nft *t, const char *name)
{
	begin(t, NFT_MSG_NEWCHAIN, NLM_F_CREATE, "chain");
	netlink_put_text(&t->n, NFTA_CHAIN_TABLE, t->table);
	netlink_put_text(&t->n, NFTA_CHAIN_NAME, name);
}

void nft_chain_base(struct nft *t, const char *name, const char *type, unsigned hook, int priority)
{
	size_t nest;

	nft_chain_make(t, name);
	nest = netlink_nest(&t->n, NFTA_CHAIN_HOOK);
	netlink_put_be32(&t->n, NFTA_HOOK_HOOKNUM, hook);
	netlink_put_be32(&t->n, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	netlink_nest_end(&t->n, nest);
	netlink_put_be32(&t->n, NFTA_CHAIN_POLICY, NF_ACCEPT);
	netlink_put_text(&t->n, NFTA_CHAIN_TYPE, type);
}

static uint32_t filled(uint32_t size)
{
	return (size + 3) & ~3u;
}

static unsigned measure(const struct nft_field *f, unsigned max, uint32_t *ret_type, uint32_t *ret_size)
{
	unsigned n = 0;

	*ret_type = *ret_size = 0;
	for (; n < max && f[n].size; n++) {
		*ret_type = *ret_type << 6 | (uint32_t)f[n].type;
		*ret_size += filled(f[n].size);
	}
	if (n == 1)
		*ret_size = f[0].size;
	return n;
}

static void put_fields(struct nft *t, const struct nft_field *f, unsigned n)
{
	size_t desc = netlink_nest(&t->n, NFTA_SET_DESC), all = netlink_nest(&t->n, NFTA_SET_DESC_CONCAT);

	for (unsigned i = 0; i < n; i++) {
		size_t one = netlink_nest(&t->n, NFTA_LIST_ELEM);

		netlink_put_be32(&t->n, NFTA_SET_FIELD_LEN, f[i].size);
		netlink_nest_end(&t->n, one);
	}
	netlink_nest_end(&t->n, all);
	netlink_nest_end(&t->n, desc);
}

/* What nft keeps with a set to know its key's expressions again: type, length and value, nested, in this machine's byte
 * order. Its numbers are those of libnftnl's udata.h and of nft's expression.h, proto.h. */
enum { UDATA_BYTE_ORDER = 0, UDATA_KEY_TYPEOF = 3, UDATA_KIND = 0, UDATA_OF = 1 };
enum { NFT_PAYLOAD_EXPRESSION = 7, NFT_META_EXPRESSION = 9, NFT_CONCAT_EXPRESSION = 13 };
enum { UDATA_META_KEY = 0, UDATA_PROTOCOL = 0, UDATA_FIELD, UDATA_BASE, UDATA_BIT_OFFSET, UDATA_BITS };

struct udata {
	uint8_t bytes[16 + 3 * 40]; /* as many fields as a key has */
	size_t n;
};

static void udata_u32(struct udata *u, uint8_t type, uint32_t v)
{
	u->bytes[u->n++] = type;
	u->bytes[u->n++] = sizeof v;
	memcpy(u->bytes + u->n, &v, sizeof v);
	u->n += sizeof v;
}

static size_t udata_nest(struct udata *u, uint8_t type)
{
	u->bytes[u->n++] = type;
	u->bytes[u->n++] = 0;
	return u->n;
}

static void udata_nest_end(struct udata *u, size_t start)
{
	u->bytes[start - 1] = (uint8_t)(u->n - start);
}

static void udata_field(struct udata *u, uint8_t i, const struct nft_field *f)
{
	bool piece = f->type == NFT_TYPE_INTEGER;
	size_t field = udata_nest(u, i), of;

	udata_u32(u, UDATA_KIND, piece ? NFT_PAYLOAD_EXPRESSION : NFT_META_EXPRESSION);
	of = udata_nest(u, UDATA_OF);
	if (piece) {
		udata_u32(u, UDATA_PROTOCOL, 0); /* of none that it knows */
		udata_u32(u, UDATA_FIELD, 0);
		udata_u32(u, UDATA_BASE, f->payload.base + 1); /* it counts from 1 */
		udata_u32(u, UDATA_BIT_OFFSET, f->payload.offset * 8u);
		udata_u32(u, UDATA_BITS, f->size * 8u);
	} else {
		udata_u32(u, UDATA_META_KEY, NFT_META_IIFNAME);
	}
	udata_nest_end(u, of);
	udata_nest_end(u, field);
}

static void put_pieces(struct nft *t, const struct nft_field *f, unsigned n)
{
	struct udata u = { .n = 0 };
	size_t key, of;

	udata_u32(&u, UDATA_BYTE_ORDER, 0);
	key = udata_nest(&u, UDATA_KEY_TYPEOF);
	udata_u32(&u, UDATA_KIND, NFT_CONCAT_EXPRESSION);
	of = udata_nest(&u, UDATA_OF);
	for (unsigned i = 0; i < n; i++)
		udata_field(&u, (uint8_t)i, &f[i]);
	udata_nest_end(&u, of);
	udata_nest_end(&u, key);
	netlink_put(&t->n, NFTA_SET_USERDATA, u.bytes, u.n);
}

void nft_set_make(struct nft *t, const struct nft_set_spec *s)
{
	static const uint8_t host_order[] = { 0, 4, 1, 0, 0, 0 }; /* libnftnl's NFTNL_UDATA_SET_KEYBYTEORDER */
	uint32_t type, size, data_type, data_size, flags = s->interval ? NFT_SET_INTERVAL : 0;
	unsigned n = measure(s->key, ARRAY_LEN(s->key), &type, &size);
	unsigned data = measure(s->data, ARRAY_LEN(s->data), &data_type, &data_size);

	if (n > 1)
		flags |= NFT_SET_CONCAT;
	if (data)
		flags |= NFT_SET_MAP;
	begin(t, NFT_MSG_NEWSET, NLM_F_CREATE, s->name);
	netlink_put_text(&t->n, NFTA_SET_TABLE, t->table);
	netlink_put_text(&t->n, NFTA_SET_NAME, s->name);
	netlink_put_be32(&t->n, NFTA_SET_ID, ++t->sets);
	netlink_put_be32(&t->n, NFTA_SET_FLAGS, flags);
	netlink_put_be32(&t->n, NFTA_SET_KEY_TYPE, type);
	netlink_put_be32(&t->n, NFTA_SET_KEY_LEN, size);
	if (data) {
		netlink_put_be32(&t->n, NFTA_SET_DATA_TYPE, data_type);
		netlink_put_be32(&t->n, NFTA_SET_DATA_LEN, data_size);
	}
	if (n > 1)
		put_fields(t, s->key, n);
	if (s->pieces)
		put_pieces(t, s->key, n);
	else if (n == 1 &&
		 s->key[0].type == NFT_TYPE_IFNAME) /* for `nft` alone: names are not numbers of the network */
		netlink_put(&t->n, NFTA_SET_USERDATA, host_order, sizeof host_order);
}

static void put_value(struct nft *t, uint16_t type, const void *data, size_t size)
{
	size_t nest = netlink_nest(&t->n, type);

	netlink_put(&t->n, NFTA_DATA_VALUE, data, size);
	netlink_nest_end(&t->n, nest);
}

static void put_element(struct nft *t, const char *set, const struct nft_element *el)
{
	size_t all, one;

	netlink_put_text(&t->n, NFTA_SET_ELEM_LIST_TABLE, t->table);
	netlink_put_text(&t->n, NFTA_SET_ELEM_LIST_SET, set);
	all = netlink_nest(&t->n, NFTA_SET_ELEM_LIST_ELEMENTS);
	one = netlink_nest(&t->n, NFTA_LIST_ELEM);
	put_value(t, NFTA_SET_ELEM_KEY, el->key, el->key_size);
	if (el->end)
		put_value(t, NFTA_SET_ELEM_KEY_END, el->end, el->key_size);
	if (el->data)
		put_value(t, NFTA_SET_ELEM_DATA, el->data, el->data_size);
	netlink_nest_end(&t->n, one);
	netlink_nest_end(&t->n, all);
}

void nft_element_add(struct nft *t, const char *set, const struct nft_element *el)
{
	begin(t, NFT_MSG_NEWSETELEM, NLM_F_CREATE, set);
	put_element(t, set, el);
}

void nft_element_delete(struct nft *t, const char *set, const struct nft_element *el, bool forgiving)
{
	struct nft_element key = *el;

	key.data = NULL;
	begin(t, forgiving ? DESTROY_ELEMENT : NFT_MSG_DELSETELEM, 0, set);
	put_element(t, set, &key);
}

/* ---- rules -------------------------------------------------------------------------------------------------------- */

void nft_rule(struct nft *t, const char *chain)
{
	begin(t, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, chain);
	netlink_put_text(&t->n, NFTA_RULE_TABLE, t->table);
	netlink_put_text(&t->n, NFTA_RULE_CHAIN, chain);
	t->rule = netlink_nest(&t->n, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct nft *t)
{
	netlink_nest_end(&t->n, t->rule);
}

struct expression {
	size_t element, data;
};

static struct expression expression(struct nft *t, const char *name)
{
	struct expression x = { .element = netlink_nest(&t->n, NFTA_LIST_ELEM) };

	netlink_put_text(&t->n, NFTA_EXPR_NAME, name);
	x.data = netlink_nest(&t->n, NFTA_EXPR_DATA);
	return x;
}

static void expression_end(struct nft *t, struct expression x)
{
	netlink_nest_end(&t->n, x.data);
	netlink_nest_end(&t->n, x.element);
}

void nft_meta(struct nft *t, enum nft_meta_keys key, unsigned reg)
{
	struct expression x = expression(t, "meta");

	netlink_put_be32(&t->n, NFTA_META_KEY, key);
	netlink_put_be32(&t->n, NFTA_META_DREG, REGISTER(reg));
	expression_end(t, x);
}

void nft_ct(struct nft *t, enum nft_ct_keys key, unsigned reg)
{
	struct expression x = expression(t, "ct");

	netlink_put_be32(&t->n, NFTA_CT_KEY, key);
	netlink_put_be32(&t->n, NFTA_CT_DREG, REGISTER(reg));
	expression_end(t, x);
}

void nft_payload(struct nft *t, enum nft_payload_bases base, unsigned offset, unsigned size, unsigned reg)
{
	struct expression x = expression(t, "payload");

	netlink_put_be32(&t->n, NFTA_PAYLOAD_DREG, REGISTER(reg));
	netlink_put_be32(&t->n, NFTA_PAYLOAD_BASE, base);
	netlink_put_be32(&t->n, NFTA_PAYLOAD_OFFSET, offset);
	netlink_put_be32(&t->n, NFTA_PAYLOAD_LEN, size);
	expression_end(t, x);
}

void nft_load(struct nft *t, unsigned reg, const void *data, size_t size)
{
	struct expression x = expression(t, "immediate");

	netlink_put_be32(&t->n, NFTA_IMMEDIATE_DREG, REGISTER(reg));
	put_value(t, NFTA_IMMEDIATE_DATA, data, size);
	expression_end(t, x);
}

void nft_compare(struct nft *t, unsigned reg, enum nft_cmp_ops op, const void *data, size_t size)
{
	struct expression x = expression(t, "cmp");

	netlink_put_be32(&t->n, NFTA_CMP_SREG, REGISTER(reg));
	netlink_put_be32(&t->n, NFTA_CMP_OP, op);
	put_value(t, NFTA_CMP_DATA, data, size);
	expression_end(t, x);
}

void nft_mask(struct nft *t, unsigned reg, const void *mask, size_t size)
{
	static const char zero[16];
	struct expression x = expression(t, "bitwise");

	netlink_put_be32(&t->n, NFTA_BITWISE_SREG, REGISTER(reg));
	netlink_put_be32(&t->n, NFTA_BITWISE_DREG, REGISTER(reg));
	netlink_put_be32(&t->n, NFTA_BITWISE_LEN, (uint32_t)size);
	put_value(t, NFTA_BITWISE_MASK, mask, size);
	put_value(t, NFTA_BITWISE_XOR, zero, size);
	expression_end(t, x);
}

void nft_in_set(struct nft *t, const char *set, unsigned reg, bool inverted)
{
	struct expression x = expression(t, "lookup");

	netlink_put_text(&t->n, NFTA_LOOKUP_SET, set);
	netlink_put_be32(&t->n, NFTA_LOOKUP_SREG, REGISTER(reg));
	if (inverted)
		netlink_put_be32(&t->n, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	expression_end(t, x);
}

void nft_map(struct nft *t, const char *map, unsigned from, unsigned to)
{
	struct expression x = expression(t, "lookup");

	netlink_put_text(&t->n, NFTA_LOOKUP_SET, map);
	netlink_put_be32(&t->n, NFTA_LOOKUP_SREG, REGISTER(from));
	netlink_put_be32(&t->n, NFTA_LOOKUP_DREG, REGISTER(to));
	expression_end(t, x);
}

void nft_address_type(struct nft *t, unsigned reg)
{
	struct expression x = expression(t, "fib");

	netlink_put_be32(&t->n, NFTA_FIB_DREG, REGISTER(reg));
	netlink_put_be32(&t->n, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	netlink_put_be32(&t->n, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	expression_end(t, x);
}

void nft_dnat(struct nft *t, uint8_t family, unsigned address, int port)
{
	struct expression x = expression(t, "nat");

	netlink_put_be32(&t->n, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	netlink_put_be32(&t->n, NFTA_NAT_FAMILY, family);
	netlink_put_be32(&t->n, NFTA_NAT_REG_ADDR_MIN, REGISTER(address));
	if (port >= 0)
		netlink_put_be32(&t->n, NFTA_NAT_REG_PROTO_MIN, REGISTER((unsigned)port));
	expression_end(t, x);
}

void nft_masquerade(struct nft *t)
{
	expression_end(t, expression(t, "masq"));
}

void nft_verdict(struct nft *t, int code, const char *chain)
{
	struct expression x = expression(t, "immediate");
	size_t data, verdict;

	netlink_put_be32(&t->n, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = netlink_nest(&t->n, NFTA_IMMEDIATE_DATA);
	verdict = netlink_nest(&t->n, NFTA_DATA_VERDICT);
	netlink_put_be32(&t->n, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain)
		netlink_put_text(&t->n, NFTA_VERDICT_CHAIN, chain);
	netlink_nest_end(&t->n, verdict);
	netlink_nest_end(&t->n, data);
	expression_end(t, x);
}
