/* SPDX-License-Identifier: Apache-2.0 */
/* resolv_conf.h - resolv.conf(5): the host's is read, and a container's is made of it, as Docker makes it. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "kernel/net_link.h"
#include "oci/runtime_spec.h"

/* servers: addresses, of IPv6 perhaps with a zone (fe80::1%eth0); what is none is in `invalid`. search: of the last such line.
 * other: lines with other words, as they are. */
struct resolv_conf {
	struct oci_strings servers, invalid, search, options, other;
};

enum resolv_conf_for {
	RESOLV_CONF_HOST,     /* the host's own network: as it is */
	RESOLV_CONF_BRIDGE,   /* one without names: servers that are not reached from there go */
	RESOLV_CONF_EMBEDDED, /* one with names: only 127.0.0.11, behind which tare-net asks the servers */
};

struct resolv_conf_wanted {
	enum resolv_conf_for kind;
	bool ipv6;          /* the container has an address of IPv6 */
	const char *source; /* the host's file, for the comment */
	const struct oci_strings *servers, *search, *options; /* --dns and its like; empty: the host's */
};

/* resolv_conf_parse - -ENOMEM. Memory, also of the texts, belongs to a. */
int resolv_conf_parse(struct sv text, struct arena *a, struct resolv_conf *ret, struct err *e);
/* resolv_conf_server - the address of a server, and its zone (empty: none). false: it is none */
bool resolv_conf_server(struct sv text, struct net_ip *ret, struct sv *ret_zone);
/* resolv_conf_is_stub - its only server is systemd-resolved's on the host's loopback interface, 127.0.0.53 */
bool resolv_conf_is_stub(const struct resolv_conf *c);
/* resolv_conf_put - the container's file. Its last line has a sum over the others. */
int resolv_conf_put(const struct resolv_conf *host, const struct resolv_conf_wanted *w, struct arena *a,
		    struct buf *out, struct err *e);
/* resolv_conf_is_ours - is this text as resolv_conf_put() gave it? false: somebody has changed it */
bool resolv_conf_is_ours(struct sv text);
