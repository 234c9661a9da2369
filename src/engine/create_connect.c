/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_connect.h"

#include "base/log.h"
#include "base/scope.h"
#include "engine/cni.h"
#include "engine/create_connect_priv.h"
#include "engine/create_priv.h"
#include "engine/network.h"
#include "engine/network_ports.h"
#include "engine/recover.h"
#include "engine/request.h"
#include "kernel/netlink.h"
#include "network/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define LOCK_MS 10000

static void done(struct change *c)
{
	lock_release(&c->lock);
	if (c->dir >= 0)
		close(fd_take(&c->dir));
}

/* Of one whose lock is held. */
int change_read(struct change *c, struct err *e)
{
	int r = config_parse(sv_from(c->row.config), c->a, &c->config, e);

	if (r == 0)
		r = network_places(c->en, c->row.id, c->a, &c->before, e);
	if (r == 0)
		r = network_ports_rules(c->en, c->row.id, c->a, &c->ports_before, e);
	c->lives = c->state.status == CONTAINER_RUNNING || c->state.status == CONTAINER_PAUSED;
	return r;
}

static int begin(struct change *c, struct sv container, const char *network, struct err *e)
{
	int r = container_find(c->en, container, c->a, &c->row, e);

	if (r == 0)
		r = network_find(c->en, network, c->a, &c->net, e);
	if (r == 0)
		r = container_take(c->en, "network", LOCK_MS, c->a, &c->row, &c->lock, &c->dir, &c->state, e);
	return r < 0 ? r : change_read(c, e);
}

static size_t find_place(const struct places *p, const char *network)
{
	size_t i = 0;

	while (i < p->rows.n && strcmp(p->rows.v[i].network_id, network) != 0)
		i++;
	return i;
}

static int check(const struct change *c, struct err *e)
{
	const char *mode = c->config.network_mode;

	if (c->net.driver == NETWORK_HOST || c->net.driver == NETWORK_NONE)
		return err_set(e, EPERM,
			       "cannot connect container to %s network - container must be created in %s network "
			       "mode",
			       c->net.row.name, c->net.row.name);
	if (config_mode_is(mode, "host") || config_mode_container(mode))
		return err_set(e, EPERM, "container sharing network namespace with another container or host cannot be "
			       "connected to any other network");
	if (cni_name(mode))
		return err_set(e, EPERM, "container is in network %s of CNI, and cannot be connected to any other",
			       mode);
	if (config_mode_is(mode, "none"))
		return err_set(e, EPERM,
			       "container cannot be connected to multiple networks with one of the networks in "
			       "private (none) mode");
	return 0;
}

/* ---- a namespace that lives ------------------------------------------------------------------------------------------ */

static int open_namespaces(const struct change *c, int *ret_own, int *ret_to, struct err *e)
{
	scoped_fd own = openat(c->en->host->proc, "self/ns/net", O_RDONLY | O_CLOEXEC), to = -1;
	char path[32];

	(void)snprintf(path, sizeof path, "%d/ns/net", (int)c->state.outcome.pid);
	to = openat(c->en->host->proc, path, O_RDONLY | O_CLOEXEC);
	if (own < 0 || to < 0)
		return err_sys(e, "open the container's network namespace");
	*ret_own = fd_take(&own);
	*ret_to = fd_take(&to);
	return 0;
}

/* The default route is that of the place whose turn it is now. */
static int set_route(const struct change *c, int own, int to, struct err *e)
{
	struct net_link l;

	if (c->after.gateway == PLACE_NO_GATEWAY)
		return 0;
	network_fill_link(&c->after, c->after.gateway, &l);
	return net_link_route(&l, own, to, e);
}

static int add_ports(const struct change *c, struct err *e)
{
	struct rules_ports now = { 0 };
	int r = c->ports_before.n ? network_ports_rules(c->en, c->row.id, c->a, &now, e) : 0;

	if (r == 0 && now.n)
		r = firewall_add(c->en, &(struct firewall_change){ .ports = now.v, .port_count = now.n }, e);
	return r;
}

static int move_ports(const struct change *c, struct err *e)
{
	const struct firewall_change gone = { .ports = c->ports_before.v, .port_count = c->ports_before.n };
	int r = gone.port_count ? firewall_remove(c->en, &gone, e) : 0;

	return r < 0 ? r : add_ports(c, e);
}

/* Of one that was in no network its monitor has not known yet that it needs tare-net. */
static int tell_monitor(const struct change *c, int state, struct charter *charter, const struct charter *now,
			struct err *e)
{
	int r;

	if (charter->networked && !charter->net_program == !now->net_program && charter->net_waits == now->net_waits)
		return 0;
	charter->networked = true;
	charter->net_program = now->net_program;
	charter->net_waits = now->net_waits;
	r = charter_write(state, charter, e);
	if (r == 0)
		r = request(c->en, c->row.id, CONTROL_RELOAD, 0, 0, e);
	return r == -ESRCH ? 0 : r; /* it ended meanwhile */
}

/* As it would be made with what it has after the change. Nothing is looked up for it, nothing of it is to be let go. */
static struct creation creation_of(const struct change *c)
{
	struct creation cr = CREATION_NONE;

	cr.en = c->en;
	cr.a = cr.warnings.arena = c->a;
	cr.config = (struct container_config *)&c->config;
	cr.places = c->after;
	(void)sv_copy(sv_from(c->row.id), cr.id.hex, sizeof cr.id.hex);
	(void)sv_copy(sv_from(c->row.name), cr.name, sizeof cr.name);
	return cr;
}

/* What its monitor makes when it starts it again. */
int change_rewrite_charter(const struct change *c, struct err *e)
{
	struct creation cr = creation_of(c);
	scoped_fd state = -1;
	struct charter charter;
	int r = engine_state_dir(c->en, c->row.id, false, &state, e);

	if (r == 0)
		r = charter_read(state, c->a, &charter, e);
	if (r < 0)
		return r;
	r = network_ports_of(c->en, c->row.id, &c->after, c->a, &cr.published, e);
	if (r == 0)
		r = create_put_links(&cr, e);
	cr.charter.net_ports = cr.published.n > 0;
	if (r == 0)
		r = create_find_net_program(&cr, e);
	if (r == 0)
		r = charter_write_network(state, &cr.charter, e);
	return r < 0 ? r : tell_monitor(c, state, &charter, &cr.charter, e);
}

static const char *hostname_of(const struct change *c, struct arena *a)
{
	return c->config.hostname && *c->config.hostname ? c->config.hostname : arena_fmt(a, "%.12s", c->row.id);
}

static int rewrite_files(const struct change *c, struct err *e)
{
	struct creation cr = creation_of(c);

	cr.inputs.hostname = hostname_of(c, c->a);
	return create_rewrite_etc(&cr, &c->before, c->dir, e);
}

int change_write_record(const struct change *c, size_t i, struct err *e)
{
	struct creation cr = creation_of(c);
	scoped_fd dir = -1;
	struct endpoint ep;
	int r = network_ports_of(c->en, c->row.id, &c->after, c->a, &cr.published, e);

	if (r == 0)
		r = create_endpoint(&cr, i, &ep, e);
	if (r <= 0)
		return r;
	ep.pid = c->state.outcome.pid;
	ep.pid_start_ticks = c->state.outcome.pid_start_ticks;
	dir = endpoints_open(c->en->state_path, e);
	return dir < 0 ? dir : endpoint_write(dir, &ep, e);
}

/* The host's name servers are asked for those that have a way out. */
static int write_records_of_others(const struct change *c, size_t but, struct err *e)
{
	int r = 0;

	if ((c->before.gateway == PLACE_NO_GATEWAY) == (c->after.gateway == PLACE_NO_GATEWAY))
		return 0;
	for (size_t i = 0; r == 0 && i < c->after.rows.n; i++)
		r = i == but ? 0 : change_write_record(c, i, e);
	return r;
}

/* ---- connect --------------------------------------------------------------------------------------------------------- */

static int take_place(struct change *c, const struct network_config *wanted, struct err *e)
{
	struct place_row p = { .container_id = c->row.id, .mac = wanted->mac, .priority = wanted->priority,
			       .at4 = PLACE_NONE, .at6 = PLACE_NONE };
	struct db *db;
	int r = create_check_wishes(wanted, &c->net, e);

	for (size_t i = 0; i < c->before.rows.n; i++)
		if (c->before.rows.v[i].number >= p.number)
			p.number = c->before.rows.v[i].number + 1;
	p.device = wanted->device ? wanted->device : arena_fmt(c->a, "eth%d", (int)p.number);
	p.aliases = create_join_words(&wanted->aliases, c->a);
	if (r == 0 && (!p.device || !p.aliases))
		r = err_oom(e);
	if (r == 0)
		r = engine_db(c->en, &db, e);
	if (r == 0)
		r = db_begin(db, e);
	if (r < 0)
		return r;
	r = network_place_take(c->en, db, &c->net, wanted->ip4, wanted->ip6, c->a, &p, e);
	if (r == 0)
		r = network_rows_mark(db, c->row.id, e);
	return db_end(db, r, e);
}

static int attach(struct change *c, size_t at, struct err *e)
{
	const struct firewall_change added = { .nets = &c->after.nets[at], .places = &c->after.rows.v[at], .count = 1 };
	struct oci_strings warn = { 0 };
	scoped_fd own = -1, to = -1;
	struct net_link l;
	int r = network_ensure(c->en, &c->net, &warn, c->a, e);

	for (size_t i = 0; i < warn.n; i++)
		log_warning("%s", warn.v[i]);
	if (r == 0)
		r = open_namespaces(c, &own, &to, e);
	if (r == 0)
		r = firewall_add(c->en, &added, e);
	if (r < 0)
		return r;
	network_fill_link(&c->after, at, &l);
	l.gateway4.family = l.gateway6.family = 0; /* there may be such a route already */
	l.hairpin = c->ports_before.n > 0 && l.kind == NET_LINK_VETH;
	r = net_links_attach(&(struct net_links){ &l, 1 }, own, to, e);
	if (r == 0 && c->after.gateway == at)
		r = set_route(c, own, to, e);
	if (r == 0)
		r = move_ports(c, e);
	if (r == 0)
		r = change_write_record(c, at, e);
	return r < 0 ? r : write_records_of_others(c, at, e);
}

static int leave(struct change *c, struct err *e)
{
	struct db *db;
	int r = engine_db(c->en, &db, e);

	return r < 0 ? r : network_rows_leave(db, c->row.id, c->net.row.id, e);
}

/* ---- leaving it ------------------------------------------------------------------------------------------------------- */

/* What leads to it goes before its row, by which all of it is found again when this is cut short. */
static int detach(struct change *c, size_t at, struct err *e)
{
	const struct place_row *p = &c->before.rows.v[at];
	struct firewall_change gone = { .nets = &c->before.nets[at], .places = p, .count = 1 };
	scoped_fd own = -1, to = -1, dir = -1;
	int r = open_namespaces(c, &own, &to, e);

	if (c->before.gateway == at) {
		gone.ports = c->ports_before.v;
		gone.port_count = c->ports_before.n;
	}
	if (r == 0)
		r = net_link_detach(p->device, own, to, e);
	if (r == 0)
		r = firewall_remove(c->en, &gone, e);
	dir = openat(c->en->state, ENDPOINTS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r == 0 && dir >= 0)
		r = endpoint_remove(dir, p->network_id, p->container_id, e);
	return r;
}

/* Without that place. */
static int places_without(const struct change *c, size_t at, struct places *ret, struct err *e)
{
	size_t n = c->before.rows.n;
	struct places p = { .gateway = PLACE_NO_GATEWAY };

	p.rows.v = arena_alloc(c->a, n * sizeof *p.rows.v);
	p.nets = arena_alloc(c->a, n * sizeof *p.nets);
	if (!p.rows.v || !p.nets)
		return err_oom(e);
	for (size_t i = 0; i < n; i++)
		if (i != at) {
			p.rows.v[p.rows.n] = c->before.rows.v[i];
			p.nets[p.rows.n++] = c->before.nets[i];
		}
	network_choose_gateway(&p);
	*ret = p;
	return 0;
}

/* Its next start knows no more of that network, and tare-net asks nobody for it whom it does not reach any more. */
static int write_without(const struct change *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->after.rows.n; i++)
		r = change_write_record(c, i, e);
	return r < 0 ? r : change_rewrite_charter(c, e);
}

/* First what is written of it, then what leads to it, and its row last, by which all of it is found again: one that is cut short
 * has too little, not too much. */
static int part(struct change *c, size_t at, struct err *e)
{
	struct change back = *c;
	int r = places_without(c, at, &c->after, e);

	if (r == 0 && c->lives)
		r = write_without(c, e);
	if (r == 0 && c->lives)
		r = detach(c, at, e);
	if (r == 0)
		r = leave(c, e);
	if (r < 0 && c->lives) {
		back.after = back.before;
		(void)write_without(&back, NULL);
	}
	return r;
}

/* Its ports lead to another network of it now. */
static int move_to_others(const struct change *c, size_t at, struct err *e)
{
	return c->before.gateway == at ? add_ports(c, e) : 0;
}

/* Another network of it is its way out now. What fails in a namespace of others, or in one that has just ended, comes last. */
static int turn_route(const struct change *c, size_t at, struct err *e)
{
	scoped_fd own = -1, to = -1;
	int r;

	if (c->before.gateway != at)
		return 0;
	r = open_namespaces(c, &own, &to, e);
	return r < 0 ? r : set_route(c, own, to, e);
}

/* What was made of it goes again; each part as far as it can. */
static void undo_join(const struct change *c, size_t at)
{
	struct change back = *c;
	bool begun = c->lives && at < c->after.rows.n;

	back.before = c->after;
	if (begun)
		(void)detach(&back, at, NULL);
	(void)leave(&back, NULL);
	if (begun && network_places(c->en, c->row.id, c->a, &back.after, NULL) == 0) {
		(void)move_to_others(&back, at, NULL);
		(void)write_without(&back, NULL);
		(void)turn_route(&back, at, NULL);
	}
}

static int join(struct change *c, struct err *e)
{
	int r = network_places(c->en, c->row.id, c->a, &c->after, e);
	size_t at = r < 0 ? 0 : find_place(&c->after, c->net.row.id);

	if (r == 0 && at == c->after.rows.n)
		return err_set(e, ENOENT, "network %s: its place is gone again", c->net.row.name);
	if (r == 0 && c->lives)
		r = attach(c, at, e);
	if (r == 0 && c->lives)
		r = change_rewrite_charter(c, e);
	if (r == 0)
		r = rewrite_files(c, e);
	if (r < 0)
		undo_join(c, at);
	return r;
}

int network_connect(struct engine *en, struct sv container, const struct network_config *wanted, struct arena *a,
		    struct err *e)
{
	struct change c = { .en = en, .a = a, .lock = LOCK_NONE, .dir = -1 };
	int r = begin(&c, container, wanted->name, e);

	if (r == 0)
		r = check(&c, e);
	if (r == 0 && find_place(&c.before, c.net.row.id) < c.before.rows.n)
		r = err_set(e, EEXIST, "endpoint with name %s already exists in network %s", c.row.name,
			    c.net.row.name);
	if (r == 0)
		r = take_place(&c, wanted, e);
	if (r == 0)
		r = join(&c, e);
	done(&c);
	return r;
}

int network_disconnect(struct engine *en, struct sv container, const char *network, struct arena *a, struct err *e)
{
	struct change c = { .en = en, .a = a, .lock = LOCK_NONE, .dir = -1 };
	int r = begin(&c, container, network, e);
	size_t at = r < 0 ? 0 : find_place(&c.before, c.net.row.id);

	if (r == 0 && at == c.before.rows.n)
		r = err_set(e, ENOTCONN, "container %s is not connected to network %s", c.row.id, c.net.row.name);
	if (r == 0)
		r = part(&c, at, e);
	if (r == 0 && c.lives)
		r = move_to_others(&c, at, e);
	if (r == 0)
		r = rewrite_files(&c, e);
	if (r == 0 && c.lives)
		r = turn_route(&c, at, e);
	done(&c);
	return r;
}
