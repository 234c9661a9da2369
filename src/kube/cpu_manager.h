/* SPDX-License-Identifier: Apache-2.0 */
/* cpu_manager.h - CPUs of its own for a container: the kubelet's static policy. */
#pragma once

#include "kernel/cpulist.h"
#include "kube/qos.h"

struct cpu_place {
	int cpu, core, socket, numa; /* core: unique on the host */
};

struct cpu_topology {
	const struct cpu_place *v; /* by cpu */
	size_t n;
};

/* cpu_manager_wants - how many CPUs of its own the container gets: those it asks for, when its pod is Guaranteed and
 * they are whole. 0: it runs on the shared ones. */
unsigned cpu_manager_wants(const struct kube_pod *p, const struct kube_container *c);

/* cpu_manager_take - n of the free CPUs: whole NUMA nodes, then whole sockets, then whole cores, then single threads of
 * cores that are begun already; where there is a choice, from the socket with the fewest free ones. They are taken off
 * *free. -ENOSPC: there are not so many ("not enough cpus available to satisfy request: requested=3, available=2"). */
int cpu_manager_take(const struct cpu_topology *t, struct cpulist *free, unsigned n, struct cpulist *ret,
		     struct err *e);
