/* SPDX-License-Identifier: Apache-2.0 */
/* netlink.h - messages to the kernel and its answers: netlink(7), rtnetlink(7), nfnetlink.
 *
 * A builder of our own: the static programs cannot use libmnl and libnftnl, which Debian has no archives of. Several
 * requests are put into one buffer and go by one sendmsg(2); what each of them was for is remembered, so that an error
 * of the kernel is told with its operand. Every answer is checked against its length before it is looked at. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netlink {
	struct buf out;   /* the requests */
	size_t at;        /* where the message begins that is being put */
	uint32_t seq;     /* of that message; the first is 1 */
	const char *what[128]; /* by (seq - 1) % 128: what it is about, borrowed; NULL: as the one before */
};

/* netlink_init - empty. Free with netlink_done(). */
void netlink_init(struct netlink *n);
void netlink_done(struct netlink *n);

/* netlink_begin - a message: its flags have NLM_F_REQUEST besides. what: for errors, "route 10.0.0.0/8"; borrowed until
 * netlink_talk(). Failures stick in n->out and are told by netlink_talk(). */
void netlink_begin(struct netlink *n, uint16_t type, uint16_t flags, const void *head, size_t size, const char *what);
void netlink_put(struct netlink *n, uint16_t type, const void *data, size_t size);
void netlink_put_text(struct netlink *n, uint16_t type, const char *text); /* with its NUL */
void netlink_put_u8(struct netlink *n, uint16_t type, uint8_t v);
void netlink_put_u32(struct netlink *n, uint16_t type, uint32_t v);
void netlink_put_be32(struct netlink *n, uint16_t type, uint32_t v);
/* netlink_nest - the attributes that follow are in this one, until netlink_nest_end(n, what netlink_nest() gave).
 * netlink_nest_raw: data before them, without a header of their own. */
size_t netlink_nest(struct netlink *n, uint16_t type);
void netlink_raw(struct netlink *n, const void *data, size_t size);
void netlink_nest_end(struct netlink *n, size_t nest);

/* netlink_open - a socket of NETLINK_ROUTE, …, in the network namespace of this thread. */
int netlink_open(int protocol, struct err *e);

/* netlink_talk - sends everything and waits until all of it is done or something failed: the last message has to have
 * NLM_F_ACK; the first error among the answers counts, and is told with what that message was about. The buffer is empty
 * afterwards. *ret_failed (may be NULL): the number of the message that failed, from 1. */
int netlink_talk(struct netlink *n, int fd, uint32_t *ret_failed, struct err *e);

/* netlink_dump - one request with NLM_F_DUMP in the buffer: fn gets each answer, and its payload's size. < 0 ends it.
 * -EAGAIN: what was listed changed meanwhile; the same socket may be asked once more. */
typedef int netlink_fn(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e);
int netlink_dump(struct netlink *n, int fd, netlink_fn *fn, void *arg, struct err *e);

/* netlink_answers - walk what one recv(2) gave. Pure. 1: more is to come; 0: done; < 0: an error of the kernel's, of fn's,
 * or -EPROTO: not netlink. seq 0: answers to whatever. */
int netlink_answers(const void *data, size_t size, uint32_t seq, netlink_fn *fn, void *arg, struct err *e);

/* netlink_attr - the attribute of this type among those at p: its payload, *ret_size; NULL: none. Pure. */
const void *netlink_attr(const void *p, size_t size, uint16_t type, size_t *ret_size);
