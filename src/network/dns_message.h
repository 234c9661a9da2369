/* SPDX-License-Identifier: Apache-2.0 */
/* dns_message.h - messages of the domain name system: RFC 1035 section 4, EDNS(0) of RFC 6891. Pure.
 *
 * Only what a name service between a container and its upstreams needs: a query is understood as far as its question and
 * its EDNS size, answers of our own are built, those of others are passed on as they are. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_HEADER 12
#define DNS_NAME_SIZE 256  /* of a name as text, with its NUL: 255 bytes of labels are less */
#define DNS_UDP_PLAIN 512  /* bytes of an answer over UDP, unless the client says that it takes more */
#define DNS_UDP_MAX 4096   /* however much it says */
#define DNS_MESSAGE_MAX 65535 /* over TCP */

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28, DNS_OPT = 41 };
enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5
};

struct dns_query {
	uint16_t id, flags, type, class;
	char name[DNS_NAME_SIZE]; /* lower case, without the last dot; "" for the root */
	bool plain;               /* false: a label has bytes that no name of ours can have */
	size_t question_end;      /* header and question are the message's first bytes up to here */
	bool edns;
	uint16_t udp_size;        /* what the client takes over UDP: DNS_UDP_PLAIN to DNS_UDP_MAX */
};

/* dns_query_parse - -EBADMSG: nothing that may be answered: no whole header, or itself an answer. -EINVAL: to be answered with
 * FORMERR; -ENOTSUP: with NOTIMP. In these two id and flags are set, and question_end is DNS_HEADER. */
int dns_query_parse(const uint8_t *msg, size_t n, struct dns_query *ret);

/* dns_id, dns_set_id - of a message that has a header */
uint16_t dns_id(const uint8_t *msg);
void dns_set_id(uint8_t *msg, uint16_t id);
enum dns_rcode dns_rcode(const uint8_t *msg);

/* dns_skip_name - over the name of a record at `at`; a pointer ends it. 0: it has no end within the message. */
size_t dns_skip_name(const uint8_t *msg, size_t n, size_t at);
/* dns_reply_matches - is it an answer to this query: same id, same question? Upper and lower case are the same. */
bool dns_reply_matches(const uint8_t *query, size_t query_n, const uint8_t *reply, size_t reply_n);

/* An answer that is being built in the caller's buffer. */
struct dns_reply {
	uint8_t *p;
	size_t n, max;     /* max: what the client takes; a record that does not fit sets the truncation bit */
	uint16_t answers;
	bool truncated, edns;
};

/* dns_reply_begin - the header and the question of msg. cap >= DNS_UDP_PLAIN; max is at most that. */
void dns_reply_begin(struct dns_reply *r, const uint8_t *msg, const struct dns_query *q, enum dns_rcode rcode,
		     uint8_t *buf, size_t cap);
void dns_reply_a(struct dns_reply *r, uint32_t ttl, struct in_addr address);
void dns_reply_aaaa(struct dns_reply *r, uint32_t ttl, const struct in6_addr *address);
/* dns_reply_ptr - false: the name is none that a message can have; nothing was added */
bool dns_reply_ptr(struct dns_reply *r, uint32_t ttl, const char *name);
size_t dns_reply_end(struct dns_reply *r); /* its length */

/* dns_reverse_v4, _v6 - "4.3.2.1.in-addr.arpa" and its like of ip6.arpa. false: it is none */
bool dns_reverse_v4(const char *name, struct in_addr *ret);
bool dns_reverse_v6(const char *name, struct in6_addr *ret);
