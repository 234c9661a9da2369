/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scope.h"
#include "insight/packet_rules_priv.h"
#include "kernel/netlink.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16     /* of jumps, as the kernel has it */
#define RULES_MAX 500000 /* looked at for one hook */
#define CHAINS_MAX 256   /* of one hook */

static enum step run_rule(struct machine *m, const struct nft_seen_rule *rule)
{
	const char *at = rule->expressions;
	size_t left = rule->size;
	enum step s = STEP_NEXT;
	struct packet before = *m->p;
	bool nat_done = m->nat_done;

	m->unsure = m->rejected = false;
	m->known = 0;
	while (s == STEP_NEXT && left >= NLA_HDRLEN) {
		struct nlattr a;

		memcpy(&a, at, sizeof a);
		if (a.nla_len < NLA_HDRLEN || a.nla_len > left)
			break;
		s = packet_expression(m, at + NLA_HDRLEN, a.nla_len - NLA_HDRLEN);
		if ((size_t)NLA_ALIGN(a.nla_len) >= left)
			break;
		at += NLA_ALIGN(a.nla_len);
		left -= NLA_ALIGN(a.nla_len);
	}
	if (m->unsure && s == STEP_VERDICT) { /* it may be so or not: not, and that is remembered */
		m->missed = true;
		*m->p = before;
		m->nat_done = nat_done;
		return STEP_NO_MATCH;
	}
	return s;
}

static bool is_of(const struct nft_seen_rule *r, const struct machine *m, const char *chain)
{
	return r->family == m->table_family && strcmp(r->chain, chain) == 0 && strcmp(r->table, m->table) == 0;
}

/* 1: decided, m->code is NF_ACCEPT or NF_DROP; 0: its end was reached, or "return". */
static int run_chain(struct machine *m, const char *chain, unsigned depth, struct err *e)
{
	const struct nft_ruleset *rules = m->w->rules;
	int r = 0;

	if (depth > DEPTH_MAX)
		return err_set(e, E2BIG, "nftables: chain %s: jumps without an end", chain);
	for (size_t i = 0; r == 0 && i < rules->rules.n; i++) {
		const struct nft_seen_rule *rule = &rules->rules.v[i];
		char to[sizeof m->to];

		if (m->budget-- == 0)
			return err_set(e, E2BIG, "nftables: more than %d rules on one way", RULES_MAX);
		if (!is_of(rule, m, chain) || run_rule(m, rule) != STEP_VERDICT)
			continue;
		if (m->code == NFT_RETURN)
			return 0;
		if (m->code != NFT_JUMP && m->code != NFT_GOTO) {
			m->by = rule;
			m->by_chain = rule->chain;
			return 1;
		}
		memcpy(to, m->to, sizeof to);
		if (m->code == NFT_GOTO)
			return run_chain(m, to, depth + 1, e);
		r = run_chain(m, to, depth + 1, e);
	}
	return r;
}

static bool is_at(const struct nft_seen_chain *c, uint8_t family, enum packet_hook hook)
{
	bool fits = c->family == family || (c->family == NFPROTO_INET && family != NFPROTO_BRIDGE);

	return c->base && fits && c->hook == (uint32_t)hook;
}

static int by_priority(const void *a, const void *b)
{
	const struct nft_seen_chain *x = *(const struct nft_seen_chain *const *)a,
				    *y = *(const struct nft_seen_chain *const *)b;

	return x->priority != y->priority ? (x->priority < y->priority ? -1 : 1) : x < y ? -1 : 1;
}

static int run_base(struct machine *m, const struct nft_seen_chain *c, struct packet_verdict *v, struct err *e)
{
	int r;

	m->table = c->table;
	m->table_family = c->family;
	m->by = NULL;
	m->by_chain = c->name;
	if (c->nat && m->nat_done)
		return 0;
	r = run_chain(m, c->name, 0, e);
	if (r < 0)
		return r;
	if (r == 0 ? !c->drops : m->code != NF_DROP)
		return 0;
	*v = (struct packet_verdict){ true, r == 1 && m->rejected, !m->missed, c, r == 1 ? m->by : NULL, m->by_chain };
	return 0;
}

int packet_at_hook(const struct packet_world *w, uint8_t family, enum packet_hook hook, struct packet *p,
		   struct packet_verdict *ret, struct err *e)
{
	const struct nft_seen_chain *chains[CHAINS_MAX];
	struct packet_verdict v = { .sure = true };
	struct machine m = { .w = w, .p = p, .family = family, .hook = hook, .budget = RULES_MAX };
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < w->rules->chains.n && n < CHAINS_MAX; i++)
		if (is_at(&w->rules->chains.v[i], family, hook))
			chains[n++] = &w->rules->chains.v[i];
	qsort(chains, n, sizeof *chains, by_priority);
	for (size_t i = 0; r == 0 && !v.stopped && i < n; i++)
		r = run_base(&m, chains[i], &v, e);
	if (r < 0)
		return r;
	if (!v.stopped)
		v.sure = !m.missed;
	*ret = v;
	return 0;
}
