/* SPDX-License-Identifier: Apache-2.0 */
/* What others have to answer: one upstream after the other, by the way by which it was asked.
 *
 * Each attempt has a socket of its own: a source port that the kernel chose, connected, so that only the asked server's
 * packets come in, and a random id. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "network/dns_rules.h"
#include "network/netns.h"
#include "network/serve_priv.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

/* Three of them in the five seconds after which clients ask again. */
#define ATTEMPT_NS (INT64_C(1500) * 1000000)
#define DEAD_NS (INT64_C(30) * 1000000000)
#define PORT 53

struct question {
	struct watch watch;
	struct timer timer;
	struct question *next;
	struct resident *resident;
	struct asker who;
	uint16_t id; /* the asker's */
	unsigned at, n;
	struct upstream upstreams[LIMIT_DNS_UPSTREAMS];
	size_t out_n, out_at, in_n; /* in_n: with the two bytes of its length */
	uint8_t head[2], *in;       /* an answer by TCP */
	uint8_t *failed;            /* an upstream's answer that it failed: better than none */
	size_t failed_n;
	uint8_t out[]; /* the length, and the query with an id of ours */
};

/* ---- upstreams --------------------------------------------------------------------------------------------------- */

static bool is_same(const struct upstream *u, const struct upstream *v)
{
	return u->from_host == v->from_host && ip_address_equal(&u->address, &v->address);
}

static bool is_dead(const struct resident *r, const struct upstream *u)
{
	for (size_t i = 0; i < LIMIT_DNS_UPSTREAMS; i++)
		if (r->dead[i].until_ns && is_same(&r->dead[i].server, u))
			return r->dead[i].until_ns > clock_monotonic_ns();
	return false;
}

static void set_dead(struct resident *r, const struct upstream *u, bool dead)
{
	size_t i = 0;

	while (i < LIMIT_DNS_UPSTREAMS && !(r->dead[i].until_ns && is_same(&r->dead[i].server, u)))
		i++;
	if (i == LIMIT_DNS_UPSTREAMS && dead)
		i = r->dead_next++ % LIMIT_DNS_UPSTREAMS;
	if (i < LIMIT_DNS_UPSTREAMS)
		r->dead[i] = (struct dead_upstream){ *u, dead ? clock_monotonic_ns() + DEAD_NS : 0 };
}

static bool has(const struct question *q, const struct upstream *u)
{
	for (unsigned i = 0; i < q->n; i++)
		if (is_same(&q->upstreams[i], u))
			return true;
	return false;
}

/* What we answer at ourselves, in the container: who is told to ask there asks us, who ask there... */
static bool is_ourselves(const struct upstream *u)
{
	return !u->from_host && u->address.family == AF_INET && u->address.u.v4.s_addr == htonl(NAMES_ADDRESS);
}

static void choose(const struct server *s, struct question *q, bool dead)
{
	struct endpoint_search own = endpoints_find(&s->all, ENDPOINT_CONTAINER, sv_from(q->resident->container));
	const struct endpoint *ep;

	while ((ep = endpoints_next(&own)))
		for (size_t i = 0; i < ep->upstream_count && q->n < LIMIT_DNS_UPSTREAMS; i++)
			if (is_dead(q->resident, &ep->upstreams[i]) == dead &&
			    !is_ourselves(&ep->upstreams[i]) && !has(q, &ep->upstreams[i]))
				q->upstreams[q->n++] = ep->upstreams[i];
}

/* ---- a question's end -------------------------------------------------------------------------------------------- */

static void question_free(struct server *s, struct question *q)
{
	struct question **at = &q->resident->questions;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	q->resident->question_count--;
	s->questions--;
	loop_cancel(s, &q->timer);
	loop_close(s, &q->watch);
	free(q->in);
	free(q->failed);
	free(q);
}

void questions_free(struct server *s, struct resident *r, const struct client *only)
{
	struct question *q = r->questions, *next;

	for (; q; q = next) {
		next = q->next;
		if (!only || q->who.client == only)
			question_free(s, q);
	}
}

static void end(struct server *s, struct question *q, uint8_t *msg, size_t n)
{
	struct resident *r = q->resident;
	struct asker who = q->who;
	uint8_t *failed = PTR_TAKE(q->failed);

	if (n)
		dns_set_id(msg, q->id);
	question_free(s, q);
	answer(s, r, &who, msg, n);
	free(failed);
}

/* Nobody answered, or nobody could. */
static void give_up(struct server *s, struct question *q)
{
	uint8_t msg[DNS_UDP_PLAIN];
	struct dns_query query;

	if (q->failed)
		return end(s, q, q->failed, q->failed_n);
	if (dns_query_parse(q->out + 2, q->out_n - 2, &query) < 0)
		return end(s, q, msg, 0);
	end(s, q, msg, dns_refuse(q->out + 2, &query, DNS_SERVFAIL, msg, sizeof msg));
}

/* ---- attempts ---------------------------------------------------------------------------------------------------- */

static int make_socket(struct server *s, const struct question *q, int type)
{
	const struct upstream *u = &q->upstreams[q->at];
	scoped_fd netns = u->from_host ? -1 : netns_of_socket(q->resident->udp.fd, NULL);
	int fd;

	type |= SOCK_CLOEXEC | SOCK_NONBLOCK;
	if (u->from_host)
		return socket(u->address.family, type, 0);
	if (netns < 0 || visit(s, netns, NULL) < 0)
		return -1;
	fd = socket(u->address.family, type, 0);
	visit_end(s);
	return fd;
}

/* false: not this one */
static bool attempt(struct server *s, struct question *q)
{
	struct sockaddr_storage a;
	socklen_t size = ip_address_to_sockaddr(&q->upstreams[q->at].address, PORT, &a);
	uint16_t id = 0;

	q->watch.fd = make_socket(s, q, q->who.client ? SOCK_STREAM : SOCK_DGRAM);
	if (q->watch.fd < 0 || getrandom(&id, sizeof id, 0) != sizeof id)
		return false;
	dns_set_id(q->out + 2, id);
	q->out_at = q->in_n = 0;
	free(PTR_TAKE(q->in));
	if (connect(q->watch.fd, (struct sockaddr *)&a, size) < 0 && errno != EINPROGRESS)
		return false;
	if (!q->who.client && send(q->watch.fd, q->out + 2, q->out_n - 2, MSG_NOSIGNAL) < 0)
		return false;
	loop_timer(s, &q->timer, ATTEMPT_NS);
	return loop_watch(s, &q->watch, q->who.client ? EPOLLOUT : EPOLLIN, NULL) == 0;
}

/* From q->at on */
static void attempt_next(struct server *s, struct question *q)
{
	for (; q->at < q->n; q->at++) {
		loop_close(s, &q->watch);
		if (attempt(s, q))
			return;
		set_dead(q->resident, &q->upstreams[q->at], true);
	}
	give_up(s, q);
}

static void fail(struct server *s, struct question *q)
{
	set_dead(q->resident, &q->upstreams[q->at], true);
	q->at++;
	attempt_next(s, q);
}

static void late(struct server *s, struct timer *t)
{
	fail(s, PARENT_OF(t, struct question, timer));
}

/* An upstream that says that it failed, or does not want to: perhaps the next one knows. */
static void received(struct server *s, struct question *q, uint8_t *msg, size_t n)
{
	enum dns_rcode code = dns_rcode(msg);

	set_dead(q->resident, &q->upstreams[q->at], false);
	if ((code != DNS_SERVFAIL && code != DNS_REFUSED) || q->at + 1 == q->n)
		return end(s, q, msg, n);
	if (!q->failed && (q->failed = malloc(n))) {
		memcpy(q->failed, msg, n);
		q->failed_n = n;
	}
	q->at++;
	attempt_next(s, q);
}

/* ---- what comes back --------------------------------------------------------------------------------------------- */

static void udp_ready(struct server *s, struct question *q)
{
	uint8_t msg[LIMIT_DNS_UDP_REPLY];
	ssize_t n = recv(q->watch.fd, msg, sizeof msg, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) /* ICMP: nobody listens there */
		return fail(s, q);
	if (dns_reply_matches(q->out + 2, q->out_n - 2, msg,
			      (size_t)n)) /* others are not for us: the timer still runs */
		received(s, q, msg, (size_t)n);
}

static bool tcp_send(struct server *s, struct question *q)
{
	ssize_t n = send(q->watch.fd, q->out + q->out_at, q->out_n - q->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	q->out_at += (size_t)n;
	return q->out_at < q->out_n || loop_watch(s, &q->watch, EPOLLIN, NULL) == 0;
}

/* 1: the answer is whole; < 0: the connection is over */
static int tcp_receive(struct question *q)
{
	size_t want = q->in ? (size_t)(q->head[0] << 8 | q->head[1]) + 2 : 2;
	uint8_t *to = q->in ? q->in + (q->in_n - 2) : q->head + q->in_n;
	ssize_t n = recv(q->watch.fd, to, want - q->in_n, MSG_DONTWAIT);

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -ECONNRESET;
	q->in_n += (size_t)n;
	if (q->in_n < want || q->in)
		return q->in_n == want;
	want = (size_t)(q->head[0] << 8 | q->head[1]);
	q->in = want ? malloc(want) : NULL;
	return q->in ? 0 : -ENOMEM;
}

static void tcp_ready(struct server *s, struct question *q)
{
	int r;
	uint8_t *in;

	if (q->out_at < q->out_n) {
		if (!tcp_send(s, q))
			fail(s, q);
		return;
	}
	r = tcp_receive(q);
	if (r == 0)
		return;
	in = PTR_TAKE(q->in);
	if (r > 0 && dns_reply_matches(q->out + 2, q->out_n - 2, in, q->in_n - 2))
		received(s, q, in, q->in_n - 2);
	else
		fail(s, q);
	free(in);
}

static void ready(struct server *s, struct watch *w, unsigned events)
{
	struct question *q = PARENT_OF(w, struct question, watch);

	if (q->who.client)
		tcp_ready(s, q);
	else
		udp_ready(s, q);
}

/* Whoever asks most goes without: else a few whose servers are dead would have all of it. */
static bool make_room(struct server *s, const struct resident *r)
{
	struct resident *most = s->residents;
	struct question *oldest;

	if (s->questions < LIMIT_DNS_QUESTIONS)
		return true;
	for (struct resident *i = s->residents; i; i = i->next)
		if (i->question_count > most->question_count)
			most = i;
	if (most->question_count <= r->question_count)
		return false;
	for (oldest = most->questions; oldest->next;)
		oldest = oldest->next;
	give_up(s, oldest);
	return true;
}

bool forward(struct server *s, struct resident *r, const struct asker *who, const uint8_t *msg, size_t n)
{
	struct question *q;

	if (r->question_count >= LIMIT_DNS_QUESTIONS_EACH || !make_room(s, r))
		return false;
	q = calloc(1, sizeof *q + n + 2);
	if (!q)
		return false;
	*q = (struct question){ .watch = { -1, ready }, .timer = { .fire = late }, .next = r->questions, .resident = r,
				.who = *who, .id = dns_id(msg), .out_n = n + 2 };
	q->out[0] = (uint8_t)(n >> 8);
	q->out[1] = (uint8_t)n;
	memcpy(q->out + 2, msg, n);
	r->questions = q;
	r->question_count++;
	s->questions++;
	choose(s, q, false);
	choose(s, q, true);
	attempt_next(s, q);
	return true;
}
