/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/netlink.h"

#include "base/limits.h"
#include "base/scope.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_SIZE (32u << 10) /* what the kernel fills in one go for a reader that has as much room */

void netlink_init(struct netlink *n)
{
	*n = (struct netlink){ .out = BUF(LIMIT_NETLINK) };
}

void netlink_done(struct netlink *n)
{
	buf_done(&n->out);
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static void pad(struct netlink *n)
{
	static const char zero[4];

	buf_put(&n->out, zero, NLMSG_ALIGN(n->out.len) - n->out.len);
}

static void end_message(struct netlink *n)
{
	uint32_t size = (uint32_t)(n->out.len - n->at);

	if (!n->out.failed && n->out.len > n->at)
		memcpy(n->out.p + n->at + offsetof(struct nlmsghdr, nlmsg_len), &size, sizeof size);
}

void netlink_begin(struct netlink *n, uint16_t type, uint16_t flags, const void *head, size_t size, const char *what)
{
	struct nlmsghdr h = { .nlmsg_type = type, .nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST) };

	end_message(n);
	n->at = n->out.len;
	h.nlmsg_seq = ++n->seq;
	n->what[(n->seq - 1) % ARRAY_LEN(n->what)] = what;
	buf_put(&n->out, &h, sizeof h);
	netlink_raw(n, head, size);
	end_message(n);
}

void netlink_raw(struct netlink *n, const void *data, size_t size)
{
	buf_put(&n->out, data, size);
	pad(n);
}

void netlink_put(struct netlink *n, uint16_t type, const void *data, size_t size)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + size), .nla_type = type };

	buf_put(&n->out, &a, sizeof a);
	netlink_raw(n, data, size);
}

void netlink_put_text(struct netlink *n, uint16_t type, const char *text)
{
	netlink_put(n, type, text, strlen(text) + 1);
}

void netlink_put_u8(struct netlink *n, uint16_t type, uint8_t v)
{
	netlink_put(n, type, &v, sizeof v);
}

void netlink_put_u32(struct netlink *n, uint16_t type, uint32_t v)
{
	netlink_put(n, type, &v, sizeof v);
}

void netlink_put_be32(struct netlink *n, uint16_t type, uint32_t v)
{
	netlink_put_u32(n, type, htonl(v));
}

size_t netlink_nest(struct netlink *n, uint16_t type)
{
	size_t at = n->out.len;

	netlink_put(n, type | NLA_F_NESTED, "", 0);
	return at;
}

void netlink_nest_end(struct netlink *n, size_t nest)
{
	size_t size = n->out.len - nest;
	uint16_t short_size = (uint16_t)size;

	if (size > UINT16_MAX && !n->out.failed)
		n->out.failed = -EMSGSIZE;
	if (!n->out.failed)
		memcpy(n->out.p + nest + offsetof(struct nlattr, nla_len), &short_size, sizeof short_size);
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

const void *netlink_attr(const void *p, size_t size, uint16_t type, size_t *ret_size)
{
	const char *at = p;

	while (size >= NLA_HDRLEN) {
		struct nlattr a;

		memcpy(&a, at, sizeof a);
		if (a.nla_len < NLA_HDRLEN || a.nla_len > size)
			return NULL;
		if ((a.nla_type & NLA_TYPE_MASK) == type) {
			*ret_size = a.nla_len - NLA_HDRLEN;
			return at + NLA_HDRLEN;
		}
		if ((size_t)NLA_ALIGN(a.nla_len) >= size)
			return NULL;
		at += NLA_ALIGN(a.nla_len);
		size -= NLA_ALIGN(a.nla_len);
	}
	return NULL;
}

static int take_error(const char *payload, size_t size, struct err *e)
{
	int code;

	if (size < sizeof code)
		return err_set(e, EPROTO, "netlink: half an answer");
	memcpy(&code, payload, sizeof code);
	if (code < 0 && code > -4096)
		return err_set(e, -code, "%s", strerror(-code));
	return code == 0 ? 0 : err_set(e, EPROTO, "netlink: not an error");
}

int netlink_answers(const void *data, size_t size, uint32_t seq, netlink_fn *fn, void *arg, struct err *e)
{
	const char *at = data;
	int r;

	while (size >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h;
		size_t step;

		memcpy(&h, at, sizeof h);
		if (h.nlmsg_len < sizeof h || h.nlmsg_len > size)
			return err_set(e, EPROTO, "netlink: a message of %u bytes in %zu", h.nlmsg_len, size);
		if (h.nlmsg_flags & NLM_F_DUMP_INTR)
			return err_set(e, EAGAIN, "what was listed changed meanwhile");
		if (!seq || h.nlmsg_seq == seq) {
			const char *payload = at + NLMSG_HDRLEN;
			size_t n = h.nlmsg_len - sizeof h;

			if (h.nlmsg_type == NLMSG_DONE)
				return 0;
			r = h.nlmsg_type == NLMSG_ERROR ? take_error(payload, n, e) :
							  fn(&h, payload, n, arg, e);
			if (r < 0)
				return r;
			if (h.nlmsg_type == NLMSG_ERROR && seq)
				return 0;
		}
		step = NLMSG_ALIGN(h.nlmsg_len);
		if (step >= size)
			break;
		at += step;
		size -= step;
	}
	return 1;
}

/* ---- the kernel --------------------------------------------------------------------------------------------------- */

int netlink_open(int protocol, struct err *e)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	return fd < 0 ? err_sys(e, "netlink socket") : fd;
}

static int send_all(struct netlink *n, int fd, struct err *e)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int size = (int)n->out.len + (64 << 10);
	int r;

	end_message(n);
	r = buf_status(&n->out, e);
	if (r < 0)
		return r;
	if (n->out.len > (128u << 10)) /* more than a socket takes by itself */
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	if (sendto(fd, n->out.p, n->out.len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
		return err_sys(e, "netlink: send %zu bytes", n->out.len);
	return 0;
}

static ssize_t receive(int fd, char *answer, struct err *e)
{
	ssize_t n;

	do
		n = recv(fd, answer, ANSWER_SIZE, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(e, "netlink: receive") : n == 0 ? err_set(e, EPROTO, "netlink: no answer") : n;
}

static const char *about(const struct netlink *n, uint32_t seq)
{
	const char *what = NULL;

	for (uint32_t i = seq; i > 0 && !what && seq - i < ARRAY_LEN(n->what); i--)
		if (n->seq - i < ARRAY_LEN(n->what))
			what = n->what[(i - 1) % ARRAY_LEN(n->what)];
	return what ? what : "netlink";
}

struct outcome_of {
	uint32_t last, failed;
	int code;
	bool done;
};

/* Errors and acknowledgements as they come; after an error nothing more may follow, so that is the end as well. */
static int look(const char *at, size_t size, struct outcome_of *o, struct err *e)
{
	while (size >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h;
		int code;

		memcpy(&h, at, sizeof h);
		if (h.nlmsg_len < sizeof h || h.nlmsg_len > size)
			return err_set(e, EPROTO, "netlink: a message of %u bytes in %zu", h.nlmsg_len, size);
		if (h.nlmsg_type == NLMSG_ERROR && h.nlmsg_len - sizeof h >= sizeof code) {
			memcpy(&code, at + NLMSG_HDRLEN, sizeof code);
			if (code && !o->failed) {
				o->failed = h.nlmsg_seq;
				o->code = code < 0 && code > -4096 ? -code : EPROTO;
			}
			o->done |= h.nlmsg_seq >= o->last || code;
		}
		if (NLMSG_ALIGN(h.nlmsg_len) >= size)
			return 0;
		at += NLMSG_ALIGN(h.nlmsg_len);
		size -= NLMSG_ALIGN(h.nlmsg_len);
	}
	return 0;
}

static int hear(struct netlink *n, int fd, uint32_t *ret_failed, struct err *e)
{
	struct outcome_of o = { .last = n->seq };
	char answer[ANSWER_SIZE]; /* of which a page or two are touched; from the heap, it would be mapped each time */
	int r = 0;

	while (r == 0 && !o.done) {
		ssize_t got = receive(fd, answer, e);

		r = got < 0 ? (int)got : look(answer, (size_t)got, &o, e);
	}
	if (r == 0 && o.failed) {
		r = err_set(e, o.code, "%s: %s", about(n, o.failed), strerror(o.code));
		if (ret_failed)
			*ret_failed = o.failed;
	}
	return r;
}

int netlink_talk(struct netlink *n, int fd, uint32_t *ret_failed, struct err *e)
{
	int r = send_all(n, fd, e);

	if (r == 0)
		r = hear(n, fd, ret_failed, e);
	buf_reset(&n->out);
	n->at = 0;
	n->seq = 0;
	return r;
}

static bool has_end(const char *at, size_t size, uint32_t seq)
{
	while (size >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h;

		memcpy(&h, at, sizeof h);
		if (h.nlmsg_len < sizeof h || h.nlmsg_len > size)
			return true; /* it is not netlink */
		if (h.nlmsg_seq == seq && (h.nlmsg_type == NLMSG_DONE || h.nlmsg_type == NLMSG_ERROR))
			return true;
		if (NLMSG_ALIGN(h.nlmsg_len) >= size)
			return false;
		at += NLMSG_ALIGN(h.nlmsg_len);
		size -= NLMSG_ALIGN(h.nlmsg_len);
	}
	return false;
}

/* The rest of a dump that was cut short: who asks once more would take it for the new answer. */
static void drain(int fd, char *answer, ssize_t got, uint32_t seq)
{
	while (got >= 0 && !has_end(answer, (size_t)got, seq))
		got = receive(fd, answer, NULL);
}

int netlink_dump(struct netlink *n, int fd, netlink_fn *fn, void *arg, struct err *e)
{
	char answer[ANSWER_SIZE];
	uint32_t seq = n->seq;
	int r = send_all(n, fd, e);
	bool more = r == 0;
	ssize_t got = -1;

	while (more) {
		got = receive(fd, answer, e);
		r = got < 0 ? (int)got : netlink_answers(answer, (size_t)got, seq, fn, arg, e);
		more = r == 1;
	}
	if (r == -EAGAIN)
		drain(fd, answer, got, seq);
	buf_reset(&n->out);
	n->at = 0;
	n->seq = 0;
	return r;
}
