/* SPDX-License-Identifier: Apache-2.0 */
#include "network/dns_message.h"

#include "base/sv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define FLAG_QR 0x8000
#define FLAG_TC 0x0200
#define FLAG_RD 0x0100
#define FLAG_RA 0x0080
#define FLAG_CD 0x0010
#define OPCODE(flags) (((flags) >> 11) & 15)
#define LABEL_MAX 63
#define WIRE_NAME_MAX 255
#define CLASS_IN 1
#define OPT_RECORD 11 /* bytes: root, type, size, extended rcode and flags, no data */

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)(v >> 16));
	put16(p + 2, (uint16_t)v);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Copies the label, in lower case; false: it has bytes that would make the text ambiguous. */
static bool copy_label(char *to, const uint8_t *from, size_t n)
{
	bool plain = true;

	for (size_t i = 0; i < n; i++) {
		to[i] = (char)lower(from[i]);
		plain = plain && from[i] > ' ' && from[i] < 0x7f && from[i] != '.';
	}
	return plain;
}

/* The name of the question: nothing is before it that a pointer could name. 0: not a name; else the place behind it. */
static size_t take_name(const uint8_t *msg, size_t n, size_t at, struct dns_query *q)
{
	size_t text = 0, start = at;

	q->plain = true;
	for (;;) {
		size_t label = at < n ? msg[at] : LABEL_MAX + 1;

		if (label > LABEL_MAX || at + 1 + label > n || at + 1 + label - start > WIRE_NAME_MAX)
			return 0;
		at++;
		if (label == 0)
			break;
		if (text)
			q->name[text++] = '.';
		q->plain = copy_label(q->name + text, msg + at, label) && q->plain;
		text += label;
		at += label;
	}
	q->name[text] = '\0';
	return at;
}

size_t dns_skip_name(const uint8_t *msg, size_t n, size_t at)
{
	while (at < n) {
		if ((msg[at] & 0xc0) == 0xc0)
			return at + 2 <= n ? at + 2 : 0;
		if (msg[at] > LABEL_MAX)
			return 0;
		if (msg[at] == 0)
			return at + 1;
		at += 1u + msg[at];
	}
	return 0;
}

static bool take_opt(struct dns_query *q, const uint8_t *record)
{
	uint16_t size = get16(record + 2);

	if (q->edns) /* RFC 6891 6.1.1: more than one is a format error */
		return false;
	q->edns = true;
	q->udp_size = size < DNS_UDP_PLAIN ? DNS_UDP_PLAIN : size > DNS_UDP_MAX ? DNS_UDP_MAX : size;
	return true;
}

/* What comes after the question: only the OPT record means something to us. */
static bool take_records(const uint8_t *msg, size_t n, size_t at, struct dns_query *q)
{
	unsigned count = get16(msg + 6) + get16(msg + 8) + get16(msg + 10);

	while (count--) {
		at = dns_skip_name(msg, n, at);
		if (!at || at + 10 > n || at + 10 + get16(msg + at + 8) > n)
			return false;
		if (get16(msg + at) == DNS_OPT && !take_opt(q, msg + at))
			return false;
		at += 10u + get16(msg + at + 8);
	}
	return true;
}

int dns_query_parse(const uint8_t *msg, size_t n, struct dns_query *ret)
{
	struct dns_query q = { .udp_size = DNS_UDP_PLAIN, .question_end = DNS_HEADER };
	size_t at;
	int r = 0;

	if (n < DNS_HEADER || n > DNS_MESSAGE_MAX || (get16(msg + 2) & FLAG_QR))
		return -EBADMSG;
	q.id = get16(msg);
	q.flags = get16(msg + 2);
	at = get16(msg + 4) == 1 ? take_name(msg, n, DNS_HEADER, &q) : 0;
	if (OPCODE(q.flags) != 0)
		r = -ENOTSUP;
	else if (!at || at + 4 > n || !take_records(msg, n, at + 4, &q))
		r = -EINVAL;
	if (r == 0) {
		q.type = get16(msg + at);
		q.class = get16(msg + at + 2);
		q.question_end = at + 4;
	} else {
		q.edns = false;
		q.udp_size = DNS_UDP_PLAIN;
	}
	*ret = q;
	return r;
}

uint16_t dns_id(const uint8_t *msg)
{
	return get16(msg);
}

void dns_set_id(uint8_t *msg, uint16_t id)
{
	put16(msg, id);
}

enum dns_rcode dns_rcode(const uint8_t *msg)
{
	return msg[3] & 15;
}

bool dns_reply_matches(const uint8_t *query, size_t query_n, const uint8_t *reply, size_t reply_n)
{
	struct dns_query q;

	if (dns_query_parse(query, query_n, &q) < 0 || reply_n < q.question_end)
		return false;
	if (get16(reply) != q.id || !(get16(reply + 2) & FLAG_QR) || get16(reply + 4) != 1)
		return false;
	for (size_t i = DNS_HEADER; i < q.question_end; i++)
		if (lower(query[i]) != lower(reply[i]))
			return false;
	return true;
}

/* ---- building ---------------------------------------------------------------------------------------------------- */

void dns_reply_begin(struct dns_reply *r, const uint8_t *msg, const struct dns_query *q, enum dns_rcode rcode,
		     uint8_t *buf, size_t cap)
{
	uint16_t keep = q->flags & (0x7800 | FLAG_RD | FLAG_CD);

	*r = (struct dns_reply){ .p = buf, .n = q->question_end, .max = cap, .edns = q->edns };
	memcpy(buf, msg, q->question_end);
	put16(buf + 2, (uint16_t)(FLAG_QR | FLAG_RA | keep | rcode));
	memset(buf + 4, 0, 8);
	put16(buf + 4, q->question_end > DNS_HEADER);
	if (r->edns)
		r->max -= OPT_RECORD;
}

/* A record of the question's name, which is a pointer to it. NULL: it does not fit. */
static uint8_t *add(struct dns_reply *r, enum dns_type type, uint32_t ttl, size_t data)
{
	uint8_t *p = r->p + r->n;

	if (r->truncated || r->n + 12 + data > r->max) {
		r->truncated = true;
		return NULL;
	}
	put16(p, 0xc000 | DNS_HEADER);
	put16(p + 2, (uint16_t)type);
	put16(p + 4, CLASS_IN);
	put32(p + 6, ttl);
	put16(p + 10, (uint16_t)data);
	r->n += 12 + data;
	r->answers++;
	return p + 12;
}

void dns_reply_a(struct dns_reply *r, uint32_t ttl, struct in_addr address)
{
	uint8_t *p = add(r, DNS_A, ttl, sizeof address);

	if (p)
		memcpy(p, &address, sizeof address);
}

void dns_reply_aaaa(struct dns_reply *r, uint32_t ttl, const struct in6_addr *address)
{
	uint8_t *p = add(r, DNS_AAAA, ttl, sizeof *address);

	if (p)
		memcpy(p, address, sizeof *address);
}

/* "web.back" as labels. 0: it is no name. */
static size_t to_labels(const char *name, uint8_t ret[WIRE_NAME_MAX])
{
	struct sv rest = sv_from(name), label;
	size_t n = 0;

	while (sv_next(&rest, '.', &label)) {
		if (label.n == 0 || label.n > LABEL_MAX || n + label.n + 2 > WIRE_NAME_MAX)
			return 0;
		ret[n++] = (uint8_t)label.n;
		memcpy(ret + n, label.p, label.n);
		n += label.n;
	}
	ret[n++] = 0;
	return n;
}

bool dns_reply_ptr(struct dns_reply *r, uint32_t ttl, const char *name)
{
	uint8_t labels[WIRE_NAME_MAX], *p;
	size_t n = to_labels(name, labels);

	if (n == 0)
		return false;
	p = add(r, DNS_PTR, ttl, n);
	if (p)
		memcpy(p, labels, n);
	return true;
}

size_t dns_reply_end(struct dns_reply *r)
{
	put16(r->p + 6, r->answers);
	if (r->truncated)
		put16(r->p + 2, get16(r->p + 2) | FLAG_TC);
	if (r->edns) {
		uint8_t *p = r->p + r->n;

		memset(p, 0, OPT_RECORD);
		put16(p + 1, DNS_OPT);
		put16(p + 3, DNS_UDP_MAX);
		put16(r->p + 10, 1);
		r->n += OPT_RECORD;
	}
	return r->n;
}

/* ---- addresses as names ------------------------------------------------------------------------------------------ */

bool dns_reverse_v4(const char *name, struct in_addr *ret)
{
	struct sv rest = sv_from(name), part;
	uint8_t bytes[4];

	if (!sv_has_suffix(rest, ".in-addr.arpa"))
		return false;
	rest.n -= strlen(".in-addr.arpa");
	for (int i = 3; i >= 0; i--) {
		uint64_t v;

		if (!sv_next(&rest, '.', &part) || sv_u64(part, &v) < 0 || v > 255)
			return false;
		bytes[i] = (uint8_t)v;
	}
	if (rest.n)
		return false;
	memcpy(ret, bytes, sizeof bytes);
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool dns_reverse_v6(const char *name, struct in6_addr *ret)
{
	struct in6_addr a = { 0 };

	if (strlen(name) != 64 + strlen("ip6.arpa") || strcmp(name + 64, "ip6.arpa") != 0)
		return false;
	for (int i = 0; i < 32; i++) {
		int digit = hex_digit(name[2 * i]), byte = 15 - i / 2;

		if (digit < 0 || name[2 * i + 1] != '.')
			return false;
		a.s6_addr[byte] |= (uint8_t)(i % 2 ? digit << 4 : digit);
	}
	*ret = a;
	return true;
}
