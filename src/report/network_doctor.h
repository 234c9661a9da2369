/* SPDX-License-Identifier: Apache-2.0 */
/* network_doctor.h - a packet is followed through namespaces, routes, rules and sockets, until something stops it; what that
 * is, is said. Nothing is changed. Names are looked up and, when nothing else is in the way, other machines are called, as the
 * container would. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "engine/engine.h"

#define DOCTOR_STATES(X) X(OK, "ok") X(NOTE, "note") X(STOP, "stop")
enum doctor_state {
#define X(id, text) DOCTOR_##id,
	DOCTOR_STATES(X)
#undef X
};

/* What stopped it. */
#define DOCTOR_CAUSES(X)                                                                                        \
	X(NONE, "")                                                                                             \
	X(ADDRESS, "address")     /* nobody has the address, or not any more; published at another one */       \
	X(CNI, "cni")             /* a plugin of its network of CNI does not find what it made */               \
	X(DEVICE, "device")       /* an interface is not there, or is down */                                   \
	X(FORWARDING, "forwarding") /* the host forwards nothing: a sysctl */                                   \
	X(INTERNAL, "internal")   /* an internal network */                                                     \
	X(ISOLATION, "isolation") /* two networks, or containers that may not talk to each other */             \
	X(LISTENER, "listener")   /* nobody listens on that port */                                             \
	X(LOOPBACK, "loopback")   /* somebody listens, at 127.0.0.1 only */                                     \
	X(NAME, "name")           /* a name that does not resolve */                                            \
	X(NETWORK, "network")     /* the container has no network, or does not run */                           \
	X(PORT, "port")           /* the port is not published */                                               \
	X(REMOTE, "remote")       /* the other machine does not answer */                                       \
	X(ROUTE, "route")         /* there is none */                                                           \
	X(RULE, "rule")           /* of somebody's firewall */                                                  \
	X(SPOOFED, "spoofed")     /* not the address that the container was given */                            \
	X(TABLES, "tables")       /* the firewall tables of tare are not there */                               \
	X(UPSTREAM, "upstream")   /* a name server does not answer */
enum doctor_cause {
#define X(id, text) DOCTOR_CAUSE_##id,
	DOCTOR_CAUSES(X)
#undef X
};

struct doctor_finding {
	const char *state, *cause;         /* words of the lists above; cause NULL: nothing is wrong */
	const char *where, *found, *remedy; /* remedy NULL: none */
};

struct doctor_findings {
	struct doctor_finding *v;
	size_t n;
	bool stopped; /* one of them stops the packet */
};

/* network_doctor - container, target: NULL: none. With a container, from there to the target, which is "ADDRESS:PORT",
 * "NAME:PORT", "[IPv6]:PORT", each with "/udp" perhaps. Without one, from another machine, or from this one to its own loopback
 * addresses. Without a target, out of the container and to its published ports; with neither, everything that all networks
 * need. -ENOENT: no such container; -EINVAL: not a target. Single-threaded callers only. */
int network_doctor(struct engine *en, const char *container, const char *target, struct arena *a,
		   struct doctor_findings *ret, struct err *e);
