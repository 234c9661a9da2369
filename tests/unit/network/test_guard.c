/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "network/guard.h"

#include "base/scope.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

struct messages {
	uint8_t bytes[1024] __attribute__((aligned(8)));
	size_t n;
};

/* As the kernel tells of it; table NULL: without an attribute. */
static void tell(struct messages *m, unsigned type, const char *table)
{
	size_t name = table ? strlen(table) + 1 : 0,
	       size = NLMSG_HDRLEN + sizeof(struct nfgenmsg) + (table ? 4 + name : 0);
	struct nlmsghdr h = { .nlmsg_len = (uint32_t)size, .nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type) };
	struct nlattr a = { .nla_len = (uint16_t)(4 + name), .nla_type = NFTA_TABLE_NAME };
	uint8_t *p = m->bytes + m->n;

	memcpy(p, &h, sizeof h);
	if (table) {
		memcpy(p + NLMSG_HDRLEN + sizeof(struct nfgenmsg), &a, sizeof a);
		memcpy(p + NLMSG_HDRLEN + sizeof(struct nfgenmsg) + 4, table, name);
	}
	m->n += NLMSG_ALIGN(size);
}

TEST(only_what_was_taken_from_us_and_not_put_back_is_lost)
{
	static const struct {
		unsigned type;
		const char *table;
		unsigned more;
		const char *more_table;
		unsigned lost;
	} cases[] = {
		{ NFT_MSG_DELTABLE, "tare", 0, NULL, GUARD_FIREWALL },
		{ NFT_MSG_DELRULE, "tare-3c719", 0, NULL, GUARD_FIREWALL },
		{ NFT_MSG_DELTABLE, "tare_relay_00000001", NFT_MSG_DELTABLE, "tare", GUARD_FIREWALL | GUARD_RELAY },
		{ NFT_MSG_DELTABLE, "tare", NFT_MSG_NEWTABLE, "tare", GUARD_NONE },
		{ NFT_MSG_DELTABLE, "tare", NFT_MSG_NEWTABLE, "tare_relay_00000001", GUARD_FIREWALL },
		{ NFT_MSG_DELTABLE, "tar", NFT_MSG_DELTABLE, "tareq", GUARD_NONE },
		{ NFT_MSG_DELTABLE, "docker-bridges", NFT_MSG_DELRULE, "tare_dns", GUARD_NONE },
		{ NFT_MSG_DELSETELEM, "tare", NFT_MSG_NEWRULE, "tare", GUARD_NONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct messages m = { .n = 0 };
		struct guard_changes c = { 0 };

		tell(&m, cases[i].type, cases[i].table);
		if (cases[i].more_table)
			tell(&m, cases[i].more, cases[i].more_table);
		assert_int_equal(GUARD_NONE, guard_hear(&c, m.bytes, m.n)); /* the transaction is not over */
		m.n = 0;
		tell(&m, NFT_MSG_NEWGEN, NULL);
		assert_int_equal(cases[i].lost, guard_hear(&c, m.bytes, m.n));
		assert_int_equal(GUARD_NONE, guard_hear(&c, m.bytes, m.n));
	}
}

/* The end of a transaction of a program of this name. */
static void tell_end(struct messages *m, const char *program)
{
	size_t at = m->n;
	struct nlattr a;

	tell(m, NFT_MSG_NEWGEN, program);
	memcpy(&a, m->bytes + at + NLMSG_HDRLEN + sizeof(struct nfgenmsg), sizeof a);
	a.nla_type = NFTA_GEN_PROC_NAME;
	memcpy(m->bytes + at + NLMSG_HDRLEN + sizeof(struct nfgenmsg), &a, sizeof a);
}

TEST(what_somebody_else_puts_in_their_place_is_not_ours)
{
	static const struct {
		const char *program;
		unsigned lost;
	} cases[] = { { "nft", GUARD_FIREWALL }, { "tare", GUARD_NONE }, { "tare-monitor", GUARD_NONE },
		      { "", GUARD_FIREWALL },	 { "systemctl", GUARD_FIREWALL } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct messages m = { .n = 0 };
		struct guard_changes c = { 0 };

		tell(&m, NFT_MSG_DELTABLE, "tare");
		tell(&m, NFT_MSG_NEWTABLE, "tare");
		tell_end(&m, cases[i].program);
		assert_int_equal(cases[i].lost, guard_hear(&c, m.bytes, m.n));
		m.n = 0;
		tell_end(&m, cases[i].program);
		assert_int_equal(GUARD_NONE, guard_hear(&c, m.bytes, m.n));
	}
}

TEST(what_is_cut_ends_the_walk)
{
	struct messages m = { .n = 0 };

	tell(&m, NFT_MSG_DELTABLE, "tare");
	tell(&m, NFT_MSG_NEWGEN, NULL);
	for (size_t n = 0; n < m.n; n++) {
		uint8_t *exact = malloc(n + 1);
		struct guard_changes c = { 0 };

		memcpy(exact, m.bytes, n);
		assert_int_equal(GUARD_NONE, guard_hear(&c, exact, n));
		free(exact);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RUN(only_what_was_taken_from_us_and_not_put_back_is_lost),
		RUN(what_somebody_else_puts_in_their_place_is_not_ours),
		RUN(what_is_cut_ends_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
