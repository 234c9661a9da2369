/* SPDX-License-Identifier: Apache-2.0 */
/* Networks are made: subnets are chosen, devices and rules made, forwarding turned on. network_remove.c removes them. */
#include "engine/network.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/network_ports.h"
#include "kernel/netlink.h"
#include "kernel/rtnetlink_move.h"
#include "kernel/smallfile.h"
#include "oci/list.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define ARENA_MAX (32u << 20)
#define DEFAULT_DEVICE "tare"

/* ---- subnets -------------------------------------------------------------------------------------------------------- */

struct taken {
	struct net_ips list;
	struct arena *a;
	const char *but; /* a device that does not count: the network's own, left of an earlier time */
};

static int take_route(const struct net_ip *to, const char *device, void *arg, struct err *e)
{
	struct taken *t = arg;
	struct net_ip *ip;

	if (t->list.n >= LIMIT_NET_ROUTES || (t->but && strcmp(device, t->but) == 0))
		return 0;
	if (to->family == AF_INET6 && (to->bytes[0] == 0xfe || to->bytes[0] == 0xff)) /* of every interface */
		return 0;
	ip = LIST_ADD(t->a, &t->list);
	if (!ip)
		return err_oom(e);
	*ip = *to;
	return 0;
}

static int list_networks(struct engine *en, struct taken *t, struct err *e)
{
	struct network_rows rows = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = network_rows_list(db, t->a, &rows, e);
	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		const char *const texts[] = { rows.v[i].subnet4, rows.v[i].subnet6 };

		for (size_t k = 0; r == 0 && k < ARRAY_LEN(texts); k++) {
			struct net_ip *ip = texts[k] ? LIST_ADD(t->a, &t->list) : NULL;

			if (texts[k] && (!ip || !net_subnet_parse(sv_from(texts[k]), ip)))
				r = err_oom(e);
		}
	}
	return r;
}

static int list_routes(struct taken *t, struct err *e)
{
	scoped_fd fd = netlink_open(NETLINK_ROUTE, e);

	return fd < 0 ? fd : net_routes_each(fd, take_route, t, e);
}

/* What the user names may lie in a route of the host's, as Docker lets it; what is chosen may not. */
static int check_free(struct engine *en, const struct net_ip *subnet, struct arena *a, struct err *e)
{
	struct taken t = { .a = a };
	int r = list_networks(en, &t, e);

	for (size_t i = 0; r == 0 && i < t.list.n; i++)
		if (net_subnets_overlap(subnet, &t.list.v[i]))
			r = err_set(e, EINVAL,
				    "invalid pool request: Pool overlaps with other one on this address space");
	return r;
}

static int choose_subnets(struct engine *en, struct network *net, struct arena *a, struct err *e)
{
	bool four = !net->subnet4.family && !net->options.no_ipv4, six = net->options.ipv6 && !net->subnet6.family;
	struct taken t = { .a = a };
	int r = four || six ? list_networks(en, &t, e) : 0;

	if (r == 0 && (four || six))
		r = list_routes(&t, e);
	if (r == 0 && four && !net_pool_choose(&t.list, &net->subnet4))
		r = err_set(e, ENOSPC,
			    "all predefined address pools have been fully subnetted: name one with --subnet");
	if (r == 0 && six && !net_pool_choose6(net->row.id, &t.list, &net->subnet6))
		r = err_set(e, ENOSPC, "no IPv6 subnet is free: name one with --subnet");
	return r;
}

static int take_subnet(struct engine *en, struct network *net, const char *text, struct arena *a, struct err *e)
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
	return check_free(en, &ip, a, e);
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

static int take_addresses(struct engine *en, const struct network_spec *spec, struct network *net, struct arena *a,
			  struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->subnets.n; i++)
		r = take_subnet(en, net, spec->subnets.v[i], a, e);
	if (r == 0)
		r = choose_subnets(en, net, a, e);
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

static int prepare(struct engine *en, const struct network_spec *spec, struct network *net, struct arena *a,
		   struct err *e)
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
	if (r == 0 && net->driver != NETWORK_HOST && net->driver != NETWORK_NONE)
		r = take_addresses(en, spec, net, a, e);
	if (r < 0)
		return r;
	net->row.subnet4 = subnet_text(&net->subnet4, a);
	net->row.gateway4 = subnet_text(&net->gateway4, a);
	net->row.range4 = subnet_text(&net->range4, a);
	net->row.subnet6 = subnet_text(&net->subnet6, a);
	net->row.gateway6 = subnet_text(&net->gateway6, a);
	return 0;
}

static int insert(struct engine *en, const struct network_spec *spec, struct network *net, struct arena *a,
		  struct err *e)
{
	struct db *db;
	int r = prepare(en, spec, net, a, e);

	if (r == 0)
		r = engine_db(en, &db, e);
	if (r == 0)
		r = network_rows_insert(db, &net->row, e);
	return r == -EEXIST ? err_set(e, EEXIST, "network with name %s already exists", spec->name) : r;
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

static int check_new(struct engine *en, const struct network_spec *spec, struct arena *a, struct err *e)
{
	struct network_row row;
	struct db *db;
	int r = check_spec(spec, e);

	if (r == 0)
		r = engine_db(en, &db, e);
	if (r == 0)
		r = network_rows_find(db, sv_from(spec->name), a, &row, e);
	if (r == 1 && strcmp(row.name, spec->name) == 0)
		return err_set(e, EEXIST, "network with name %s already exists", spec->name);
	return r < 0 ? r : 0;
}

static int device_exists(const char *name, bool *ret, struct err *e)
{
	scoped_fd fd = netlink_open(NETLINK_ROUTE, e);

	if (fd >= 0)
		*ret = net_device_index(fd, name) != 0;
	return fd < 0 ? fd : 0;
}

/* Device and rules of one that has a row by now. */
static int make_work(struct engine *en, const struct network *net, struct oci_strings *warn, struct arena *a,
		     struct err *e)
{
	bool there = false;
	int r = device_exists(net->row.device, &there, e);

	if (r == 0 && net->driver == NETWORK_MACVLAN && !there)
		return err_set(e, ENODEV, "--opt parent=%s: there is no such interface", net->row.device);
	if (r == 0 && net->driver == NETWORK_BRIDGE &&
	    there) /* one of the user's: it gets the address that it may lack */
		return firewall_network(en, net, true, e);
	return r < 0 ? r : network_ensure(en, net, warn, a, e);
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
		r = check_new(en, spec, a, e);
	if (r == 0)
		r = insert(en, spec, &net, a, e);
	if (r < 0)
		return r;
	r = make_work(en, &net, &warn, a, e);
	if (r < 0)
		(void)network_remove(en, &net, a, NULL);
	for (size_t i = 0; i < warn.n; i++)
		log_warning("%s", warn.v[i]);
	if (r == 0)
		*ret_id = net.row.id;
	return r;
}

/* ---- the device ----------------------------------------------------------------------------------------------------- */

static int write_sysctl(struct engine *en, const char *path, const char *value, struct err *e)
{
	scoped_fd fd = openat(en->host->proc, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return err_sys(e, "write %s to /proc/%s", value, path);
	return 0;
}

static bool is_on(struct engine *en, const char *path)
{
	char text[8];
	struct sv v;

	return smallfile_read(en->host->proc, path, text, sizeof text, &v) == 0 && v.n && v.p[0] != '0';
}

/* What is off and has to be on: the host becomes a router. Open for writing before anything is made, where that is refused. */
struct forwarding {
	int fds[2];
	const char *paths[2];
	size_t n;
};

static void forwarding_end(struct forwarding *f)
{
	while (f->n)
		close(f->fds[--f->n]);
}

static int find_forwarding(struct engine *en, const struct network *net, struct forwarding *ret, struct err *e)
{
	const struct {
		const char *path;
		bool needed;
	} all[] = { { "sys/net/ipv4/ip_forward", net->subnet4.family != 0 },
		    { "sys/net/ipv6/conf/all/forwarding", net->subnet6.family != 0 } };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		int fd;

		if (net->options.internal || !all[i].needed || is_on(en, all[i].path))
			continue;
		fd = openat(en->host->proc, all[i].path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT && net->subnet6.family)
			return err_set(e, EPFNOSUPPORT, "network %s: this host has no IPv6",
				       net->row.name);
		if (fd < 0)
			return err_sys(e, "open /proc/%s", all[i].path);
		ret->fds[ret->n] = fd;
		ret->paths[ret->n++] = all[i].path;
	}
	return 0;
}

/* From here on the rules keep what is not about containers as unreachable through this host as it was (rules.h). *ret_new:
 * nobody had noted it before. */
static int note_forwarding(struct engine *en, bool *ret_new, struct err *e)
{
	scoped_fd dir = -1, note = -1;
	int r = io_mkdir_at(en->state, "net", 0700, &dir, e);

	if (r < 0)
		return r;
	note = openat(en->state, FORWARDING_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (note < 0 && errno != EEXIST)
		return err_sys(e, "make " FORWARDING_FILE);
	*ret_new = note >= 0;
	return 0;
}

static int turn_on(const struct forwarding *f, struct oci_strings *warn, struct arena *a, struct err *e)
{
	for (size_t i = 0; i < f->n; i++) {
		if (write(f->fds[i], "1", 1) < 0)
			return err_sys(e, "write 1 to /proc/%s", f->paths[i]);
		if (strings_addf(a, warn,
				 "turned on %s, which containers need to reach other machines; what is not from or "
				 "to a container is still not forwarded",
				 f->paths[i] + 4) < 0)
			return err_oom(e);
	}
	return 0;
}

/* The rules are there before the host forwards; the first time, tables without the guard may be there already. */
static int forward(struct engine *en, const struct network *net, const struct forwarding *f, struct oci_strings *warn,
		   struct arena *a, struct err *e)
{
	const char *local = arena_fmt(a, "sys/net/ipv4/conf/%s/route_localnet", net->row.device);
	bool noted = false;
	int r = local ? 0 : err_oom(e);

	if (r == 0 && net->subnet4.family)
		r = write_sysctl(en, local, "1", e); /* for 127.0.0.1:PORT of the host; raw keeps containers out */
	if (r < 0 || !f->n)
		return r < 0 ? r : firewall_network(en, net, true, e);
	r = note_forwarding(en, &noted, e);
	if (r < 0)
		return r;
	r = firewall_rebuild(en, e);
	if (r < 0 && noted)
		(void)unlinkat(en->state, FORWARDING_FILE, 0);
	return r < 0 ? r : turn_on(f, warn, a, e);
}

static void device_mac(const struct network *net, uint8_t ret[6])
{
	const struct net_ip *gateway = net->gateway4.family ? &net->gateway4 : &net->gateway6;

	net_mac_of(gateway, ret);
}

static bool overlaps_route(const struct taken *t, const struct net_ip *subnet)
{
	for (size_t i = 0; i < t->list.n; i++)
		if (subnet->family && net_subnets_overlap(subnet, &t->list.v[i]))
			return true;
	return false;
}

/* A subnet that was free when it was chosen may have become a route of the host's: its machines would be cut off. */
static int check_routes(const struct network *net, struct arena *a, struct err *e)
{
	struct taken t = { .a = a, .but = net->row.device };
	char text[SUBNET_TEXT];
	int r = list_routes(&t, e);

	if (r == 0 && overlaps_route(&t, &net->subnet4))
		r = err_set(
			e, EADDRINUSE,
			"network %s: its subnet %s is a route of this host now: remove the network and make it anew",
			net->row.name, net_subnet_print(&net->subnet4, text));
	return r;
}

static bool has_ports(const struct port_rows *ports, const char *container)
{
	for (size_t i = 0; i < ports->n; i++)
		if (strcmp(ports->v[i].container_id, container) == 0)
			return true;
	return false;
}

/* Containers that run were ports of the bridge before, if somebody took it away. One that ends meanwhile is no error. */
static int rejoin(struct engine *en, const struct network *net, int fd, struct arena *a, struct err *e)
{
	struct places p = { .nets = (struct network *)net, .gateway = PLACE_NO_GATEWAY };
	struct place_rows rows = { 0 };
	struct port_rows ports = { 0 };
	struct net_link l;
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = network_rows_places(db, NULL, net->row.id, a, &rows, e);
	if (r == 0 && rows.n)
		r = network_rows_ports(db, NULL, a, &ports, e);
	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		if (!net_device_index(fd, rows.v[i].host))
			continue;
		p.rows = (struct place_rows){ &rows.v[i], 1 };
		network_fill_link(&p, 0, &l);
		l.hairpin = has_ports(&ports, rows.v[i].container_id);
		r = net_port_join(fd, &l, e);
		r = r == -ENODEV ? 0 : r;
	}
	return r;
}

static int make_device(struct engine *en, const struct network *net, int fd, struct oci_strings *warn, struct arena *a,
		       struct err *e)
{
	struct net_bridge b = { .name = net->row.device, .mtu = net->mtu, .ip4 = net->gateway4, .ip6 = net->gateway6 };
	struct forwarding f = { .n = 0 };
	int r = check_routes(net, a, e);

	device_mac(net, b.mac);
	if (r == 0)
		r = find_forwarding(en, net, &f, e);
	if (r == 0)
		r = net_bridge_ensure(fd, &b, e);
	if (r == 0) {
		r = forward(en, net, &f, warn, a, e);
		if (r == 0)
			r = rejoin(en, net, fd, a, e);
		if (r < 0)
			(void)net_device_delete(fd, net->row.device, NULL);
	}
	forwarding_end(&f);
	return r;
}

int network_rootless(const struct engine *en, const char *name, struct err *e)
{
	if (!en->rootless)
		return 0;
	return err_set(e, EPERM,
		       "network %.80s: a bridge needs CAP_NET_ADMIN over the host's network, which user %u has not "
		       "(--network none and --network host need none)",
		       name, (unsigned)en->caller);
}

int network_refused(const char *name, int r, struct err *e)
{
	struct err why = { 0 };

	if (r != -EPERM && r != -EACCES && r != -EROFS && r != -EOPNOTSUPP && r != -EPROTONOSUPPORT &&
	    r != -EAFNOSUPPORT)
		return r;
	if (e)
		why = *e;
	return err_set(e, -r,
		       "network %s: %.300s (networks need CAP_NET_ADMIN, bridge and nf_tables on this host; "
		       "--network none and --network host do not)",
		       name, why.msg);
}

int network_ensure(struct engine *en, const struct network *net, struct oci_strings *warn, struct arena *a,
		   struct err *e)
{
	scoped_fd fd = -1;
	int r;

	if (net->driver != NETWORK_BRIDGE)
		return 0;
	fd = netlink_open(NETLINK_ROUTE, e);
	if (fd < 0)
		return fd;
	r = net_device_index(fd, net->row.device) ? 0 : make_device(en, net, fd, warn, a, e);
	return network_refused(net->row.name, r, e);
}
