/* SPDX-License-Identifier: Apache-2.0 */
#include "insight/packet_rules_priv.h"

#include "base/scope.h"
#include "kernel/netlink.h"
#include "kernel/nftables.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <string.h>

#define STATE_NEW 8u /* NF_CT_STATE_BIT(IP_CT_NEW) */
#define PORT_AT(p) ((size_t)((p)->six ? 54 : 34))
#define NETWORK_AT 14u

struct expression {
	const void *p;
	size_t n;
};

/* ---- attributes and registers --------------------------------------------------------------------------------------- */

static bool number(const struct expression *x, uint16_t type, uint32_t *ret)
{
	size_t n = 0;
	const void *p = x->p ? netlink_attr(x->p, x->n, type, &n) : NULL;
	uint32_t v;

	if (!p || n != sizeof v)
		return false;
	memcpy(&v, p, sizeof v);
	*ret = ntohl(v);
	return true;
}

static uint32_t number_or(const struct expression *x, uint16_t type, uint32_t usual)
{
	uint32_t v = usual;

	(void)number(x, type, &v);
	return v;
}

static const uint8_t *value(const struct expression *x, uint16_t type, size_t *ret_n)
{
	size_t n = 0;
	const void *p = x->p ? netlink_attr(x->p, x->n, type, &n) : NULL;

	return p ? netlink_attr(p, n, NFTA_DATA_VALUE, ret_n) : NULL;
}

/* Registers of 16 bytes are 1 to 4, of 4 bytes 8 to 23. false: none, or too small for n bytes */
static bool place(const struct expression *x, uint16_t type, size_t n, size_t *ret)
{
	uint32_t r, at;

	if (!number(x, type, &r))
		return false;
	if (r >= NFT_REG_1 && r <= NFT_REG_4)
		at = (r - NFT_REG_1) * 16;
	else if (r >= NFT_REG32_00 && r <= NFT_REG32_15)
		at = (r - NFT_REG32_00) * 4;
	else
		return false;
	*ret = at;
	return at + n <= REGISTERS;
}

static uint64_t bits(size_t at, size_t n)
{
	return (n >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1) << at;
}

static enum step unsure(struct machine *m)
{
	m->unsure = true;
	return STEP_NEXT;
}

/* A value goes into a register and fills it up to four bytes; data NULL: it is not known. */
static enum step load(struct machine *m, const struct expression *x, uint16_t type, const void *data, size_t n)
{
	size_t at, filled = (n + 3) & ~(size_t)3;

	if (!place(x, type, filled, &at))
		return unsure(m);
	memset(m->regs + at, 0, filled);
	if (data)
		memcpy(m->regs + at, data, n);
	m->known = data ? m->known | bits(at, filled) : m->known & ~bits(at, filled);
	return STEP_NEXT;
}

static enum step load_unknown(struct machine *m, const struct expression *x, uint16_t type)
{
	return load(m, x, type, NULL, 16);
}

/* What a register holds; NULL: it is not known. */
static uint8_t *held(struct machine *m, const struct expression *x, uint16_t type, size_t n)
{
	size_t at;

	if (n == 0 || !place(x, type, n, &at) || (m->known & bits(at, n)) != bits(at, n))
		return NULL;
	return m->regs + at;
}

/* ---- what is loaded --------------------------------------------------------------------------------------------------- */

static enum step set_mark(struct machine *m, const struct expression *x, uint16_t sreg)
{
	const uint8_t *v = held(m, x, sreg, sizeof m->p->mark);

	if (v)
		memcpy(&m->p->mark, v, sizeof m->p->mark);
	return STEP_NEXT;
}

static enum step do_meta(struct machine *m, const struct expression *x)
{
	const struct packet *p = m->p;
	uint8_t protocol = m->family == NFPROTO_BRIDGE ? NFPROTO_BRIDGE : p->six ? NFPROTO_IPV6 : NFPROTO_IPV4;
	uint16_t ether = htons(p->six ? ETH_P_IPV6 : ETH_P_IP);
	uint32_t key = 0, sreg;
	uint8_t unicast = 0;

	if (!number(x, NFTA_META_KEY, &key))
		return unsure(m);
	if (number(x, NFTA_META_SREG, &sreg))
		return key == NFT_META_MARK ? set_mark(m, x, NFTA_META_SREG) : STEP_NEXT;
	switch (key) {
	case NFT_META_PROTOCOL:
		return load(m, x, NFTA_META_DREG, &ether, sizeof ether);
	case NFT_META_NFPROTO:
		return load(m, x, NFTA_META_DREG, &protocol, 1);
	case NFT_META_L4PROTO:
		return load(m, x, NFTA_META_DREG, &p->protocol, 1);
	case NFT_META_MARK:
		return load(m, x, NFTA_META_DREG, &p->mark, sizeof p->mark);
	case NFT_META_IIFNAME:
		return load(m, x, NFTA_META_DREG, p->in, sizeof p->in);
	case NFT_META_OIFNAME:
		return load(m, x, NFTA_META_DREG, p->out, sizeof p->out);
	case NFT_META_IIF:
		return load(m, x, NFTA_META_DREG, &p->in_index, sizeof p->in_index);
	case NFT_META_OIF:
		return load(m, x, NFTA_META_DREG, &p->out_index, sizeof p->out_index);
	case NFT_META_PKTTYPE:
		return load(m, x, NFTA_META_DREG, &unicast, 1);
	default:
		return load_unknown(m, x, NFTA_META_DREG);
	}
}

static enum step do_payload(struct machine *m, const struct expression *x)
{
	static const uint32_t usual = 0xffff;
	uint32_t base = number_or(x, NFTA_PAYLOAD_BASE, usual), offset = number_or(x, NFTA_PAYLOAD_OFFSET, usual);
	uint32_t n = number_or(x, NFTA_PAYLOAD_LEN, usual), sreg;
	size_t from = base == NFT_PAYLOAD_LL_HEADER	   ? 0 :
		      base == NFT_PAYLOAD_NETWORK_HEADER   ? NETWORK_AT :
		      base == NFT_PAYLOAD_TRANSPORT_HEADER ? PORT_AT(m->p) :
							     m->p->size;

	if (number(x, NFTA_PAYLOAD_SREG, &sreg))
		return STEP_NEXT; /* something is written that no rule of ours looks at */
	if (n > 16 || offset > m->p->size || from + offset + n > m->p->size)
		return STEP_NO_MATCH; /* as where a packet ends too early */
	return load(m, x, NFTA_PAYLOAD_DREG, m->p->bytes + from + offset, n);
}

static enum step do_ct(struct machine *m, const struct expression *x)
{
	uint32_t key = 0, zero = 0, state = STATE_NEW, sreg;
	uint32_t status = (m->p->to_changed ? IPS_DST_NAT : 0u) | (m->p->from_changed ? IPS_SRC_NAT : 0u);
	uint8_t family = m->p->six ? NFPROTO_IPV6 : NFPROTO_IPV4;

	if (!number(x, NFTA_CT_KEY, &key))
		return unsure(m);
	if (number(x, NFTA_CT_SREG, &sreg))
		return STEP_NEXT;
	switch (key) {
	case NFT_CT_STATE:
		return load(m, x, NFTA_CT_DREG, &state, sizeof state);
	case NFT_CT_STATUS:
		return load(m, x, NFTA_CT_DREG, &status, sizeof status);
	case NFT_CT_MARK:
		return load(m, x, NFTA_CT_DREG, &zero, sizeof zero);
	case NFT_CT_DIRECTION:
		return load(m, x, NFTA_CT_DREG, &zero, 1);
	case NFT_CT_L3PROTOCOL:
		return load(m, x, NFTA_CT_DREG, &family, 1);
	case NFT_CT_PROTOCOL:
		return load(m, x, NFTA_CT_DREG, &m->p->protocol, 1);
	default:
		return load_unknown(m, x, NFTA_CT_DREG);
	}
}

static enum step do_fib(struct machine *m, const struct expression *x)
{
	uint32_t result = number_or(x, NFTA_FIB_RESULT, 0), flags = number_or(x, NFTA_FIB_FLAGS, 0), one = 1, type;
	struct packet_end end = flags & NFTA_FIB_F_SADDR ? packet_from(m->p) : packet_to(m->p);

	if (result == NFT_FIB_RESULT_ADDRTYPE) {
		type = m->w->type(&end.ip, m->w->arg);
		return type ? load(m, x, NFTA_FIB_DREG, &type, sizeof type) : load_unknown(m, x, NFTA_FIB_DREG);
	}
	if (flags & NFTA_FIB_F_PRESENT) /* the way back is the one by which it came */
		return load(m, x, NFTA_FIB_DREG, &one, sizeof one);
	return load_unknown(m, x, NFTA_FIB_DREG);
}

/* ---- what is asked ------------------------------------------------------------------------------------------------- */

static bool holds(uint32_t op, int order)
{
	switch (op) {
	case NFT_CMP_EQ:
		return order == 0;
	case NFT_CMP_NEQ:
		return order != 0;
	case NFT_CMP_LT:
		return order < 0;
	case NFT_CMP_LTE:
		return order <= 0;
	case NFT_CMP_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

static enum step do_cmp(struct machine *m, const struct expression *x)
{
	size_t n = 0;
	const uint8_t *data = value(x, NFTA_CMP_DATA, &n), *v = data ? held(m, x, NFTA_CMP_SREG, n) : NULL;

	if (!v)
		return unsure(m);
	return holds(number_or(x, NFTA_CMP_OP, NFT_CMP_EQ), memcmp(v, data, n)) ? STEP_NEXT : STEP_NO_MATCH;
}

static enum step do_range(struct machine *m, const struct expression *x)
{
	size_t n = 0, n2 = 0;
	const uint8_t *from = value(x, NFTA_RANGE_FROM_DATA, &n), *to = value(x, NFTA_RANGE_TO_DATA, &n2);
	const uint8_t *v = from && to && n == n2 ? held(m, x, NFTA_RANGE_SREG, n) : NULL;
	bool inside;

	if (!v)
		return unsure(m);
	inside = memcmp(v, from, n) >= 0 && memcmp(v, to, n) <= 0;
	return inside == (number_or(x, NFTA_RANGE_OP, NFT_RANGE_EQ) == NFT_RANGE_EQ) ? STEP_NEXT : STEP_NO_MATCH;
}

static enum step do_bitwise(struct machine *m, const struct expression *x)
{
	size_t len = number_or(x, NFTA_BITWISE_LEN, 0), n = 0, n2 = 0;
	const uint8_t *mask = value(x, NFTA_BITWISE_MASK, &n), *other = value(x, NFTA_BITWISE_XOR, &n2);
	const uint8_t *v = mask && other && n == len && n2 == len && len <= 16 ? held(m, x, NFTA_BITWISE_SREG, len) :
										  NULL;
	uint8_t out[16];

	if (!v)
		return load_unknown(m, x, NFTA_BITWISE_DREG);
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)((v[i] & mask[i]) ^ other[i]);
	return load(m, x, NFTA_BITWISE_DREG, out, len);
}

static enum step do_byteorder(struct machine *m, const struct expression *x)
{
	size_t len = number_or(x, NFTA_BYTEORDER_LEN, 0), size = number_or(x, NFTA_BYTEORDER_SIZE, 0);
	const uint8_t *v = len <= 16 ? held(m, x, NFTA_BYTEORDER_SREG, len) : NULL;
	uint8_t out[16];

	if (!v || (size != 2 && size != 4 && size != 8) || len % size)
		return load_unknown(m, x, NFTA_BYTEORDER_DREG);
	for (size_t i = 0; i < len; i++)
		out[i] = htons(1) == 1 ? v[i] : v[i / size * size + size - 1 - i % size];
	return load(m, x, NFTA_BYTEORDER_DREG, out, len);
}

static const struct nft_seen_set *find_set(const struct machine *m, const char *name, size_t n)
{
	for (size_t i = 0; i < m->w->rules->sets.n; i++) {
		const struct nft_seen_set *s = &m->w->rules->sets.v[i];

		if (s->family == m->table_family && strcmp(s->table, m->table) == 0 && strlen(s->name) == n &&
		    memcmp(s->name, name, n) == 0)
			return s;
	}
	return NULL;
}

static enum step take_verdict(struct machine *m, int32_t code, const char *chain)
{
	m->code = code;
	(void)sv_copy(sv_from(chain), m->to, sizeof m->to);
	return code == NFT_CONTINUE ? STEP_NEXT : STEP_VERDICT;
}

static enum step use_element(struct machine *m, const struct expression *x, const struct nft_found *f)
{
	uint32_t dreg;

	if (!number(x, NFTA_LOOKUP_DREG, &dreg))
		return STEP_NEXT;
	if (dreg == NFT_REG_VERDICT)
		return f->is_verdict ? take_verdict(m, f->verdict, f->chain) : unsure(m);
	return f->size ? load(m, x, NFTA_LOOKUP_DREG, f->data, f->size) : unsure(m);
}

static enum step do_lookup(struct machine *m, const struct expression *x)
{
	size_t n = 0;
	const char *name = x->p ? netlink_attr(x->p, x->n, NFTA_LOOKUP_SET, &n) : NULL;
	const struct nft_seen_set *set = name ? find_set(m, name, strnlen(name, n)) : NULL;
	const uint8_t *key = set ? held(m, x, NFTA_LOOKUP_SREG, set->key_size) : NULL;
	bool inverted = number_or(x, NFTA_LOOKUP_FLAGS, 0) & NFT_LOOKUP_F_INV;
	struct nft_found f = { .is_verdict = false };
	int r = key ? m->w->find(set, key, &f, m->w->arg, NULL) : -ENOENT;

	if (r < 0)
		return unsure(m);
	if ((r == 1) == inverted)
		return STEP_NO_MATCH;
	return r == 1 ? use_element(m, x, &f) : STEP_NEXT;
}

/* Of iptables: what is in the two that stand before most rules of a router. */
static enum step do_match(struct machine *m, const struct expression *x)
{
	enum { CONNTRACK_SIZE = 156, MATCH_FLAGS = 146, INVERT_FLAGS = 148, STATE_MASK = 150, BY_STATE = 1 };
	size_t n = 0, size = 0;
	const char *name = x->p ? netlink_attr(x->p, x->n, NFTA_MATCH_NAME, &n) : NULL;
	const uint8_t *info = x->p ? netlink_attr(x->p, x->n, NFTA_MATCH_INFO, &size) : NULL;
	uint16_t flags, inverted, states;

	if (!name)
		return unsure(m);
	n = strnlen(name, n);
	if (n == 7 && memcmp(name, "comment", n) == 0)
		return STEP_NEXT;
	if (n != 9 || memcmp(name, "conntrack", n) != 0 || !info || size < CONNTRACK_SIZE)
		return unsure(m);
	memcpy(&flags, info + MATCH_FLAGS, sizeof flags);
	memcpy(&inverted, info + INVERT_FLAGS, sizeof inverted);
	memcpy(&states, info + STATE_MASK, sizeof states);
	if (flags != BY_STATE)
		return unsure(m);
	return ((states & STATE_NEW) != 0) != ((inverted & BY_STATE) != 0) ? STEP_NEXT : STEP_NO_MATCH;
}

static enum step do_limit(struct machine *m, const struct expression *x)
{
	return number_or(x, NFTA_LIMIT_FLAGS, 0) & NFT_LIMIT_F_INV ? STEP_NO_MATCH : STEP_NEXT;
}

/* ---- what is done ---------------------------------------------------------------------------------------------------- */

static enum step do_immediate(struct machine *m, const struct expression *x)
{
	size_t n = 0, size = 0;
	const void *data = x->p ? netlink_attr(x->p, x->n, NFTA_IMMEDIATE_DATA, &n) : NULL, *v;
	char chain[128];
	int32_t code;

	if (!data)
		return unsure(m);
	v = netlink_attr(data, n, NFTA_DATA_VERDICT, &size);
	if (v)
		return nft_take_verdict(v, size, &code, chain) ? take_verdict(m, code, chain) : unsure(m);
	v = netlink_attr(data, n, NFTA_DATA_VALUE, &size);
	return v && size <= 16 ? load(m, x, NFTA_IMMEDIATE_DREG, v, size) : unsure(m);
}

static enum step do_reject(struct machine *m, const struct expression *x)
{
	m->rejected = true;
	return take_verdict(m, NF_DROP, "");
}

static void change_to(struct machine *m, const uint8_t *address, const uint8_t *port)
{
	if (address)
		memcpy(m->p->bytes + NETWORK_AT + (m->p->six ? 24 : 16), address, m->p->six ? 16 : 4);
	if (port)
		memcpy(m->p->bytes + PORT_AT(m->p) + 2, port, 2);
	m->p->to_changed = m->nat_done = true;
}

static enum step do_nat(struct machine *m, const struct expression *x)
{
	const uint8_t *address = held(m, x, NFTA_NAT_REG_ADDR_MIN, m->p->six ? 16 : 4);
	const uint8_t *port = held(m, x, NFTA_NAT_REG_PROTO_MIN, 2);

	if (number_or(x, NFTA_NAT_TYPE, NFT_NAT_SNAT) == NFT_NAT_SNAT)
		m->p->from_changed = true;
	else
		change_to(m, address, port);
	return take_verdict(m, NF_ACCEPT, "");
}

static enum step do_masq(struct machine *m, const struct expression *x)
{
	m->p->from_changed = true;
	return take_verdict(m, NF_ACCEPT, "");
}

static enum step do_redir(struct machine *m, const struct expression *x)
{
	change_to(m, NULL, held(m, x, NFTA_REDIR_REG_PROTO_MIN, 2));
	m->p->redirected = true;
	return take_verdict(m, NF_ACCEPT, "");
}

static enum step do_target(struct machine *m, const struct expression *x)
{
	static const char *const harmless[] = { "LOG", "NFLOG", "MARK", "CONNMARK", "TCPMSS", "CT", "CHECKSUM",
						"NOTRACK" };
	size_t n = 0;
	const char *p = x->p ? netlink_attr(x->p, x->n, NFTA_TARGET_NAME, &n) : NULL;
	struct sv name = p ? (struct sv){ p, strnlen(p, n) } : SV("");

	if (sv_is(name, "REJECT"))
		return do_reject(m, x);
	if (sv_is(name, "MASQUERADE"))
		return do_masq(m, x);
	for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
		if (sv_is(name, harmless[i]))
			return STEP_NEXT;
	return unsure(m);
}

static enum step do_nothing(struct machine *m, const struct expression *x)
{
	return STEP_NEXT;
}

static const struct {
	const char *name;
	enum step (*run)(struct machine *m, const struct expression *x);
} expressions[] = {
	{ "meta", do_meta },
	{ "payload", do_payload },
	{ "cmp", do_cmp },
	{ "immediate", do_immediate },
	{ "lookup", do_lookup },
	{ "ct", do_ct },
	{ "bitwise", do_bitwise },
	{ "counter", do_nothing },
	{ "nat", do_nat },
	{ "masq", do_masq },
	{ "redir", do_redir },
	{ "reject", do_reject },
	{ "fib", do_fib },
	{ "range", do_range },
	{ "limit", do_limit },
	{ "byteorder", do_byteorder },
	{ "match", do_match },
	{ "target", do_target },
	{ "log", do_nothing },
	{ "notrack", do_nothing },
	{ "objref", do_nothing },
	{ "quota", do_nothing },
	{ "last", do_nothing },
	{ "dynset", do_nothing },
	{ "flow_offload", do_nothing },
};

enum step packet_expression(struct machine *m, const void *element, size_t size)
{
	size_t n = 0;
	const char *name = netlink_attr(element, size, NFTA_EXPR_NAME, &n);
	struct expression x = { 0 };

	if (!name)
		return unsure(m);
	n = strnlen(name, n);
	x.p = netlink_attr(element, size, NFTA_EXPR_DATA, &x.n);
	for (size_t i = 0; i < ARRAY_LEN(expressions); i++)
		if (strlen(expressions[i].name) == n && memcmp(expressions[i].name, name, n) == 0)
			return expressions[i].run(m, &x);
	return unsure(m);
}
