/* SPDX-License-Identifier: Apache-2.0 */
/* dns_ask.h - one question to one name server, over UDP: RFC 1035. For who looks for what is wrong; containers ask by
 * themselves. */
#pragma once

#include "base/err.h"
#include "kernel/net_link.h"
#include "network/dns_message.h"

#include <stddef.h>
#include <stdint.h>

struct dns_said {
	enum dns_rcode rcode;
	struct net_ip address; /* the first one of the kind that was asked for; family 0: none */
};

/* dns_question - of type A, AAAA, …; "" for the root. Its length, 0: not a name. cap: at least 300. Pure. */
size_t dns_question(uint16_t id, const char *name, uint16_t type, uint8_t *buf, size_t cap);
/* dns_take_said - the answer to that question. false: it is none. Pure. */
bool dns_take_said(const uint8_t *question, size_t question_n, const uint8_t *msg, size_t n, struct dns_said *ret);

/* dns_ask - from the network namespace that this thread is in; waits up to timeout_ms for each of two attempts.
 * -ETIMEDOUT, -ECONNREFUSED, -ENETUNREACH, -EHOSTUNREACH: no answer. -EINVAL: not a name. */
int dns_ask(const struct net_ip *server, const char *name, uint16_t type, unsigned timeout_ms, struct dns_said *ret,
	    struct err *e);
