/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_ports.h"

#include "base/limits.h"
#include "base/scope.h"
#include "engine/network.h"
#include "engine/recover.h"
#include "kernel/smallfile.h"
#include "kernel/sock_diag.h"
#include "oci/list.h"

#include <errno.h>
#include <string.h>

#define EPHEMERAL_FIRST 32768 /* where ip(7)'s ip_local_port_range cannot be read */
#define EPHEMERAL_LAST 60999
#define ATTEMPTS 20 /* to free ports of containers that are gone by now */

/* ---- what is wanted ------------------------------------------------------------------------------------------------- */

static bool is_published(const struct port_mappings *list, const struct port_mapping *m)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].protocol == m->protocol && list->v[i].first <= m->first && list->v[i].last >= m->last)
			return true;
	return false;
}

/* -P: a port each, since any of the host's will do. */
static int add_exposed(const char *text, struct arena *a, struct port_mappings *list, struct err *e)
{
	struct port_mapping m, one;
	int r = ports_parse_exposed(sv_from(text), &m, e);

	for (unsigned p = m.first; r == 0 && p <= m.last; p++) {
		one = m;
		one.first = one.last = (uint16_t)p;
		if (!is_published(list, &one)) {
			struct port_mapping *to = LIST_ADD(a, list);

			if (!to)
				return err_oom(e);
			*to = one;
		}
	}
	return r;
}

int network_ports_wanted(const struct container_config *c, const struct oci_strings *exposed, struct arena *a,
			 struct port_mappings *ret, struct err *e)
{
	struct port_mappings list = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->publish.n; i++) {
		struct port_mapping *m = LIST_ADD(a, &list);

		r = m ? ports_parse(sv_from(c->publish.v[i]), m, e) : err_oom(e);
	}
	for (size_t i = 0; r == 0 && c->publish_all && i < c->expose.n; i++)
		r = add_exposed(c->expose.v[i], a, &list, e);
	for (size_t i = 0; r == 0 && c->publish_all && i < exposed->n; i++)
		r = add_exposed(exposed->v[i], a, &list, e);
	if (r == 0)
		*ret = list;
	return r;
}

/* ---- who has what --------------------------------------------------------------------------------------------------- */

struct listeners {
	struct {
		struct listener *v;
		size_t n;
	} list;
	struct arena *a;
};

/* A row, and its address as one. */
struct held {
	struct port_row row;
	struct net_ip host;
};

struct held_list {
	struct held *v;
	size_t n;
};

struct taking {
	struct engine *en;
	const char *container;
	const struct net_ip *fallback;
	struct arena *a;
	struct listeners sockets;
	struct held_list rows;   /* of the others */
	struct held_list chosen; /* of this one */
	struct port_rows gone;   /* of this one, which go */
	struct port_mapping blocked; /* what a row is in the way of, host's ports; protocol 0: none is */
	uint16_t low, high;      /* where any port is looked for */
	bool adds;               /* its own rows stay but those, and are like those of others */
	bool fresh;              /* it has no rows yet */
};

static int add_listener(const struct listener *l, void *arg, struct err *e)
{
	struct listeners *all = arg;
	struct listener *to = LIST_ADD(all->a, &all->list);

	if (!to)
		return err_oom(e);
	*to = *l;
	return 0;
}

/* One look for each protocol that is asked for; sctp has no list worth the module that it would load. */
static int look_at_sockets(struct taking *t, const struct port_mappings *wanted, struct err *e)
{
	static const uint8_t protocols[] = { PORT_TCP, PORT_UDP };
	int r = 0;

	for (size_t k = 0; r == 0 && k < ARRAY_LEN(protocols); k++)
		for (size_t i = 0; i < wanted->n; i++)
			if (wanted->v[i].protocol == protocols[k]) {
				r = sock_diag_each(protocols[k], add_listener, &t->sockets, e);
				break;
			}
	return r;
}

static void read_range(struct taking *t)
{
	char text[32];
	struct sv v, low, high;
	uint64_t first, last;

	t->low = EPHEMERAL_FIRST;
	t->high = EPHEMERAL_LAST;
	if (smallfile_read(t->en->host->proc, "sys/net/ipv4/ip_local_port_range", text, sizeof text, &v) < 0 ||
	    !sv_cut(sv_trim(v), '\t', &low, &high) || sv_u64(low, &first) < 0 || sv_u64(sv_trim(high), &last) < 0 ||
	    !first || first > last || last > 65535)
		return;
	t->low = (uint16_t)first;
	t->high = (uint16_t)last;
}

/* No family at all is every address of both. */
static bool addresses_meet(const struct net_ip *a, const struct net_ip *b)
{
	if (!a->family || !b->family)
		return true;
	if (a->family != b->family)
		return false;
	return net_ip_is_any(a) || net_ip_is_any(b) || net_ip_equal(a, b);
}

static struct net_ip host_of(const struct port_row *row)
{
	struct net_ip ip = { 0 };

	(void)net_ip_parse(sv_from(row->host), &ip);
	return ip;
}

static bool is_at(const struct held *h, const struct net_ip *host, uint8_t protocol, unsigned first, unsigned last)
{
	return h->row.protocol == protocol && h->row.host_first <= last && h->row.host_last >= first &&
	       addresses_meet(host, &h->host);
}

static const struct port_row *find_row(const struct held_list *rows, const struct net_ip *host, uint8_t protocol,
				       unsigned first, unsigned last)
{
	for (size_t i = 0; i < rows->n; i++)
		if (is_at(&rows->v[i], host, protocol, first, last))
			return &rows->v[i].row;
	return NULL;
}

static const struct listener *find_listener(const struct taking *t, const struct net_ip *host, uint8_t protocol,
					    unsigned first, unsigned last)
{
	for (size_t i = 0; i < t->sockets.list.n; i++) {
		const struct listener *l = &t->sockets.list.v[i];
		struct net_ip local = l->local;

		if (local.family == AF_INET6 && net_ip_is_any(&local))
			local.family = 0; /* it takes IPv4 as well, or might */
		if (l->protocol == protocol && l->port >= first && l->port <= last && addresses_meet(host, &local))
			return l;
	}
	return NULL;
}

/* ---- choosing ------------------------------------------------------------------------------------------------------- */

static bool is_free(const struct taking *t, const struct net_ip *host, uint8_t protocol, unsigned first, unsigned last)
{
	return !find_row(&t->rows, host, protocol, first, last) && !find_row(&t->chosen, host, protocol, first, last) &&
	       !find_listener(t, host, protocol, first, last);
}

/* The first run of ports that is free. */
static bool choose(const struct taking *t, struct port_mapping *m, unsigned low, unsigned high)
{
	unsigned count = (unsigned)(m->last - m->first) + 1;

	for (unsigned p = low; p + count - 1 <= high; p++)
		if (is_free(t, &m->host, m->protocol, p, p + count - 1)) {
			m->host_first = (uint16_t)p;
			m->host_last = (uint16_t)(p + count - 1);
			return true;
		}
	return false;
}

static const char *at_text(const struct port_mapping *m, unsigned port, struct arena *a)
{
	char text[SUBNET_TEXT];

	if (m->host.family == AF_INET6)
		return arena_fmt(a, "[%s]:%u", net_ip_print(&m->host, text), port);
	return arena_fmt(a, "%s:%u", m->host.family ? net_ip_print(&m->host, text) : "0.0.0.0", port);
}

static int refuse_socket(const struct taking *t, const struct port_mapping *m, const struct listener *l, struct err *e)
{
	char name[17];
	pid_t pid = sock_diag_holder(t->en->host, l->inode, name);
	const char *at = at_text(m, l->port, t->a), *protocol = port_protocol_name(m->protocol);

	if (!at)
		return err_oom(e);
	if (!pid)
		return err_set(e, EADDRINUSE, "failed to bind host port %s/%s: address already in use", at, protocol);
	return err_set(e, EADDRINUSE, "failed to bind host port %s/%s: address already in use by %s (process %d)", at,
		       protocol, name, (int)pid);
}

static int refuse_row(const struct taking *t, const struct port_mapping *m, const struct port_row *row, struct err *e)
{
	unsigned port = row->host_first > m->host_first ? (unsigned)row->host_first : m->host_first;
	struct container_row other = { 0 };
	const char *at = at_text(m, port, t->a);
	bool own = strcmp(row->container_id, t->container) == 0;

	if (!at)
		return err_oom(e);
	if (!own && container_find(t->en, sv_from(row->container_id), t->a, &other, NULL) < 0)
		other.name = row->container_id;
	return err_set(e, EADDRINUSE, "Bind for %s failed: port is already allocated%s%.128s", at,
		       own ? ", by this container itself" : " by container ", own ? "" : other.name);
}

/* What was found in the way may be of somebody who is gone. */
static void note_blocked(struct taking *t, const struct port_mapping *m, unsigned first, unsigned last)
{
	t->blocked = *m;
	t->blocked.host_first = (uint16_t)first;
	t->blocked.host_last = (uint16_t)last;
}

static int fit_somewhere(struct taking *t, struct port_mapping *m, struct err *e)
{
	unsigned low = m->host_first ? m->host_first : t->low, high = m->host_first ? m->host_last : t->high;

	if (choose(t, m, low, high))
		return 0;
	note_blocked(t, m, low, high);
	return err_set(e, EADDRINUSE, "all ports from %u to %u are in use", low, high);
}

static int fit(struct taking *t, struct port_mapping *m, struct err *e)
{
	unsigned wanted = (unsigned)(m->host_last - m->host_first), count = (unsigned)(m->last - m->first);
	const struct port_row *holder;
	const struct listener *l;

	if (!m->host.family && t->fallback->family)
		m->host = *t->fallback;
	if (!m->host_first || wanted != count)
		return fit_somewhere(t, m, e);
	holder = find_row(&t->rows, &m->host, m->protocol, m->host_first, m->host_last);
	if (holder)
		note_blocked(t, m, m->host_first, m->host_last);
	else
		holder = find_row(&t->chosen, &m->host, m->protocol, m->host_first, m->host_last);
	if (holder)
		return refuse_row(t, m, holder, e);
	l = find_listener(t, &m->host, m->protocol, m->host_first, m->host_last);
	return l ? refuse_socket(t, m, l, e) : 0;
}

static int row_of(struct taking *t, const struct port_mapping *m, struct port_row *ret, struct err *e)
{
	char text[SUBNET_TEXT];
	const char *host = arena_str(t->a, net_ip_print(&m->host, text));

	if (!host)
		return err_oom(e);
	*ret = (struct port_row){ .container_id = t->container, .protocol = m->protocol, .host = host,
				  .host_first = m->host_first, .host_last = m->host_last, .first = m->first };
	return 0;
}

static int add_chosen(struct taking *t, const struct port_mapping *m, struct err *e)
{
	struct held *to = LIST_ADD(t->a, &t->chosen);

	if (!to)
		return err_oom(e);
	to->host = m->host;
	return row_of(t, m, &to->row, e);
}

/* Those that name their port come first: what may be any must not be in their way. */
static int fit_all(struct taking *t, const struct port_mappings *wanted, struct err *e)
{
	int r = 0;

	t->chosen = (struct held_list){ 0 };
	for (int any = 0; any < 2; any++)
		for (size_t i = 0; r == 0 && i < wanted->n; i++) {
			struct port_mapping m = wanted->v[i];

			if ((m.host_first == 0) != (any == 1))
				continue;
			r = fit(t, &m, e);
			if (r == 0)
				r = add_chosen(t, &m, e);
		}
	return r;
}

static bool goes(const struct taking *t, const struct port_row *row)
{
	if (strcmp(row->container_id, t->container) != 0)
		return false;
	for (size_t i = 0; i < t->gone.n; i++)
		if (t->gone.v[i].protocol == row->protocol && t->gone.v[i].host_first == row->host_first &&
		    strcmp(t->gone.v[i].host, row->host) == 0)
			return true;
	return !t->adds;
}

/* It may be any port, and so may one before it of the same protocol: those rows are there already. */
static bool is_read(const struct port_mappings *wanted, size_t i)
{
	for (size_t k = 0; k < i && !wanted->v[i].host_first; k++)
		if (!wanted->v[k].host_first && wanted->v[k].protocol == wanted->v[i].protocol)
			return true;
	return false;
}

/* Those that may be in the way, but not those that are about to go. */
static int read_rows(struct taking *t, struct db *db, const struct port_mappings *wanted, struct err *e)
{
	struct port_rows all = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < wanted->n; i++) {
		const struct port_mapping *m = &wanted->v[i];

		if (!is_read(wanted, i))
			r = network_rows_ports_in(db, m->protocol, m->host_first ? m->host_first : t->low,
						  m->host_first ? m->host_last : t->high, t->a, &all, e);
	}
	t->rows = (struct held_list){ 0 };
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct held *to;

		if (goes(t, &all.v[i]))
			continue;
		to = LIST_ADD(t->a, &t->rows);
		if (!to)
			return err_oom(e);
		*to = (struct held){ all.v[i], host_of(&all.v[i]) };
	}
	return r;
}

static int write_rows(struct taking *t, struct db *db, const struct port_mappings *wanted, struct err *e)
{
	int r = read_rows(t, db, wanted, e);

	t->blocked.protocol = 0;
	if (r == 0)
		r = fit_all(t, wanted, e);
	if (r == 0 && !t->adds && !t->fresh)
		r = network_rows_unpublish(db, t->container, e);
	for (size_t i = 0; r == 0 && i < t->gone.n; i++)
		r = network_rows_unpublish_one(db, &t->gone.v[i], e);
	for (size_t i = 0; r == 0 && i < t->chosen.n; i++)
		r = network_rows_publish(db, &t->chosen.v[i].row, e);
	return r;
}

/* true: something that was in the way is not there any more */
static bool free_blocked(struct taking *t)
{
	const struct port_mapping *m = &t->blocked;
	const char *last = t->container; /* most often those of a container are in a row */
	bool freed = false;

	for (size_t i = 0; m->protocol && i < t->rows.n; i++) {
		const struct held *h = &t->rows.v[i];

		if (!is_at(h, &m->host, m->protocol, m->host_first, m->host_last) ||
		    strcmp(h->row.container_id, t->container) == 0 || strcmp(h->row.container_id, last) == 0)
			continue;
		last = h->row.container_id;
		freed |= container_let_go_network(t->en, last);
	}
	return freed;
}

/* ---- for the firewall ------------------------------------------------------------------------------------------------ */

/* The place that the default route goes through is the one that is published. */
struct target {
	const char *container; /* NULL: none yet */
	struct net_ip ip4, ip6;
};

static struct target target_in(const struct places *p, const char *container)
{
	struct target t = { .container = container };

	if (p->gateway == PLACE_NO_GATEWAY)
		return t;
	t.ip4 = network_place_ip4(&p->nets[p->gateway], &p->rows.v[p->gateway]);
	t.ip6 = network_place_ip6(&p->nets[p->gateway], &p->rows.v[p->gateway]);
	return t;
}

/* That of the row before is most often that of the next one too. */
static int find_target(struct engine *en, const char *container, struct arena *a, struct target *t, struct err *e)
{
	struct places places;
	int r;

	if (t->container && strcmp(t->container, container) == 0)
		return 0;
	r = network_places(en, container, a, &places, e);
	if (r == 0)
		*t = target_in(&places, container);
	return r;
}

static int add_rule(const struct port_row *row, const struct target *t, struct arena *a, struct rules_ports *list,
		    struct err *e)
{
	struct rules_port *p = LIST_ADD(a, list);

	if (!p)
		return err_oom(e);
	p->map = (struct port_mapping){ .host = host_of(row), .first = (uint16_t)row->first,
					.last = (uint16_t)(row->first + row->host_last - row->host_first),
					.host_first = (uint16_t)row->host_first, .host_last = (uint16_t)row->host_last,
					.protocol = (uint8_t)row->protocol };
	p->container = row->container_id;
	p->to4 = t->ip4;
	p->to6 = t->ip6;
	return 0;
}

static bool names_any(const struct port_mappings *wanted)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (!wanted->v[i].host_first)
			return true;
	return false;
}

static int take(struct taking *t, const struct port_mappings *wanted, struct err *e)
{
	struct db *db;
	int r = engine_db(t->en, &db, e);

	if (r == 0)
		r = look_at_sockets(t, wanted, e);
	if (r < 0)
		return r;
	if (names_any(wanted))
		read_range(t);
	for (int i = 0;; i++) {
		r = db_begin(db, e);
		if (r < 0)
			return r;
		r = db_end(db, write_rows(t, db, wanted, e), e);
		if (r != -EADDRINUSE || i == ATTEMPTS || !free_blocked(t))
			return r;
	}
}

struct net_ip network_ports_default(const struct container_config *c, const struct network *net,
				    const struct settings *s)
{
	struct net_ip ip = { 0 };

	if (c->publish_default_ip)
		(void)net_ip_parse(sv_from(c->publish_default_ip), &ip);
	else if (net->host_address.family)
		return net->host_address;
	else if (s->publish_default_ip)
		(void)net_ip_parse(sv_from(s->publish_default_ip), &ip);
	return ip;
}

int network_ports_take(struct engine *en, const char *container, bool fresh, const struct port_mappings *wanted,
		       const struct net_ip *fallback, const struct places *places, struct arena *a,
		       struct rules_ports *ret, struct err *e)
{
	struct taking t = {
		.en = en, .container = container, .fresh = fresh, .fallback = fallback, .a = a, .sockets.a = a
	};
	const struct target to = target_in(places, container);
	struct rules_ports list = { 0 };
	int r = take(&t, wanted, e);

	for (size_t i = 0; r == 0 && i < t.chosen.n; i++)
		r = add_rule(&t.chosen.v[i].row, &to, a, &list, e);
	if (r == 0)
		*ret = list;
	return r;
}

int network_ports_change(struct engine *en, const char *container, const struct port_mappings *wanted,
			 const struct net_ip *fallback, const struct rules_ports *gone, struct arena *a, struct err *e)
{
	struct taking t = {
		.en = en, .container = container, .fallback = fallback, .a = a, .sockets.a = a, .adds = true
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < gone->n; i++) {
		struct port_row *row = LIST_ADD(a, &t.gone);

		r = row ? row_of(&t, &gone->v[i].map, row, e) : err_oom(e);
	}
	return r < 0 ? r : take(&t, wanted, e);
}

static int rules_of(struct engine *en, const char *container, struct target to, struct arena *a,
		    struct rules_ports *ret, struct err *e)
{
	struct port_rows rows = { 0 };
	struct rules_ports list = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = network_rows_ports(db, container, a, &rows, e);
	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		r = find_target(en, rows.v[i].container_id, a, &to, e);
		if (r == 0)
			r = add_rule(&rows.v[i], &to, a, &list, e);
	}
	if (r == 0)
		*ret = list;
	return r;
}

int network_ports_rules(struct engine *en, const char *container, struct arena *a, struct rules_ports *ret,
			struct err *e)
{
	return rules_of(en, container, (struct target){ .container = NULL }, a, ret, e);
}

int network_ports_of(struct engine *en, const char *container, const struct places *p, struct arena *a,
		     struct rules_ports *ret, struct err *e)
{
	return rules_of(en, container, target_in(p, container), a, ret, e);
}
