/* SPDX-License-Identifier: Apache-2.0 */
/* network.h - networks as objects, and the places of containers in them.
 *
 * A row says what was asked for; the device on the host and the rules of the firewall are made from it when somebody needs
 * them, and made again when they are gone. bridge, host and none are there from the beginning; the device of `bridge` is
 * made by the first container that wants it. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "engine/document.h"
#include "engine/engine.h"
#include "records/network_rows.h"
#include "network/resolv_conf.h"
#include "network/rules.h"
#include "network/subnet.h"
#include "oci/runtime_spec.h"

#define NETWORK_DEFAULT "bridge"

struct network_options {
	struct oci_pairs labels, options; /* options: the driver's, in Docker's names and short ones */
	bool internal, ipv6, attachable, no_ipv4;
};

enum network_driver { NETWORK_BRIDGE, NETWORK_MACVLAN, NETWORK_HOST, NETWORK_NONE };

struct network {
	struct network_row row;
	struct network_options options;
	enum network_driver driver;
	struct net_ip subnet4, gateway4, range4, subnet6, gateway6; /* gateways with their subnet's prefix */
	bool masquerade, talk;
	uint32_t mtu, macvlan_mode;
	struct net_ip host_address; /* for published ports that name none */
};

struct network_spec {
	const char *name, *driver; /* driver NULL: bridge */
	struct oci_strings subnets, gateways, ranges;
	struct network_options options;
};

/* network_find - by name or id. -ENOENT "network x not found" */
int network_find(struct engine *en, const char *ref, struct arena *a, struct network *ret, struct err *e);
int network_list(struct engine *en, struct arena *a, struct network_rows *ret, struct err *e);
int network_open(const struct network_row *row, struct arena *a, struct network *ret, struct err *e);
bool network_is_predefined(const struct network_row *row);

/* All networks, and all places in them. */
struct networks {
	struct network *v;
	size_t n;
	struct place_rows places;
};
int networks_read(struct engine *en, struct arena *a, struct networks *ret, struct err *e);
const struct network *networks_by_id(const struct networks *all, const char *id); /* NULL: no such one */

/* network_insert - the row alone; ret_id may be NULL. */
int network_insert(struct engine *en, const struct network_spec *spec, struct arena *a, const char **ret_id,
		   struct err *e);
/* network_make - row, device and rules. *ret_id belongs to a. -EINVAL, -EEXIST with Docker's texts;
 * -EPERM: another network has that bridge; -ENOSPC: no pool is left. */
int network_make(struct engine *en, const struct network_spec *spec, struct arena *a, const char **ret_id,
		 struct err *e);
/* network_delete - -EBUSY: containers have places in it. network_remove - the same for one that was found, whatever of it was
 * made. network_finish_removals - what removals that were cut short, or failed half-way, have left of device and rules. */
int network_delete(struct engine *en, const char *ref, struct arena *a, struct err *e);
int network_remove(struct engine *en, const struct network *net, struct arena *a, struct err *e);
int network_finish_removals(struct engine *en, struct err *e);
/* network_ensure - the device is there, and if it was not, forwarding and rules too. *warn gets what had to be changed on
 * the host. On a failure no device of it is left; that the host forwards, and rules, may be. network_complete - the same of a
 * device that is there, which gets what it lacks: address, forwarding, rules. */
int network_ensure(struct engine *en, const struct network *net, struct oci_strings *warn, struct arena *a,
		   struct err *e);
int network_complete(struct engine *en, const struct network *net, struct oci_strings *warn, struct arena *a,
		     struct err *e);

/* network_rootless - an ordinary user's engine has no bridges: -EPERM with what goes instead. 0: root's */
int network_rootless(const struct engine *en, const char *name, struct err *e);
/* network_refused - r; when a host refused it that allows no networks, or has none, the text says what goes without. */
int network_refused(const char *name, int r, struct err *e);

/* ---- options, addresses ------------------------------------------------------------------------------------------- */

int network_options_print(const struct network_options *o, struct buf *out, struct err *e);
int network_options_parse(const char *json, struct arena *a, struct network_options *ret, struct err *e);
/* network_option - by Docker's long name or its short one; NULL: not given. */
const char *network_option(const struct network_options *o, const char *name);

/* network_place_ip - a place's addresses, with the prefix of the subnet; family 0: none */
struct net_ip network_place_ip4(const struct network *net, const struct place_row *p);
struct net_ip network_place_ip6(const struct network *net, const struct place_row *p);

/* All places of a container, by number, with their networks. */
struct places {
	struct place_rows rows;
	struct network *nets;
	size_t gateway; /* the one whose gateway is the default route: the highest priority, then by name; not an internal one */
};
#define PLACE_NO_GATEWAY ((size_t)-1)
void network_choose_gateway(struct places *p); /* of those that are there */
/* network_fill_link - the i-th as its interface. network_link_line - as a line of a charter; published: ports of the host
 * lead there */
void network_fill_link(const struct places *p, size_t i, struct net_link *l);
int network_link_line(const struct places *p, size_t i, bool published, struct arena *a, const char **ret,
		      struct err *e);
int network_places(struct engine *en, const char *container, struct arena *a, struct places *ret, struct err *e);

/* network_place_take - an address, in the transaction of the caller; wanted4, wanted6: NULL: any. What p lacks of host, mac,
 * at4, at6 is filled. -EADDRINUSE; -ENOSPC: none is left; -EINVAL: not of this network. */
int network_place_take(struct engine *en, struct db *db, const struct network *net, const char *wanted4,
		       const char *wanted6, struct arena *a, struct place_row *p, struct err *e);

/* ---- the firewall: firewall.c --------------------------------------------------------------------------------------- */

/* What is it about: NULL and 0: nothing. Elements that are there already, and those that are not, are no errors. When the
 * tables are not as they should be, they are made anew from the database. */
struct firewall_change {
	const struct network *nets; /* of each place its network */
	const struct place_row *places;
	size_t count;
	const struct rules_port *ports;
	size_t port_count;
	const struct network *whole; /* what is of a network itself */
};
int firewall_add(struct engine *en, const struct firewall_change *c, struct err *e);
int firewall_remove(struct engine *en, const struct firewall_change *c, struct err *e);
int firewall_network(struct engine *en, const struct network *net, bool add, struct err *e);
int firewall_rebuild(struct engine *en, struct err *e);
/* firewall_is_refused - r is what a host answers that allows nobody, or us, to change rules. */
bool firewall_is_refused(int r);
/* firewall_names - of our table, and how those of our ports on the host begin */
#define FIREWALL_NAME 16
void firewall_names(const struct engine *en, char table[FIREWALL_NAME], char prefix[FIREWALL_NAME]);

/* network_host_resolver - the host's resolv.conf(5), as that kind of network has use for it. *ret_path: of the file, for people */
int network_host_resolver(struct engine *en, enum resolv_conf_for kind, struct arena *a, struct resolv_conf *ret,
			  const char **ret_path, struct err *e);

/* ---- the end of a container ------------------------------------------------------------------------------------------ */

/* network_down - its life is over: rules, names and ports are given back; its addresses stay its own. goes: its rows stay for
 * containers_delete(). Whoever makes the rules anew meanwhile sees by its lock that it is not up. Nothing to do is success. */
int network_down(struct engine *en, const char *container, bool goes, struct err *e);
