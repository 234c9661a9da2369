/* SPDX-License-Identifier: Apache-2.0 */
/* What a network is on the host: its bridge, its rules. */
#include "engine/network.h"

#include "base/scope.h"
#include "engine/forwarding.h"
#include "engine/network_ports.h"
#include "kernel/netlink.h"
#include "kernel/smallfile.h"
#include "oci/list.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int write_sysctl(struct engine *en, const char *path, const char *value, struct err *e)
{
	scoped_fd fd = openat(en->host->proc, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return err_sys(e, "write %s to /proc/%s", value, path);
	return 0;
}

/* The rules are there before the host forwards; the first time, tables without the guard may be there already. */
static int forward(struct engine *en, const struct network *net, struct forwarding *f, struct oci_strings *warn,
		   struct arena *a, struct err *e)
{
	const char *local = arena_fmt(a, "sys/net/ipv4/conf/%s/route_localnet", net->row.device);
	int r = local ? 0 : err_oom(e);

	if (r == 0 && net->subnet4.family)
		r = write_sysctl(en, local, "1", e); /* for 127.0.0.1:PORT of the host; raw keeps containers out */
	if (r < 0 || !f->n)
		return r < 0 ? r : firewall_network(en, net, true, e);
	r = forwarding_note(en, f, a, e);
	if (r < 0)
		return r;
	r = firewall_rebuild(en, e);
	if (r < 0)
		forwarding_unnote(en, f);
	return r < 0 ? r : forwarding_turn_on(en, f, warn, a, e);
}

static void device_mac(const struct network *net, uint8_t ret[6])
{
	const struct net_ip *gateway = net->gateway4.family ? &net->gateway4 : &net->gateway6;

	net_mac_of(gateway, ret);
}

struct route_check {
	const struct network *net;
	bool overlaps;
};

static int check_route(const struct net_ip *to, const char *device, void *arg, struct err *e)
{
	struct route_check *c = arg;

	if (strcmp(device, c->net->row.device) != 0) /* its own, left of an earlier time */
		c->overlaps |= net_subnets_overlap(&c->net->subnet4, to);
	return 0;
}

/* A subnet that was free when it was chosen may have become a route of the host's: its machines would be cut off. */
static int check_routes(const struct network *net, int fd, struct err *e)
{
	struct route_check c = { .net = net };
	char text[SUBNET_TEXT];
	int r = net->subnet4.family ? net_routes_each(fd, check_route, &c, e) : 0;

	if (r == 0 && c.overlaps)
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

static int make_device(struct engine *en, const struct network *net, int fd, bool there, struct oci_strings *warn,
		       struct arena *a, struct err *e)
{
	struct net_bridge b = { .name = net->row.device, .mtu = net->mtu, .ip4 = net->gateway4, .ip6 = net->gateway6 };
	struct forwarding f = { .n = 0 };
	int r = check_routes(net, fd, e);

	device_mac(net, b.mac);
	if (r == 0)
		r = forwarding_find(en, net, a, &f, e);
	if (r == 0)
		r = net_bridge_ensure(fd, &b, e);
	if (r == 0) {
		r = forward(en, net, &f, warn, a, e);
		if (r == 0)
			r = rejoin(en, net, fd, a, e);
		if (r < 0 && !there)
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

static int ensure(struct engine *en, const struct network *net, bool complete, struct oci_strings *warn,
		  struct arena *a, struct err *e)
{
	scoped_fd fd = -1;
	bool there;
	int r;

	if (net->driver != NETWORK_BRIDGE)
		return 0;
	fd = netlink_open(NETLINK_ROUTE, e);
	if (fd < 0)
		return fd;
	there = net_device_index(fd, net->row.device) != 0;
	r = there && !complete ? 0 : make_device(en, net, fd, there, warn, a, e);
	return network_refused(net->row.name, r, e);
}

int network_ensure(struct engine *en, const struct network *net, struct oci_strings *warn, struct arena *a,
		   struct err *e)
{
	return ensure(en, net, false, warn, a, e);
}

int network_complete(struct engine *en, const struct network *net, struct oci_strings *warn, struct arena *a,
		     struct err *e)
{
	return ensure(en, net, true, warn, a, e);
}
