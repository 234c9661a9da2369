/* SPDX-License-Identifier: Apache-2.0 */
/* forwarding.h - this host becomes a router for containers, and for nobody else: net.ipv4.ip_forward and
 * net.ipv6.conf.all.forwarding (ip-sysctl). Where it forwards already nothing is changed.
 *
 * Between the interfaces that did not forward up to then, the rules still let nothing pass (network/rules.h). Which ones
 * those are stands in <state>/net/forwarding, a line each: "ipv4 eth0", "ipv6 br0 bridge". Interfaces that come later are
 * not among them: they are of somebody who wants them to forward (another engine, CNI, machines), and who has rules. */
#pragma once

#include "engine/network.h"

struct forwarding {
	int fds[2]; /* of what is off and has to be on, open for writing before anything is made */
	const char *paths[2];
	unsigned guards[2]; /* enum rules_guard */
	size_t n;
	struct oci_strings closed,
		routed; /* lines that the note gets; interfaces that follow a router's advertisements */
	bool noted; /* by us: there was no note */
};

/* forwarding_find - what this network needs, and has not. Free with forwarding_end(). -EPFNOSUPPORT, -EROFS …;
 * -E2BIG: more interfaces than are noted. */
int forwarding_find(struct engine *en, const struct network *net, struct arena *a, struct forwarding *ret,
		    struct err *e);
void forwarding_end(struct forwarding *f);

/* forwarding_note - from now on firewall_rebuild() puts the guard. forwarding_unnote - if that failed.
 * forwarding_turn_on - behind it; *warn gets what was changed on the host. */
int forwarding_note(struct engine *en, struct forwarding *f, struct arena *a, struct err *e);
void forwarding_unnote(struct engine *en, const struct forwarding *f);
int forwarding_turn_on(struct engine *en, const struct forwarding *f, struct oci_strings *warn, struct arena *a,
		       struct err *e);

/* forwarding_noted - what the note says, for the rules; *ret_guards: of all of them */
struct closed_list {
	struct rules_closed *v;
	size_t n;
};
int forwarding_noted(struct engine *en, struct arena *a, struct closed_list *ret, unsigned *ret_guards, struct err *e);
