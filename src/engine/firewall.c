/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of network/rules.h, filled from rows. */
#include "engine/network.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/forwarding.h"
#include "engine/network_ports.h"
#include "engine/recover.h"
#include "kernel/conntrack.h"
#include "kernel/net_link.h"
#include "kernel/netlink.h"
#include "network/hand_over.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define ARENA_MAX (64u << 20)
#define ATTEMPTS 50
#define FLOWS_MAX 256 /* ports, or ranges of them, that are asked about at once */

/* ---- the socket ----------------------------------------------------------------------------------------------------- */

static void drop_socket(struct engine *en)
{
	if (en->nft >= 0)
		close(fd_take(&en->nft));
	en->nft_removed = false;
}

/* Lets go of the socket; when something was removed, to tare-net, if there is one: see nft_close(). */
static void end_socket(struct engine *en)
{
	if (en->nft_removed && net_hand_over(en->state, en->nft, NULL) < 0) {
		nft_close(fd_take(&en->nft));
		en->nft_removed = false;
	}
	drop_socket(en);
}

/* One for all changes. After a failure answers may be left in it. */
static int commit(struct engine *en, struct nft *t, bool removes, struct err *e)
{
	int r = 0;

	if (en->nft < 0) {
		r = en->nft = nft_open(e);
		en->nft_end = end_socket;
	}
	if (r >= 0)
		r = nft_commit(t, en->nft, e);
	if (r < 0)
		drop_socket(en);
	else
		en->nft_removed |= removes;
	return r;
}

/* Engines with other folders have tables of their own. */
void firewall_names(const struct engine *en, char table[FIREWALL_NAME], char prefix[FIREWALL_NAME])
{
	unsigned own = hash_of(sv_from(en->root_path)) & 0xfffff;

	if (strcmp(en->root_path, ENGINE_ROOT) == 0) {
		(void)snprintf(table, FIREWALL_NAME, "tare");
		(void)snprintf(prefix, FIREWALL_NAME, "tare-");
	} else {
		(void)snprintf(table, FIREWALL_NAME, "tare-%05x", own);
		(void)snprintf(prefix, FIREWALL_NAME, "t%05x-", own);
	}
}

/* ---- elements ------------------------------------------------------------------------------------------------------- */

static void put_network(struct nft *t, const char *table, const struct network *net, enum rules_change how)
{
	const struct rules_network n = { net->row.device, net->subnet4,		net->subnet6,
					 net->options.internal, net->masquerade, net->talk };

	if (net->driver == NETWORK_BRIDGE)
		rules_network(t, table, &n, how);
}

static void put_place(struct nft *t, const char *table, const struct network *net, const struct place_row *p,
		      enum rules_change how)
{
	struct rules_endpoint ep = { .host = p->host,
				     .ip4 = network_place_ip4(net, p),
				     .ip6 = network_place_ip6(net, p) };

	if (net->driver == NETWORK_BRIDGE && net_mac_parse(sv_from(p->mac), ep.mac))
		rules_endpoint(t, table, &ep, how);
}

static void put_change(struct nft *t, const char *table, const struct firewall_change *c, enum rules_change how)
{
	if (c->whole)
		put_network(t, table, c->whole, how);
	for (size_t i = 0; i < c->count; i++)
		put_place(t, table, &c->nets[i], &c->places[i], how);
	for (size_t i = 0; i < c->port_count; i++)
		rules_port(t, table, &c->ports[i], how);
}

/* ---- all of it ------------------------------------------------------------------------------------------------------ */

/* A place without a life needs no rules. */
static int put_everything(struct engine *en, struct nft *t, const char *table, const char *prefix, struct arena *a,
			  struct err *e)
{
	struct networks all = { .n = 0 };
	struct rules_ports ports = { 0 };
	struct closed_list closed = { 0 };
	unsigned guards = 0;
	int r = networks_read(en, a, &all, e);

	if (r == 0)
		r = network_ports_rules(en, NULL, a, &ports, e);
	if (r == 0)
		r = forwarding_noted(en, a, &closed, &guards, e);
	if (r < 0)
		return r;
	rules_drop(t, table);
	rules_base(t, table, prefix, guards);
	for (size_t i = 0; i < closed.n; i++)
		rules_closed(t, table, &closed.v[i]);
	for (size_t i = 0; i < all.n; i++)
		put_network(t, table, &all.v[i], RULES_ADD);
	for (size_t i = 0; i < all.places.n; i++) {
		const struct network *net = networks_by_id(&all, all.places.v[i].network_id);

		if (net && container_is_up(en, all.places.v[i].container_id))
			put_place(t, table, net, &all.places.v[i], RULES_ADD);
	}
	for (size_t i = 0; i < ports.n; i++)
		if (container_is_up(en, ports.v[i].container))
			rules_port(t, table, &ports.v[i], RULES_ADD);
	return 0;
}

static int rebuild_once(struct engine *en, struct err *e)
{
	scoped_arena a = ARENA(ARENA_MAX);
	char table[FIREWALL_NAME], prefix[FIREWALL_NAME];
	uint32_t generation = 0;
	struct nft t;
	int r = nft_generation(&generation, e);

	if (r < 0)
		return r;
	firewall_names(en, table, prefix);
	nft_begin(&t, generation);
	r = put_everything(en, &t, table, prefix, &a, e);
	if (r == 0)
		r = commit(en, &t, true, e);
	nft_done(&t);
	return r;
}

/* What somebody else changed between our look at the database and the commit might be an element of a container that has
 * just been added: then once more. */
int firewall_rebuild(struct engine *en, struct err *e)
{
	int r = -ERESTART;

	for (int i = 0; r == -ERESTART && i < ATTEMPTS; i++)
		r = rebuild_once(en, e);
	return r;
}

/* ---- flows ------------------------------------------------------------------------------------------------------------ */

static bool has_connections(uint8_t protocol)
{
	return protocol == IPPROTO_TCP;
}

/* Rules are asked for the first packet of a flow, and a sender that never pauses has a flow for ever: to a container whose port this
 * is no more, or past one whose port it has just become. It costs only whoever publishes such ports; a host that cannot do it
 * goes without. */
static void forget_flows(const struct firewall_change *c)
{
	struct conntrack_ports v[FLOWS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < c->port_count; i++) {
		const struct rules_port *p = &c->ports[i];

		if (has_connections(p->map.protocol))
			continue;
		if (n + 2 > FLOWS_MAX) {
			(void)conntrack_forget(v, n, NULL, NULL);
			n = 0;
		}
		if (p->to4.family)
			v[n++] = (struct conntrack_ports){ AF_INET, p->map.protocol, p->map.host_first,
							   p->map.host_last };
		if (p->to6.family)
			v[n++] = (struct conntrack_ports){ AF_INET6, p->map.protocol, p->map.host_first,
							   p->map.host_last };
	}
	if (n)
		(void)conntrack_forget(v, n, NULL, NULL);
}

/* ---- changes -------------------------------------------------------------------------------------------------------- */

bool firewall_is_refused(int r)
{
	return r == -EPERM || r == -EACCES || r == -EOPNOTSUPP || r == -EPROTONOSUPPORT || r == -EAFNOSUPPORT;
}

int firewall_add(struct engine *en, const struct firewall_change *c, struct err *e)
{
	char table[FIREWALL_NAME], prefix[FIREWALL_NAME];
	struct nft t;
	int r;

	firewall_names(en, table, prefix);
	nft_begin(&t, 0);
	put_change(&t, table, c, RULES_ADD);
	r = commit(en, &t, false, e);
	nft_done(&t);
	if (r < 0 && !firewall_is_refused(r))
		r = firewall_rebuild(en, e);
	if (r == 0)
		forget_flows(c);
	return r;
}

static bool has_device(const char *name)
{
	scoped_fd fd = netlink_open(NETLINK_ROUTE, NULL);

	return fd >= 0 && net_device_index(fd, name) != 0;
}

/* Rules are for what a bridge of this host carries. */
static bool has_bridge(const struct firewall_change *c)
{
	if (c->whole && has_device(c->whole->row.device))
		return true;
	for (size_t i = 0; i < c->count; i++)
		if (c->nets[i].driver == NETWORK_BRIDGE && has_device(c->nets[i].row.device))
			return true;
	return false;
}

/* Where rules are refused and no bridge is, none were made. An old kernel knows no forgiving removal; one that fails leaves the tables to be made anew. */
int firewall_remove(struct engine *en, const struct firewall_change *c, struct err *e)
{
	char table[FIREWALL_NAME], prefix[FIREWALL_NAME];
	struct err first = { 0 };
	struct nft t;
	int r;

	firewall_names(en, table, prefix);
	nft_begin(&t, 0);
	put_change(&t, table, c, RULES_REMOVE);
	r = commit(en, &t, true, &first);
	if (r == -EINVAL || r == -EOPNOTSUPP) {
		nft_done(&t);
		nft_begin(&t, 0);
		put_change(&t, table, c, RULES_REMOVE_STRICT);
		r = commit(en, &t, true, &first);
	}
	nft_done(&t);
	if (firewall_is_refused(r) && !has_bridge(c))
		return 0;
	forget_flows(c);
	if (r < 0 && e)
		*e = first;
	return r == -ENOENT ? 0 : r;
}

int firewall_network(struct engine *en, const struct network *net, bool add, struct err *e)
{
	const struct firewall_change c = { .whole = net };

	return add ? firewall_add(en, &c, e) : firewall_remove(en, &c, e);
}
