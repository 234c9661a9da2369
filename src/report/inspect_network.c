/* SPDX-License-Identifier: Apache-2.0 */
/* NetworkSettings of `docker inspect`, and what its HostConfig and Config say of ports. */
#include "report/inspect_priv.h"

#include "base/scope.h"
#include "engine/cni.h"
#include "engine/network.h"
#include "engine/network_ports.h"

#include <json-c/json.h>
#include <string.h>

static void put_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text ? text : ""));
}

static void put_number(struct json_object *o, const char *key, int64_t v)
{
	json_object_object_add(o, key, json_object_new_int64(v));
}

static struct json_object *list_at(struct json_object *o, const char *key)
{
	struct json_object *list;

	if (json_object_object_get_ex(o, key, &list) && list)
		return list;
	list = json_object_new_array();
	json_object_object_add(o, key, list);
	return list;
}

/* "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]; port 0: any */
static void add_binding(struct json_object *ports, unsigned port, uint8_t protocol, const char *host,
			unsigned host_port)
{
	struct json_object *o = json_object_new_object();
	char key[32], text[16] = "";

	(void)snprintf(key, sizeof key, "%u/%s", port, port_protocol_name(protocol));
	if (host_port)
		(void)snprintf(text, sizeof text, "%u", host_port);
	put_text(o, "HostIp", host);
	put_text(o, "HostPort", text);
	json_object_array_add(list_at(ports, key), o);
}

static const char *host_text(const struct net_ip *ip, char ret[SUBNET_TEXT])
{
	return net_ip_print(ip, ret);
}

void inspect_put_ports(struct json_object *host_config, struct json_object *config, const struct container_config *c,
		       struct arena *a)
{
	struct json_object *bindings = json_object_new_object(), *exposed;
	struct port_mappings wanted;
	char text[SUBNET_TEXT], key[32];

	if (!json_object_object_get_ex(config, "ExposedPorts", &exposed) || !exposed)
		exposed = json_object_new_object();
	else
		json_object_get(exposed);
	if (network_ports_wanted(c, &(struct oci_strings){ 0 }, a, &wanted, NULL) < 0)
		wanted.n = 0;
	for (size_t i = 0; i < wanted.n; i++) {
		const struct port_mapping *m = &wanted.v[i];

		for (unsigned p = 0; p <= (unsigned)(m->last - m->first); p++) {
			(void)snprintf(key, sizeof key, "%u/%s", m->first + p, port_protocol_name(m->protocol));
			json_object_object_add(exposed, key, json_object_new_object());
			add_binding(bindings, m->first + p, m->protocol, host_text(&m->host, text),
				    m->host_first ? m->host_first + p : 0);
		}
	}
	json_object_object_add(host_config, "PortBindings", bindings);
	if (json_object_object_length(exposed))
		json_object_object_add(config, "ExposedPorts", exposed);
	else
		json_object_put(exposed);
}

/* ---- NetworkSettings -------------------------------------------------------------------------------------------------- */

static void add_published(struct json_object *ports, const struct rules_port *p)
{
	const struct port_mapping *m = &p->map;
	char text[SUBNET_TEXT];

	for (unsigned i = 0; i <= (unsigned)(m->last - m->first); i++) {
		if (!m->host.family || m->host.family == AF_INET)
			add_binding(ports, m->first + i, m->protocol,
				    m->host.family ? net_ip_print(&m->host, text) : "0.0.0.0", m->host_first + i);
		if (p->to6.family && (!m->host.family || m->host.family == AF_INET6))
			add_binding(ports, m->first + i, m->protocol,
				    m->host.family ? net_ip_print(&m->host, text) : "::", m->host_first + i);
	}
}

static struct json_object *aliases(const char *words)
{
	struct json_object *list = json_object_new_array();
	struct sv rest = sv_from(words), word;

	while (sv_next(&rest, ' ', &word))
		if (word.n)
			json_object_array_add(list, json_object_new_string_len(word.p, (int)word.n));
	if (json_object_array_length(list))
		return list;
	json_object_put(list);
	return NULL;
}

static void put_addresses(struct json_object *o, const struct network *net, const struct place_row *p)
{
	struct net_ip ip4 = network_place_ip4(net, p), ip6 = network_place_ip6(net, p);
	char text[SUBNET_TEXT];
	bool internal = net->options.internal;

	put_text(o, "Gateway", ip4.family && !internal ? net_ip_print(&net->gateway4, text) : "");
	put_text(o, "IPAddress", net_ip_print(&ip4, text));
	put_number(o, "IPPrefixLen", ip4.prefix);
	put_text(o, "IPv6Gateway", ip6.family && !internal ? net_ip_print(&net->gateway6, text) : "");
	put_text(o, "GlobalIPv6Address", net_ip_print(&ip6, text));
	put_number(o, "GlobalIPv6PrefixLen", ip6.prefix);
}

static struct json_object *place(const struct network *net, const struct place_row *p, const char *name, bool lives)
{
	struct json_object *o = json_object_new_object(), *names = json_object_new_array();
	struct sv rest = sv_from(p->aliases), word;

	json_object_object_add(o, "IPAMConfig", NULL);
	json_object_object_add(o, "Links", NULL);
	json_object_object_add(o, "Aliases", aliases(p->aliases));
	json_object_object_add(o, "DriverOpts", NULL);
	put_number(o, "GwPriority", p->priority);
	put_text(o, "NetworkID", net->row.id);
	put_text(o, "EndpointID", lives ? p->host : "");
	put_text(o, "MacAddress", lives ? p->mac : "");
	put_addresses(o, net, p);
	if (!network_is_predefined(&net->row)) {
		json_object_array_add(names, json_object_new_string(name));
		while (sv_next(&rest, ' ', &word))
			if (word.n)
				json_object_array_add(names, json_object_new_string_len(word.p, (int)word.n));
		json_object_array_add(names, json_object_new_string_len(p->container_id, ID_SHORT));
		json_object_object_add(o, "DNSNames", names);
	} else {
		json_object_put(names);
		json_object_object_add(o, "DNSNames", NULL);
	}
	return o;
}

static const struct net_ip *first_of(const struct cni_result *r, int family)
{
	static const struct net_ip none;

	for (size_t i = 0; i < r->n; i++)
		if (r->ips[i].family == family)
			return &r->ips[i];
	return &none;
}

/* What the plugins of its network said. */
static int put_cni(struct engine *en, const struct container_view *v, struct rules_ports *ports,
		   struct json_object *nets, struct arena *a, struct err *e)
{
	struct json_object *o;
	struct cni_result result;
	const struct net_ip *ip4, *ip6;
	char text[SUBNET_TEXT];
	int r = cni_result_of(en, v->row.id, &result, NULL);

	if (r < 0)
		return 0; /* not yet, or not any more */
	ip4 = first_of(&result, AF_INET);
	ip6 = first_of(&result, AF_INET6);
	o = json_object_new_object();
	json_object_object_add(nets, v->config.network_mode, o);
	put_text(o, "MacAddress", result.mac);
	put_text(o, "Gateway", net_ip_print(&result.gateway4, text));
	put_text(o, "IPAddress", net_ip_print(ip4, text));
	put_number(o, "IPPrefixLen", ip4->prefix);
	put_text(o, "IPv6Gateway", net_ip_print(&result.gateway6, text));
	put_text(o, "GlobalIPv6Address", net_ip_print(ip6, text));
	put_number(o, "GlobalIPv6PrefixLen", ip6->prefix);
	return cni_ports(en, v->row.id, a, ports, e);
}

int inspect_put_network(struct engine *en, const struct container_view *v, struct arena *a, struct json_object *o,
			struct err *e)
{
	struct json_object *n = json_object_new_object(), *ports = json_object_new_object(),
			   *nets = json_object_new_object();
	bool lives = container_is_active(v->state.status);
	struct rules_ports published = { 0 };
	struct places p = { .gateway = PLACE_NO_GATEWAY };
	int r = v->row.networked ? network_places(en, v->row.id, a, &p, e) : 0;

	json_object_object_add(o, "NetworkSettings", n);
	json_object_object_add(n, "Ports", ports);
	json_object_object_add(n, "Networks", nets);
	if (r == 0 && p.rows.n && lives)
		r = network_ports_rules(en, v->row.id, a, &published, e);
	if (r == 0 && lives && cni_name(v->config.network_mode))
		r = put_cni(en, v, &published, nets, a, e);
	for (size_t i = 0; r == 0 && i < published.n; i++)
		add_published(ports, &published.v[i]);
	for (size_t i = 0; r == 0 && i < p.rows.n; i++)
		json_object_object_add(nets, p.nets[i].row.name, place(&p.nets[i], &p.rows.v[i], v->row.name, lives));
	return r;
}
