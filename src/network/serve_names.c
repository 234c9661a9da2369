/* SPDX-License-Identifier: Apache-2.0 */
/* A container's sockets: queries by UDP and TCP, at 127.0.0.11 in its own network namespace. */
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "kernel/procfs.h"
#include "kernel/sys.h"
#include "network/dns_rules.h"
#include "network/netns.h"
#include "network/serve_priv.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define CLIENT_NS (INT64_C(10) * 1000000000)
#define UDP_AT_ONCE 32 /* then others have their turn */
#define PORT_FIRST 32768u
#define PORT_COUNT 28000u

/* A connection. Its next query is not read before the last one is answered. */
struct client {
	struct watch watch;
	struct timer timer;
	struct client *next;
	struct resident *resident;
	uint8_t *in, *out; /* a message with its length before it; in: of LIMIT_DNS_QUERY + 2 */
	size_t in_n, out_n, out_at;
};

/* ---- answering --------------------------------------------------------------------------------------------------- */

static bool is_alive(const struct endpoint *ep, void *context)
{
	return endpoint_is_alive(context, ep);
}

static void ask(struct server *s, struct resident *r, const struct asker *who, const uint8_t *msg, size_t n)
{
	uint8_t reply[DNS_UDP_MAX * 4];
	struct dns_query q;
	size_t reply_n = 0;
	const struct dns_view view = { .all = &s->all, .container = r->container, .turn = s->turn++,
				       .tcp = who->client, .is_alive = is_alive, .context = &s->host };

	switch (dns_answer(&view, msg, n, &q, reply, sizeof reply, &reply_n)) {
	case DNS_ANSWERED:
		break;
	case DNS_FORWARD:
		if (forward(s, r, who, msg, n))
			return;
		reply_n = dns_refuse(msg, &q, DNS_SERVFAIL, reply, sizeof reply);
		break;
	case DNS_IGNORE:
		reply_n = 0;
		break;
	}
	answer(s, r, who, reply, reply_n);
}

void answer(struct server *s, struct resident *r, const struct asker *who, const uint8_t *msg, size_t n)
{
	if (who->client)
		client_answered(s, who->client, msg, n);
	else if (n)
		(void)sendto(r->udp.fd, msg, n, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&who->from,
			     sizeof who->from);
}

static void udp_ready(struct server *s, struct watch *w, unsigned events)
{
	struct resident *r = PARENT_OF(w, struct resident, udp);
	char container[sizeof r->container];
	uint8_t msg[LIMIT_DNS_QUERY];
	size_t netns = r->netns.st_ino;

	memcpy(container, r->container, sizeof container);
	for (int i = 0; i < UDP_AT_ONCE; i++) {
		struct asker who = { 0 };
		socklen_t size = sizeof who.from;
		ssize_t n =
			recvfrom(w->fd, msg, sizeof msg, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&who.from, &size);

		if (n < 0)
			return;
		records_refresh(s);
		for (r = s->residents; r && (strcmp(r->container, container) != 0 || r->netns.st_ino != netns);)
			r = r->next;
		if (!r) /* it has gone meanwhile, with this socket */
			return;
		w = &r->udp;
		if ((size_t)n <= sizeof msg && who.from.sin_family == AF_INET)
			ask(s, r, &who, msg, (size_t)n);
	}
}

/* ---- TCP --------------------------------------------------------------------------------------------------------- */

static void client_free(struct server *s, struct client *c)
{
	struct resident *r = c->resident;
	struct client **at = &r->clients;

	questions_free(s, r, c);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	r->client_count--;
	loop_cancel(s, &c->timer);
	loop_close(s, &c->watch);
	free(c->in);
	free(c->out);
	free(c);
}

static void client_late(struct server *s, struct timer *t)
{
	client_free(s, PARENT_OF(t, struct client, timer));
}

/* What is left of the answer, and then the next query. false: the connection is over. */
static bool client_send(struct server *s, struct client *c)
{
	ssize_t n = send(c->watch.fd, c->out + c->out_at, c->out_n - c->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	c->out_at += n > 0 ? (size_t)n : 0;
	if (c->out_at < c->out_n)
		return loop_watch(s, &c->watch, EPOLLOUT, NULL) == 0;
	free(PTR_TAKE(c->out));
	c->out_n = c->out_at = 0;
	c->in_n = 0;
	loop_timer(s, &c->timer, CLIENT_NS);
	return loop_watch(s, &c->watch, EPOLLIN, NULL) == 0;
}

void client_answered(struct server *s, struct client *c, const uint8_t *msg, size_t n)
{
	c->out = n && !c->out ? malloc(n + 2) : NULL;
	if (!c->out)
		return client_free(s, c);
	c->out[0] = (uint8_t)(n >> 8);
	c->out[1] = (uint8_t)n;
	memcpy(c->out + 2, msg, n);
	c->out_n = n + 2;
	if (!client_send(s, c))
		client_free(s, c);
}

/* As many bytes as the message still needs, so that what follows stays with the kernel. < 0: the connection is over. */
static int client_receive(struct client *c)
{
	size_t want = c->in_n < 2 ? 2 : 2u + (size_t)(c->in[0] << 8 | c->in[1]);
	ssize_t n;

	if (want > LIMIT_DNS_QUERY + 2)
		return -EMSGSIZE;
	n = recv(c->watch.fd, c->in + c->in_n, want - c->in_n, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	c->in_n += (size_t)n;
	if (n == 0)
		return -ECONNRESET;
	return c->in_n == want && want > 2;
}

/* Is it still there, now that the records are known? Nothing was accepted meanwhile. */
static bool is_here(const struct server *s, const struct client *c)
{
	for (const struct resident *r = s->residents; r; r = r->next)
		for (const struct client *have = r->clients; have; have = have->next)
			if (have == c)
				return true;
	return false;
}

static void client_ready(struct server *s, struct watch *w, unsigned events)
{
	struct client *c = PARENT_OF(w, struct client, watch);
	int r;

	if (c->out) {
		if (!client_send(s, c))
			client_free(s, c);
		return;
	}
	r = client_receive(c);
	if (r < 0 || (r > 0 && loop_watch(s, w, 0, NULL) < 0))
		return client_free(s, c);
	if (r == 0)
		return;
	records_refresh(s);
	if (is_here(s, c))
		ask(s, c->resident, &(struct asker){ .client = c }, c->in + 2, c->in_n - 2);
}

/* Of too many connections the oldest one goes: so nobody keeps new ones away. */
static void make_room(struct server *s, struct resident *r)
{
	struct client *c = r->clients;

	if (r->client_count < LIMIT_DNS_CLIENTS)
		return;
	while (c->next)
		c = c->next;
	client_free(s, c);
}

static void accept_client(struct server *s, struct watch *w, unsigned events)
{
	struct resident *r = PARENT_OF(w, struct resident, tcp);
	scoped_fd fd = loop_accept(s, w);
	struct client *c = fd < 0 ? NULL : calloc(1, sizeof *c);

	if (!c)
		return;
	c->in = malloc(LIMIT_DNS_QUERY + 2);
	if (!c->in) {
		free(c);
		return;
	}
	make_room(s, r);
	c->watch = (struct watch){ fd_take(&fd), client_ready };
	c->timer.fire = client_late;
	c->resident = r;
	c->next = r->clients;
	r->clients = c;
	r->client_count++;
	loop_timer(s, &c->timer, CLIENT_NS);
	if (loop_watch(s, &c->watch, EPOLLIN, NULL) < 0)
		client_free(s, c);
}

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

/* IP_FREEBIND: the loopback interface may not be up yet. */
static int bind_port(int fd, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(NAMES_ADDRESS) } };
	int on = 1;

	(void)setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
	return bind(fd, (struct sockaddr *)&a, sizeof a);
}

static int open_port(struct resident *r, uint16_t port, struct err *e)
{
	scoped_fd udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	scoped_fd tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (udp < 0 || tcp < 0)
		return err_sys(e, "socket");
	(void)setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* after a tare-net that was killed */
	if (bind_port(udp, port) < 0 || bind_port(tcp, port) < 0 || listen(tcp, LIMIT_DNS_CLIENTS) < 0)
		return err_sys(e, "listen on 127.0.0.11:%u", port);
	r->udp.fd = fd_take(&udp);
	r->tcp.fd = fd_take(&tcp);
	return 0;
}

/* The first port comes from the id, so that another tare-net takes the same one: then what the kernel remembers of the
 * container's connections stays right. */
static int open_ports(struct resident *r, uint16_t *ret_port, struct err *e)
{
	unsigned start = 0;
	int rc = -EADDRINUSE;

	for (const char *p = r->container; *p; p++)
		start = start * 31 + (unsigned char)*p;
	for (unsigned i = 0; rc == -EADDRINUSE && i < 64; i++) {
		*ret_port = (uint16_t)(PORT_FIRST + (start + i * 997) % PORT_COUNT);
		rc = open_port(r, *ret_port, e);
	}
	return rc;
}

static int settle_in(struct server *s, struct resident *r, int netns, struct err *e)
{
	uint16_t port;
	int rc = visit(s, netns, e);

	if (rc < 0)
		return rc;
	rc = open_ports(r, &port, e);
	if (rc == 0)
		rc = dns_rules_put(port, e);
	visit_end(s);
	return rc;
}

static void process_ended(struct server *s, struct watch *w, unsigned events)
{
	struct resident *r = PARENT_OF(w, struct resident, process), **at = &s->residents;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	resident_free(s, r);
}

static void watch_process(struct server *s, struct resident *r, const struct endpoint *ep)
{
	r->process.fd = ep->pid ? sys_pidfd_open(ep->pid, 0) : -1;
	if (r->process.fd >= 0 && (!endpoint_is_alive(&s->host, ep) || loop_watch(s, &r->process, EPOLLIN, NULL) < 0))
		loop_close(s, &r->process);
}

int resident_new(struct server *s, const struct endpoint *ep, int netns, struct resident **ret, struct err *e)
{
	struct resident *r = calloc(1, sizeof *r);
	int rc;

	if (!r)
		return err_oom(e);
	*r = (struct resident){ .udp = { -1, udp_ready },
				.tcp = { -1, accept_client },
				.process = { -1, process_ended } };
	(void)sv_copy(sv_from(ep->container), r->container, sizeof r->container);
	rc = fstat(netns, &r->netns) < 0 ? err_sys(e, "stat of a network namespace") : settle_in(s, r, netns, e);
	if (rc == 0)
		rc = loop_watch(s, &r->udp, EPOLLIN, e);
	if (rc == 0)
		rc = loop_watch(s, &r->tcp, EPOLLIN, e);
	if (rc < 0) {
		resident_free(s, r);
		return rc;
	}
	watch_process(s, r, ep);
	r->next = *ret;
	*ret = r;
	return 0;
}

void resident_free(struct server *s, struct resident *r)
{
	while (r->clients)
		client_free(s, r->clients);
	questions_free(s, r, NULL);
	loop_close(s, &r->udp);
	loop_close(s, &r->tcp);
	loop_close(s, &r->process);
	free(r);
}
