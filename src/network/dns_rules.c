/* SPDX-License-Identifier: Apache-2.0 */
#include "network/dns_rules.h"

#include "kernel/nftables.h"

#include "base/scope.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stddef.h>

#define TABLE "tare_dns"
#define CHAIN "queries"
#define DNS_PORT 53
#define HOOK_OUTPUT 3         /* NF_INET_LOCAL_OUT */
#define PRIORITY_DSTNAT (-100) /* NF_IP_PRI_NAT_DST */

/* ip daddr 127.0.0.11 PROTOCOL dport 53 dnat to 127.0.0.11:port. The answers find back by the connection's entry. */
static void redirect(struct nft *t, uint8_t protocol, uint16_t port)
{
	uint32_t address = htonl(NAMES_ADDRESS);
	uint16_t from = htons(DNS_PORT), to = htons(port);

	nft_rule(t, CHAIN);
	nft_payload(t, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, daddr), sizeof address, 0);
	nft_compare(t, 0, NFT_CMP_EQ, &address, sizeof address);
	nft_meta(t, NFT_META_L4PROTO, 1);
	nft_compare(t, 1, NFT_CMP_EQ, &protocol, sizeof protocol);
	nft_payload(t, NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof from, 1);
	nft_compare(t, 1, NFT_CMP_EQ, &from, sizeof from);
	nft_load(t, 1, &to, sizeof to);
	nft_dnat(t, NFPROTO_IPV4, 0, 1);
	nft_rule_end(t);
}

static int put(uint16_t port, bool anew, struct err *e)
{
	scoped_fd fd = nft_open(e);
	struct nft t;
	int r = fd;

	nft_begin(&t, 0);
	nft_use(&t, NFPROTO_IPV4, TABLE);
	if (anew)
		nft_table_delete(&t);
	nft_table_make(&t, true);
	nft_chain_base(&t, CHAIN, "nat", HOOK_OUTPUT, PRIORITY_DSTNAT);
	redirect(&t, IPPROTO_UDP, port);
	redirect(&t, IPPROTO_TCP, port);
	if (r >= 0)
		r = nft_commit(&t, fd, e);
	nft_done(&t);
	return r;
}

/* Where none is to be removed nobody waits for that: most often. */
int dns_rules_put(uint16_t port, struct err *e)
{
	int r = put(port, false, e);

	return r == -EEXIST ? put(port, true, e) : r;
}
