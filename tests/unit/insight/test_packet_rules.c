/* SPDX-License-Identifier: Apache-2.0 */
/* Packets and the rules of tare itself: as they are sent to the kernel, they are read back. Sets are a table of this test. */
#include "../test.h"

#include "base/scope.h"
#include "base/sv.h"
#include "insight/packet_rules.h"
#include "kernel/nftables.h"
#include "network/rules.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

struct fixture {
	struct arena memory;
	struct nft_ruleset rules;
};

/* Requests are what the kernel answers with, but for numbers that it gives. */
static void read_back(struct nft *t, struct fixture *f)
{
	size_t at = 0;

	while (at + NLMSG_HDRLEN <= t->n.out.len) {
		struct nlmsghdr h;
		struct err e = { 0 };

		memcpy(&h, t->n.out.p + at, sizeof h);
		assert_true(h.nlmsg_len >= sizeof h && at + h.nlmsg_len <= t->n.out.len);
		assert_int_equal(0, nft_read_answer(&h, t->n.out.p + at + NLMSG_HDRLEN, h.nlmsg_len - NLMSG_HDRLEN,
						    &f->rules, &e));
		at += NLMSG_ALIGN(h.nlmsg_len);
	}
}

static void setup_rules(struct fixture *f, unsigned guards)
{
	struct nft t;

	*f = (struct fixture){ .memory = ARENA(1u << 20) };
	f->rules.memory = &f->memory;
	nft_begin(&t, 0);
	rules_base(&t, "tare", "tare-", guards);
	nft_use(&t, NFPROTO_IPV4, "other");
	nft_table_make(&t, false);
	nft_chain_base(&t, "FORWARD", "filter", HOOK_FORWARD, 10);
	nft_rule(&t, "FORWARD");
	nft_payload(&t, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 0);
	nft_compare(&t, 0, NFT_CMP_EQ, "\0\x17", 2); /* telnet */
	nft_verdict(&t, NF_DROP, NULL);
	nft_rule_end(&t);
	netlink_begin(&t.n, NLMSG_NOOP, 0, "", 0, NULL); /* the one before gets its length */
	read_back(&t, f);
	nft_done(&t);
}

static void name(uint8_t *at, const char *text)
{
	memset(at, 0, 16);
	memcpy(at, text, strlen(text));
}

/* bridges: tare0 and br-red, which is internal; 10.77.0.1:8080 is 172.17.0.2:80; t-web has 172.17.0.2 */
static int find(const struct nft_seen_set *set, const void *key, struct nft_found *ret, void *arg, struct err *e)
{
	uint8_t want[64] = { 0 };

	(void)arg, (void)e;
	if (strcmp(set->name, "bridges") == 0 || strcmp(set->name, "masqueraded") == 0) {
		name(want, "tare0");
		if (memcmp(key, want, 16) == 0)
			return 1;
	}
	if (strcmp(set->name, "bridges") == 0 || strcmp(set->name, "internal") == 0) {
		name(want, "br-red");
		return memcmp(key, want, 16) == 0;
	}
	if (strcmp(set->name, "closed4") == 0) {
		name(want, "eth0");
		if (memcmp(key, want, 16) == 0)
			return 1;
		name(want, "eth1");
		return memcmp(key, want, 16) == 0;
	}
	if (strcmp(set->name, "port-at4") == 0) {
		static const uint8_t port[] = { 10, 77, 0, 1, 6, 0, 0, 0, 0x1f, 0x90, 0, 0 };
		static const uint8_t to[] = { 172, 17, 0, 2, 0, 80, 0, 0 };

		memcpy(ret->data, to, sizeof to);
		ret->size = sizeof to;
		return memcmp(key, port, sizeof port) == 0;
	}
	if (strcmp(set->name, "macs") == 0) {
		name(want, "tare-web");
		memcpy(want + 16, "\2\x42\xac\x11\0\2", 6);
		return memcmp(key, want, 24) == 0;
	}
	if (strcmp(set->name, "addresses4") == 0) {
		name(want, "tare-web");
		memcpy(want + 16, "\xac\x11\0\2", 4);
		return memcmp(key, want, 20) == 0;
	}
	return 0;
}

static uint32_t type(const struct net_ip *ip, void *arg)
{
	(void)arg;
	return ip->bytes[0] == 10 && ip->bytes[3] == 1 ? RTN_LOCAL : RTN_UNICAST;
}

static struct packet_end end(const char *text, uint16_t port)
{
	struct packet_end e = { .port = port };

	assert_true(net_ip_parse(sv_from(text), &e.ip));
	memcpy(e.mac, "\2\x42\xac\x11\0\2", 6);
	return e;
}

static struct packet_verdict send_one(const struct fixture *f, uint8_t family, enum packet_hook hook, struct packet *p)
{
	struct packet_world w = { .rules = &f->rules, .find = find, .type = type };
	struct packet_verdict v;
	struct err e = { 0 };

	assert_int_equal(0, packet_at_hook(&w, family, hook, p, &v, &e));
	return v;
}

static struct packet make(const char *from, const char *to, uint16_t port, const char *in, const char *out)
{
	struct packet_end a = end(from, 40000), b = end(to, port);
	struct packet p;

	packet_make(&p, IPPROTO_TCP, &a, &b);
	packet_through(&p, in, out);
	return p;
}

TEST(a_published_port_leads_to_the_container_and_past_the_rules)
{
	struct packet p = make("10.77.0.2", "10.77.0.1", 8080, "eth0", NULL);
	struct fixture f;

	setup_rules(&f, RULES_GUARD4);
	assert_false(send_one(&f, NFPROTO_IPV4, HOOK_PREROUTING, &p).stopped);
	assert_true(p.to_changed);
	assert_int_equal(80, packet_to(&p).port);
	assert_int_equal(172, packet_to(&p).ip.bytes[0]);
	packet_through(&p, "eth0", "tare0");
	assert_false(send_one(&f, NFPROTO_IPV4, HOOK_FORWARD, &p).stopped);
	assert_false(send_one(&f, NFPROTO_IPV4, HOOK_POSTROUTING, &p).stopped);
	assert_false(p.from_changed);
	arena_done(&f.memory);
}

TEST(what_was_not_published_or_is_between_networks_is_stopped_by_the_rule_that_says_so)
{
	static const struct {
		const char *in, *out, *at;
	} cases[] = {
		{ "eth0", "tare0", "to-container" }, { "br-red", "eth0", "forward" }, { "tare0", "br-red", "forward" },
		{ "eth0", "eth1", "forward" },	     { "tare0", "eth0", NULL },
		{ "eth0", "cni0", NULL },	     { "cni0", "eth1", NULL }, /* that came later */
	};
	struct fixture f;

	setup_rules(&f, RULES_GUARD4);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct packet p = make("10.9.9.9", "172.17.0.2", 80, cases[i].in, cases[i].out);
		struct packet_verdict v = send_one(&f, NFPROTO_IPV4, HOOK_FORWARD, &p);

		assert_int_equal(cases[i].at != NULL, v.stopped);
		assert_true(v.sure);
		if (!v.stopped)
			continue;
		assert_string_equal(cases[i].at, v.at);
		assert_string_equal("tare", v.chain->table);
		assert_non_null(v.rule);
	}
	arena_done(&f.memory);
}

TEST(the_guard_of_one_family_is_not_that_of_the_other)
{
	struct packet p = make("10.9.9.9", "172.17.0.2", 80, "eth0", "eth1");
	struct fixture f;

	setup_rules(&f, RULES_GUARD6);
	assert_false(send_one(&f, NFPROTO_IPV4, HOOK_FORWARD, &p).stopped);
	arena_done(&f.memory);
}

TEST(a_rule_of_somebody_else_is_named)
{
	struct packet p = make("172.17.0.2", "10.9.9.9", 23, "tare0", "eth0");
	struct packet_verdict v;
	struct fixture f;

	setup_rules(&f, 0);
	v = send_one(&f, NFPROTO_IPV4, HOOK_FORWARD, &p);
	assert_true(v.stopped);
	assert_string_equal("other", v.chain->table);
	assert_string_equal("FORWARD", v.at);
	arena_done(&f.memory);
}

TEST(a_spoofed_address_does_not_leave_the_port)
{
	static const struct {
		const char *from, *in;
		bool stopped;
	} cases[] = { { "172.17.0.2", "tare-web", false }, { "172.17.0.3", "tare-web", true },
		      { "172.17.0.2", "tare-other", true }, { "172.17.0.3", "vnet0", false } };
	struct fixture f;

	setup_rules(&f, 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct packet p = make(cases[i].from, "172.17.0.1", 80, cases[i].in, NULL);

		assert_int_equal(cases[i].stopped, send_one(&f, NFPROTO_BRIDGE, HOOK_PREROUTING, &p).stopped);
	}
	arena_done(&f.memory);
}

TEST(what_leaves_gets_the_hosts_address)
{
	struct packet p = make("172.17.0.2", "10.9.9.9", 80, "tare0", "eth0");
	struct fixture f;

	setup_rules(&f, 0);
	assert_false(send_one(&f, NFPROTO_IPV4, HOOK_POSTROUTING, &p).stopped);
	assert_true(p.from_changed);
	arena_done(&f.memory);
}

TEST(a_rule_that_cannot_be_followed_makes_the_verdict_unsure)
{
	struct packet p = make("172.17.0.2", "10.9.9.9", 23, "tare0", "eth0");
	struct packet_verdict v;
	struct fixture f;
	struct nft t;

	setup_rules(&f, 0);
	nft_begin(&t, 0);
	nft_use(&t, NFPROTO_IPV4, "other");
	nft_chain_base(&t, "early", "filter", HOOK_FORWARD, -5);
	nft_rule(&t, "early");
	nft_meta(&t, NFT_META_SKUID, 0);
	nft_compare(&t, 0, NFT_CMP_EQ, "\0\0\0\0", 4);
	nft_verdict(&t, NF_DROP, NULL);
	nft_rule_end(&t);
	netlink_begin(&t.n, NLMSG_NOOP, 0, "", 0, NULL);
	read_back(&t, &f);
	nft_done(&t);
	v = send_one(&f, NFPROTO_IPV4, HOOK_FORWARD, &p);
	assert_true(v.stopped);
	assert_false(v.sure);
	assert_string_equal("FORWARD", v.at);
	arena_done(&f.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_published_port_leads_to_the_container_and_past_the_rules),
		RUN(what_was_not_published_or_is_between_networks_is_stopped_by_the_rule_that_says_so),
		RUN(the_guard_of_one_family_is_not_that_of_the_other),
		RUN(a_rule_of_somebody_else_is_named),
		RUN(a_spoofed_address_does_not_leave_the_port),
		RUN(what_leaves_gets_the_hosts_address),
		RUN(a_rule_that_cannot_be_followed_makes_the_verdict_unsure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
