/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_dns.c - queries of containers and answers of upstreams. The first byte says how long the first message is; the second
 * one is an answer to it, or not. What we answer is itself a well-formed message that answers the query.
 *
 * Every byte is exclusive-or '@', so that the seeds are text. */
#include "base/limits.h"
#include "base/scope.h"
#include "report/dns_ask.h"
#include "network/dns_answer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NETWORK "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CONTAINER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void answer(const uint8_t *msg, size_t n, unsigned cap, bool tcp)
{
	static struct endpoint_slot slot = { .memory = ARENA(LIMIT_ARENA_ENDPOINT),
					     .ep = { .container = CONTAINER,
						     .network = NETWORK,
						     .network_name = "b",
						     .name = "a",
						     .names = true,
						     .ipv4 = { AF_INET, { { 0x0100000a } } } } };
	static struct endpoints all;
	const struct dns_view view = { .all = &all, .container = CONTAINER, .tcp = tcp };
	uint8_t *out = malloc(DNS_UDP_PLAIN + cap);
	struct dns_query q;
	size_t end;

	require(all.n || endpoints_put(&all, &slot, NULL) == 0);
	if (out && dns_answer(&view, msg, n, &q, out, DNS_UDP_PLAIN + cap, &end) == DNS_ANSWERED) {
		require(end >= DNS_HEADER && end <= DNS_UDP_PLAIN + cap && dns_id(out) == dns_id(msg));
		require(dns_rcode(out) != DNS_NOERROR || dns_reply_matches(msg, n, out, end));
	}
	free(out);
}

static void said(const uint8_t *q, size_t n, const uint8_t *reply, size_t reply_n)
{
	struct dns_said said = { .rcode = DNS_NOERROR };

	if (dns_take_said(q, n, reply, reply_n, &said))
		require(said.address.family == 0 || said.address.prefix == (said.address.family == AF_INET ? 32 : 128));
}

static void copy(uint8_t *to, const uint8_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[i] ^ '@';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t first = size ? data[0] ^ '@' : 0;
	uint8_t *query, *reply;

	if (size < 1 + first)
		return 0;
	query = malloc(first + 1); /* exact, so that AddressSanitizer sees an overrun */
	reply = malloc(size - first);
	if (query && reply) {
		copy(query, data + 1, first);
		copy(reply, data + 1 + first, size - 1 - first);
		answer(query, first, data[0], data[0] & 1);
		(void)dns_reply_matches(query, first, reply, size - 1 - first);
		said(query, first, reply, size - 1 - first);
	}
	free(query);
	free(reply);
	return 0;
}
