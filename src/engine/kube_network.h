/* SPDX-License-Identifier: Apache-2.0 */
/* kube_network.h - a pod's network: one of its containers has the place in it, with the pod's address and ports, the others
 * join that one's. */
#pragma once

#include "engine/create.h"
#include "engine/kube_config.h"

/* What is known of it while the containers are made, the one that has the place first. */
struct kube_shared {
	const char *owner;    /* that one's name among tare's; NULL: the pod is in the host's network */
	const char *ip, *ips; /* status.podIP; all of them, parted by commas. NULL: not known yet */
	bool asked;           /* some container wanted to be told when it was not known */
};

/* kube_network_owner - the container (of the manifest) that has the place: one that stays. */
const char *kube_network_owner(const struct pod_spec *s);
int kube_shared_init(const struct kube_build *b, struct kube_shared *ret);
/* kube_shared_learn - the addresses of the owner, which has been made */
int kube_shared_learn(struct kube_shared *s, const struct places *p, struct arena *a, struct err *e);

/* kube_config_network - of one container: network, names, ports, resolver */
int kube_config_network(const struct kube_build *b, const char *container, struct container_config *c);

/* kube_host_address - of this host: the one that it uses for others. NULL: out of memory */
const char *kube_host_address(struct arena *a);
/* kube_ports_meet - both want a port of the host that only one can have */
bool kube_ports_meet(const struct pod_spec *x, const struct pod_spec *y);

/* Addresses of all pods, read at once. */
struct kube_addresses {
	struct networks all;
	const char *host;
};
int kube_addresses_read(struct engine *en, struct arena *a, struct kube_addresses *ret, struct err *e);
/* kube_addresses_of - parted by commas; "": none (yet) */
const char *kube_addresses_of(const struct kube_addresses *l, const struct kube_running *p, struct arena *a);
