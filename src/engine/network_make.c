/* SPDX-License-Identifier: Apache-2.0 */
/* Networks are made: subnets are chosen, rows written. network_device.c makes what is of them on the host, network_remove.c
 * removes it. */
#include "engine/network.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "kernel/netlink.h"
#include "kernel/rtnetlink_move.h"
#include "oci/list.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define DEFAULT_DEVICE "tare"

/* ---- subnets -------------------------------------------------------------------------------------------------------- */

struct taken {
	struct net_ips list;
	struct arena *a;
};

static int add_taken(struct taken *t, const struct net_ip *ip, struct err *e)
{
	struct net_ip *to = LIST_ADD(t->a, &t->list);

	if (!to)
		return err_oom(e);
	*to = *ip;
	return 0;
}

static int take_route(const struct net_ip *to, const char *device, void *arg, struct err *e)
{
	struct taken *t = arg;

	if (to->family == AF_INET6 && (to->bytes[0] == 0xfe || to->bytes[0] == 0xff)) /* of every interface */
		return 0;
	if (t->list.n >= LIMIT_NET_ROUTES)
		return err_set(e, E2BIG,
			       "this host has more than %u routes to choose a subnet beside: name one with --subnet",
			       LIMIT_NET_ROUTES);
	return add_taken(t, to, e);
}

static bool needs_subnet4(const struct network *net)
{
	return !net->subnet4.family && !net->options.no_ipv4;
}

static bool needs_subnet6(const struct network *net)
{
	return net->options.ipv6 && !net->subnet6.family;
}

static bool has_subnets(const struct network *net)
{
	return net->driver != NETWORK_HOST && net->driver != NETWORK_NONE;
}

static int list_routes(const struct network *net, struct taken *t, struct err *e)
{
	scoped_fd fd = -1;

	if (!has_subnets(net) || (!needs_subnet4(net) && !needs_subnet6(net)))
		return 0;
	fd = netlink_open(NETLINK_ROUTE, e);
	return fd < 0 ? fd : net_routes_each(fd, take_route, t, e);
}

static int add_row(struct taken *t, const struct network_row *row, struct err *e)
{
	const char *const texts[] = { row->subnet4, row->subnet6 };
	struct net_ip ip;
	int r = 0;

	for (size_t k = 0; r == 0 && k < ARRAY_LEN(texts); k++) {
		if (!texts[k])
			continue;
		if (!net_subnet_parse(sv_from(texts[k]), &ip))
			return err_set(e, EBADMSG, "network %s: a subnet in its row is damaged", row->name);
		r = add_taken(t, &ip, e);
	}
	return r;
}

/* What the user names may lie in a route of the host's, as Docker lets it; what is chosen may not. */
static int check_free(const struct net_ip *subnet, const struct taken *t, struct err *e)
{
	for (size_t i = 0; subnet->family && i < t->list.n; i++)
		if (net_subnets_overlap(subnet, &t->list.v[i]))
			return err_set(e, EINVAL,
				       "invalid pool request: Pool overlaps with other one on this address space");
	return 0;
}

static int choose_subnets(struct network *net, const struct net_ips *taken, struct err *e)
{
	bool six = needs_subnet6(net);

	if (needs_subnet4(net) && !net_pool_choose(taken, &net->subnet4))
		return err_set(e, ENOSPC,
			       "all predefined address pools have been fully subnetted: name one with --subnet");
	if (six && !net_pool_choose6(net->row.id, taken, &net->subnet6))
		return err_set(e, ENOSPC, "no IPv6 subnet is free: name one with --subnet");
	return 0;
}

static int take_subnet(struct network *net, const char *text, struct err *e)
{
	struct net_ip ip, base, *to;
	char printed[SUBNET_TEXT];

	if (!net_subnet_parse(sv_from(text), &ip))
		return err_set(e, EINVAL, "invalid subnet %.60s: ADDRESS/BITS, such as 10.10.0.0/16", text);
	base = net_subnet_base(&ip);
	if (!net_ip_equal(&ip, &base))
		return err_set(e, EINVAL, "invalid network config: invalid subnet %.60s: it should be %s", text,
			       net_subnet_print(&base, printed));
	if (ip.family == AF_INET ? ip.prefix < 8 || ip.prefix > 31 : ip.prefix < 8 || ip.prefix > 126)
		return err_set(e, EINVAL, "invalid subnet %.60s: 8 to %d bits", text, ip.family == AF_INET ? 31 : 126);
	to = ip.family == AF_INET ? &net->subnet4 : &net->subnet6;
	if (to->family)
		return err_set(e, EINVAL, "--subnet %.60s: one subnet of each family", text);
	*to = ip;
	if (ip.family == AF_INET6)
		net->options.ipv6 = true;
	return 0;
}

static int take_gateway(struct network *net, const char *text, struct err *e)
{
	struct net_ip ip, *subnet, *to;

	if (!net_ip_parse(sv_from(text), &ip))
		return err_set(e, EINVAL, "invalid gateway address: %.60s", text);
	subnet = ip.family == AF_INET ? &net->subnet4 : &net->subnet6;
	to = ip.family == AF_INET ? &net->gateway4 : &net->gateway6;
	if (!subnet->family || !net_ip_is_in(&ip, subnet))
		return err_set(e, EINVAL, "no matching subnet for gateway %.60s", text);
	*to = ip;
	to->prefix = subnet->prefix;
	return 0;
}

static int take_range(struct network *net, const char *text, struct err *e)
{
	struct net_ip ip;

	if (!net_subnet_parse(sv_from(text), &ip) || ip.family != AF_INET)
		return err_set(e, EINVAL, "invalid ip-range %.60s: an IPv4 subnet", text);
	if (!net->subnet4.family || ip.prefix < net->subnet4.prefix || !net_ip_is_in(&ip, &net->subnet4))
		return err_set(e, EINVAL, "no matching subnet for range %.60s", text);
	net->range4 = net_subnet_base(&ip);
	return 0;
}

/* others: the networks that there are; taken: the host's routes */
static int take_addresses(const struct network_spec *spec, struct network *net, const struct network_rows *others,
			  struct taken *taken, struct err *e)
{
	struct taken nets = { .a = taken->a };
	int r = 0;

	for (size_t i = 0; r == 0 && i < others->n; i++)
		r = add_row(&nets, &others->v[i], e);
	if (r == 0)
		r = check_free(&net->subnet4, &nets, e);
	if (r == 0)
		r = check_free(&net->subnet6, &nets, e);
	for (size_t i = 0; r == 0 && i < nets.list.n; i++)
		r = add_taken(taken, &nets.list.v[i], e);
	if (r == 0)
		r = choose_subnets(net, &taken->list, e);
	for (size_t i = 0; r == 0 && i < spec->gateways.n; i++)
		r = take_gateway(net, spec->gateways.v[i], e);
	for (size_t i = 0; r == 0 && i < spec->ranges.n; i++)
		r = take_range(net, spec->ranges.v[i], e);
	if (r == 0 && net->subnet4.family && !net->gateway4.family)
		net->gateway4 = net_subnet_at(&net->subnet4, net->subnet4.prefix < 31 ? 1 : 0);
	if (r == 0 && net->subnet6.family && !net->gateway6.family)
		net->gateway6 = net_subnet_at(&net->subnet6, 1);
	return r;
}

/* ---- rows ----------------------------------------------------------------------------------------------------------- */

static const char *subnet_text(const struct net_ip *ip, struct arena *a)
{
	char text[SUBNET_TEXT];

	return ip->family ? arena_str(a, net_subnet_print(ip, text)) : NULL;
}

/* The default one is called tare0, unless somebody else has that. */
static int default_device(struct arena *a, const char **ret, struct err *e)
{
	scoped_fd fd = netlink_open(NETLINK_ROUTE, e);

	for (unsigned i = 0; fd >= 0 && i < 1000; i++) {
		const char *name = arena_fmt(a, DEFAULT_DEVICE "%u", i);

		if (!name)
			return err_oom(e);
		if (!net_device_index(fd, name))
			return *ret = name, 0;
	}
	return fd < 0 ? fd : err_set(e, EEXIST, "no name is left for the default bridge");
}

static int choose_device(struct network *net, struct arena *a, struct err *e)
{
	const char *name = network_option(&net->options, "name"), *parent = network_option(&net->options, "parent");

	if (net->driver == NETWORK_HOST || net->driver == NETWORK_NONE) {
		net->row.device = "";
		return 0;
	}
	if (net->driver == NETWORK_MACVLAN && (!parent || !net_device_name_is_valid(parent, false)))
		return err_set(e, EINVAL, "a macvlan network needs --opt parent=INTERFACE, an interface of this host");
	if (net->driver == NETWORK_MACVLAN)
		name = parent;
	if (!name && strcmp(net->row.name, NETWORK_DEFAULT) == 0)
		return default_device(a, &net->row.device, e);
	if (name && !net_device_name_is_valid(name, false))
		return err_set(e, EINVAL, "--opt name=%.40s: not the name of an interface (at most 15 bytes)", name);
	net->row.device = name ? name : arena_fmt(a, "br-%.12s", net->row.id);
	return net->row.device ? 0 : err_oom(e);
}

static int check_spec(const struct network_spec *spec, struct err *e)
{
	bool none = spec->driver && (strcmp(spec->driver, "host") == 0 || strcmp(spec->driver, "null") == 0 ||
				     strcmp(spec->driver, "none") == 0);

	if (strcmp(spec->name, "bridge") == 0 || strcmp(spec->name, "host") == 0 || strcmp(spec->name, "none") == 0 ||
	    strcmp(spec->name, "default") == 0)
		return err_set(e, EPERM, "operation is not permitted on predefined %s network", spec->name);
	if (!name_is_valid(sv_from(spec->name)) && !(isalnum((unsigned char)spec->name[0]) && !spec->name[1]))
		return err_set(
			e, EINVAL,
			"invalid network name (%.140s): only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, at most %d characters",
			spec->name, LIMIT_NAME);
	if (none)
		return err_set(e, EPERM, "only one instance of \"%s\" network is allowed", spec->driver);
	return 0;
}

static int prepare(const struct network_spec *spec, struct network *net, struct arena *a, struct err *e)
{
	scoped_buf options = BUF(LIMIT_CONFIG_JSON);
	struct id id;
	int r = id_new(&id, e);

	if (r < 0)
		return r;
	net->row = (struct network_row){ .id = arena_str(a, id.hex), .name = spec->name,
					 .driver = spec->driver ? spec->driver : "bridge", .device = "",
					 .created_ns = clock_real_ns() };
	r = network_options_print(&spec->options, &options, e);
	net->row.options = r < 0 ? NULL : arena_str(a, options.p);
	if (r == 0 && (!net->row.id || !net->row.options))
		r = err_oom(e);
	if (r == 0)
		r = network_open(&net->row, a, net, e);
	if (r == 0)
		r = choose_device(net, a, e);
	for (size_t i = 0; r == 0 && has_subnets(net) && i < spec->subnets.n; i++)
		r = take_subnet(net, spec->subnets.v[i], e);
	return r;
}

/* Several networks may be of one interface that is a macvlan's; a bridge is of one. */
static int check_others(const struct network *net, const struct network_rows *others, struct err *e)
{
	for (size_t i = 0; i < others->n; i++) {
		const struct network_row *other = &others->v[i];

		if (strcmp(other->name, net->row.name) == 0)
			return err_set(e, EEXIST, "network with name %s already exists", net->row.name);
		if (net->driver == NETWORK_BRIDGE && strcmp(other->driver, "bridge") == 0 &&
		    strcmp(other->device, net->row.device) == 0)
			return err_set(e, EPERM,
				       "cannot create network %s (%s): conflicts with network %s (%s): networks have "
				       "same bridge name",
				       net->row.name, net->row.device, other->name, other->device);
	}
	return 0;
}

/* In one transaction: what is free must not be taken between the look and the row. */
static int choose_and_insert(struct db *db, const struct network_spec *spec, struct network *net, struct taken *routes,
			     struct err *e)
{
	struct network_rows others = { 0 };
	int r = network_rows_list(db, routes->a, &others, e);

	if (r == 0)
		r = check_others(net, &others, e);
	if (r == 0 && has_subnets(net))
		r = take_addresses(spec, net, &others, routes, e);
	if (r < 0)
		return r;
	net->row.subnet4 = subnet_text(&net->subnet4, routes->a);
	net->row.gateway4 = subnet_text(&net->gateway4, routes->a);
	net->row.range4 = subnet_text(&net->range4, routes->a);
	net->row.subnet6 = subnet_text(&net->subnet6, routes->a);
	net->row.gateway6 = subnet_text(&net->gateway6, routes->a);
	return network_rows_insert(db, &net->row, e);
}

static int insert(struct engine *en, const struct network_spec *spec, struct network *net, struct arena *a,
		  struct err *e)
{
	struct taken routes = { .a = a };
	struct db *db;
	int r = prepare(spec, net, a, e);

	if (r == 0)
		r = list_routes(net, &routes, e);
	if (r == 0)
		r = engine_db(en, &db, e);
	if (r == 0)
		r = db_begin(db, e);
	return r < 0 ? r : db_end(db, choose_and_insert(db, spec, net, &routes, e), e);
}

int network_insert(struct engine *en, const struct network_spec *spec, struct arena *a, const char **ret_id,
		   struct err *e)
{
	struct network net = { 0 };
	int r = insert(en, spec, &net, a, e);

	if (r == 0 && ret_id)
		*ret_id = net.row.id;
	return r;
}

static int check_parent(const struct network *net, struct err *e)
{
	scoped_fd fd = netlink_open(NETLINK_ROUTE, e);

	if (fd < 0)
		return fd;
	return net_device_index(fd, net->row.device) ?
		       0 :
		       err_set(e, ENODEV, "--opt parent=%s: there is no such interface", net->row.device);
}

int network_make(struct engine *en, const struct network_spec *spec, struct arena *a, const char **ret_id,
		 struct err *e)
{
	struct oci_strings warn = { 0 };
	struct network net = { 0 };
	int r = network_rootless(en, spec->name, e);

	if (r == 0)
		r = network_finish_removals(en, e);
	if (r == 0)
		r = check_spec(spec, e);
	if (r == 0)
		r = insert(en, spec, &net, a, e);
	if (r < 0)
		return r;
	r = net.driver == NETWORK_MACVLAN ? check_parent(&net, e) : network_complete(en, &net, &warn, a, e);
	if (r < 0)
		(void)network_remove(en, &net, a, NULL);
	for (size_t i = 0; i < warn.n; i++)
		log_warning("%s", warn.v[i]);
	if (r == 0)
		*ret_id = net.row.id;
	return r;
}
