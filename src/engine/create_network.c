/* SPDX-License-Identifier: Apache-2.0 */
/* A container's places in networks: found and taken when it is made, made to work each time that it is started; and what
 * they mean for the files in its /etc. */
#include "engine/create_priv.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/cni.h"
#include "engine/network.h"
#include "engine/network_ports.h"
#include "engine/programs.h"
#include "network/record.h"
#include "network/resolv_conf.h"
#include "oci/list.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

/* ---- when it is made ------------------------------------------------------------------------------------------------ */

static int find_networks(struct creation *cr, struct err *e)
{
	const struct container_config *c = cr->config;
	struct places *p = &cr->places;
	int r = 0;

	if (c->networks.n > LIMIT_NET_LINKS)
		return err_set(e, E2BIG, "--network: more than %d networks", LIMIT_NET_LINKS);
	p->nets = arena_array(cr->a, c->networks.n, sizeof *p->nets);
	if (!p->nets)
		return err_oom(e);
	for (size_t i = 0; r == 0 && i < c->networks.n; i++) {
		struct place_row *row = LIST_ADD(cr->a, &p->rows);

		r = row ? network_find(cr->en, c->networks.v[i].name, cr->a, &p->nets[i], e) : err_oom(e);
		for (size_t k = 0; r == 0 && k < i; k++)
			if (strcmp(p->nets[k].row.id, p->nets[i].row.id) == 0)
				r = err_set(e, EINVAL, "network %s is specified multiple times", p->nets[i].row.name);
		if (r == 0 && (p->nets[i].driver == NETWORK_HOST || p->nets[i].driver == NETWORK_NONE))
			r = err_set(e, EINVAL,
				    "conflicting options: cannot attach both user-defined and non-user-defined "
				    "network-modes");
		if (r < 0)
			return err_wrap(e, r, "--network %s", c->networks.v[i].name);
	}
	return 0;
}

static bool is_default(const struct network *net)
{
	return strcmp(net->row.name, NETWORK_DEFAULT) == 0;
}

int create_check_wishes(const struct network_config *n, const struct network *net, struct err *e)
{
	uint8_t mac[6];

	if ((n->ip4 || n->ip6) && is_default(net))
		return err_set(
			e, EINVAL,
			"invalid config for network bridge: invalid endpoint settings: user specified IP address is "
			"supported on user defined networks only");
	if (n->aliases.n && is_default(net))
		return err_set(e, EINVAL,
			       "invalid config for network bridge: invalid endpoint settings: network-scoped "
			       "aliases are only supported for user-defined networks");
	if (n->mac && (!net_mac_parse(sv_from(n->mac), mac) || (mac[0] & 1)))
		return err_set(e, EINVAL, "%.40s is not a valid mac address (02:42:ac:11:00:02, and not a group's)",
			       n->mac);
	return 0;
}

const char *create_join_words(const struct oci_strings *l, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; text && i < l->n; i++)
		text = arena_fmt(a, "%s%s%s", text, i ? " " : "", l->v[i]);
	return text;
}

static int prepare_place(struct creation *cr, size_t i, struct err *e)
{
	const struct network_config *n = &cr->config->networks.v[i];
	struct place_row *row = &cr->places.rows.v[i];
	int r = create_check_wishes(n, &cr->places.nets[i], e);

	if (r < 0)
		return r;
	*row = (struct place_row){ .container_id = cr->id.hex, .network_id = cr->places.nets[i].row.id,
				   .number = (int64_t)i, .mac = n->mac, .priority = n->priority, .at4 = PLACE_NONE,
				   .at6 = PLACE_NONE };
	row->device = n->device ? n->device : arena_fmt(cr->a, "eth%zu", i);
	row->aliases = create_join_words(&n->aliases, cr->a);
	return row->device && row->aliases ? 0 : err_oom(e);
}

/* A mode that is none of the words is a network of that name. */
static int name_network(struct creation *cr, struct err *e)
{
	const char *mode = cr->config->network_mode;
	struct network_config *n;

	if (!mode || !*mode || cr->config->networks.n || config_mode_is(mode, "none") || config_mode_is(mode, "host") ||
	    config_mode_is(mode, "private") || config_mode_container(mode) || cni_name(mode) || create_user_net(cr))
		return 0;
	n = LIST_ADD(cr->a, &cr->config->networks);
	if (!n)
		return err_oom(e);
	*n = (struct network_config){ .name = mode };
	return 0;
}

/* tare-net: it answers names, guards the rules that keep containers apart, and closes what takes a while. */
int create_find_net_program(struct creation *cr, struct err *e)
{
	char path[PATH_MAX];
	int r;

	cr->charter.net_waits = create_has_names(cr);
	if (!cr->places.rows.n)
		return 0;
	r = programs_find("tare-net", path, e);
	if (r < 0)
		return r;
	cr->charter.net_program = arena_str(cr->a, path);
	return cr->charter.net_program ? 0 : err_oom(e);
}

int create_find_networks(struct creation *cr, struct err *e)
{
	int r;

	cr->places.gateway = PLACE_NO_GATEWAY;
	r = name_network(cr, e);
	if (r == 0)
		r = create_rootless_network(cr, e);
	if (r == 0)
		r = network_ports_wanted(cr->config, &cr->image_config.exposed_ports, cr->a, &cr->ports, e);
	if (r == 0 && cr->en && !cr->row && cni_name(cr->config->network_mode))
		r = cni_check_create(cr->config, &cr->settings, cr->a, e);
	if (r < 0 || !cr->config->networks.n || !cr->en)
		return r;
	if (cr->row) {
		r = network_places(cr->en, cr->id.hex, cr->a, &cr->places, e);
		return r < 0 ? r : create_find_net_program(cr, e);
	}
	r = find_networks(cr, e);
	for (size_t i = 0; r == 0 && i < cr->places.rows.n; i++)
		r = prepare_place(cr, i, e);
	network_choose_gateway(&cr->places);
	return r < 0 ? r : create_find_net_program(cr, e);
}

int create_take_places(struct creation *cr, struct db *db, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < cr->places.rows.n; i++) {
		const struct network_config *n = &cr->config->networks.v[i];

		r = network_place_take(cr->en, db, &cr->places.nets[i], n->ip4, n->ip6, cr->a, &cr->places.rows.v[i],
				       e);
	}
	return r;
}

/* ---- /etc ----------------------------------------------------------------------------------------------------------- */

static void put_address_line(struct buf *b, const struct net_ip *ip, const struct creation *cr)
{
	const struct container_config *c = cr->config;
	char text[SUBNET_TEXT];

	if (!ip->family)
		return;
	buf_putf(b, "%s\t", net_ip_print(ip, text));
	if (c->domainname && *c->domainname)
		buf_putf(b, "%s.%s ", cr->inputs.hostname, c->domainname);
	buf_putf(b, "%s\n", cr->inputs.hostname);
}

/* --add-host host-gateway is the host as the container sees it. */
static void put_extra(struct buf *b, const struct creation *cr, const char *text)
{
	const struct places *p = &cr->places;
	struct sv name, address;
	char gateway[SUBNET_TEXT];

	if (!sv_cut(sv_from(text), ':', &name, &address))
		return;
	if (sv_is(address, "host-gateway") && p->gateway != PLACE_NO_GATEWAY)
		buf_putf(b, "%s\t" SV_FMT "\n", net_ip_print(&p->nets[p->gateway].gateway4, gateway), SV_ARG(name));
	else if (!sv_is(address, "host-gateway"))
		buf_putf(b, SV_FMT "\t" SV_FMT "\n", SV_ARG(address), SV_ARG(name));
}

void create_put_hosts(const struct creation *cr, struct buf *b)
{
	const struct places *p = &cr->places;

	for (size_t i = 0; i < cr->config->extra_hosts.n; i++)
		put_extra(b, cr, cr->config->extra_hosts.v[i]);
	for (size_t i = 0; i < p->rows.n; i++) {
		struct net_ip ip4 = network_place_ip4(&p->nets[i], &p->rows.v[i]),
			      ip6 = network_place_ip6(&p->nets[i], &p->rows.v[i]);

		put_address_line(b, &ip4, cr);
		put_address_line(b, &ip6, cr);
	}
}

/* On a network with names the servers are asked by tare-net, at an address of the container's own. */
bool create_has_names(const struct creation *cr)
{
	for (size_t i = 0; i < cr->places.rows.n; i++)
		if (!is_default(&cr->places.nets[i]))
			return true;
	return false;
}

static bool has_ipv6(const struct places *p)
{
	for (size_t i = 0; i < p->rows.n; i++)
		if (p->nets[i].subnet6.family)
			return true;
	return p->rows.n == 0; /* somebody else's network */
}

int create_put_resolver(struct creation *cr, struct buf *b, struct err *e)
{
	const struct container_config *c = cr->config;
	struct resolv_conf_wanted w = { .kind = create_has_names(cr)	? RESOLV_CONF_EMBEDDED :
						create_is_networked(cr) ? RESOLV_CONF_BRIDGE :
									  RESOLV_CONF_HOST,
					.ipv6 = has_ipv6(&cr->places),
					.servers = &c->dns,
					.search = &c->dns_search,
					.options = &c->dns_options };
	struct resolv_conf host = { 0 };
	struct oci_strings own = { 0 };
	const char *server;
	int r = create_user_net_resolver(cr, &server, e);

	if (r < 0)
		return r;
	if (server && !c->dns.n) {
		if (strings_add(cr->a, &own, server) < 0)
			return err_oom(e);
		w.servers = &own;
	}
	r = network_host_resolver(cr->en, w.kind, cr->a, &host, &w.source, e);

	return r < 0 ? r : resolv_conf_put(&host, &w, cr->a, b, e);
}

/* ---- when it is started --------------------------------------------------------------------------------------------- */

void network_fill_link(const struct places *p, size_t i, struct net_link *l)
{
	const struct network *net = &p->nets[i];
	const struct place_row *row = &p->rows.v[i];

	*l = (struct net_link){ .kind = net->driver == NETWORK_MACVLAN ? NET_LINK_MACVLAN : NET_LINK_VETH,
				.mtu = net->mtu, .mode = net->macvlan_mode, .isolated = !net->talk };
	(void)sv_copy(sv_from(row->device), l->name, sizeof l->name);
	(void)sv_copy(sv_from(net->row.device), l->master, sizeof l->master);
	if (l->kind == NET_LINK_VETH)
		(void)sv_copy(sv_from(row->host), l->host, sizeof l->host);
	(void)net_mac_parse(sv_from(row->mac), l->mac);
	l->ip4 = network_place_ip4(net, row);
	l->ip6 = network_place_ip6(net, row);
	if (i != p->gateway)
		return;
	l->gateway4 = net->gateway4;
	l->gateway6 = net->gateway6;
}

int network_link_line(const struct places *p, size_t i, bool published, struct arena *a, const char **ret,
		      struct err *e)
{
	scoped_buf line = BUF(LIMIT_RECORD);
	struct net_link l;
	int r;

	network_fill_link(p, i, &l);
	l.hairpin = published && l.kind == NET_LINK_VETH;
	net_link_print(&l, &line);
	r = buf_status(&line, e);
	*ret = r < 0 ? NULL : arena_str(a, line.p);
	return r < 0 ? r : *ret ? 0 : err_oom(e);
}

static bool to_address(const struct net_ip *ip, struct ip_address *ret)
{
	*ret = (struct ip_address){ .family = ip->family };
	if (ip->family == AF_INET)
		memcpy(&ret->u.v4, ip->bytes, 4);
	else if (ip->family)
		memcpy(&ret->u.v6, ip->bytes, 16);
	return ip->family != 0;
}

/* Of the host's servers one may be behind an interface (fe80::1%eth0), which its number tells from then on. */
static bool to_upstream(const char *text, bool from_host, struct upstream *ret)
{
	char zone[IFNAMSIZ];
	struct net_ip ip;
	struct sv name;
	uint64_t number;

	if (!resolv_conf_server(sv_from(text), &ip, &name) || !to_address(&ip, &ret->address))
		return false;
	ret->from_host = from_host;
	if (!name.n)
		return true;
	(void)sv_copy(name, zone, sizeof zone);
	ret->address.scope = sv_u64(name, &number) == 0 && number <= UINT32_MAX ? (uint32_t)number :
										  if_nametoindex(zone);
	return ret->address.scope != 0;
}

/* Whom tare-net asks: --dns from the container's network; the host's own servers from the host's, which is a way out: not
 * for a container that has none. */
static int find_upstreams(struct creation *cr, struct endpoint *ep, struct err *e)
{
	struct resolv_conf host = { 0 };
	bool own = cr->config->dns.n > 0;
	const struct oci_strings *servers = own ? &cr->config->dns : &host.servers;
	const char *path;
	int r = own || cr->places.gateway == PLACE_NO_GATEWAY ?
			0 :
			network_host_resolver(cr->en, RESOLV_CONF_EMBEDDED, cr->a, &host, &path, e);

	if (r < 0)
		return r;
	ep->upstreams = arena_array(cr->a, servers->n + 1, sizeof *ep->upstreams);
	if (!ep->upstreams)
		return err_oom(e);
	for (size_t i = 0; i < servers->n && ep->upstream_count < LIMIT_ENDPOINT_LIST; i++)
		if (to_upstream(servers->v[i], !own, &ep->upstreams[ep->upstream_count]))
			ep->upstream_count++;
	return 0;
}

static int find_aliases(struct creation *cr, const char *words, struct endpoint *ep, struct err *e)
{
	struct sv rest = sv_from(words), word;
	struct oci_strings list = { 0 };

	while (sv_next(&rest, ' ', &word))
		if (word.n && strings_add(cr->a, &list, arena_sv(cr->a, word)) < 0)
			return err_oom(e);
	ep->aliases = list.v;
	ep->alias_count = list.n;
	return 0;
}

static bool is_relayed(const struct port_mapping *m)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	if (m->protocol != PORT_TCP || m->host.family == AF_INET)
		return false;
	return net_ip_is_any(&m->host) || memcmp(m->host.bytes, loopback, sizeof loopback) == 0;
}

/* The host's own [::1], which no rule can lead anywhere else. */
static int find_relays(struct creation *cr, const struct net_ip *ip4, const struct net_ip *ip6, struct endpoint *ep,
		       struct err *e)
{
	const struct rules_ports *ports = &cr->published;

	ep->relays = ports->n ? arena_array(cr->a, ports->n, sizeof *ep->relays) : NULL;
	if (ports->n && !ep->relays)
		return err_oom(e);
	for (size_t i = 0; i < ports->n && ep->relay_count < LIMIT_ENDPOINT_LIST; i++) {
		const struct port_mapping *m = &ports->v[i].map;
		struct relay_ports *to = &ep->relays[ep->relay_count];

		if (!is_relayed(m) || !to_address(ip4->family ? ip4 : ip6, &to->to))
			continue;
		to->host_first = m->host_first;
		to->count = (uint16_t)(m->host_last - m->host_first + 1);
		to->to_first = m->first;
		ep->relay_count++;
	}
	return 0;
}

int create_endpoint(struct creation *cr, size_t i, struct endpoint *ret, struct err *e)
{
	const struct network *net = &cr->places.nets[i];
	const struct place_row *p = &cr->places.rows.v[i];
	struct net_ip ip4 = network_place_ip4(net, p), ip6 = network_place_ip6(net, p);
	struct endpoint ep = { .container = cr->id.hex, .network = net->row.id, .network_name = net->row.name,
			       .name = cr->name, .pid = 1,
			       .priority = p->priority > INT32_MAX ? INT32_MAX :
					   p->priority < INT32_MIN ? INT32_MIN : (int)p->priority };
	int r;

	ep.names = !is_default(net);
	r = i == cr->places.gateway ? find_relays(cr, &ip4, &ip6, &ep, e) : 0;
	if (r < 0 || (!ep.names && !ep.relay_count))
		return r;
	(void)to_address(&ip4, &ep.ipv4);
	(void)to_address(&ip6, &ep.ipv6);
	r = find_aliases(cr, p->aliases, &ep, e);
	if (r == 0 && ep.names) /* else nobody asks */
		r = find_upstreams(cr, &ep, e);
	if (r == 0)
		*ret = ep;
	return r < 0 ? r : 1;
}

/* Its process is not there yet: a record has one, and the monitor puts the right one there. */
static int put_name(struct creation *cr, size_t i, struct err *e)
{
	scoped_buf text = BUF(LIMIT_RECORD);
	struct endpoint ep;
	int r = create_endpoint(cr, i, &ep, e);

	if (r <= 0)
		return r;
	r = endpoint_print(&ep, &text, e);
	return r < 0 ? r :
	       strings_add(cr->a, &cr->charter.net_names, arena_str(cr->a, text.p)) < 0 ? err_oom(e) : 0;
}

int create_put_links(struct creation *cr, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < cr->places.rows.n; i++) {
		const char *line = NULL;

		r = network_link_line(&cr->places, i, cr->ports.n || cr->published.n, cr->a, &line, e);
		if (r == 0 && strings_add(cr->a, &cr->charter.net_links, line) < 0)
			r = err_oom(e);
		if (r == 0)
			r = put_name(cr, i, e);
	}
	return r;
}

static int ensure_networks(struct creation *cr, struct err *e)
{
	struct oci_strings warn = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < cr->places.rows.n; i++)
		r = network_ensure(cr->en, &cr->places.nets[i], &warn, cr->a, e);
	for (size_t i = 0; r == 0 && i < warn.n; i++)
		if (warnings_add(&cr->warnings, "%s", warn.v[i]) < 0)
			r = err_oom(e);
	return r;
}

static int take_ports(struct creation *cr, struct err *e)
{
	const struct places *p = &cr->places;
	static const struct network of_helper = { .driver = NETWORK_NONE };
	bool user = create_user_net(cr);
	struct net_ip fallback;
	int r;

	if (!cr->ports.n || (p->gateway == PLACE_NO_GATEWAY && !user))
		return 0;
	fallback = network_ports_default(cr->config, user ? &of_helper : &p->nets[p->gateway],
					 &cr->settings);
	r = network_ports_take(cr->en, cr->id.hex, !cr->row, &cr->ports, &fallback, p, cr->a, &cr->published, e);
	cr->charter.net_ports = cr->published.n > 0;
	return r;
}

bool create_is_networked(const struct creation *cr)
{
	return cr->places.rows.n > 0 || (cr->en && cni_name(cr->config->network_mode)) || create_user_net(cr);
}

int create_network_up(struct creation *cr, struct err *e)
{
	const struct places *p = &cr->places;
	int r;

	if (!p->rows.n) {
		r = take_ports(cr, e);
		cr->charter.net_ports = create_is_networked(cr);
		return r < 0 || !create_user_net(cr) ? r : create_user_net_words(cr, e);
	}
	r = ensure_networks(cr, e);
	if (r == 0)
		r = take_ports(cr, e);
	return r < 0 ? r : create_put_links(cr, e);
}

int creation_let_in(struct creation *cr, struct err *e)
{
	const struct places *p = &cr->places;
	int r;

	if (!p->rows.n)
		return 0;
	r = firewall_add(cr->en, &(struct firewall_change){ p->nets, p->rows.v, p->rows.n, cr->published.v,
							    cr->published.n }, e);
	return network_refused(p->nets[0].row.name, r, e);
}
