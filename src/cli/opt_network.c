/* SPDX-License-Identifier: Apache-2.0 */
/* opt_network.c - networks, published ports and names: Docker's options, with its texts. */
#include "base/scope.h"
#include "cli/network_option.h"
#include "cli/opt.h"
#include "kernel/rtnetlink_move.h"
#include "network/ports.h"

#include <errno.h>
#include <string.h>

static struct container_config *config(const struct option_call *c)
{
	return &((struct run_options *)c->target)->config;
}

/* ---- --network ------------------------------------------------------------------------------------------------------- */

static bool is_mode(const char *text)
{
	return strcmp(text, "none") == 0 || strcmp(text, "host") == 0 || strncmp(text, "container:", 10) == 0 ||
	       strncmp(text, "cni:", 4) == 0;
}

int network_option_address(struct sv value, uint8_t family, struct arena *a, const char **ret, struct err *e)
{
	struct net_ip ip;

	if (!net_ip_parse(value, &ip) || ip.family != family)
		return err_set(e, EINVAL, "invalid IPv%d address: " SV_FMT, family == AF_INET ? 4 : 6, SV_ARG(value));
	*ret = arena_sv(a, value);
	return *ret ? 0 : err_oom(e);
}

static int set_mac(struct sv value, struct arena *a, const char **ret, struct err *e)
{
	uint8_t mac[6];
	char text[MAC_TEXT];

	if (!net_mac_parse(value, mac) || (mac[0] & 1))
		return err_set(e, EINVAL, SV_FMT " is not a valid mac address (such as 02:42:ac:11:00:02)",
			       SV_ARG(value));
	*ret = arena_str(a, net_mac_print(mac, text));
	return *ret ? 0 : err_oom(e);
}

int network_option_alias(struct sv value, struct arena *a, struct oci_strings *to, struct err *e)
{
	if (!value.n || value.n > 253 || memchr(value.p, ' ', value.n) || memchr(value.p, '\n', value.n))
		return err_set(e, EINVAL, "invalid alias \"" SV_FMT "\": a host name", SV_ARG(value));
	return strings_add(a, to, arena_sv(a, value)) < 0 ? err_oom(e) : 0;
}

static int set_driver_opt(struct sv value, struct network_config *n, struct arena *a, struct err *e)
{
	struct sv key, name;

	if (!sv_cut(value, '=', &key, &name) || !sv_is(key, "com.docker.network.endpoint.ifname"))
		return err_set(e, EINVAL, "driver-opt " SV_FMT ": only com.docker.network.endpoint.ifname is known",
			       SV_ARG(value));
	n->device = arena_sv(a, name);
	if (!n->device)
		return err_oom(e);
	return net_device_name_is_valid(n->device, false) ?
		       0 :
		       err_set(e, EINVAL, "\"" SV_FMT "\" is not the name of an interface", SV_ARG(name));
}

static int set_field(struct sv key, struct sv value, struct network_config *n, struct arena *a, struct err *e)
{
	if (sv_is(key, "name"))
		return (n->name = arena_sv(a, value)) ? 0 : err_oom(e);
	if (sv_is(key, "alias"))
		return network_option_alias(value, a, &n->aliases, e);
	if (sv_is(key, "ip"))
		return network_option_address(value, AF_INET, a, &n->ip4, e);
	if (sv_is(key, "ip6"))
		return network_option_address(value, AF_INET6, a, &n->ip6, e);
	if (sv_is(key, "mac-address"))
		return set_mac(value, a, &n->mac, e);
	if (sv_is(key, "driver-opt"))
		return set_driver_opt(value, n, a, e);
	if (sv_is(key, "gw-priority"))
		return sv_i64(value, &n->priority) < 0 ?
			       err_set(e, EINVAL, "invalid gw-priority (" SV_FMT "): a number", SV_ARG(value)) :
			       0;
	return err_set(e, EINVAL,
		       "invalid field key " SV_FMT " (name, alias, ip, ip6, mac-address, driver-opt, gw-priority)",
		       SV_ARG(key));
}

static int parse_long(const char *text, struct network_config *n, struct arena *a, struct err *e)
{
	struct sv rest = sv_from(text), field, key, value;
	int r = 0;

	while (r == 0 && sv_next(&rest, ',', &field)) {
		if (!sv_cut(field, '=', &key, &value) || !value.n)
			return err_set(e, EINVAL, "invalid field: " SV_FMT, SV_ARG(field));
		r = set_field(key, value, n, a, e);
	}
	return r == 0 && !n->name ? err_set(e, EINVAL, "network name/id is not specified") : r;
}

/* Docker calls the default bridge by both names. */
static const char *plain_name(const char *text)
{
	return strcmp(text, "default") == 0 ? "bridge" : text;
}

static int set_network(const struct option_call *c, struct err *e)
{
	struct container_config *to = config(c);
	struct network_config n = { .name = c->text };
	int r = 0;

	if (strchr(c->text, '=')) {
		n.name = NULL;
		r = parse_long(c->text, &n, c->arena, e);
	}
	if (r < 0)
		return r;
	if (!*n.name || strcmp(n.name, "container:") == 0 || strcmp(n.name, "cni:") == 0)
		return err_set(e, EINVAL,
			       "no network: none, host, container:NAME, bridge, cni:NAME, or the name of a network");
	n.name = plain_name(n.name);
	if (to->network_mode && (is_mode(n.name) || is_mode(to->network_mode)))
		return strcmp(n.name, to->network_mode) == 0 ?
			       0 :
			       err_set(e, EINVAL,
				       "conflicting options: cannot attach both user-defined and non-user-defined "
				       "network-modes");
	if (!to->network_mode)
		to->network_mode = n.name;
	return is_mode(n.name) ? 0 : LIST_PUT(c->arena, &to->networks, n, e);
}

/* ---- what the first network gets -------------------------------------------------------------------------------------- */

static struct network_config *first(const struct option_call *c)
{
	return &((struct run_options *)c->target)->first_network;
}

static int set_ip(const struct option_call *c, struct err *e)
{
	return network_option_address(sv_from(c->text), AF_INET, c->arena, &first(c)->ip4, e);
}

static int set_ip6(const struct option_call *c, struct err *e)
{
	return network_option_address(sv_from(c->text), AF_INET6, c->arena, &first(c)->ip6, e);
}

static int set_mac_address(const struct option_call *c, struct err *e)
{
	return set_mac(sv_from(c->text), c->arena, &first(c)->mac, e);
}

static int set_alias(const struct option_call *c, struct err *e)
{
	return network_option_alias(sv_from(c->text), c->arena, &first(c)->aliases, e);
}

/* ---- ports ------------------------------------------------------------------------------------------------------------ */

static int keep_port(const struct port_mapping *m, struct arena *a, struct oci_strings *to, struct err *e)
{
	scoped_buf text = BUF(256);
	int r;

	ports_print(m, &text);
	r = buf_status(&text, e);
	return r < 0 ? r : strings_add(a, to, arena_str(a, text.p)) < 0 ? err_oom(e) : 0;
}

int network_option_port(struct sv value, struct arena *a, struct oci_strings *to, struct err *e)
{
	struct port_mapping m;
	int r = ports_parse(value, &m, e);

	return r < 0 ? r : keep_port(&m, a, to, e);
}

static int set_publish(const struct option_call *c, struct err *e)
{
	return network_option_port(sv_from(c->text), c->arena, &config(c)->publish, e);
}

static int set_default_ip(const struct option_call *c, struct err *e)
{
	struct net_ip ip;

	if (!net_ip_parse(sv_from(c->text), &ip))
		return err_set(e, EINVAL, "%.80s is not an ip address", c->text);
	config(c)->publish_default_ip = c->text;
	return 0;
}

static int set_expose(const struct option_call *c, struct err *e)
{
	struct port_mapping m;
	int r = ports_parse_exposed(sv_from(c->text), &m, e);

	return r < 0 ? r : keep_port(&m, c->arena, &config(c)->expose, e);
}

/* ---- names ------------------------------------------------------------------------------------------------------------ */

static int set_dns(const struct option_call *c, struct err *e)
{
	struct net_ip ip;

	if (!net_ip_parse(sv_trim(sv_from(c->text)), &ip))
		return err_set(e, EINVAL, "%.80s is not an ip address", c->text);
	return LIST_PUT(c->arena, &config(c)->dns, arena_sv(c->arena, sv_trim(sv_from(c->text))), e);
}

static bool is_word(const char *text)
{
	return *text && !strpbrk(text, " \t\r\n");
}

static int set_search(const struct option_call *c, struct err *e)
{
	if (!is_word(c->text) || strlen(c->text) > 253)
		return err_set(e, EINVAL, "\"%.80s\" is not a valid domain", c->text);
	return LIST_PUT(c->arena, &config(c)->dns_search, c->text, e);
}

static int set_dns_option(const struct option_call *c, struct err *e)
{
	if (!is_word(c->text))
		return err_set(e, EINVAL, "\"%.80s\": one option of resolv.conf(5), such as ndots:2", c->text);
	return LIST_PUT(c->arena, &config(c)->dns_options, c->text, e);
}

static int set_add_host(const struct option_call *c, struct err *e)
{
	struct sv text = sv_from(c->text), name, address;
	struct net_ip ip;
	const char *line;

	if ((!sv_cut(text, '=', &name, &address) && !sv_cut(text, ':', &name, &address)) || !name.n || !address.n)
		return err_set(e, EINVAL, "bad format for add-host: \"%.80s\"", c->text);
	if (address.n > 2 && address.p[0] == '[' && address.p[address.n - 1] == ']')
		address = (struct sv){ address.p + 1, address.n - 2 };
	if (!sv_is(address, "host-gateway") && !net_ip_parse(address, &ip))
		return err_set(e, EINVAL, "invalid IP address in add-host: \"" SV_FMT "\"", SV_ARG(address));
	line = arena_fmt(c->arena, SV_FMT ":" SV_FMT, SV_ARG(name), SV_ARG(address));
	if (!line || !is_word(line))
		return line ? err_set(e, EINVAL, "bad format for add-host: \"%.80s\"", c->text) : err_oom(e);
	return LIST_PUT(c->arena, &config(c)->extra_hosts, line, e);
}

static const struct option rows[] = {
	{ "add-host", 0, "NAME:ADDRESS", "a line of /etc/hosts; host-gateway is this host", set_add_host },
	{ "dns", 0, "ADDRESS", "a name server", set_dns },
	{ "dns-opt", 0, "OPTION", "another spelling of --dns-option", set_dns_option, .hidden = true },
	{ "dns-option", 0, "OPTION", "an option of resolv.conf(5)", set_dns_option },
	{ "dns-search", 0, "DOMAIN", "a domain that short names are looked up in; . for none", set_search },
	{ "expose", 0, "PORT[-PORT][/PROTO]", "a port that --publish-all publishes", set_expose },
	{ "ip", 0, "ADDRESS", "its IPv4 address in the first network", set_ip, .late = true },
	{ "ip6", 0, "ADDRESS", "its IPv6 address in the first network", set_ip6, .late = true },
	{ "mac-address", 0, "ADDRESS", "its hardware address in the first network", set_mac_address },
	{ "net", 0, "NETWORK", "another spelling of --network", set_network, .hidden = true,
	  .words = "bridge none host container: cni:" },
	{ "net-alias", 0, "NAME", "another spelling of --network-alias", set_alias, .hidden = true },
	{ "network", 0, "NETWORK",
	  "bridge (default, see tare.conf), none, host, container:NAME, cni:NAME, or a network; name=…,alias=…,ip=… for more; may be "
	  "repeated",
	  set_network, .words = "bridge none host container: cni:" },
	{ "network-alias", 0, "NAME", "another name in the first network", set_alias },
	{ "publish", 'p', "[IP:][HOST:]PORT[/PROTO]",
	  "a port or range of the host leads to the container; the network is bridge unless named", set_publish },
	{ "publish-all", 'P', NULL, "publish all exposed ports, on any that are free", option_switch,
	  RUN_FIELD(config.publish_all) },
	{ "publish-default-ip", 0, "ADDRESS", "where ports are published that name no address (default everywhere)",
	  set_default_ip },
};

OPTION_GROUP(opt_network, "Network", rows);

/* ---- after the last option --------------------------------------------------------------------------------------------- */

static int take_first(struct run_options *o, struct err *e)
{
	struct network_config *n = o->config.networks.n ? o->config.networks.v : NULL, *f = &o->first_network;

	if (!f->ip4 && !f->ip6 && !f->mac && !f->aliases.n)
		return 0;
	if (!n)
		return err_set(e, EINVAL, "conflicting options: %s needs a network (--network)",
			       f->ip4 || f->ip6 ? "an address" : f->mac ? "--mac-address" : "--network-alias");
	if ((f->ip4 && n->ip4) || (f->ip6 && n->ip6))
		return err_set(e, EINVAL, "conflicting options: cannot specify both --ip and per-network IP address");
	if (f->aliases.n && n->aliases.n)
		return err_set(e, EINVAL,
			       "conflicting options: cannot specify both --network-alias and per-network alias");
	if (f->mac && n->mac)
		return err_set(e, EINVAL,
			       "conflicting options: cannot specify both --mac-address and per-network MAC address");
	n->ip4 = f->ip4 ? f->ip4 : n->ip4;
	n->ip6 = f->ip6 ? f->ip6 : n->ip6;
	n->mac = f->mac ? f->mac : n->mac;
	if (f->aliases.n)
		n->aliases = f->aliases;
	return 0;
}

int opt_network_finish(struct run_options *o, struct arena *a, struct err *e)
{
	struct container_config *c = &o->config;
	const struct network_config *f = &o->first_network;
	bool publishes = c->publish.n || c->publish_all;
	bool wishes = publishes || f->ip4 || f->ip6 || f->mac || f->aliases.n;
	bool joins = c->network_mode && strncmp(c->network_mode, "container:", 10) == 0;

	if (joins && publishes)
		return err_set(e, EINVAL, "conflicting options: port publishing and the container type network mode");
	if (joins && c->expose.n)
		return err_set(e, EINVAL, "conflicting options: port exposing and the container type network mode");
	if (joins && (c->dns.n || c->dns_search.n || c->dns_options.n))
		return err_set(e, EINVAL, "conflicting options: dns and the network mode");
	if (joins && c->extra_hosts.n)
		return err_set(e, EINVAL, "conflicting options: custom host-to-IP mapping and the network mode");
	if (!c->network_mode && wishes) {
		struct network_config n = { .name = "bridge" };

		c->network_mode = n.name;
		if (LIST_PUT(a, &c->networks, n, e) < 0)
			return -ENOMEM;
	}
	return take_first(o, e);
}
