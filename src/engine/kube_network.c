/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_network.h"

#include "base/scope.h"
#include "engine/kube_plain.h"
#include "oci/list.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#define LONELY "127.0.0.1" /* a pod's address when its network has lo alone */

const char *kube_network_owner(const struct pod_spec *s)
{
	return s->share_pids == 1 ? KUBE_HOLDER : s->containers.v[0].name;
}

/* Of the interface that the default route goes through: connect(2) asks the routes, and sends nothing. */
const char *kube_host_address(struct arena *a)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = { htonl(0x08080808) } };
	scoped_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in own = { 0 };
	socklen_t n = sizeof own;
	char text[INET_ADDRSTRLEN];

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ||
	    getsockname(fd, (struct sockaddr *)&own, &n) < 0 || !inet_ntop(AF_INET, &own.sin_addr, text, sizeof text))
		return LONELY;
	return arena_str(a, text);
}

/* ---- the address ------------------------------------------------------------------------------------------------- */

int kube_shared_init(const struct kube_build *b, struct kube_shared *ret)
{
	const struct pod_spec *s = b->p->object.pod;

	*ret = (struct kube_shared){ .owner = NULL };
	if (s->host_network == 1)
		ret->ip = ret->ips = kube_host_address(b->a);
	else
		ret->owner = kube_container_name(b->p->pod.uid, kube_network_owner(s), b->a);
	return ret->ip || ret->owner ? 0 : err_oom(b->e);
}

/* "172.17.0.2,fd00::2"; ip4 alone when only_first */
static const char *addresses_at(const struct network *net, const struct place_row *row, bool only_first,
				struct arena *a)
{
	struct net_ip ip4 = network_place_ip4(net, row), ip6 = network_place_ip6(net, row);
	char text4[SUBNET_TEXT], text6[SUBNET_TEXT];

	if (!ip4.family)
		return arena_str(a, ip6.family ? net_ip_print(&ip6, text6) : LONELY);
	return arena_fmt(a, "%s%s%s", net_ip_print(&ip4, text4), ip6.family && !only_first ? "," : "",
			 ip6.family && !only_first ? net_ip_print(&ip6, text6) : "");
}

int kube_shared_learn(struct kube_shared *s, const struct places *p, struct arena *a, struct err *e)
{
	s->ip = p->rows.n ? addresses_at(&p->nets[0], &p->rows.v[0], true, a) : LONELY;
	s->ips = p->rows.n ? addresses_at(&p->nets[0], &p->rows.v[0], false, a) : LONELY;
	return s->ip && s->ips ? 0 : err_oom(e);
}

int kube_addresses_read(struct engine *en, struct arena *a, struct kube_addresses *ret, struct err *e)
{
	*ret = (struct kube_addresses){ .host = kube_host_address(a) };
	return ret->host ? networks_read(en, a, &ret->all, e) : err_oom(e);
}

const char *kube_addresses_of(const struct kube_addresses *l, const struct kube_running *p, struct arena *a)
{
	const struct pod_spec *s = p->object.pod;
	const char *name = kube_container_name(p->pod.uid, kube_network_owner(s), a);
	const struct container_row *row = name ? kube_known(p, name) : NULL;

	if (p->row->reason || (!row && !kube_plain_has_uid(p->pod.uid)))
		return "";
	if (s->host_network == 1)
		return l->host;
	for (size_t i = 0; row && i < l->all.places.n; i++) {
		const struct place_row *place = &l->all.places.v[i];
		const struct network *net = networks_by_id(&l->all, place->network_id);

		if (net && strcmp(place->container_id, row->id) == 0)
			return addresses_at(net, place, false, a);
	}
	return LONELY;
}

/* ---- ports ------------------------------------------------------------------------------------------------------- */

/* One at a time: of main containers and of init containers. NULL: no more. */
static const struct container_port *next_port(const struct pod_spec *s, size_t *list, size_t *i, size_t *k)
{
	const struct container_specs *const lists[] = { &s->containers, &s->inits };

	for (; *list < ARRAY_LEN(lists); (*list)++, *i = 0)
		for (; *i < lists[*list]->n; (*i)++, *k = 0)
			if (*k < lists[*list]->v[*i].ports.n)
				return &lists[*list]->v[*i].ports.v[(*k)++];
	return NULL;
}

/* In the host's network a port of the container is one of the host. 0: none of the host's */
static int64_t host_port(const struct pod_spec *s, const struct container_port *p)
{
	return p->host_port != FIELD_UNSET ? p->host_port : s->host_network == 1 ? p->container_port : 0;
}

static const char *protocol(const struct container_port *p)
{
	return p->protocol ? p->protocol : "TCP";
}

static bool is_any(const char *ip)
{
	return !ip || !*ip || strcmp(ip, "0.0.0.0") == 0 || strcmp(ip, "::") == 0;
}

static bool port_meets(const struct pod_spec *x, const struct container_port *p, const struct pod_spec *y)
{
	size_t list = 0, i = 0, k = 0;
	const struct container_port *other;

	if (!host_port(x, p))
		return false;
	while ((other = next_port(y, &list, &i, &k)))
		if (host_port(y, other) == host_port(x, p) && strcmp(protocol(other), protocol(p)) == 0 &&
		    (is_any(p->host_ip) || is_any(other->host_ip) || strcmp(p->host_ip, other->host_ip) == 0))
			return true;
	return false;
}

bool kube_ports_meet(const struct pod_spec *x, const struct pod_spec *y)
{
	size_t list = 0, i = 0, k = 0;
	const struct container_port *p;

	while ((p = next_port(x, &list, &i, &k)))
		if (port_meets(x, p, y))
			return true;
	return false;
}

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = { { "TCP", PORT_TCP }, { "UDP", PORT_UDP }, { "SCTP", PORT_SCTP } };

static int publish(const struct kube_build *b, const struct container_port *p, struct container_config *c)
{
	struct port_mapping m = { .first = (uint16_t)p->container_port, .last = (uint16_t)p->container_port,
				  .host_first = (uint16_t)p->host_port, .host_last = (uint16_t)p->host_port };
	scoped_buf text = BUF(128);

	for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
		if (strcmp(protocol(p), protocols[i].name) == 0)
			m.protocol = protocols[i].number;
	if (p->host_ip && *p->host_ip && !net_ip_parse(sv_from(p->host_ip), &m.host))
		return err_set(b->e, EINVAL, "hostIP: %.60s is not an address", p->host_ip);
	ports_print(&m, &text);
	return buf_status(&text, b->e) < 0 ? -b->e->code : strings_add(b->a, &c->publish, arena_str(b->a, text.p));
}

static int set_ports(const struct kube_build *b, struct container_config *c)
{
	size_t list = 0, i = 0, k = 0;
	const struct container_port *p;
	int r = 0;

	while (r == 0 && (p = next_port(b->p->object.pod, &list, &i, &k)))
		if (p->host_port != FIELD_UNSET)
			r = publish(b, p, c);
	return r == -ENOMEM ? err_oom(b->e) : r;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static int set_name(const struct kube_build *b, struct container_config *c)
{
	const struct pod_spec *s = b->p->object.pod;
	const char *name = s->hostname ? s->hostname : b->p->pod.name;

	c->hostname = arena_sv(b->a, (struct sv){ name, strnlen(name, 63) });
	if (s->subdomain)
		c->domainname = arena_fmt(b->a, "%s.%s.svc.cluster.local", s->subdomain, b->p->pod.namespace);
	return c->hostname && (!s->subdomain || c->domainname) ? 0 : err_oom(b->e);
}

static int set_hosts(const struct kube_build *b, struct container_config *c)
{
	const struct pod_spec *s = b->p->object.pod;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->host_aliases.n; i++)
		for (size_t k = 0; r == 0 && k < s->host_aliases.v[i].names.n; k++)
			r = strings_addf(b->a, &c->extra_hosts, "%s:%s", s->host_aliases.v[i].names.v[k],
					 s->host_aliases.v[i].ip);
	return r < 0 ? err_oom(b->e) : 0;
}

static int add_new(struct arena *a, struct oci_strings *to, const char *text)
{
	for (size_t i = 0; i < to->n; i++)
		if (strcmp(to->v[i], text) == 0)
			return 0;
	return strings_add(a, to, text);
}

static int add_option(const struct kube_build *b, struct oci_strings *to, const struct http_header *o)
{
	size_t n = strlen(o->name);
	const char *text = o->value ? arena_fmt(b->a, "%s:%s", o->name, o->value) : o->name;

	for (size_t i = 0; text && i < to->n; i++)
		if (strncmp(to->v[i], o->name, n) == 0 && (!to->v[i][n] || to->v[i][n] == ':')) {
			to->v[i] = text;
			return 0;
		}
	return strings_add(b->a, to, text);
}

static int merge(const struct kube_build *b, const struct dns_config *d, struct container_config *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->nameservers.n; i++)
		r = add_new(b->a, &c->dns, d->nameservers.v[i]);
	for (size_t i = 0; r == 0 && i < d->searches.n; i++)
		r = add_new(b->a, &c->dns_search, d->searches.v[i]);
	for (size_t i = 0; r == 0 && i < d->options.n; i++)
		r = add_option(b, &c->dns_options, &d->options.v[i]);
	return r < 0 ? err_oom(b->e) : 0;
}

/* Servers that a container in that network reaches by itself. */
static int take_servers(const struct kube_build *b, const struct resolv_conf *host, bool all, struct oci_strings *to)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->servers.n; i++) {
		const char *text = host->servers.v[i];
		struct net_ip ip;

		if (all || (net_ip_parse(sv_from(text), &ip) && (ip.family == AF_INET6 || ip.bytes[0] != 127) &&
			    strcmp(text, "::1") != 0))
			r = strings_add(b->a, to, text);
	}
	return r;
}

/* What dnsConfig says nothing of is the host's anyway. */
static int take_hosts(const struct kube_build *b, const struct dns_config *d, struct container_config *c)
{
	bool all = config_mode_is(c->network_mode, "host");
	struct resolv_conf host = { 0 };
	const char *path;
	int r = network_host_resolver(b->site->en, all ? RESOLV_CONF_HOST : RESOLV_CONF_BRIDGE, b->a, &host, &path,
				     b->e);

	if (r == 0 && d->nameservers.n && take_servers(b, &host, all, &c->dns) < 0)
		r = err_oom(b->e);
	if (d->searches.n)
		c->dns_search = host.search;
	if (d->options.n)
		c->dns_options = host.options;
	return r;
}

/* There is no DNS of a cluster: whatever the policy, it is the host's resolver, as the kubelet does without one. */
static int set_resolver(const struct kube_build *b, struct container_config *c)
{
	const struct pod_spec *s = b->p->object.pod;
	const struct dns_config *d = &s->dns;
	bool none = s->dns_policy && strcmp(s->dns_policy, "None") == 0;
	int r = 0;

	if (!none && !d->nameservers.n && !d->searches.n && !d->options.n)
		return 0;
	if (!none)
		r = take_hosts(b, d, c);
	if (r == 0)
		r = merge(b, d, c);
	if (r < 0 || !none)
		return r;
	if (!c->dns_search.n) /* not the host's */
		r = strings_add(b->a, &c->dns_search, ".");
	if (r == 0 && !c->dns_options.n) /* nor its options: this one is the default */
		r = strings_add(b->a, &c->dns_options, "ndots:1");
	return r < 0 ? err_oom(b->e) : 0;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static int join_owner(const struct kube_build *b, struct container_config *c)
{
	c->network_mode = arena_fmt(b->a, "container:%s", b->shared->owner);
	return c->network_mode ? 0 : err_oom(b->e);
}

int kube_config_network(const struct kube_build *b, const char *container, struct container_config *c)
{
	const struct pod_spec *s = b->p->object.pod;
	bool host = s->host_network == 1;
	int r;

	if (!host && strcmp(container, kube_network_owner(s)) != 0)
		return join_owner(b, c);
	c->network_mode = host ? "host" : b->site->network;
	r = host ? 0 : set_name(b, c);
	if (r == 0)
		r = set_hosts(b, c);
	if (r == 0)
		r = set_resolver(b, c);
	return r == 0 && !host ? set_ports(b, c) : r;
}
