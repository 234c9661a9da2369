/* SPDX-License-Identifier: Apache-2.0 */
/* dns_answer.h - what a container is told about a name: from the records of its networks, or that others have to be asked.
 *
 * A container sees its own networks only. A name is a container's name, one of its aliases or its short id, each also with
 * ".<network>" behind it. In which network it is found first, that one answers; of several containers with the same alias
 * all are told, each time another one first. For a name that is known, no other server is ever asked. */
#pragma once

#include "network/dns_message.h"
#include "network/endpoints.h"

#define DNS_TTL 1 /* seconds: who keeps an answer keeps it no longer than tare itself may be wrong */

struct dns_view {
	const struct endpoints *all;
	const char *container;                   /* who asks */
	unsigned turn;                           /* another one with each query */
	bool tcp;                                /* it takes DNS_MESSAGE_MAX, not what it says for UDP */
	bool (*is_alive)(const struct endpoint *, void *context); /* NULL: all are */
	void *context;
};

enum dns_verdict {
	DNS_ANSWERED, /* *ret_n bytes are in the buffer */
	DNS_FORWARD,  /* not ours; *q is what was asked */
	DNS_IGNORE,   /* nothing is to be said */
};

/* dns_answer - cap: of the buffer, at least DNS_UDP_PLAIN. */
enum dns_verdict dns_answer(const struct dns_view *view, const uint8_t *msg, size_t n, struct dns_query *ret_q,
			    uint8_t *buf, size_t cap, size_t *ret_n);
/* dns_refuse - an answer with nothing but a code */
size_t dns_refuse(const uint8_t *msg, const struct dns_query *q, enum dns_rcode rcode, uint8_t *buf, size_t cap);
