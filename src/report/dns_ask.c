/* SPDX-License-Identifier: Apache-2.0 */
#include "report/dns_ask.h"

#include "base/scope.h"
#include "base/sv.h"
#include "network/record.h"
#include "network/subnet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define LABEL_MAX 63
#define RECORDS_MAX 256

size_t dns_question(uint16_t id, const char *name, uint16_t type, uint8_t *buf, size_t cap)
{
	struct sv rest = sv_from(name), label;
	const uint8_t head[DNS_HEADER] = { (uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1 }; /* recursion is wanted */
	const uint8_t tail[] = { 0, (uint8_t)(type >> 8), (uint8_t)type, 0, 1 };
	size_t n = sizeof head;

	if (cap < 300 || rest.n >= DNS_NAME_SIZE - 1)
		return 0;
	if (rest.n && rest.p[rest.n - 1] == '.')
		rest.n--;
	memcpy(buf, head, n);
	while (rest.n && sv_next(&rest, '.', &label)) {
		if (label.n == 0 || label.n > LABEL_MAX)
			return 0;
		buf[n++] = (uint8_t)label.n;
		memcpy(buf + n, label.p, label.n);
		n += label.n;
	}
	memcpy(buf + n, tail, sizeof tail);
	return n + sizeof tail;
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

bool dns_take_said(const uint8_t *question, size_t question_n, const uint8_t *msg, size_t n, struct dns_said *ret)
{
	struct dns_said said = { .rcode = DNS_NOERROR };
	unsigned wanted = question_n > DNS_HEADER + 4 ? get16(question + question_n - 4) : 0, count;
	size_t at, size = wanted == DNS_A ? 4 : 16;

	if (n < DNS_HEADER || !dns_reply_matches(question, question_n, msg, n))
		return false;
	said.rcode = dns_rcode(msg);
	count = get16(msg + 6);
	at = question_n;
	for (unsigned i = 0; i < count && i < RECORDS_MAX; i++) {
		at = dns_skip_name(msg, n, at);
		if (!at || at + 10 > n)
			break;
		if (get16(msg + at) == wanted && get16(msg + at + 8) == size && at + 10 + size <= n) {
			said.address = (struct net_ip){ .family = wanted == DNS_A ? AF_INET : AF_INET6,
							.prefix = (uint8_t)(8 * size) };
			memcpy(said.address.bytes, msg + at + 10, size);
			break;
		}
		at += 10 + get16(msg + at + 8);
	}
	*ret = said;
	return true;
}

/* 1: it answered; 0: not in time */
static int listen_for(int fd, const uint8_t *q, size_t q_n, unsigned timeout_ms, struct dns_said *ret, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t msg[DNS_UDP_MAX];

	while (poll(&p, 1, (int)timeout_ms) > 0) {
		ssize_t n = recv(fd, msg, sizeof msg, MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_sys(e, "no answer");
		if (n > 0 && dns_take_said(q, q_n, msg, (size_t)n, ret))
			return 1;
	}
	return 0;
}

int dns_ask(const struct net_ip *server, const char *name, uint16_t type, unsigned timeout_ms, struct dns_said *ret,
	    struct err *e)
{
	struct ip_address address = { .family = server->family };
	struct sockaddr_storage to;
	uint8_t q[512];
	uint16_t id = 0;
	scoped_fd fd = socket(server->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t n;
	int r = 0;

	if (fd < 0)
		return err_sys(e, "socket");
	(void)!getrandom(&id, sizeof id, GRND_NONBLOCK);
	n = dns_question(id, name, type, q, sizeof q);
	if (!n)
		return err_set(e, EINVAL, "\"%.80s\" is not a name", name);
	memcpy(&address.u, server->bytes, server->family == AF_INET ? 4 : 16);
	if (connect(fd, (struct sockaddr *)&to, ip_address_to_sockaddr(&address, 53, &to)) < 0)
		return err_sys(e, "no way there");
	for (int i = 0; r == 0 && i < 2; i++) {
		if (send(fd, q, n, 0) < 0)
			return err_sys(e, "no answer");
		r = listen_for(fd, q, n, timeout_ms, ret, e);
	}
	return r == 0 ? err_set(e, ETIMEDOUT, "no answer within %u ms", 2 * timeout_ms) : r < 0 ? r : 0;
}
