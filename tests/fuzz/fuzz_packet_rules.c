/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_packet_rules.c - rules of nf_tables as the kernel might list them, and a packet that follows them. They begin as those of
 * tare; a line of the input is "OFFSET BYTE" in hexadecimal, which changes one byte of them. */
#include "base/scope.h"
#include "insight/packet_rules.h"
#include "kernel/nftables.h"
#include "network/rules.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find(const struct nft_seen_set *set, const void *key, struct nft_found *ret, void *arg, struct err *e)
{
	unsigned char sum = 0;

	(void)arg, (void)e;
	for (size_t i = 0; i < set->key_size && i < 64; i++)
		sum = (unsigned char)(sum + ((const unsigned char *)key)[i]);
	memset(ret->data, sum, sizeof ret->data);
	ret->size = sizeof ret->data;
	return sum & 1;
}

static uint32_t type(const struct net_ip *ip, void *arg)
{
	(void)arg;
	return ip->bytes[3] & 3;
}

static void change(char *p, size_t n, const uint8_t *data, size_t size)
{
	char line[32];

	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;
		char *after;
		unsigned long at;

		if (len < sizeof line) {
			memcpy(line, data, len);
			line[len] = '\0';
			at = strtoul(line, &after, 16);
			if (after != line && at < n)
				p[at] = (char)strtoul(after, NULL, 16);
		}
		data += len + (end != NULL);
		size -= len + (end != NULL);
	}
}

static void read_all(const char *p, size_t n, struct nft_ruleset *to)
{
	while (n >= NLMSG_HDRLEN) {
		struct nlmsghdr h;
		char *copy;

		memcpy(&h, p, sizeof h);
		if (h.nlmsg_len < sizeof h || h.nlmsg_len > n)
			return;
		copy = malloc(h.nlmsg_len - NLMSG_HDRLEN + 1); /* so that a read past the end is seen */
		if (copy) {
			memcpy(copy, p + NLMSG_HDRLEN, h.nlmsg_len - NLMSG_HDRLEN);
			(void)nft_read_answer(&h, copy, h.nlmsg_len - NLMSG_HDRLEN, to, NULL);
		}
		free(copy);
		if (NLMSG_ALIGN(h.nlmsg_len) >= n)
			return;
		p += NLMSG_ALIGN(h.nlmsg_len);
		n -= NLMSG_ALIGN(h.nlmsg_len);
	}
}

static void follow(const struct nft_ruleset *rules, uint8_t family, enum packet_hook hook)
{
	struct packet_world w = { .rules = rules, .find = find, .type = type };
	struct packet_end from = { .ip = { .family = family == NFPROTO_IPV6 ? 10 : 2, .bytes = { 10, 0, 0, 2 } },
				   .port = 40000 },
			  to = from;
	struct packet_verdict v;
	struct packet p;

	to.port = 80;
	packet_make(&p, 6, &from, &to);
	packet_through(&p, "tare0", "eth0");
	if (packet_at_hook(&w, family, hook, &p, &v, NULL) == 0 && v.stopped && (!v.chain || !v.at))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_BRIDGE };
	struct arena memory = ARENA(1u << 20);
	struct nft_ruleset rules = { .memory = &memory };
	struct nft t;

	nft_begin(&t, 0);
	rules_base(&t, "tare", "tare-", RULES_GUARD4 | RULES_GUARD6);
	netlink_begin(&t.n, NLMSG_NOOP, 0, "", 0, NULL);
	if (!t.n.out.failed) {
		change(t.n.out.p, t.n.out.len, data, size);
		read_all(t.n.out.p, t.n.out.len, &rules);
	}
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		for (int hook = HOOK_PREROUTING; hook <= HOOK_POSTROUTING; hook++)
			follow(&rules, families[i], (enum packet_hook)hook);
	nft_done(&t);
	arena_done(&memory);
	return 0;
}
