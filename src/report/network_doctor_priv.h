/* SPDX-License-Identifier: Apache-2.0 */
/* network_doctor_priv.h - the parts of network_doctor.c: the way, its ends, and names. */
#pragma once

#include "engine/network.h"
#include "report/network_doctor.h"
#include "insight/net_view.h"

#define DOCTOR_NAME_MAX 254
#define DOCTOR_WAIT_MS 1000 /* for one answer of a name server, and for a connection to begin */

#define DOCTOR_SOURCE_PORT 40000 /* any of those that clients get */

struct doctor {
	struct engine *en;
	struct arena *a;
	struct doctor_findings *out;
	struct net_view host;
	char table[FIREWALL_NAME];
	struct networks all;
	struct port_rows ports;
	bool tables_seen; /* that they are there, or not, was said */
};

/* A container that runs, and its namespace. */
struct doctor_box {
	const char *id, *name;
	pid_t pid;
	bool own;   /* it has a namespace of its own: not the host's */
	bool quiet; /* what is right of it was said before */
	struct net_view view;
};

struct doctor_target {
	const char *host; /* as it was said */
	struct net_ip ip; /* family 0: host is a name that is not resolved yet */
	uint16_t port;
	uint8_t protocol;
};

/* doctor_say - one line more. Returns 0 for a stop, else 1, or -ENOMEM */
int doctor_say(struct doctor *d, enum doctor_state s, enum doctor_cause c, const char *where, const char *remedy,
	       const char *found, ...) __attribute__((format(printf, 6, 7)));
const char *doctor_fmt(struct doctor *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* doctor_box_open - by name or id. 1: it runs; 0: it does not, and that was said. -ENOENT */
int doctor_box_open(struct doctor *d, const char *ref, struct doctor_box *ret, struct err *e);
void doctor_box_close(struct doctor_box *b);
#define scoped_box SCOPED(doctor_box_close) struct doctor_box
const char *doctor_box_label(struct doctor *d, const struct doctor_box *b); /* "container web" */

/* rows */
const struct network *doctor_net(const struct doctor *d, const char *id);
const struct network *doctor_net_of_device(const struct doctor *d, const char *device);
const struct place_row *doctor_place_at(const struct doctor *d, const struct net_ip *ip); /* of those that run */
bool doctor_runs(struct doctor *d, const char *container, const char **ret_name);

/* Each of these returns 1: the packet goes on; 0: it was stopped, and that was said; < 0: an error. */
int doctor_tables(struct doctor *d);                                  /* our own */
int doctor_device(struct doctor *d, const struct network *net);       /* the bridge */
int doctor_veth(struct doctor *d, const struct network *net, const struct place_row *p, const char *name);
int doctor_address(struct doctor *d, const struct doctor_box *b, const struct network *net, const struct place_row *p);
int doctor_forwarding(struct doctor *d, bool six);
/* doctor_hook - view NULL: the host's. what: "the host", "container web" */
int doctor_hook(struct doctor *d, const struct net_view *view, const char *where, uint8_t family, enum packet_hook hook,
		struct packet *p, struct err *e);
/* doctor_arrive - at a container's place, where it may be heard */
int doctor_arrive(struct doctor *d, const struct place_row *p, struct packet *packet, struct err *e);
/* doctor_heard - does somebody listen there? */
int doctor_heard(struct doctor *d, const struct net_view *view, const char *where, const struct net_ip *ip,
		 uint16_t port, uint8_t protocol, struct err *e);

/* doctor_to_place - the container of this network that has the packet's address. doctor_nobody_has - there is none */
int doctor_to_place(struct doctor *d, const struct network *net, struct packet *p, struct err *e);
int doctor_nobody_has(struct doctor *d, const struct network *net, const struct packet_end *to, struct err *e);
/* doctor_into_host - it stays on this host */
int doctor_into_host(struct doctor *d, const struct doctor_target *t, struct packet *p, struct err *e);
/* doctor_relayed - by tare-net, which calls the container by itself */
int doctor_relayed(struct doctor *d, const struct doctor_target *t, struct err *e);
/* doctor_published - the row of a port that leads somewhere: at the target's address (here), or at another one; NULL */
const struct port_row *doctor_published(const struct doctor *d, const struct doctor_target *t, bool here);

static inline uint8_t doctor_family(const struct packet *p)
{
	return p->six ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

/* the ways */
int doctor_from_box(struct doctor *d, struct doctor_box *b, struct doctor_target *t, struct err *e);
int doctor_out_of_box(struct doctor *d, struct doctor_box *b, struct err *e); /* to anywhere */
int doctor_to_host(struct doctor *d, const struct doctor_target *t, struct err *e);

/* names */
int doctor_resolve(struct doctor *d, struct doctor_box *b, struct doctor_target *t, struct err *e);
int doctor_servers(struct doctor *d, struct doctor_box *b, struct err *e); /* those of its resolv.conf answer */
