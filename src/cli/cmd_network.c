/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_network.c - `tare network create`, `rm`, `connect`, `disconnect`; and `tare _firewall`, which tare-net calls. */
#include "base/scope.h"
#include "cli/named_kinds.h"
#include "cli/network_option.h"
#include "cli/session.h"
#include "cli/value.h"
#include "engine/network.h"
#include "engine/network_connect.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

/* ---- create ------------------------------------------------------------------------------------------------- */

struct create_options {
	struct network_spec spec;
};

static int add_text(const struct option_call *c, struct err *e)
{
	struct oci_strings *list = (void *)((char *)c->target + c->row->field);

	return strings_add(c->arena, list, c->text) < 0 ? err_oom(e) : 0;
}

static int set_ipv4(const struct option_call *c, struct err *e)
{
	((struct create_options *)c->target)->spec.options.no_ipv4 = !c->on;
	return 0;
}

#define FIELD(name) offsetof(struct create_options, name)
#define NO_SWARM "is for swarms, and tare has none"

static const struct option create_rows[] = {
	{ "attachable", 0, NULL, "containers may join by hand; they always may", option_switch,
	  FIELD(spec.options.attachable) },
	{ "aux-address", 0, "NAME=ADDRESS", .refused = "not supported yet: give a smaller --ip-range" },
	{ "config-from", 0, "NETWORK", .refused = NO_SWARM },
	{ "config-only", 0, NULL, .refused = NO_SWARM },
	{ "driver", 'd', "DRIVER", "bridge (default) or macvlan", option_text, FIELD(spec.driver),
	  .words = "bridge macvlan" },
	{ "gateway", 0, "ADDRESS", "the host's address in the subnet (default the first)", add_text,
	  FIELD(spec.gateways) },
	{ "ingress", 0, NULL, .refused = NO_SWARM },
	{ "internal", 0, NULL, "no way from there to other machines, nor back", option_switch,
	  FIELD(spec.options.internal) },
	{ "ip-range", 0, "SUBNET", "a part of the subnet: addresses that nobody asked for come from there", add_text,
	  FIELD(spec.ranges) },
	{ "ipam-driver", 0, "DRIVER", .refused = "not supported yet: addresses come from tare itself" },
	{ "ipam-opt", 0, "KEY=VALUE", .refused = "not supported yet: addresses come from tare itself" },
	{ "ipv4", 0, NULL, "give containers IPv4 addresses (default true)", set_ipv4 },
	{ "ipv6", 0, NULL, "give containers IPv6 addresses too", option_switch, FIELD(spec.options.ipv6) },
	{ "label", 0, "KEY=VALUE", "a label of the network", named_add_label, FIELD(spec.options.labels) },
	{ "opt", 'o', "KEY=VALUE",
	  "mtu=N, name=DEVICE, enable_icc=false, enable_ip_masquerade=false, host_binding_ipv4=ADDRESS; "
	  "of macvlan parent=DEVICE, macvlan_mode=MODE",
	  option_pair, FIELD(spec.options.options), .words = "mtu= name= enable_icc= parent=" },
	{ "scope", 0, "SCOPE", .refused = NO_SWARM },
	{ "subnet", 0, "SUBNET", "its addresses, such as 10.10.0.0/16 (default: a free one)", add_text,
	  FIELD(spec.subnets) },
};

static OPTION_GROUP(create_group, "Options", create_rows);
static const struct option_group *const create_groups[] = { &create_group, NULL };

static int run_create(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct create_options *o = options;
	scoped_session s = { .open = false };
	scoped_buf out = BUF(CLI_OUTPUT_MAX);
	const char *id;
	int r = session_open(&s, cli, e);

	o->spec.name = operands->v[0];
	if (r == 0)
		r = network_make(&s.engine, &o->spec, cli->arena, &id, e);
	if (r < 0)
		return r;
	buf_putf(&out, "%s\n", id);
	return cli_print(&out, e);
}

const struct command command_network_create = {
	.name = "network create",
	.args = "[OPTIONS] NETWORK",
	.summary = "make a network",
	.groups = create_groups,
	.options_size = sizeof(struct create_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_create,
};

/* ---- rm ----------------------------------------------------------------------------------------------------- */

static const struct option rm_rows[] = { NAMED_FORCE("a network that is not there is no failure") };

static OPTION_GROUP(rm_group, "Options", rm_rows);
static const struct option_group *const rm_groups[] = { &rm_group, NULL };

static int remove_one(struct engine *en, const char *name, const void *options, struct err *e)
{
	return named_rm(en, &named_networks, name, options, e);
}

static int run_rm(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	return each_operand(cli, operands, remove_one, options, ret_status, e);
}

const struct command command_network_rm = {
	.name = "network rm",
	.also = ALSO("network remove"),
	.args = "[OPTIONS] NETWORK [NETWORK...]",
	.summary = "remove networks that no container is in",
	.complete = "network",
	.groups = rm_groups,
	.options_size = sizeof(struct named_rm_options),
	.min_args = 1,
	.max_args = -1,
	.run = run_rm,
};

/* ---- connect ------------------------------------------------------------------------------------------------- */

struct connect_options {
	struct network_config network;
};

#define CONNECT(name) offsetof(struct connect_options, network.name)

static int set_alias(const struct option_call *c, struct err *e)
{
	return network_option_alias(sv_from(c->text), c->arena, &((struct connect_options *)c->target)->network.aliases,
				    e);
}

static int set_ip(const struct option_call *c, struct err *e)
{
	return network_option_address(sv_from(c->text), AF_INET, c->arena,
				      &((struct connect_options *)c->target)->network.ip4, e);
}

static int set_ip6(const struct option_call *c, struct err *e)
{
	return network_option_address(sv_from(c->text), AF_INET6, c->arena,
				      &((struct connect_options *)c->target)->network.ip6, e);
}

static const struct option connect_rows[] = {
	{ "alias", 0, "NAME", "another name of the container in the network", set_alias },
	{ "driver-opt", 0, "KEY=VALUE", .refused = "not supported yet: options of one place in a network" },
	{ "gw-priority", 0, "N", "the default route is by the network with the highest (default 0)", option_i64,
	  CONNECT(priority) },
	{ "ip", 0, "ADDRESS", "its IPv4 address", set_ip },
	{ "ip6", 0, "ADDRESS", "its IPv6 address", set_ip6 },
	{ "link", 0, "CONTAINER",
	  .refused = "links are a legacy of Docker: containers of a network find each other by name" },
	{ "link-local-ip", 0, "ADDRESS", .refused = "not supported yet: no addresses of 169.254.0.0/16" },
};

static OPTION_GROUP(connect_group, "Options", connect_rows);
static const struct option_group *const connect_groups[] = { &connect_group, NULL };

static int run_connect(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct connect_options *o = options;
	scoped_session s = { .open = false };
	int r = session_open(&s, cli, e);

	o->network.name = operands->v[0];
	return r < 0 ? r : network_connect(&s.engine, sv_from(operands->v[1]), &o->network, cli->arena, e);
}

const struct command command_network_connect = {
	.name = "network connect",
	.args = "[OPTIONS] NETWORK CONTAINER",
	.summary = "put a container into a network, also while it runs",
	.complete = "network",
	.groups = connect_groups,
	.options_size = sizeof(struct connect_options),
	.min_args = 2,
	.max_args = 2,
	.run = run_connect,
};

/* ---- disconnect ---------------------------------------------------------------------------------------------- */

static const struct option disconnect_rows[] = {
	{ "force", 'f', NULL, "a container that is not in it is no failure", option_switch,
	  offsetof(struct named_rm_options, force) },
};

static OPTION_GROUP(disconnect_group, "Options", disconnect_rows);
static const struct option_group *const disconnect_groups[] = { &disconnect_group, NULL };

static int run_disconnect(struct cli *cli, void *options, const struct operands *operands, int *ret_status,
			  struct err *e)
{
	const struct named_rm_options *o = options;
	scoped_session s = { .open = false };
	int r = session_open(&s, cli, e);

	if (r == 0)
		r = network_disconnect(&s.engine, sv_from(operands->v[1]), operands->v[0], cli->arena, e);
	return r == -ENOTCONN && o->force ? 0 : r;
}

const struct command command_network_disconnect = {
	.name = "network disconnect",
	.args = "[OPTIONS] NETWORK CONTAINER",
	.summary = "take a container out of a network, also while it runs",
	.complete = "network",
	.groups = disconnect_groups,
	.options_size = sizeof(struct named_rm_options),
	.min_args = 2,
	.max_args = 2,
	.run = run_disconnect,
};

/* ---- _firewall ----------------------------------------------------------------------------------------------- */

static int run_firewall(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	scoped_session s = { .open = false };
	int r = session_open(&s, cli, e);

	(void)prctl(PR_SET_NAME, "tare"); /* whatever the file is called: see network/guard.h */
	return r < 0 ? r : firewall_rebuild(&s.engine, e);
}

const struct command command_firewall = {
	.name = "_firewall",
	.args = "",
	.summary = "make the firewall rules of all containers anew",
	.hidden = true,
	.run = run_firewall,
};
