/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_port.c - `tare port`: no container publishes ports, and that is said as Docker says it. */
#include "base/scope.h"
#include "cli/session.h"
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

static int run(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	struct container_row row;
	struct sv protocol = { 0 };
	unsigned port = 0;
	int r = session_open(&s, cli, e);

	if (r == 0)
		r = container_find(&s.engine, sv_from(operands->v[0]), cli->arena, &row, e);
	if (r < 0 || operands->n == 1)
		return r;
	r = parse_port(operands->v[1], &port, &protocol, e);
	return r < 0 ? r :
		       err_set(e, ENOENT, "no public port '%u/" SV_FMT "' published for %.200s", port, SV_ARG(protocol),
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
