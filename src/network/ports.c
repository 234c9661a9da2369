/* SPDX-License-Identifier: Apache-2.0 */
#include "network/ports.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = { { "tcp", PORT_TCP }, { "udp", PORT_UDP }, { "sctp", PORT_SCTP } };

uint8_t port_protocol(struct sv name)
{
	char text[8];

	if (sv_copy(name, text, sizeof text) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
		if (strcasecmp(text, protocols[i].name) == 0)
			return protocols[i].number;
	return 0;
}

const char *port_protocol_name(uint8_t protocol)
{
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	return "?";
}

static int cut(struct sv s) /* for messages */
{
	return s.n < 60 ? (int)s.n : 60;
}

/* 0 is a port of the host only: any that is free */
static bool take_port(struct sv text, bool zero, uint16_t *ret)
{
	uint64_t v;

	if (sv_u64(text, &v) < 0 || v > 65535 || (v == 0 && !zero))
		return false;
	*ret = (uint16_t)v;
	return true;
}

static bool take_range(struct sv text, bool zero, uint16_t *ret_first, uint16_t *ret_last)
{
	struct sv head, rest;
	bool range = sv_cut(text, '-', &head, &rest);

	if (!take_port(head, zero && !range, ret_first))
		return false;
	*ret_last = *ret_first;
	return !range || (take_port(rest, false, ret_last) && *ret_last >= *ret_first);
}

static int take_container(struct sv text, struct port_mapping *m, struct err *e)
{
	struct sv ports, protocol;

	if (!sv_cut(text, '/', &ports, &protocol) || !protocol.n)
		protocol = SV("tcp");
	if (!ports.n)
		return err_set(e, EINVAL, "no port specified: %.*s<empty>", cut(text), text.p);
	if (!take_range(ports, false, &m->first, &m->last))
		return err_set(e, EINVAL, "invalid containerPort: %.*s (1 to 65535)", cut(ports), ports.p);
	m->protocol = port_protocol(protocol);
	if (!m->protocol)
		return err_set(e, EINVAL, "invalid proto: %.*s (tcp, udp, sctp)", cut(protocol), protocol.p);
	return 0;
}

static int take_address(struct sv text, struct port_mapping *m, struct err *e)
{
	struct sv ip = text;

	if (ip.n >= 2 && ip.p[0] == '[' && ip.p[ip.n - 1] == ']')
		ip = (struct sv){ ip.p + 1, ip.n - 2 };
	if (!net_ip_parse(ip, &m->host))
		return err_set(e, EINVAL, "invalid IP address: %.*s", cut(ip), ip.p);
	return 0;
}

int ports_parse(struct sv text, struct port_mapping *ret, struct err *e)
{
	struct port_mapping m = { 0 };
	struct sv head = { 0 }, container, address = { 0 }, host = { 0 };
	int r;

	if (!sv_rcut(text, ':', &head, &container))
		container = text;
	else if (!sv_rcut(head, ':', &address, &host)) {
		host = head;
		address = (struct sv){ 0 };
	}
	r = take_container(container, &m, e);
	if (r == 0 && address.n)
		r = take_address(address, &m, e);
	if (r < 0)
		return r;
	if (host.n && !take_range(host, true, &m.host_first, &m.host_last))
		return err_set(e, EINVAL, "invalid hostPort: %.*s (0 to 65535)", cut(host), host.p);
	if (m.host_first && m.last - m.first != m.host_last - m.host_first && m.first != m.last)
		return err_set(e, EINVAL, "invalid ranges specified for container and host Ports: %u-%u and %.*s",
			       m.first, m.last, cut(host), host.p);
	*ret = m;
	return 0;
}

static void put_range(struct buf *out, uint16_t first, uint16_t last)
{
	buf_putf(out, "%u", first);
	if (last != first)
		buf_putf(out, "-%u", last);
}

void ports_print(const struct port_mapping *m, struct buf *out)
{
	char text[SUBNET_TEXT];

	if (m->host.family)
		buf_putf(out, m->host.family == AF_INET ? "%s:" : "[%s]:", net_ip_print(&m->host, text));
	if (m->host_first)
		put_range(out, m->host_first, m->host_last);
	if (m->host_first || m->host.family)
		buf_puts(out, ":");
	put_range(out, m->first, m->last);
	buf_putf(out, "/%s", port_protocol_name(m->protocol));
}

int ports_parse_exposed(struct sv text, struct port_mapping *ret, struct err *e)
{
	struct port_mapping m = { 0 };
	int r;

	if (memchr(text.p, ':', text.n))
		return err_set(e, EINVAL, "invalid port format for --expose: %.*s", cut(text), text.p);
	r = take_container(text, &m, e);
	if (r == 0)
		*ret = m;
	return r;
}
