/* SPDX-License-Identifier: Apache-2.0 */
/* The way of one packet: out of a container, through this host, into a container. */
#include "report/network_doctor_priv.h"

#include "base/scope.h"
#include "network/record.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static int oom(int r, struct err *e)
{
	return r < 0 ? err_oom(e) : r;
}

/* ---- through this host ------------------------------------------------------------------------------------------------------------ */

static int host_route(struct doctor *d, const struct net_ip *to, struct net_view_route *ret, struct err *e)
{
	struct err why = { 0 };
	char text[SUBNET_TEXT];

	if (net_view_route(&d->host, to, ret, &why) == 0)
		return 1;
	return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_ROUTE, "host", "ip route get shows the same",
			      "this host has no route to %s: %s", net_ip_print(to, text), why.msg), e);
}

/* Leaves for another machine: with the host's address, if its network is so. */
static int masqueraded(struct doctor *d, const struct packet *p, const struct network *from, const char *out,
		       struct err *e)
{
	char text[SUBNET_TEXT];
	struct packet_end end = packet_from(p);

	if (p->from_changed)
		return oom(doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, "host", NULL,
				      "it leaves by %s with this host's address", out), e);
	return oom(doctor_say(d, DOCTOR_NOTE, DOCTOR_CAUSE_NONE, "host", NULL,
			      "it leaves by %s with the container's own address %s%s: answers come only if the other "
			      "side has a route to it", out, net_ip_print(&end.ip, text),
			      from && !from->masquerade ? " (enable_ip_masquerade=false)" : ""), e);
}

/* From `in` on, where the packet has passed prerouting. 1: it left, or was heard. */
static int forwarded(struct doctor *d, struct packet *p, const char *in, const struct network *from, bool local,
		     struct err *e)
{
	struct packet_end to = packet_to(p);
	const struct place_row *place = doctor_place_at(d, &to.ip);
	const struct network *net = place ? doctor_net(d, place->network_id) : NULL;
	struct net_view_route route;
	int r = local ? 1 : oom(doctor_forwarding(d, p->six), e);

	if (r == 1 && net && net->driver == NETWORK_BRIDGE) /* else a bridge that is down is told as a missing route */
		r = oom(doctor_device(d, net), e);
	if (r == 1)
		r = host_route(d, &to.ip, &route, e);
	if (r != 1)
		return r;
	packet_through(p, in, route.out->name);
	if (!local)
		r = doctor_hook(d, NULL, "host", doctor_family(p), HOOK_FORWARD, p, e);
	if (r == 1)
		r = doctor_hook(d, NULL, "host", doctor_family(p), HOOK_POSTROUTING, p, e);
	if (r != 1)
		return r;
	net = doctor_net_of_device(d, route.out->name);
	if (net)
		return doctor_to_place(d, net, p, e);
	return from ? masqueraded(d, p, from, route.out->name, e) : 1;
}

/* ---- to this host, from outside or from itself ---------------------------------------------------------------------------------- */

/* Some neighbour of an address: the one behind or before it. */
static struct net_ip neighbour(const struct net_ip *ip)
{
	size_t last = ip->family == AF_INET ? 3 : 15;
	struct net_ip other = *ip;

	other.bytes[last] ^= ip->bytes[last] < 2 ? 2 : 3;
	return other;
}

static int from_itself(struct doctor *d, const struct doctor_target *t, const struct net_view_link *lo, struct err *e)
{
	struct packet_end from = { .ip = t->ip, .port = DOCTOR_SOURCE_PORT }, to = { .ip = t->ip, .port = t->port };
	struct packet p;
	int r;

	packet_make(&p, t->protocol, &from, &to);
	packet_through(&p, NULL, lo->name);
	r = doctor_hook(d, NULL, "host", doctor_family(&p), HOOK_OUTPUT, &p, e);
	if (r == 1 && p.to_changed && !p.redirected)
		return forwarded(d, &p, NULL, NULL, true, e);
	if (r == 1)
		r = doctor_hook(d, NULL, "host", doctor_family(&p), HOOK_POSTROUTING, &p, e);
	packet_through(&p, lo->name, NULL);
	if (r == 1)
		r = doctor_into_host(d, t, &p, e);
	return r == 1 && p.redirected ? doctor_relayed(d, t, e) : r;
}

static int from_outside(struct doctor *d, const struct doctor_target *t, const struct net_view_link *in, struct err *e)
{
	struct packet_end from = { .ip = neighbour(&t->ip), .port = DOCTOR_SOURCE_PORT },
			  to = { .ip = t->ip, .port = t->port };
	struct packet p;
	int r;

	packet_make(&p, t->protocol, &from, &to);
	packet_through(&p, in->name, NULL);
	r = doctor_hook(d, NULL, "host", doctor_family(&p), HOOK_PREROUTING, &p, e);
	if (r == 1 && p.to_changed && !p.redirected)
		return forwarded(d, &p, in->name, NULL, false, e);
	return r == 1 ? doctor_into_host(d, t, &p, e) : r;
}

/* An address that is not this host's: a container's, perhaps. */
static int from_host(struct doctor *d, const struct doctor_target *t, struct err *e)
{
	struct packet_end from = { .port = DOCTOR_SOURCE_PORT }, to = { .ip = t->ip, .port = t->port };
	struct net_view_route route;
	struct packet p;
	int r = host_route(d, &t->ip, &route, e);

	if (r != 1)
		return r;
	from.ip = route.source;
	packet_make(&p, t->protocol, &from, &to);
	packet_through(&p, NULL, route.out->name);
	r = doctor_hook(d, NULL, "host", doctor_family(&p), HOOK_OUTPUT, &p, e);
	return r == 1 ? forwarded(d, &p, NULL, NULL, true, e) : r;
}

int doctor_to_host(struct doctor *d, const struct doctor_target *t, struct err *e)
{
	const struct net_view_link *l = net_view_address(&d->host, &t->ip);
	int r = d->all.places.n ? oom(doctor_tables(d), e) : 1;
	size_t before = d->out->n;

	if (r != 1)
		return r;
	if (l && !l->up)
		return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_DEVICE, "host",
				      doctor_fmt(d, "ip link set %s up", l->name), "interface %s with %s is down",
				      l->name, t->host),
			   e);
	r = !l ? from_host(d, t, e) : net_view_is_loopback(&t->ip) ? from_itself(d, t, l, e) : from_outside(d, t, l, e);
	if (r == 1 && d->out->n == before)
		r = oom(doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, "host", NULL, "it goes to %s", t->host), e);
	return r;
}

/* ---- out of a container ---------------------------------------------------------------------------------------------------------------- */

/* Whose place an interface of a namespace is: by the other end of the pair, for containers that share one. */
static const struct place_row *place_of(const struct doctor *d, const struct doctor_box *b,
					const struct net_view_link *l)
{
	const struct net_view_link *peer = l->peer ? net_view_link_at(&d->host, l->peer) : NULL;

	for (size_t i = 0; i < d->all.places.n; i++)
		if (peer && strcmp(d->all.places.v[i].host, peer->name) == 0)
			return &d->all.places.v[i];
	for (size_t i = 0; i < d->all.places.n; i++)
		if (strcmp(d->all.places.v[i].container_id, b->id) == 0 &&
		    strcmp(d->all.places.v[i].device, l->name) == 0)
			return &d->all.places.v[i];
	return NULL;
}

/* Its own places, whatever is asked: what is broken there explains the rest. */
static int own_places(struct doctor *d, const struct doctor_box *b, unsigned *ret_n, struct err *e)
{
	int r = 1;

	*ret_n = 0;
	for (size_t i = 0; r == 1 && i < d->all.places.n; i++) {
		const struct place_row *p = &d->all.places.v[i];
		const struct network *net = doctor_net(d, p->network_id);

		if (!net || strcmp(p->container_id, b->id) != 0)
			continue;
		++*ret_n;
		r = net->driver == NETWORK_BRIDGE ? doctor_device(d, net) : 1;
		if (r == 1)
			r = doctor_address(d, b, net, p);
		if (r == 1)
			r = doctor_veth(d, net, p, b->name);
		if (r == 1 && net->driver == NETWORK_BRIDGE)
			r = doctor_tables(d);
	}
	return oom(r, e);
}

static int no_route(struct doctor *d, const struct doctor_box *b, const struct net_ip *to, const char *why,
		    struct err *e)
{
	char text[SUBNET_TEXT];

	for (size_t i = 0; i < d->all.places.n; i++) {
		const struct network *net = doctor_net(d, d->all.places.v[i].network_id);

		if (net && net->options.internal && strcmp(d->all.places.v[i].container_id, b->id) == 0)
			return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_INTERNAL, doctor_box_label(d, b),
					      doctor_fmt(d, "tare network connect bridge %s", b->name),
					      "it has no route to %s: network %s is internal, nothing leaves it",
					      net_ip_print(to, text), net->row.name), e);
	}
	return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_ROUTE, doctor_box_label(d, b),
			      doctor_fmt(d, "tare restart %s", b->name), "it has no route to %s: %s",
			      net_ip_print(to, text), why), e);
}

/* To a neighbour within the bridge. */
static int within_bridge(struct doctor *d, const struct network *net, struct packet *p, struct err *e)
{
	struct packet_end to = packet_to(p);
	const struct place_row *peer = doctor_place_at(d, &to.ip);
	int r = 1;

	if (!peer)
		return doctor_nobody_has(d, net, &to, e);
	if (!net->talk)
		return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_ISOLATION, "host",
				      "publish the port that is to be reached",
				      "containers of network %s may not talk to each other (enable_icc=false)",
				      net->row.name), e);
	packet_through(p, p->in, peer->host);
	r = doctor_hook(d, NULL, "host", NFPROTO_BRIDGE, HOOK_FORWARD, p, e);
	packet_through(p, net->row.device, net->row.device);
	if (r == 1 && d->host.bridges_are_filtered)
		r = doctor_hook(d, NULL, "host", doctor_family(p), HOOK_FORWARD, p, e);
	return r == 1 ? doctor_arrive(d, peer, p, e) : r;
}

static int through_host(struct doctor *d, const struct network *net, const struct doctor_target *t, struct packet *p,
			struct err *e)
{
	struct packet_end to;
	int r;

	packet_through(p, net->row.device, NULL);
	r = doctor_hook(d, NULL, "host", doctor_family(p), HOOK_PREROUTING, p, e);
	if (r != 1)
		return r;
	to = packet_to(p);
	if (p->redirected || net_view_address(&d->host, &to.ip))
		return doctor_into_host(d, t, p, e);
	return forwarded(d, p, net->row.device, net, false, e);
}

static int onto_bridge(struct doctor *d, const struct network *net, const struct place_row *place,
		       const struct net_view_route *route, const struct doctor_target *t, struct packet *p,
		       struct err *e)
{
	struct packet_end to = packet_to(p);
	int r;

	packet_through(p, place->host, NULL);
	r = doctor_hook(d, NULL, "host", NFPROTO_BRIDGE, HOOK_PREROUTING, p, e);
	if (r != 1)
		return r;
	if (!route->gateway.family && !net_view_address(&d->host, &to.ip))
		return within_bridge(d, net, p, e);
	return through_host(d, net, t, p, e);
}

static int leave_box(struct doctor *d, struct doctor_box *b, const struct net_view_route *route,
		     const struct doctor_target *t, struct err *e)
{
	struct packet_end from = { .ip = route->source, .port = DOCTOR_SOURCE_PORT },
			  to = { .ip = t->ip, .port = t->port };
	const struct place_row *place = place_of(d, b, route->out);
	const struct network *net = place ? doctor_net(d, place->network_id) : NULL;
	const char *where = doctor_box_label(d, b);
	struct packet p;
	int r;

	memcpy(from.mac, route->out->mac, sizeof from.mac);
	packet_make(&p, t->protocol, &from, &to);
	packet_through(&p, NULL, route->out->name);
	r = doctor_hook(d, &b->view, where, doctor_family(&p), HOOK_OUTPUT, &p, e);
	if (r == 1)
		r = doctor_hook(d, &b->view, where, doctor_family(&p), HOOK_POSTROUTING, &p, e);
	if (r != 1)
		return r;
	if (!net || net->driver != NETWORK_BRIDGE)
		return oom(doctor_say(d, DOCTOR_NOTE, DOCTOR_CAUSE_NONE, where, NULL,
				      "it leaves by %s, past this host's rules", route->out->name), e);
	return onto_bridge(d, net, place, route, t, &p, e);
}

static int say_route(struct doctor *d, const struct doctor_box *b, const struct net_view_route *route,
		     const struct doctor_target *t, struct err *e)
{
	char gateway[SUBNET_TEXT], to[SUBNET_TEXT];

	if (b->quiet)
		return 1;
	(void)net_ip_print(&t->ip, to);
	if (route->gateway.family)
		return oom(doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, doctor_box_label(d, b), NULL,
				      "to %s by %s and %s", to, route->out->name,
				      net_ip_print(&route->gateway, gateway)),
			   e);
	return oom(doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, doctor_box_label(d, b), NULL, "to %s by %s", to,
			      route->out->name), e);
}

/* As far as this host's rules go; *ret_left: and then to another machine. */
static int walk(struct doctor *d, struct doctor_box *b, const struct doctor_target *t, bool *ret_left, struct err *e)
{
	struct net_view_route route;
	struct err why = { 0 };
	unsigned places;
	int r = own_places(d, b, &places, e);

	*ret_left = false;
	if (r != 1)
		return r;
	if (!places && b->view.links.n <= 1)
		return oom(
			doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_NETWORK, doctor_box_label(d, b),
				   doctor_fmt(d, "tare network connect bridge %s, or run it with --network", b->name),
				   "it has no network but its own loopback interface"),
			e);
	if (net_view_route(&b->view, &t->ip, &route, &why) < 0)
		return no_route(d, b, &t->ip, why.msg, e);
	if (route.local)
		return doctor_heard(d, &b->view, doctor_box_label(d, b), &t->ip, t->port, t->protocol, e);
	r = say_route(d, b, &route, t, e);
	if (r == 1)
		r = leave_box(d, b, &route, t, e);
	*ret_left = !doctor_place_at(d, &t->ip) && !net_view_address(&d->host, &t->ip);
	return r;
}

/* ---- the other machine ----------------------------------------------------------------------------------------------------------------- */

static int begin_call(const struct doctor_target *t, struct err *e)
{
	struct ip_address address = { .family = t->ip.family };
	struct sockaddr_storage to;
	scoped_fd fd = socket(t->ip.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t n = sizeof(int);
	int code = 0;

	if (fd < 0)
		return err_sys(e, "socket");
	memcpy(&address.u, t->ip.bytes, t->ip.family == AF_INET ? 4 : 16);
	if (connect(fd, (struct sockaddr *)&to, ip_address_to_sockaddr(&address, t->port, &to)) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return err_sys(e, "connect");
	if (poll(&p, 1, 2 * DOCTOR_WAIT_MS) <= 0)
		return err_set(e, ETIMEDOUT, "no answer within %d ms", 2 * DOCTOR_WAIT_MS);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &n) < 0)
		return err_sys(e, "connect");
	return code ? err_set(e, code, "%s", strerror(code)) : 0;
}

static int call(struct doctor *d, struct doctor_box *b, const struct doctor_target *t, struct err *e)
{
	struct err why = { 0 };
	int there, r = net_view_enter(&b->view, e);

	if (r < 0)
		return r;
	there = begin_call(t, &why);
	r = net_view_enter(&d->host, e);
	if (r < 0)
		return r;
	if (there == 0)
		return oom(doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, t->host, NULL,
				      "the machine there accepts on port %u", t->port),
			   e);
	if (there == -ECONNREFUSED)
		return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_REMOTE, t->host, "start the server there",
				      "the machine there refuses: nobody listens on port %u", t->port), e);
	return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_REMOTE, t->host,
			      "look there: nothing on this host is in the way",
			      "no answer from the machine there, port %u: %s", t->port, why.msg), e);
}

int doctor_from_box(struct doctor *d, struct doctor_box *b, struct doctor_target *t, struct err *e)
{
	bool left = false;
	int r = t->ip.family ? 1 : doctor_resolve(d, b, t, e);

	if (r != 1)
		return r;
	if (!b->own)
		return doctor_to_host(d, t, e);
	r = walk(d, b, t, &left, e);
	return r == 1 && left && t->protocol == IPPROTO_TCP ? call(d, b, t, e) : r;
}

/* 192.0.2.1 is nobody's (RFC 5737): every machine's default route leads there. */
int doctor_out_of_box(struct doctor *d, struct doctor_box *b, struct err *e)
{
	struct doctor_target t = { .host = "elsewhere", .port = 80, .protocol = IPPROTO_TCP };
	struct net_view_route route;
	unsigned places;
	bool left;
	int r;

	(void)net_ip_parse(SV("192.0.2.1"), &t.ip);
	if (!b->own)
		return oom(doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, doctor_box_label(d, b), NULL,
				      "it has the host's network"), e);
	r = own_places(d, b, &places, e);
	if (r != 1)
		return r;
	if (net_view_route(&d->host, &t.ip, &route, NULL) < 0)
		return b->quiet ? 1 : oom(doctor_say(d, DOCTOR_NOTE, DOCTOR_CAUSE_NONE, "host", NULL,
						     "this host itself has no default route"), e);
	if (places && net_view_route(&b->view, &t.ip, &route, NULL) < 0)
		for (size_t i = 0; i < d->all.places.n; i++) {
			const struct network *net = doctor_net(d, d->all.places.v[i].network_id);

			if (net && net->options.internal && strcmp(d->all.places.v[i].container_id, b->id) == 0)
				return oom(doctor_say(d, DOCTOR_NOTE, DOCTOR_CAUSE_NONE, doctor_box_label(d, b), NULL,
						      "network %s is internal: no way out", net->row.name), e);
		}
	return walk(d, b, &t, &left, e);
}
