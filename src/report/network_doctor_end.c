/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a packet's way: rules that stop it, and sockets that hear it, in a container or on this host. */
#include "report/network_doctor_priv.h"

#include "base/scope.h"

#include <netinet/in.h>
#include <string.h>

static int oom(int r, struct err *e)
{
	return r < 0 ? err_oom(e) : r;
}

static const char *end_text(struct doctor *d, const struct packet_end *end)
{
	char text[SUBNET_TEXT];

	(void)net_ip_print(&end->ip, text);
	return doctor_fmt(d, end->ip.family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, end->port);
}

/* ---- rules ------------------------------------------------------------------------------------------------------------ */

static const char *family_name(uint8_t family)
{
	return family == NFPROTO_INET	? "inet" :
	       family == NFPROTO_IPV4	? "ip" :
	       family == NFPROTO_IPV6	? "ip6" :
	       family == NFPROTO_BRIDGE ? "bridge" :
					  "netdev";
}

/* A rule of our own: what it is there for. */
static int own_rule(struct doctor *d, const struct packet_verdict *v, const struct packet *p)
{
	const struct network *from = doctor_net_of_device(d, p->in), *to = doctor_net_of_device(d, p->out);
	struct packet_end there = packet_to(p);
	const struct place_row *place = doctor_place_at(d, &there.ip);
	const char *name = "CONTAINER";

	if (v->chain->family == NFPROTO_BRIDGE)
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_SPOOFED, "host",
				  "give it back the addresses that tare inspect shows, or restart it",
				  "it comes from %s, which is not the address that the container was given at %s",
				  end_text(d, &(struct packet_end){ packet_from(p).ip, packet_from(p).port, { 0 } }),
				  p->in);
	if ((from && from->options.internal) || (to && to->options.internal))
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_INTERNAL, "host",
				  "connect the container to a network that is not internal as well",
				  "network %s is internal: nothing leaves it and nothing gets in",
				  from && from->options.internal ? from->row.name : to->row.name);
	if (place)
		(void)doctor_runs(d, place->container_id, &name);
	if (from && to)
		return doctor_say(
			d, DOCTOR_STOP, DOCTOR_CAUSE_ISOLATION, "host",
			doctor_fmt(d, "tare network connect %s %s", from->row.name, name),
			"networks %s and %s are kept apart: containers reach only those of their own networks",
			from->row.name, to->row.name);
	if (to)
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_PORT, "host",
				  doctor_fmt(d, "tare update --publish-add %u:%u %s", there.port, there.port, name),
				  "containers are reached from elsewhere by their published ports only");
	return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_RULE, "host", NULL,
			  "table %s %s, chain %s: what is not from or to a container is not forwarded, as before tare "
			  "turned forwarding on", family_name(v->chain->family), v->chain->table, v->at);
}

static int foreign_rule(struct doctor *d, const char *where, const struct packet_verdict *v)
{
	const struct nft_seen_chain *c = v->chain;
	const char *family = family_name(c->family), *does = v->rejected ? "rejects" : "drops";
	const char *remedy = doctor_fmt(d, "nft -a list chain %s %s %s shows it%s", family, c->table, v->at,
					where[0] == 'h' ? "" : " (in the container's network namespace)");

	if (v->rule)
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_RULE, where, remedy,
				  "%sthe rule with handle %llu of table %s %s, chain %s, %s it",
				  v->sure ? "" : "as far as can be seen, ", (unsigned long long)v->rule->handle,
				  family, c->table, v->at, does);
	return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_RULE, where, remedy,
			  "%stable %s %s, chain %s drops it: no rule there accepts it, and its policy is drop",
			  v->sure ? "" : "as far as can be seen, ", family, c->table, c->name);
}

int doctor_hook(struct doctor *d, const struct net_view *view, const char *where, uint8_t family, enum packet_hook hook,
		struct packet *p, struct err *e)
{
	bool host = !view;
	struct packet_verdict v;
	int r = net_view_hook(host ? &d->host : view, family, hook, p, &v, e);

	if (r < 0)
		return r;
	if (!v.stopped)
		return 1;
	r = host && strcmp(v.chain->table, d->table) == 0 ? own_rule(d, &v, p) : foreign_rule(d, where, &v);
	return oom(r, e);
}

/* ---- sockets ------------------------------------------------------------------------------------------------------------- */

static const char *protocol_name(uint8_t protocol)
{
	return protocol == IPPROTO_UDP ? "udp" : "tcp";
}

static int say_listener(struct doctor *d, const char *where, const struct listener *l, uint16_t port)
{
	char name[17], text[SUBNET_TEXT];
	pid_t pid = sock_diag_holder(d->en->host, l->inode, name);

	(void)net_ip_print(&l->local, text);
	if (!pid)
		return doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, where, NULL, "somebody listens at %s port %u/%s",
				  text, port, protocol_name(l->protocol));
	return doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, where, NULL, "%s (process %d) listens at %s port %u/%s",
			  name, (int)pid, text, port, protocol_name(l->protocol));
}

int doctor_heard(struct doctor *d, const struct net_view *view, const char *where, const struct net_ip *ip,
		 uint16_t port, uint8_t protocol, struct err *e)
{
	const struct listener *other, *l = net_view_listener(view, protocol, ip, port, &other);
	char text[SUBNET_TEXT];

	if (l)
		return oom(say_listener(d, where, l, port), e);
	if (other && net_view_is_loopback(&other->local))
		return oom(
			doctor_say(
				d, DOCTOR_STOP, DOCTOR_CAUSE_LOOPBACK, where,
				doctor_fmt(d, "let the server listen at %s", ip->family == AF_INET6 ? "::" : "0.0.0.0"),
				"port %u/%s is listened to at %s only: that is the loopback interface, which nobody "
				"reaches from outside",
				port, protocol_name(protocol), net_ip_print(&other->local, text)),
			e);
	if (other)
		return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_LISTENER, where,
				      doctor_fmt(d, "let the server listen at %s",
						 ip->family == AF_INET6 ? "::" : "0.0.0.0"),
				      "port %u/%s is listened to at %s only", port, protocol_name(protocol),
				      net_ip_print(&other->local, text)), e);
	return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_LISTENER, where,
			      "start the server, or publish the port on which it listens",
			      "nobody listens on port %u/%s", port, protocol_name(protocol)), e);
}

/* ---- into a container ------------------------------------------------------------------------------------------------------ */

static int way_back(struct doctor *d, const struct doctor_box *b, const struct packet *p, struct err *e)
{
	struct packet_end from = packet_from(p);
	struct net_view_route route;
	char text[SUBNET_TEXT];

	if (p->from_changed || net_view_route(&b->view, &from.ip, &route, NULL) == 0)
		return 1; /* it comes from the bridge then, which is its neighbour */
	return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_ROUTE, doctor_box_label(d, b),
			      doctor_fmt(d, "tare restart %s", b->name), "it has no route back to %s",
			      net_ip_print(&from.ip, text)), e);
}

static int into_box(struct doctor *d, const struct doctor_box *b, const struct network *net, const struct place_row *p,
		    struct packet *packet, struct err *e)
{
	struct packet_end to = packet_to(packet);
	const char *where = doctor_box_label(d, b);
	int r = oom(doctor_address(d, b, net, p), e);

	packet_through(packet, p->device, NULL);
	if (r == 1)
		r = doctor_hook(d, &b->view, where, doctor_family(packet), HOOK_PREROUTING, packet, e);
	if (r == 1)
		r = doctor_hook(d, &b->view, where, doctor_family(packet), HOOK_INPUT, packet, e);
	if (r == 1)
		r = way_back(d, b, packet, e);
	return r == 1 ? doctor_heard(d, &b->view, where, &to.ip, to.port, packet->protocol, e) : r;
}

int doctor_arrive(struct doctor *d, const struct place_row *p, struct packet *packet, struct err *e)
{
	scoped_box b = { .view = { .netns = -1, .route = -1, .rules_fd = -1 } };
	const struct network *net = doctor_net(d, p->network_id);
	int r = doctor_box_open(d, p->container_id, &b, e);

	if (r == 1)
		r = oom(doctor_device(d, net), e);
	if (r == 1)
		r = oom(doctor_veth(d, net, p, b.name), e);
	return r == 1 ? into_box(d, &b, net, p, packet, e) : r;
}

int doctor_nobody_has(struct doctor *d, const struct network *net, const struct packet_end *to, struct err *e)
{
	char text[SUBNET_TEXT];

	return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_ADDRESS, "host", "tare network inspect shows who has which",
			      "no container of network %s has the address %s", net->row.name,
			      net_ip_print(&to->ip, text)), e);
}

int doctor_to_place(struct doctor *d, const struct network *net, struct packet *packet, struct err *e)
{
	struct packet_end to = packet_to(packet);
	const struct place_row *p = doctor_place_at(d, &to.ip);

	return p ? doctor_arrive(d, p, packet, e) : doctor_nobody_has(d, net, &to, e);
}

/* ---- a port of this host ------------------------------------------------------------------------------------------------------- */

static bool covers(const struct port_row *p, const struct doctor_target *t)
{
	return p->protocol == t->protocol && t->port >= p->host_first && t->port <= p->host_last;
}

static bool is_at(const struct port_row *p, const struct net_ip *ip)
{
	struct net_ip host;

	return !*p->host || (net_ip_parse(sv_from(p->host), &host) && host.family == ip->family &&
			     (net_ip_is_any(&host) || net_ip_equal(&host, ip)));
}

const struct port_row *doctor_published(const struct doctor *d, const struct doctor_target *t, bool here)
{
	for (size_t i = 0; i < d->ports.n; i++)
		if (covers(&d->ports.v[i], t) && is_at(&d->ports.v[i], &t->ip) == here)
			return &d->ports.v[i];
	return NULL;
}

/* A container that listens on such a port of its own; *ret_name: which. */
static bool somebody_inside(struct doctor *d, const struct doctor_target *t, const char **ret_name)
{
	for (size_t i = 0; i < d->all.places.n; i++) {
		scoped_box b = { .view = { .netns = -1, .route = -1, .rules_fd = -1 } };
		const struct network *net = doctor_net(d, d->all.places.v[i].network_id);
		struct net_ip ip = net ? network_place_ip4(net, &d->all.places.v[i]) : (struct net_ip){ 0 };
		const struct listener *other;

		if (!ip.family || !doctor_runs(d, d->all.places.v[i].container_id, ret_name) ||
		    doctor_box_open(d, d->all.places.v[i].container_id, &b, NULL) != 1)
			continue;
		if (net_view_listener(&b.view, t->protocol, &ip, t->port, &other))
			return true;
	}
	return false;
}

/* Nobody took it on the host. */
static int unpublished(struct doctor *d, const struct doctor_target *t, struct err *e)
{
	const struct port_row *here = doctor_published(d, t, true), *other = doctor_published(d, t, false);
	const char *name = "?";

	if (here) {
		(void)doctor_runs(d, here->container_id, &name);
		return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_TABLES, "host", "tare _firewall makes them anew",
				      "container %s publishes port %u, and no rule leads there", name, t->port), e);
	}
	if (other) {
		(void)doctor_runs(d, other->container_id, &name);
		return oom(
			doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_ADDRESS, "host",
				   doctor_fmt(d, "publish it without an address, or call %s:%u", other->host, t->port),
				   "container %s publishes port %u at %s only, not at %s", name, t->port, other->host,
				   t->host),
			e);
	}
	if (somebody_inside(d, t, &name))
		return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_PORT, "host",
				      doctor_fmt(d, "tare update --publish-add %u:%u %s", t->port, t->port, name),
				      "port %u/%s is not published; container %s listens on a port of that number",
				      t->port, protocol_name(t->protocol), name),
			   e);
	return oom(doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_PORT, "host", "tare ps shows what is published",
			      "port %u/%s is not published, and nobody on this host listens there", t->port,
			      protocol_name(t->protocol)), e);
}

int doctor_into_host(struct doctor *d, const struct doctor_target *t, struct packet *p, struct err *e)
{
	struct packet_end to = packet_to(p);
	const struct listener *other, *l;
	int r = doctor_hook(d, NULL, "host", doctor_family(p), HOOK_INPUT, p, e);

	if (r != 1)
		return r;
	l = net_view_listener(&d->host, p->protocol, &to.ip, to.port, &other);
	if (l && p->redirected && doctor_published(d, t, true))
		return oom(
			doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, "host", NULL, "tare-net relays port %u", t->port),
			e);
	if (l)
		return oom(say_listener(d, "host", l, to.port), e);
	if (other && !doctor_published(d, t, false))
		return doctor_heard(d, &d->host, "host", &to.ip, to.port, p->protocol, e);
	return unpublished(d, t, e);
}

/* After a redirection to this host, tare-net calls the container by itself. */
int doctor_relayed(struct doctor *d, const struct doctor_target *t, struct err *e)
{
	const struct port_row *row = doctor_published(d, t, true);

	for (size_t i = 0; row && i < d->all.places.n; i++) {
		const struct network *net = doctor_net(d, d->all.places.v[i].network_id);
		struct packet_end from = { .port = DOCTOR_SOURCE_PORT },
				  to = { .port = (uint16_t)(row->first + t->port - row->host_first) };
		struct packet p;

		if (!net || strcmp(d->all.places.v[i].container_id, row->container_id) != 0)
			continue;
		to.ip = network_place_ip4(net, &d->all.places.v[i]);
		from.ip = net->gateway4;
		packet_make(&p, t->protocol, &from, &to);
		return to.ip.family ? doctor_arrive(d, &d->all.places.v[i], &p, e) : 1;
	}
	return 1;
}
