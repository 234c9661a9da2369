/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of the host come to lead to a container, and cease to, whether it runs or not. */
#include "base/limits.h"
#include "base/scope.h"
#include "engine/create.h"
#include "engine/create_connect_priv.h"
#include "engine/network_connect.h"
#include "kernel/netlink.h"
#include "oci/list.h"

#include <errno.h>
#include <string.h>

static int parse_ports(const struct change *c, const struct oci_strings *texts, struct port_mappings *ret,
		       struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < texts->n; i++) {
		struct port_mapping *m = LIST_ADD(c->a, ret);

		r = m ? ports_parse(sv_from(texts->v[i]), m, e) : err_oom(e);
	}
	return r;
}

/* d may leave open the host's port and address */
static bool is_meant(const struct port_mapping *m, const struct port_mapping *d)
{
	return m->first == d->first && m->last == d->last && m->protocol == d->protocol &&
	       (!d->host_first || m->host_first == d->host_first) &&
	       (!d->host.family || net_ip_equal(&m->host, &d->host));
}

static bool is_dropped(const struct port_mapping *m, const struct port_mappings *drop)
{
	for (size_t k = 0; k < drop->n; k++)
		if (is_meant(m, &drop->v[k]))
			return true;
	return false;
}

static bool is_configured(const struct change *c, const struct port_mapping *d)
{
	struct port_mapping m;

	for (size_t i = 0; i < c->config.publish.n; i++)
		if (ports_parse(sv_from(c->config.publish.v[i]), &m, NULL) == 0 && is_meant(&m, d))
			return true;
	return false;
}

static bool has_port(const struct rules_ports *ports, const struct port_mapping *m)
{
	for (size_t i = 0; i < ports->n; i++)
		if (is_meant(m, &ports->v[i].map))
			return true;
	return false;
}

static int list_port(struct arena *a, struct rules_ports *list, const struct rules_port *p, struct err *e)
{
	struct rules_port *to;

	if (has_port(list, &p->map))
		return 0;
	to = LIST_ADD(a, list);
	if (!to)
		return err_oom(e);
	*to = *p;
	return 0;
}

/* All that is to go is found before any of it goes: of one that lives its rows, of another its configuration knows it. */
static int find_dropped(const struct change *c, const struct port_mappings *drop, struct rules_ports *ret,
			struct err *e)
{
	scoped_buf text = BUF(256);

	for (size_t k = 0; k < drop->n; k++) {
		bool found = !c->lives && is_configured(c, &drop->v[k]);

		for (size_t i = 0; i < c->ports_before.n; i++) {
			if (!is_meant(&c->ports_before.v[i].map, &drop->v[k]))
				continue;
			found = true;
			if (list_port(c->a, ret, &c->ports_before.v[i], e) < 0)
				return -ENOMEM;
		}
		if (found)
			continue;
		ports_print(&drop->v[k], &text);
		return err_set(e, ENOENT, "no such published port: %s", text.p ? text.p : "");
	}
	return 0;
}

/* The list of the configuration, for its next start. */
static int rewrite_config(struct change *c, const struct oci_strings *add, const struct port_mappings *drop,
			  struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	struct oci_strings list = { 0 };
	struct db *db;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->config.publish.n; i++) {
		const char *text = c->config.publish.v[i];
		struct port_mapping m;

		r = ports_parse(sv_from(text), &m, e);
		if (r == 0 && !is_dropped(&m, drop) && strings_add(c->a, &list, text) < 0)
			r = err_oom(e);
	}
	for (size_t i = 0; r == 0 && i < add->n; i++)
		if (!strings_has(&list, add->v[i]) && strings_add(c->a, &list, add->v[i]) < 0)
			r = err_oom(e);
	c->config.publish = list;
	if (r == 0)
		r = config_print(&c->config, &json, e);
	if (r == 0)
		r = engine_db(c->en, &db, e);
	return r < 0 ? r : containers_set_config(db, c->row.id, json.p, e);
}

/* As those that a container begins with: see net_link.h. */
static int let_ports_answer(const struct change *c, struct err *e)
{
	scoped_fd fd = netlink_open(NETLINK_ROUTE, e);
	int r = fd < 0 ? fd : 0;

	for (size_t i = 0; r == 0 && i < c->before.rows.n; i++)
		if (c->before.nets[i].driver == NETWORK_BRIDGE)
			r = net_port_hairpin(fd, c->before.rows.v[i].host, true, e);
	return r;
}

/* Rules go before their rows, and come after them: else somebody else may have the port, and rules that are removed by it are
 * theirs. */
static int exchange(struct change *c, const struct port_mappings *add, const struct net_ip *fallback,
		    const struct rules_ports *gone, struct err *e)
{
	const struct firewall_change closed = { .ports = gone->v, .port_count = gone->n };
	struct rules_ports now = { 0 };
	int r = gone->n ? firewall_remove(c->en, &closed, e) : 0;

	if (r < 0)
		return r;
	r = network_ports_change(c->en, c->row.id, add, fallback, gone, c->a, e);
	if (r < 0 && gone->n)
		(void)firewall_add(c->en, &closed, NULL);
	if (r == 0)
		r = network_ports_rules(c->en, c->row.id, c->a, &now, e);
	if (r == 0 && now.n)
		r = firewall_add(c->en, &(struct firewall_change){ .ports = now.v, .port_count = now.n }, e);
	if (r == 0 && now.n && !c->ports_before.n)
		r = let_ports_answer(c, e);
	if (r == 0)
		c->ports_before = now;
	return r;
}

static int publish_now(struct change *c, const struct port_mappings *add, const struct rules_ports *gone, struct err *e)
{
	struct settings settings;
	struct net_ip fallback;
	int r = settings_read(c->en->settings_path, c->a, &settings, e);

	if (r < 0)
		return r;
	fallback = network_ports_default(&c->config, &c->before.nets[c->before.gateway], &settings);
	r = exchange(c, add, &fallback, gone, e);
	if (r == 0)
		r = change_rewrite_charter(c, e);
	return r < 0 ? r : change_write_record(c, c->after.gateway, e);
}

/* What was not published before is not, and what was is; each part as far as it can. */
static void undo_publish(struct change *c, const struct rules_ports *before)
{
	struct rules_ports now = { 0 }, gone = { 0 };
	struct port_mappings back = { 0 };
	int r = network_ports_rules(c->en, c->row.id, c->a, &now, NULL);

	for (size_t i = 0; r == 0 && i < now.n; i++)
		if (!has_port(before, &now.v[i].map))
			r = list_port(c->a, &gone, &now.v[i], NULL);
	for (size_t i = 0; r == 0 && i < before->n; i++) {
		struct port_mapping *m = has_port(&now, &before->v[i].map) ? NULL : LIST_ADD(c->a, &back);

		if (m)
			*m = before->v[i].map;
	}
	if (r == 0)
		(void)exchange(c, &back, &(struct net_ip){ 0 }, &gone, NULL);
	(void)change_rewrite_charter(c, NULL);
	(void)change_write_record(c, c->after.gateway, NULL);
}

static int change_ports(struct change *c, const struct oci_strings *add, const struct port_mappings *more,
			const struct port_mappings *less, struct err *e)
{
	const struct rules_ports before = c->ports_before;
	struct rules_ports gone = { 0 };
	int r = find_dropped(c, less, &gone, e);

	if (r < 0)
		return r;
	r = c->lives ? publish_now(c, more, &gone, e) : 0;
	if (r == 0)
		r = rewrite_config(c, add, less, e);
	if (r < 0 && c->lives)
		undo_publish(c, &before);
	return r;
}

/* A helper is told its ports when it begins (monitor/user_net.h). */
static int publish_of_user_net(struct change *c, const struct oci_strings *add, const struct oci_strings *drop,
			       struct err *e)
{
	struct port_mappings more = { 0 }, less = { 0 };
	struct rules_ports gone = { 0 };
	int r = parse_ports(c, add, &more, e);

	if (r == 0)
		r = parse_ports(c, drop, &less, e);
	if (r == 0 && c->lives)
		r = err_set(e, EBUSY, "network %s takes its ports when the container starts: stop it first",
			    c->config.network_mode);
	if (r == 0)
		r = find_dropped(c, &less, &gone, e);
	return r < 0 ? r : rewrite_config(c, add, &less, e);
}

int network_publish(struct engine *en, const struct container_row *row, const struct container_state *state,
		    const struct oci_strings *add, const struct oci_strings *drop, struct arena *a, struct err *e)
{
	struct change c = { .en = en, .a = a, .row = *row, .state = *state, .lock = LOCK_NONE, .dir = -1 };
	struct port_mappings more = { 0 }, less = { 0 };
	int r = change_read(&c, e);

	c.after = c.before;
	if (r == 0 && en->rootless && create_is_user_net(&c.config))
		return publish_of_user_net(&c, add, drop, e);
	if (r == 0 && c.before.gateway == PLACE_NO_GATEWAY)
		r = err_set(e, EINVAL, "container %s is in no network that ports could be published of", c.row.name);
	if (r == 0)
		r = parse_ports(&c, add, &more, e);
	if (r == 0)
		r = parse_ports(&c, drop, &less, e);
	return r < 0 ? r : change_ports(&c, add, &more, &less, e);
}
