/* SPDX-License-Identifier: Apache-2.0 */
/* Published ports at [::1] of the host: TCP connections to them come to one socket of ours, by a rule of a table of our own
 * (nothing may leave the host with the source ::1), and are passed on to the container, byte by byte.
 *
 * One socket and one set element for each published range, however many ports it has. Single ports are in a set of their own: in
 * one of intervals the kernel looks at all of them to remove one. */
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "kernel/nftables.h"
#include "network/serve_priv.h"

#include <arpa/inet.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define ORIGINAL_DST 80 /* IP6T_SO_ORIGINAL_DST of <linux/netfilter_ipv6/ip6_tables.h> */
#define PORTS "ports"
#define RANGES "ranges"
#define CHAIN "relayed"
#define HOOK_OUTPUT 3
#define PRIORITY_DSTNAT (-100)
#define PIPE_SIZE 16384
#define CONNECT_NS (INT64_C(30) * 1000000000)

/* One direction. */
struct flow {
	uint8_t *bytes;
	size_t n, at;
	bool ended, told; /* nothing more comes in; and the other end knows */
};

struct relay {
	struct relay *next;
	struct watch near, far;
	struct timer timer; /* until it is connected */
	uint16_t port;      /* that was asked for */
	int64_t moved_ns;   /* when something went through it, monotonic */
	struct flow out, back;
	bool connected;
};

/* ---- rules ------------------------------------------------------------------------------------------------------- */

/* Of this state folder alone: another one has its own tare-net. */
static void table_name(const struct server *s, char ret[32])
{
	(void)snprintf(ret, 32, GUARD_RELAY_PREFIX "%08x", hash_of(sv_from(s->site->state_root)));
}

static void redirect(struct nft *t, const char *set, uint16_t port)
{
	const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
	const uint8_t tcp = IPPROTO_TCP;
	uint16_t to = htons(port);

	nft_rule(t, CHAIN);
	nft_payload(t, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct ip6_hdr, ip6_dst), sizeof loopback, 0);
	nft_compare(t, 0, NFT_CMP_EQ, &loopback, sizeof loopback);
	nft_meta(t, NFT_META_L4PROTO, 4);
	nft_compare(t, 4, NFT_CMP_EQ, &tcp, sizeof tcp);
	nft_payload(t, NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof to, 5);
	nft_in_set(t, set, 4, false);
	nft_load(t, 4, &to, sizeof to);
	nft_dnat(t, NFPROTO_IPV6, 0, 4);
	nft_rule_end(t);
}

/* Ranges of several containers may touch, not overlap: whoever publishes sees to that. */
static void change_ports(struct nft *t, const struct relay_range *p, bool add)
{
	struct {
		uint8_t protocol, fill[3];
		uint16_t port, fill_too;
	} first = { .protocol = IPPROTO_TCP, .port = htons(p->first) }, last = first;
	const bool one = p->first == p->last;
	const struct nft_element el = { .key = &first, .end = one ? NULL : &last, .key_size = sizeof first };

	last.port = htons(p->last);
	if (add)
		nft_element_add(t, one ? PORTS : RANGES, &el);
	else
		nft_element_delete(t, one ? PORTS : RANGES, &el, false);
}

static void each_range(const struct server *s, void (*fn)(void *arg, const struct relay_ports *p), void *arg)
{
	for (size_t i = 0; i < s->all.n; i++)
		for (size_t k = 0; k < s->all.v[i]->ep.relay_count; k++)
			fn(arg, &s->all.v[i]->ep.relays[k]);
}

struct ranges {
	struct relay_range *v;
	size_t n;
};

static void count(void *arg, const struct relay_ports *p)
{
	++*(size_t *)arg;
}

static void collect(void *arg, const struct relay_ports *p)
{
	struct ranges *to = arg;

	to->v[to->n++] = (struct relay_range){ p->host_first, (uint16_t)(p->host_first + p->count - 1) };
}

static int compare(const void *a, const void *b)
{
	const struct relay_range *p = a, *q = b;

	return p->first != q->first ? p->first - q->first : p->last - q->last;
}

/* In order, each once: a port's old and new container may both have their records there. */
static int list_ranges(const struct server *s, struct ranges *ret, struct err *e)
{
	struct ranges list = { 0 };
	size_t n = 0;

	each_range(s, count, &n);
	list.v = calloc(n + 1, sizeof *list.v);
	if (!list.v)
		return err_oom(e);
	each_range(s, collect, &list);
	qsort(list.v, list.n, sizeof *list.v, compare);
	n = 0;
	for (size_t i = 0; i < list.n; i++)
		if (!n || compare(&list.v[n - 1], &list.v[i]) != 0)
			list.v[n++] = list.v[i];
	list.n = n;
	*ret = list;
	return 0;
}

/* Of each range a number that looks like chance (splitmix64): sums of numbers that are near each other would meet. */
static void sum(void *arg, const struct relay_ports *p)
{
	uint64_t z = ((uint64_t)p->host_first << 32 | p->count) + UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	*(uint64_t *)arg += z ^ (z >> 31);
}

uint64_t relay_sum(const struct server *s)
{
	uint64_t all = 0;

	each_range(s, sum, &all);
	return all;
}

/* Without ranges there is no table. */
static void put_table(const struct server *s, struct nft *t, const struct ranges *now)
{
	static const struct nft_set_spec sets[] = {
		{ .name = PORTS, .key = { { NFT_TYPE_PROTO, 1 }, { NFT_TYPE_SERVICE, 2 } } },
		{ .name = RANGES, .key = { { NFT_TYPE_PROTO, 1 }, { NFT_TYPE_SERVICE, 2 } }, .interval = true },
	};

	nft_table_make(t, false); /* so that there is one to delete */
	nft_table_delete(t);
	if (!now->n)
		return;
	nft_table_make(t, true);
	nft_chain_base(t, CHAIN, "nat", HOOK_OUTPUT, PRIORITY_DSTNAT);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		nft_set_make(t, &sets[i]);
		redirect(t, sets[i].name, s->relays.port);
	}
	for (size_t i = 0; i < now->n; i++)
		change_ports(t, &now->v[i], true);
}

static void put_difference(struct nft *t, const struct ranges *before, const struct ranges *now)
{
	size_t i = 0, k = 0;

	while (i < before->n || k < now->n) {
		int c = i == before->n ? 1 : k == now->n ? -1 : compare(&before->v[i], &now->v[k]);

		if (c < 0)
			change_ports(t, &before->v[i], false);
		else if (c > 0)
			change_ports(t, &now->v[k], true);
		i += c <= 0;
		k += c >= 0;
	}
}

static int put_rules(struct server *s, const struct ranges *now, bool anew, struct err *e)
{
	const struct ranges before = { s->relays.known, s->relays.known_count };
	char table[32];
	struct nft t;
	int r;

	table_name(s, table);
	nft_begin(&t, 0);
	nft_use(&t, NFPROTO_IPV6, table);
	if (anew || !now->n)
		put_table(s, &t, now);
	else
		put_difference(&t, &before, now);
	r = server_commit(s, &t, e);
	nft_done(&t);
	return r;
}

/* What is not as it should be is made anew. */
static int change_rules(struct server *s, bool anew, struct err *e)
{
	struct ranges now = { 0 };
	int r = list_ranges(s, &now, e);

	if (r == 0)
		r = put_rules(s, &now, anew, e);
	if (r < 0 && r != -ENOMEM && !anew)
		r = put_rules(s, &now, true, e);
	if (r < 0) {
		free(now.v);
		return r;
	}
	free(s->relays.known);
	s->relays.known = now.v;
	s->relays.known_count = now.n;
	return 0;
}

/* ---- one connection ---------------------------------------------------------------------------------------------- */

static void relay_free(struct server *s, struct relay *r)
{
	struct relay **at = &s->relays.first;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	s->relays.n--;
	loop_cancel(s, &r->timer);
	loop_close(s, &r->near);
	loop_close(s, &r->far);
	free(r->out.bytes);
	free(r->back.bytes);
	free(r);
}

static bool would_block(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* What can be moved now. false: an end is broken. */
static bool move(struct flow *f, int from, int to)
{
	ssize_t n;

	if (f->n == 0 && !f->ended) {
		n = recv(from, f->bytes, PIPE_SIZE, MSG_DONTWAIT);
		if (n < 0 && !would_block(n))
			return false;
		f->ended = n == 0;
		f->n = n > 0 ? (size_t)n : 0;
		f->at = 0;
	}
	if (f->n > f->at) {
		n = send(to, f->bytes + f->at, f->n - f->at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && !would_block(n))
			return false;
		f->at += n > 0 ? (size_t)n : 0;
	}
	if (f->at == f->n)
		f->n = f->at = 0;
	if (f->ended && f->n == 0 && !f->told) {
		f->told = true;
		(void)shutdown(to, SHUT_WR);
	}
	return true;
}

static unsigned wanted(const struct flow *in, const struct flow *out)
{
	return (in->n == 0 && !in->ended ? EPOLLIN : 0u) | (out->n ? EPOLLOUT : 0u);
}

static bool is_over(const struct relay *r)
{
	return r->out.told && r->back.told;
}

static void run(struct server *s, struct relay *r)
{
	r->moved_ns = clock_monotonic_ns();
	if (!move(&r->out, r->near.fd, r->far.fd) || !move(&r->back, r->far.fd, r->near.fd) || is_over(r) ||
	    loop_watch(s, &r->near, wanted(&r->out, &r->back), NULL) < 0 ||
	    loop_watch(s, &r->far, wanted(&r->back, &r->out), NULL) < 0)
		relay_free(s, r);
}

static void near_ready(struct server *s, struct watch *w, unsigned events)
{
	run(s, PARENT_OF(w, struct relay, near));
}

static void far_ready(struct server *s, struct watch *w, unsigned events)
{
	struct relay *r = PARENT_OF(w, struct relay, far);
	socklen_t size = sizeof(int);
	int why = 0;

	if (!r->connected && (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &why, &size) < 0 || why))
		return relay_free(s, r);
	r->connected = true;
	loop_cancel(s, &r->timer);
	run(s, r);
}

static void late(struct server *s, struct timer *t)
{
	relay_free(s, PARENT_OF(t, struct relay, timer));
}

/* ---- new ones ---------------------------------------------------------------------------------------------------- */

/* 0: nobody publishes it */
static socklen_t find(const struct server *s, uint16_t port, struct sockaddr_storage *ret)
{
	for (size_t i = 0; i < s->all.n; i++)
		for (size_t k = 0; k < s->all.v[i]->ep.relay_count; k++) {
			const struct relay_ports *p = &s->all.v[i]->ep.relays[k];

			if (port >= p->host_first && port - p->host_first < p->count)
				return ip_address_to_sockaddr(&p->to, (uint16_t)(p->to_first + (port - p->host_first)),
							      ret);
		}
	return 0;
}

static int connect_far(const struct server *s, int near, uint16_t *ret_port)
{
	struct sockaddr_storage to;
	struct sockaddr_in6 asked;
	socklen_t size = sizeof asked;
	scoped_fd fd = -1;

	if (getsockopt(near, IPPROTO_IPV6, ORIGINAL_DST, &asked, &size) < 0)
		return -1;
	*ret_port = ntohs(asked.sin6_port);
	size = find(s, *ret_port, &to);
	if (!size)
		return -1;
	fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || (connect(fd, (struct sockaddr *)&to, size) < 0 && errno != EINPROGRESS))
		return -1;
	return fd_take(&fd);
}

static struct relay *relay_new(int near, int far, uint16_t port)
{
	struct relay *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	*r = (struct relay){ .near = { near, near_ready }, .far = { far, far_ready }, .timer = { .fire = late },
			      .port = port, .moved_ns = clock_monotonic_ns() };
	r->out.bytes = malloc(PIPE_SIZE);
	r->back.bytes = malloc(PIPE_SIZE);
	if (r->out.bytes && r->back.bytes)
		return r;
	free(r->out.bytes);
	free(r->back.bytes);
	free(r);
	return NULL;
}

/* Of the port that has most of them the one that has been quiet longest: connections to one port must not keep those to all others
 * out, and a connection of itself has no end. */
static struct relay *least_missed(const struct server *s)
{
	uint16_t *counts = calloc(UINT16_MAX + 1u, sizeof *counts);
	struct relay *least = NULL;

	if (!counts)
		return NULL;
	for (struct relay *r = s->relays.first; r; r = r->next)
		counts[r->port]++;
	for (struct relay *r = s->relays.first; r; r = r->next)
		if (!least || counts[r->port] > counts[least->port] ||
		    (counts[r->port] == counts[least->port] && r->moved_ns < least->moved_ns))
			least = r;
	free(counts);
	return least;
}

static bool make_room(struct server *s)
{
	struct relay *r = s->relays.n < LIMIT_RELAYS ? NULL : least_missed(s);

	if (r)
		relay_free(s, r);
	return s->relays.n < LIMIT_RELAYS;
}

static void accept_relay(struct server *s, struct watch *w, unsigned events)
{
	scoped_fd near = loop_accept(s, w), far = -1;
	uint16_t port = 0;
	struct relay *r;

	if (near < 0)
		return;
	records_refresh(s);
	if ((far = connect_far(s, near, &port)) < 0 || !make_room(s) || !(r = relay_new(near, far, port)))
		return;
	(void)fd_take(&near);
	(void)fd_take(&far);
	r->next = s->relays.first;
	s->relays.first = r;
	s->relays.n++;
	loop_timer(s, &r->timer, CONNECT_NS);
	if (loop_watch(s, &r->near, 0, NULL) < 0 || loop_watch(s, &r->far, EPOLLOUT, NULL) < 0)
		relay_free(s, r);
}

/* ---- as the records say ------------------------------------------------------------------------------------------ */

static int listen_here(struct server *s, struct err *e)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t size = sizeof a;
	scoped_fd fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, size) < 0 || listen(fd, SOMAXCONN) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &size) < 0)
		return err_sys(e, "listen on [::1]");
	s->relays.listener = (struct watch){ fd_take(&fd), accept_relay };
	s->relays.port = ntohs(a.sin6_port);
	return loop_watch(s, &s->relays.listener, EPOLLIN, e);
}

static void settle(struct server *s, bool anew)
{
	struct err e = { 0 };
	bool any = s->relays.ranges != 0;
	int r = 0;

	if (any && s->relays.listener.fd < 0)
		r = listen_here(s, &e);
	if (r == 0)
		r = change_rules(s, anew || !s->relays.ruled, &e);
	if (r < 0) {
		log_warning("ports of [::1]: %s", e.msg);
		return;
	}
	s->relays.ruled = any;
	if (!any)
		loop_close(s, &s->relays.listener);
}

void relay_settle(struct server *s)
{
	uint64_t ranges = relay_sum(s);

	if (ranges == s->relays.ranges)
		return;
	s->relays.ranges = ranges;
	settle(s, false);
}

void relay_begin(struct server *s)
{
	char table[32];

	table_name(s, table);
	s->relays.ruled = nft_has_table(NFPROTO_IPV6, table);
	s->relays.ranges = relay_sum(s);
	if (s->relays.ruled || s->relays.ranges)
		settle(s, true);
}

void relay_lost(struct server *s)
{
	if (s->relays.ruled)
		settle(s, true);
}

void relay_close(struct server *s)
{
	while (s->relays.first)
		relay_free(s, s->relays.first);
	loop_close(s, &s->relays.listener);
	if (s->relays.ruled)
		(void)put_rules(s, &(struct ranges){ 0 }, true, NULL);
	free(PTR_TAKE(s->relays.known));
	s->relays.known_count = 0;
}
