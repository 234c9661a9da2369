/* SPDX-License-Identifier: Apache-2.0 */
/* Networks as rows: what is in one, and the places in it. network_make.c makes them, network_remove.c removes them. */
#include "engine/network.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/cni.h"
#include "engine/network_ports.h"
#include "network/record.h"
#include "oci/json.h"
#include "oci/list.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <string.h>

#define ARENA_MAX (32u << 20)
#define FIRST_OFFSET 1 /* 0 is the subnet itself */

/* ---- options -------------------------------------------------------------------------------------------------------- */

static const struct json_row option_rows[] = {
	{ "Labels", JSON_PAIRS, 0, .offset = offsetof(struct network_options, labels) },
	{ "Options", JSON_PAIRS, 0, .offset = offsetof(struct network_options, options) },
	{ "Internal", JSON_BOOL, 0, .offset = offsetof(struct network_options, internal) },
	{ "EnableIPv6", JSON_BOOL, 0, .offset = offsetof(struct network_options, ipv6) },
	{ "Attachable", JSON_BOOL, 0, .offset = offsetof(struct network_options, attachable) },
	{ "NoIPv4", JSON_BOOL, 0, .offset = offsetof(struct network_options, no_ipv4) },
};
static const struct json_table option_table = JSON_TABLE(option_rows, struct network_options);

int network_options_print(const struct network_options *o, struct buf *out, struct err *e)
{
	return json_encode(&option_table, o, false, out, e);
}

int network_options_parse(const char *json, struct arena *a, struct network_options *ret, struct err *e)
{
	struct network_options o;
	int r;

	json_init(&option_table, &o);
	r = json_decode(sv_from(json), &option_table, a, &o, e);
	if (r == 0)
		*ret = o;
	return r;
}

static const struct {
	const char *name, *in_full;
} option_names[] = {
	{ "name", "com.docker.network.bridge.name" },
	{ "enable_ip_masquerade", "com.docker.network.bridge.enable_ip_masquerade" },
	{ "enable_icc", "com.docker.network.bridge.enable_icc" },
	{ "host_binding_ipv4", "com.docker.network.bridge.host_binding_ipv4" },
	{ "mtu", "com.docker.network.driver.mtu" },
	{ "parent", "parent" },
	{ "macvlan_mode", "macvlan_mode" },
};

const char *network_option(const struct network_options *o, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(option_names); i++) {
		if (strcmp(option_names[i].name, name) != 0)
			continue;
		for (size_t k = 0; k < o->options.n; k++)
			if (strcmp(o->options.v[k].key, name) == 0 ||
			    strcmp(o->options.v[k].key, option_names[i].in_full) == 0)
				return o->options.v[k].value;
	}
	return NULL;
}

static int check_known(const struct network_options *o, struct err *e)
{
	for (size_t k = 0; k < o->options.n; k++) {
		size_t i = 0;

		while (i < ARRAY_LEN(option_names) && strcmp(o->options.v[k].key, option_names[i].name) != 0 &&
		       strcmp(o->options.v[k].key, option_names[i].in_full) != 0)
			i++;
		if (i == ARRAY_LEN(option_names))
			return err_set(e, EINVAL, "--opt %.80s: not an option that tare knows (mtu, name, enable_icc, "
				       "enable_ip_masquerade, host_binding_ipv4; of macvlan: parent, macvlan_mode)",
				       o->options.v[k].key);
	}
	return 0;
}

static int take_bool(const struct network_options *o, const char *name, bool usual, bool *ret, struct err *e)
{
	const char *text = network_option(o, name);

	*ret = usual;
	if (!text || !*text)
		return 0;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0 && strcmp(text, "1") != 0 && strcmp(text, "0") != 0)
		return err_set(e, EINVAL, "--opt %s=%.40s: true or false", name, text);
	*ret = text[0] == 't' || text[0] == '1';
	return 0;
}

static int take_mtu(const struct network_options *o, uint32_t *ret, struct err *e)
{
	const char *text = network_option(o, "mtu");
	uint64_t v = 0;

	if (text && (sv_u64(sv_from(text), &v) < 0 || (v && v < 68) || v > 65535))
		return err_set(e, EINVAL, "--opt mtu=%.40s: 68 to 65535 bytes, 0 for the usual", text);
	*ret = (uint32_t)v;
	return 0;
}

static int take_mode(const struct network_options *o, uint32_t *ret, struct err *e)
{
	static const struct {
		const char *name;
		uint32_t mode;
	} modes[] = { { "bridge", MACVLAN_MODE_BRIDGE }, { "private", MACVLAN_MODE_PRIVATE },
		      { "vepa", MACVLAN_MODE_VEPA }, { "passthru", MACVLAN_MODE_PASSTHRU } };
	const char *text = network_option(o, "macvlan_mode");

	*ret = MACVLAN_MODE_BRIDGE;
	if (!text || !*text)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (strcmp(text, modes[i].name) == 0)
			return *ret = modes[i].mode, 0;
	return err_set(e, EINVAL, "--opt macvlan_mode=%.40s: bridge, private, vepa or passthru", text);
}

static int take_options(struct network *net, struct err *e)
{
	const struct network_options *o = &net->options;
	const char *host = network_option(o, "host_binding_ipv4");
	int r = check_known(o, e);

	if (r == 0)
		r = take_bool(o, "enable_ip_masquerade", true, &net->masquerade, e);
	if (r == 0)
		r = take_bool(o, "enable_icc", true, &net->talk, e);
	if (r == 0)
		r = take_mtu(o, &net->mtu, e);
	if (r == 0)
		r = take_mode(o, &net->macvlan_mode, e);
	if (r == 0 && host && *host &&
	    (!net_ip_parse(sv_from(host), &net->host_address) || net->host_address.family != AF_INET))
		r = err_set(e, EINVAL, "--opt host_binding_ipv4=%.60s: not an IPv4 address", host);
	if (r == 0 && net->host_address.family == AF_INET && memcmp(net->host_address.bytes, "\0\0\0", 4) == 0)
		net->host_address.family = 0;
	return r;
}

/* ---- rows ----------------------------------------------------------------------------------------------------------- */

static const char *const drivers[] = {
	[NETWORK_BRIDGE] = "bridge", [NETWORK_MACVLAN] = "macvlan", [NETWORK_HOST] = "host", [NETWORK_NONE] = "null"
};

static int take_driver(const char *name, enum network_driver *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
		if (strcmp(drivers[i], name) == 0)
			return *ret = (enum network_driver)i, 0;
	return err_set(e, EINVAL,
		       "error looking up network driver plugin %.80s: plugin \"%.80s\" not found (bridge, macvlan)",
		       name, name);
}

static bool take_subnet(const char *text, struct net_ip *ret)
{
	return !text || net_subnet_parse(sv_from(text), ret);
}

int network_open(const struct network_row *row, struct arena *a, struct network *ret, struct err *e)
{
	struct network net = { .row = *row };
	int r = take_driver(row->driver, &net.driver, e);

	if (r == 0)
		r = network_options_parse(row->options, a, &net.options, e);
	if (r == 0)
		r = take_options(&net, e);
	if (r == 0 && (!take_subnet(row->subnet4, &net.subnet4) || !take_subnet(row->gateway4, &net.gateway4) ||
		       !take_subnet(row->range4, &net.range4) || !take_subnet(row->subnet6, &net.subnet6) ||
		       !take_subnet(row->gateway6, &net.gateway6)))
		r = err_set(e, EBADMSG, "a subnet in its row is damaged");
	if (r < 0)
		return err_wrap(e, r, "network %s", row->name);
	*ret = net;
	return 0;
}

bool network_is_predefined(const struct network_row *row)
{
	return strcmp(row->name, "bridge") == 0 || strcmp(row->name, "host") == 0 || strcmp(row->name, "none") == 0;
}

/* Two that are the first to ask make it at the same time: one of them finds it made. */
static int make_predefined(struct engine *en, struct arena *a, struct err *e)
{
	static const struct {
		const char *name, *driver;
	} rows[] = { { "bridge", "bridge" }, { "host", "host" }, { "none", "null" } };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(rows); i++) {
		struct network_spec spec = { .name = rows[i].name, .driver = rows[i].driver };

		r = network_insert(en, &spec, a, NULL, e);
		if (r == -EEXIST)
			r = 0;
	}
	return r;
}

static int find_row(struct engine *en, const char *ref, struct arena *a, struct network_row *ret, struct err *e)
{
	struct db *db;
	int r = engine_db(en, &db, e);

	if (strcmp(ref, "default") == 0)
		ref = NETWORK_DEFAULT;
	if (r == 0)
		r = network_rows_find(db, sv_from(ref), a, ret, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = make_predefined(en, a, e);
	if (r == 0)
		r = network_rows_find(db, sv_from(ref), a, ret, e);
	return r == 0 ? err_set(e, ENOENT, "network %.128s not found", ref) : r < 0 ? r : 0;
}

int network_find(struct engine *en, const char *ref, struct arena *a, struct network *ret, struct err *e)
{
	struct network_row row;
	int r = find_row(en, ref, a, &row, e);

	return r < 0 ? r : network_open(&row, a, ret, e);
}

int network_list(struct engine *en, struct arena *a, struct network_rows *ret, struct err *e)
{
	struct network_row first;
	struct db *db;
	int r = find_row(en, NETWORK_DEFAULT, a, &first, e);

	if (r == 0)
		r = engine_db(en, &db, e);
	return r < 0 ? r : network_rows_list(db, a, ret, e);
}

static int open_networks(const struct network_rows *rows, struct arena *a, struct network **ret, struct err *e)
{
	struct network *nets = arena_array(a, rows->n + 1, sizeof *nets);
	int r = nets ? 0 : err_oom(e);

	for (size_t i = 0; r == 0 && i < rows->n; i++)
		r = network_open(&rows->v[i], a, &nets[i], e);
	*ret = nets;
	return r;
}

int networks_read(struct engine *en, struct arena *a, struct networks *ret, struct err *e)
{
	struct network_rows rows = { 0 };
	struct networks all = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = network_rows_list(db, a, &rows, e);
	if (r == 0)
		r = network_rows_places(db, NULL, NULL, a, &all.places, e);
	if (r == 0)
		r = open_networks(&rows, a, &all.v, e);
	all.n = rows.n;
	if (r == 0)
		*ret = all;
	return r;
}

const struct network *networks_by_id(const struct networks *all, const char *id)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i].row.id, id) == 0)
			return &all->v[i];
	return NULL;
}

/* ---- places --------------------------------------------------------------------------------------------------------- */

struct net_ip network_place_ip4(const struct network *net, const struct place_row *p)
{
	if (p->at4 == PLACE_NONE || !net->subnet4.family)
		return (struct net_ip){ 0 };
	return net_subnet_at(&net->subnet4, (uint64_t)p->at4);
}

struct net_ip network_place_ip6(const struct network *net, const struct place_row *p)
{
	if (p->at6 == PLACE_NONE || !net->subnet6.family)
		return (struct net_ip){ 0 };
	return net_subnet_at(&net->subnet6, (uint64_t)p->at6);
}

struct span {
	int64_t first, last, gateway; /* offsets */
};

static struct span span_of(const struct net_ip *subnet, const struct net_ip *range, const struct net_ip *gateway)
{
	uint64_t size = net_subnet_size(subnet), first = FIRST_OFFSET, last = size - 1;
	bool four = subnet->family == AF_INET;

	if (four && subnet->prefix < 31)
		last--; /* the broadcast address */
	if (four && subnet->prefix >= 31)
		first = 0;
	if (range->family) {
		uint64_t from = net_subnet_offset(subnet, range), until = from + net_subnet_size(range) - 1;

		first = from > first ? from : first;
		last = until < last ? until : last;
	}
	return (struct span){ (int64_t)first, (int64_t)last,
			      gateway->family ? (int64_t)net_subnet_offset(subnet, gateway) : PLACE_NONE };
}

/* From `from` to the end, past the gateway. 1: found */
static int look_from(struct db *db, const char *network, bool six, const struct span *s, int64_t from, int64_t *ret,
		     struct err *e)
{
	int64_t at = from;
	int r;

	if (at == s->gateway)
		at++;
	r = network_rows_gap(db, network, six, at, s->last, ret, e);
	if (r == 1 && *ret == s->gateway)
		r = network_rows_gap(db, network, six, *ret + 1, s->last, ret, e);
	return r;
}

static int choose(struct db *db, const struct network *net, bool six, int64_t next, int64_t *ret, struct err *e)
{
	struct span s = six ? span_of(&net->subnet6, &(struct net_ip){ 0 }, &net->gateway6) :
			      span_of(&net->subnet4, &net->range4, &net->gateway4);
	int r = next > s.first && next <= s.last ? look_from(db, net->row.id, six, &s, next, ret, e) : 0;

	if (r == 0)
		r = look_from(db, net->row.id, six, &s, s.first, ret, e);
	if (r == 0)
		return err_set(e, ENOSPC, "no available IPv%d addresses on network %s: all are in use", six ? 6 : 4,
			       net->row.name);
	return r < 0 ? r : 0;
}

static int take_wanted(const struct network *net, const char *text, bool six, int64_t *ret, struct err *e)
{
	const struct net_ip *subnet = six ? &net->subnet6 : &net->subnet4;
	const struct net_ip *gateway = six ? &net->gateway6 : &net->gateway4;
	struct net_ip ip;

	if (!net_ip_parse(sv_from(text), &ip) || ip.family != (six ? AF_INET6 : AF_INET))
		return err_set(e, EINVAL, "invalid IPv%d address: %.60s", six ? 6 : 4, text);
	if (!subnet->family || !net_ip_is_in(&ip, subnet))
		return err_set(
			e, EINVAL,
			"invalid endpoint settings: no configured subnet contains IP address %.60s (network %s has %s)",
			text, net->row.name, (six ? net->row.subnet6 : net->row.subnet4) ?: "none");
	if (net_ip_equal(&ip, gateway))
		return err_set(e, EADDRINUSE, "Address already in use: %.60s is the gateway of network %s", text,
			       net->row.name);
	*ret = (int64_t)net_subnet_offset(subnet, &ip);
	return 0;
}

static int choose_both(struct db *db, const struct network *net, const char *wanted4, const char *wanted6, int64_t next,
		       struct place_row *p, struct err *e)
{
	int r = 0;

	p->at4 = p->at6 = PLACE_NONE;
	if (wanted4)
		r = take_wanted(net, wanted4, false, &p->at4, e);
	else if (net->subnet4.family)
		r = choose(db, net, false, next, &p->at4, e);
	if (r == 0 && wanted6)
		r = take_wanted(net, wanted6, true, &p->at6, e);
	else if (r == 0 && net->subnet6.family)
		r = choose(db, net, true, p->at4 == PLACE_NONE ? next : p->at4, &p->at6, e);
	return r;
}

/* The end of the pair on the host, called after the container's id: another part of it when that name is taken. */
static const char *host_name_of(struct engine *en, const char *id, int64_t number, unsigned attempt, struct arena *a)
{
	char table[FIREWALL_NAME], prefix[FIREWALL_NAME];
	size_t room;

	firewall_names(en, table, prefix);
	room = IFNAMSIZ - 1 - strlen(prefix) - 1;
	return arena_fmt(a, "%s%.*s%c", prefix, (int)room, id + (attempt * 11) % (ID_LEN - room),
			 "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36]);
}

static int refuse_taken(const struct network *net, const char *wanted4, const char *wanted6, struct err *e)
{
	return err_set(e, EADDRINUSE, "Address already in use: %.60s in network %s",
		       wanted4 ? wanted4 : wanted6 ? wanted6 : "an address", net->row.name);
}

int network_place_take(struct engine *en, struct db *db, const struct network *net, const char *wanted4,
		       const char *wanted6, struct arena *a, struct place_row *p, struct err *e)
{
	uint8_t mac[6];
	char text[MAC_TEXT];
	/* where to look first may have moved on meanwhile: what is free is seen now */
	int r = choose_both(db, net, wanted4, wanted6, net->row.next4, p, e);

	if (r < 0)
		return r;
	if (!p->mac) {
		struct net_ip ip = p->at4 != PLACE_NONE ? network_place_ip4(net, p) : network_place_ip6(net, p);

		net_mac_of(&ip, mac);
		p->mac = arena_str(a, net_mac_print(mac, text));
	}
	p->network_id = net->row.id;
	r = -EEXIST;
	for (unsigned i = 0; r == -EEXIST && i < 4; i++) {
		p->host = host_name_of(en, p->container_id, p->number, i, a);
		if (!p->host || !p->mac)
			return err_oom(e);
		r = network_rows_take(db, p, wanted4 || p->at4 == PLACE_NONE ? PLACE_NONE : p->at4 + 1, e);
	}
	return r == -EEXIST ? refuse_taken(net, wanted4, wanted6, e) : r;
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

static int remove_records(struct engine *en, const struct place_rows *places, struct err *e)
{
	scoped_fd dir = openat(en->state, ENDPOINTS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	for (size_t i = 0; dir >= 0 && r == 0 && i < places->n; i++)
		r = endpoint_remove(dir, places->v[i].network_id, places->v[i].container_id, e);
	return r;
}

static bool is_better(const struct places *p, size_t i)
{
	const struct network *net = &p->nets[i], *best;

	if (net->options.internal || (!net->subnet4.family && !net->subnet6.family))
		return false;
	if (p->gateway == PLACE_NO_GATEWAY)
		return true;
	best = &p->nets[p->gateway];
	if (p->rows.v[i].priority != p->rows.v[p->gateway].priority)
		return p->rows.v[i].priority > p->rows.v[p->gateway].priority;
	return strcmp(net->row.name, best->row.name) < 0;
}

void network_choose_gateway(struct places *p)
{
	p->gateway = PLACE_NO_GATEWAY;
	for (size_t i = 0; i < p->rows.n; i++)
		if (is_better(p, i))
			p->gateway = i;
}

int network_places(struct engine *en, const char *container, struct arena *a, struct places *ret, struct err *e)
{
	struct places p = { .gateway = PLACE_NO_GATEWAY };
	struct network_rows nets = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = network_rows_joined(db, container, a, &p.rows, &nets, e);
	if (r == 0)
		r = open_networks(&nets, a, &p.nets, e);
	if (r < 0)
		return r;
	network_choose_gateway(&p);
	*ret = p;
	return r;
}

int network_down(struct engine *en, const char *container, bool goes, struct err *e)
{
	scoped_arena a = ARENA(ARENA_MAX);
	struct rules_ports ports = { 0 };
	struct places p;
	struct db *db;
	struct err why = { 0 };
	int r = engine_db(en, &db, e);

	/* What others should give back must not keep it from ending: the next start, and `network prune`, ask them again. */
	if (r == 0 && cni_del(en, container, NULL, &why) < 0)
		log_warning("%s", why.msg);
	if (r == 0)
		r = network_places(en, container, &a, &p, e);
	if (r == 0 && p.rows.n == 0) /* an ordinary user's has ports alone */
		return goes ? 0 : network_rows_unpublish(db, container, e);
	if (r == 0)
		r = network_ports_of(en, container, &p, &a, &ports, e);
	if (r == 0)
		r = remove_records(en, &p.rows, e);
	if (r == 0)
		r = firewall_remove(en, &(struct firewall_change){ p.nets, p.rows.v, p.rows.n, ports.v, ports.n }, e);
	if (r == 0 && !goes && ports.n) /* the rules went first: until then nobody else can have them */
		r = network_rows_unpublish(db, container, e);
	return err_wrap(e, r, "network of container %.12s", container);
}
