/* SPDX-License-Identifier: Apache-2.0 */
/* What a doctor looks at first: rows, devices, addresses; and in which order. The ways are in network_doctor_way.c. */
#include "report/network_doctor_priv.h"

#include "base/plain.h"
#include "base/scope.h"
#include "engine/cni.h"
#include "records/containers.h"
#include "engine/recover.h"
#include "oci/list.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>

#define PUBLISHED_SHOWN 32 /* mappings of one container that are followed */

/* ---- findings -------------------------------------------------------------------------------------------------------- */

static const char *const state_names[] = {
#define X(id, text) [DOCTOR_##id] = text,
	DOCTOR_STATES(X)
#undef X
};

static const char *const cause_names[] = {
#define X(id, text) [DOCTOR_CAUSE_##id] = text,
	DOCTOR_CAUSES(X)
#undef X
};

/* Names of processes, chains and interfaces are somebody's bytes, and go to root's terminal. */
static __attribute__((format(printf, 2, 0))) const char *plain(struct doctor *d, const char *fmt, va_list ap)
{
	return text_plain(arena_vfmt(d->a, fmt, ap));
}

int doctor_say(struct doctor *d, enum doctor_state s, enum doctor_cause c, const char *where, const char *remedy,
	       const char *found, ...)
{
	struct doctor_finding *f = LIST_ADD(d->a, d->out);
	va_list ap;

	if (!f)
		return -ENOMEM;
	va_start(ap, found);
	*f = (struct doctor_finding){ .state = state_names[s], .cause = c ? cause_names[c] : NULL, .where = where,
				      .found = plain(d, found, ap), .remedy = remedy };
	va_end(ap);
	d->out->stopped |= s == DOCTOR_STOP;
	return !f->found || !f->where ? -ENOMEM : s != DOCTOR_STOP;
}

const char *doctor_fmt(struct doctor *d, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = plain(d, fmt, ap);
	va_end(ap);
	return text ? text : "";
}

/* ---- rows ------------------------------------------------------------------------------------------------------------ */

static int read_rows(struct doctor *d, struct err *e)
{
	struct network_rows first = { 0 };
	struct db *db;
	int r = engine_db(d->en, &db, e);

	if (r == 0)
		r = network_list(d->en, d->a, &first, e); /* the predefined ones are there from now on */
	if (r == 0)
		r = networks_read(d->en, d->a, &d->all, e);
	return r < 0 ? r : network_rows_ports(db, NULL, d->a, &d->ports, e);
}

const struct network *doctor_net(const struct doctor *d, const char *id)
{
	return networks_by_id(&d->all, id);
}

const struct network *doctor_net_of_device(const struct doctor *d, const char *device)
{
	for (size_t i = 0; i < d->all.n; i++)
		if (d->all.v[i].driver == NETWORK_BRIDGE && strcmp(d->all.v[i].row.device, device) == 0)
			return &d->all.v[i];
	return NULL;
}

const struct place_row *doctor_place_at(const struct doctor *d, const struct net_ip *ip)
{
	for (size_t i = 0; i < d->all.places.n; i++) {
		const struct place_row *p = &d->all.places.v[i];
		const struct network *net = doctor_net(d, p->network_id);
		struct net_ip ip4, ip6;

		if (!net)
			continue;
		ip4 = network_place_ip4(net, p);
		ip6 = network_place_ip6(net, p);
		if ((ip4.family == ip->family && net_ip_equal(&ip4, ip)) ||
		    (ip6.family == ip->family && net_ip_equal(&ip6, ip)))
			return p;
	}
	return NULL;
}

/* ---- containers ------------------------------------------------------------------------------------------------------- */

const char *doctor_box_label(struct doctor *d, const struct doctor_box *b)
{
	return doctor_fmt(d, "container %s", b->name);
}

static int find_running(struct doctor *d, const char *ref, struct container_row *row, struct container_state *state,
			struct err *e)
{
	int r = container_find(d->en, sv_from(ref), d->a, row, e);

	if (r == 0)
		r = container_look(d->en, row, state, e);
	return r < 0 ? r : container_is_active(state->status) && state->outcome.pid > 0;
}

bool doctor_runs(struct doctor *d, const char *container, const char **ret_name)
{
	struct container_state state;
	struct container_row row = { 0 };
	int r = find_running(d, container, &row, &state, NULL);

	*ret_name = row.name ? row.name : container;
	return r == 1;
}

static bool is_own(const struct doctor *d, int netns)
{
	struct stat host, box;

	return fstat(d->host.netns, &host) == 0 && fstat(netns, &box) == 0 && host.st_ino != box.st_ino;
}

int doctor_box_open(struct doctor *d, const char *ref, struct doctor_box *ret, struct err *e)
{
	struct doctor_box b = { .view = { .netns = -1, .route = -1, .rules_fd = -1 } };
	struct container_state state;
	struct container_row row;
	int netns, r = find_running(d, ref, &row, &state, e);

	*ret = b;
	if (r < 0)
		return r;
	b.id = row.id;
	b.name = row.name;
	if (r == 0) {
		r = doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_NETWORK, doctor_box_label(d, &b),
			       doctor_fmt(d, "tare start %s", b.name), "it does not run (%s)",
			       container_status_name(state.status));
		return r < 0 ? err_oom(e) : 0;
	}
	b.pid = state.outcome.pid;
	netns = net_view_netns(d->en->host, b.pid, e);
	if (netns < 0)
		return netns;
	b.own = is_own(d, netns);
	r = net_view_open(d->en->host, netns, d->a, &b.view, e);
	if (r < 0)
		return r;
	*ret = b;
	return 1;
}

void doctor_box_close(struct doctor_box *b)
{
	net_view_close(&b->view);
}

/* ---- what has to be there ----------------------------------------------------------------------------------------------- */

static bool has_table(const struct net_view *v, uint8_t family, const char *name)
{
	for (size_t i = 0; i < v->rules.tables.n; i++)
		if (v->rules.tables.v[i].family == family && strcmp(v->rules.tables.v[i].name, name) == 0)
			return true;
	return false;
}

int doctor_tables(struct doctor *d)
{
	static const struct {
		uint8_t family;
		const char *name;
	} wanted[] = { { NFPROTO_INET, "inet" }, { NFPROTO_BRIDGE, "bridge" } };

	if (d->tables_seen)
		return 1;
	d->tables_seen = true;
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (!has_table(&d->host, wanted[i].family, d->table))
			return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_TABLES, "host",
					  "start or restart any container in a network: that makes them anew",
					  "nftables has no table %s %s: somebody has taken away the rules of tare",
					  wanted[i].name, d->table);
	return 1;
}

int doctor_device(struct doctor *d, const struct network *net)
{
	const struct net_view_link *l = net_view_link(&d->host, net->row.device);
	char text[SUBNET_TEXT];

	if (!l)
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_DEVICE, "host",
				  "restart the network's containers: that makes it anew",
				  "bridge %s of network %s is not there: somebody has deleted it", net->row.device,
				  net->row.name);
	if (!l->up)
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_DEVICE, "host",
				  doctor_fmt(d, "ip link set %s up", l->name), "bridge %s of network %s is down",
				  l->name, net->row.name);
	if (net->driver == NETWORK_BRIDGE && net->gateway4.family && !net_view_address(&d->host, &net->gateway4))
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_ADDRESS, "host",
				  doctor_fmt(d, "ip addr add %s dev %s", net_subnet_print(&net->gateway4, text),
					     l->name),
				  "bridge %s has lost its address %s", l->name, net_ip_print(&net->gateway4, text));
	return 1;
}

int doctor_veth(struct doctor *d, const struct network *net, const struct place_row *p, const char *name)
{
	const struct net_view_link *l = net_view_link(&d->host, p->host),
				   *bridge = net_view_link(&d->host, net->row.device);
	const char *remedy = doctor_fmt(d, "tare restart %s", name);

	if (net->driver != NETWORK_BRIDGE)
		return 1;
	if (!l)
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_DEVICE, "host", remedy,
				  "interface %s, the host's end of %s in %s, is not there", p->host, p->device, name);
	if (!l->up)
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_DEVICE, "host",
				  doctor_fmt(d, "ip link set %s up", l->name),
				  "interface %s, the host's end of %s in %s, is down", p->host, p->device, name);
	if (!bridge || l->master != bridge->index)
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_DEVICE, "host",
				  doctor_fmt(d, "ip link set %s master %s", l->name, net->row.device),
				  "interface %s of %s is not a port of bridge %s", p->host, name, net->row.device);
	return 1;
}

static int one_address(struct doctor *d, const struct doctor_box *b, const struct net_view_link *l,
		       const struct net_ip *ip)
{
	char text[SUBNET_TEXT];

	if (!ip->family || net_view_address(&b->view, ip))
		return 1;
	return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_ADDRESS, doctor_box_label(d, b),
			  doctor_fmt(d, "tare restart %s", b->name), "%s has lost its address %s", l->name,
			  net_subnet_print(ip, text));
}

int doctor_address(struct doctor *d, const struct doctor_box *b, const struct network *net, const struct place_row *p)
{
	struct net_ip ip4 = network_place_ip4(net, p), ip6 = network_place_ip6(net, p);
	const struct net_view_link *l = net_view_link(&b->view, p->device);
	int r;

	if (!l)
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_DEVICE, doctor_box_label(d, b),
				  doctor_fmt(d, "tare restart %s", b->name),
				  "interface %s, its place in network %s, is not there", p->device, net->row.name);
	if (!l->up)
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_DEVICE, doctor_box_label(d, b),
				  doctor_fmt(d, "tare restart %s", b->name), "interface %s is down", p->device);
	r = one_address(d, b, l, &ip4);
	return r == 1 ? one_address(d, b, l, &ip6) : r;
}

int doctor_forwarding(struct doctor *d, bool six)
{
	if (six ? d->host.forwards6 : d->host.forwards4)
		return 1;
	return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_FORWARDING, "host",
			  six ? "sysctl -w net.ipv6.conf.all.forwarding=1" : "sysctl -w net.ipv4.ip_forward=1",
			  "%s is 0: this host passes nothing on between its interfaces",
			  six ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward");
}

/* ---- the target ---------------------------------------------------------------------------------------------------------- */

static int bad_target(const char *text, struct err *e)
{
	return err_set(e, EINVAL, "%.100s: not ADDRESS:PORT, NAME:PORT or [IPv6]:PORT, with /udp or nothing behind it",
		       text);
}

static int parse_target(const char *text, struct arena *a, struct doctor_target *ret, struct err *e)
{
	struct doctor_target t = { .protocol = IPPROTO_TCP };
	struct sv rest = sv_from(text), protocol, host, port;
	uint64_t n;

	if (sv_rcut(rest, '/', &rest, &protocol)) {
		if (!sv_is(protocol, "tcp") && !sv_is(protocol, "udp"))
			return bad_target(text, e);
		t.protocol = sv_is(protocol, "udp") ? IPPROTO_UDP : IPPROTO_TCP;
	}
	if (!sv_rcut(rest, ':', &host, &port) || sv_u64(port, &n) < 0 || n < 1 || n > 65535)
		return bad_target(text, e);
	t.port = (uint16_t)n;
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = (struct sv){ host.p + 1, host.n - 2 };
	else if (memchr(host.p, ':', host.n))
		return bad_target(text, e);
	if (!host.n)
		host = SV("127.0.0.1");
	if (host.n >= DOCTOR_NAME_MAX || memchr(host.p, ' ', host.n) || memchr(host.p, '/', host.n))
		return bad_target(text, e);
	(void)net_ip_parse(host, &t.ip);
	t.host = arena_sv(a, host);
	if (!t.host)
		return bad_target(text, e);
	*ret = t;
	return 0;
}

/* ---- without a target ---------------------------------------------------------------------------------------------------- */

static bool is_ours(const struct doctor *d, const char *device)
{
	return doctor_net_of_device(d, device) || strcmp(device, "lo") == 0;
}

/* By which address others reach this host; family 0: by none. */
static struct net_ip main_address(const struct doctor *d)
{
	for (size_t i = 0; i < d->host.addresses.n; i++) {
		const struct net_view_address *a = &d->host.addresses.v[i];
		const struct net_view_link *l = net_view_link_at(&d->host, a->index);

		if (l && l->up && a->ip.family == AF_INET && !is_ours(d, l->name))
			return a->ip;
	}
	return (struct net_ip){ 0 };
}

static int published_port(struct doctor *d, const struct port_row *p, struct err *e)
{
	struct doctor_target t = { .port = (uint16_t)p->host_first, .protocol = (uint8_t)p->protocol };
	char text[SUBNET_TEXT];

	if (*p->host)
		(void)net_ip_parse(sv_from(p->host), &t.ip);
	else
		t.ip = main_address(d);
	if (!t.ip.family)
		(void)net_ip_parse(SV("127.0.0.1"), &t.ip);
	t.host = doctor_fmt(d, "%s", net_ip_print(&t.ip, text));
	return t.protocol == IPPROTO_TCP || t.protocol == IPPROTO_UDP ? doctor_to_host(d, &t, e) : 1;
}

static int published_ports(struct doctor *d, const char *container, struct err *e)
{
	unsigned seen = 0;
	int r = 1;

	for (size_t i = 0; r >= 0 && seen < PUBLISHED_SHOWN && i < d->ports.n; i++)
		if (strcmp(d->ports.v[i].container_id, container) == 0) {
			seen++;
			r = published_port(d, &d->ports.v[i], e);
		}
	return r;
}

static int whole_box(struct doctor *d, struct doctor_box *b, struct err *e)
{
	int r = doctor_out_of_box(d, b, e);

	if (r == 1)
		r = doctor_servers(d, b, e);
	return r < 0 ? r : published_ports(d, b->id, e);
}

static int whole_network(struct doctor *d, const struct network *net, unsigned running, struct err *e)
{
	int r = doctor_device(d, net);

	if (r == 1 && !net->options.internal && net->subnet4.family)
		r = doctor_forwarding(d, false);
	if (r == 1 && !net->options.internal && net->subnet6.family)
		r = doctor_forwarding(d, true);
	if (r == 1)
		r = doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, doctor_fmt(d, "network %s", net->row.name), NULL,
			       "bridge %s is up; %u container%s in it", net->row.device, running,
			       running == 1 ? "" : "s");
	return r < 0 ? err_oom(e) : r;
}

/* One that has ended since it was listed is left out. */
static int out_of_one(struct doctor *d, const char *container, struct err *e)
{
	scoped_box b = { .view = { .netns = -1, .route = -1, .rules_fd = -1 } };
	const struct doctor_findings said = *d->out;
	struct err why = { 0 };
	int r = doctor_box_open(d, container, &b, &why);

	if (r == 0 || r == -ENOENT || r == -ESRCH) {
		*d->out = said;
		return 0;
	}
	if (r < 0) {
		if (e)
			*e = why;
		return r;
	}
	b.quiet = true;
	return doctor_out_of_box(d, &b, e);
}

/* The first of its container's: numbers of places say nothing, since the one it began with may be left. */
static bool is_first(const struct doctor *d, size_t at)
{
	size_t i = 0;

	while (strcmp(d->all.places.v[i].container_id, d->all.places.v[at].container_id) != 0)
		i++;
	return i == at;
}

static int everything(struct doctor *d, struct err *e)
{
	unsigned all = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < d->all.n; i++) {
		unsigned running = 0;
		const char *name;

		for (size_t k = 0; k < d->all.places.n; k++)
			if (strcmp(d->all.places.v[k].network_id, d->all.v[i].row.id) == 0 &&
			    doctor_runs(d, d->all.places.v[k].container_id, &name))
				running++;
		if (d->all.v[i].driver != NETWORK_BRIDGE || !running)
			continue;
		all += running;
		r = doctor_tables(d) < 0 ? err_oom(e) : whole_network(d, &d->all.v[i], running, e);
	}
	for (size_t i = 0; r >= 0 && i < d->all.places.n; i++) {
		const char *name;

		if (is_first(d, i) && doctor_runs(d, d->all.places.v[i].container_id, &name))
			r = out_of_one(d, d->all.places.v[i].container_id, e);
	}
	if (r >= 0 && !all)
		r = doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, "host", NULL, "no container is in a network");
	return r < 0 && e && !e->code ? err_oom(e) : r;
}

/* Only its plugins know how its way should be: they are asked. */
static int cni_plugins(struct doctor *d, const struct doctor_box *b)
{
	const char *netns = doctor_fmt(d, "/proc/%d/ns/net", (int)b->pid);
	struct err why = { 0 };
	int r = cni_check(d->en, b->id, netns, &why);

	if (r == -ENOENT)
		return 1;
	if (r < 0)
		return doctor_say(d, DOCTOR_STOP, DOCTOR_CAUSE_CNI, doctor_box_label(d, b),
				  doctor_fmt(d, "tare restart %s", b->name), "%s", why.msg);
	return doctor_say(d, DOCTOR_OK, DOCTOR_CAUSE_NONE, doctor_box_label(d, b), NULL,
			  "the plugins of its network of CNI find what they made");
}

static int with_box(struct doctor *d, const char *container, struct doctor_target *t, struct err *e)
{
	scoped_box b = { .view = { .netns = -1, .route = -1, .rules_fd = -1 } };
	int r = doctor_box_open(d, container, &b, e);

	if (r == 1)
		r = cni_plugins(d, &b);
	if (r == 1 && t)
		r = doctor_from_box(d, &b, t, e);
	else if (r == 1)
		r = whole_box(d, &b, e);
	return r;
}

int network_doctor(struct engine *en, const char *container, const char *target, struct arena *a,
		   struct doctor_findings *ret, struct err *e)
{
	struct doctor_findings out = { 0 };
	struct doctor d = { .en = en, .a = a, .out = &out };
	char prefix[FIREWALL_NAME];
	struct doctor_target t;
	int netns, r = target ? parse_target(target, a, &t, e) : 0;

	if (r == 0 && target && !container && !t.ip.family)
		r = err_set(e, EINVAL, "%.100s: names are looked up in a container: name that too", target);
	if (r == 0)
		r = read_rows(&d, e);
	if (r < 0)
		return r;
	firewall_names(en, d.table, prefix);
	netns = net_view_netns(en->host, 0, e);
	r = netns < 0 ? netns : net_view_open(en->host, netns, a, &d.host, e);
	if (r < 0)
		return err_wrap(e, r, "this host's network");
	if (container)
		r = with_box(&d, container, target ? &t : NULL, e);
	else
		r = target ? doctor_to_host(&d, &t, e) : everything(&d, e);
	net_view_close(&d.host);
	if (r < 0)
		return r;
	*ret = out;
	return 0;
}
