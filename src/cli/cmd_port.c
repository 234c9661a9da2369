/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_port.c - `tare port`: which ports of the host lead to a container. */
#include "base/scope.h"
#include "cli/session.h"
#include "engine/cni.h"
#include "engine/network_ports.h"
#include "engine/recover.h"

#include <errno.h>

/* "80", "80/tcp", "53/udp" */
static int parse_port(const char *text, unsigned *ret_port, struct sv *ret_protocol, struct err *e)
{
	struct sv number, protocol;
	uint64_t port;
	bool parted = sv_cut(sv_from(text), '/', &number, &protocol);

	if (!parted)
		protocol = SV("tcp");
	if (sv_u64(number, &port) < 0 || port == 0 || port > 65535)
		return err_set(e, EINVAL, "invalid port \"%.40s\": 1 to 65535", text);
	if (!sv_is(protocol, "tcp") && !sv_is(protocol, "udp") && !sv_is(protocol, "sctp"))
		return err_set(e, EINVAL, "invalid port \"%.40s\": the protocol is tcp, udp or sctp", text);
	*ret_port = (unsigned)port;
	*ret_protocol = protocol;
	return 0;
}

static const char *at_text(const struct port_mapping *m, bool six, unsigned port, struct arena *a)
{
	char text[SUBNET_TEXT];
	bool any = !m->host.family;

	(void)net_ip_print(&m->host, text);
	return six ? arena_fmt(a, "[%s]:%u", any ? "::" : text, port) :
		     arena_fmt(a, "%s:%u", any ? "0.0.0.0" : text, port);
}

/* One line for each port and family; wanted 0: of all. */
static int put_ports(const struct rules_port *p, unsigned wanted, struct sv protocol, struct arena *a, struct buf *out,
		     struct err *e)
{
	const struct port_mapping *m = &p->map;

	for (unsigned port = m->first; port <= m->last; port++) {
		const char *name = port_protocol_name(m->protocol);

		if (wanted && (port != wanted || !sv_is(protocol, name)))
			continue;
		for (int six = 0; six < 2; six++) {
			const char *at = at_text(m, six, port - m->first + m->host_first, a);

			if (!at)
				return err_oom(e);
			if (six ? !p->to6.family || m->host.family == AF_INET : m->host.family == AF_INET6)
				continue;
			if (wanted)
				buf_putf(out, "%s\n", at);
			else
				buf_putf(out, "%u/%s -> %s\n", port, name, at);
		}
	}
	return 0;
}

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	struct rules_ports ports = { 0 };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	struct container_row row;
	struct sv protocol = { 0 };
	unsigned port = 0;
	int r = session_open(&s, cli, e);

	if (r == 0)
		r = container_find(&s.engine, sv_from(operands->v[0]), cli->arena, &row, e);
	if (r == 0 && operands->n > 1)
		r = parse_port(operands->v[1], &port, &protocol, e);
	if (r == 0 && row.networked)
		r = network_ports_rules(&s.engine, row.id, cli->arena, &ports, e);
	if (r == 0 && row.networked && !ports.n)
		r = cni_ports(&s.engine, row.id, cli->arena, &ports, e);
	for (size_t i = 0; r == 0 && i < ports.n; i++)
		r = put_ports(&ports.v[i], port, protocol, cli->arena, &out, e);
	if (r < 0 || out.len || !port)
		return r < 0 || !out.len ? r : cli_print(&out, e);
	return err_set(e, ENOENT, "no public port '%u/" SV_FMT "' published for %.200s", port, SV_ARG(protocol),
			       operands->v[0]);
}

const struct command command_port = {
	.name = "port",
	.also = ALSO("container port"),
	.args = "CONTAINER [PRIVATE_PORT[/PROTO]]",
	.summary = "list the published ports of a container",
	.complete = "container",
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
