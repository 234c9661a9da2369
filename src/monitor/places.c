/* SPDX-License-Identifier: Apache-2.0 */
/* What tare-net is told of a container's places in networks: written when its first process is there, whose network
 * namespace it is; gone when nothing starts it again. A pod's namespace is where its monitor holds it, as any process in it
 * may end before the others. */
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/procfs.h"
#include "monitor/parts.h"
#include "network/record.h"

#include <unistd.h>

static int read_place(struct monitor *m, size_t i, int netns, struct arena *a, struct endpoint *ret, struct err *e)
{
	int r = endpoint_parse(sv_from(m->charter.net_names.v[i]), a, ret, e);

	if (r < 0)
		return err_wrap(e, r, CHARTER_FILE);
	ret->pid = netns < 0 ? m->outcome.pid : getpid();
	ret->pid_start_ticks = m->outcome.pid_start_ticks;
	if (netns < 0)
		return 0;
	ret->netns = arena_fmt(a, "/proc/%d/fd/%d", (int)ret->pid, netns);
	r = procfs_start_ticks(&m->host, ret->pid, &ret->pid_start_ticks, e);
	return r < 0 ? r : ret->netns ? 0 : err_oom(e);
}

int places_write(struct monitor *m, int netns, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_CONTROL_MSG);
	scoped_fd dir = -1;
	int r = 0;

	if (!m->charter.net_names.n)
		return 0;
	dir = endpoints_open(m->charter.state_root, e);
	if (dir < 0)
		return dir;
	for (size_t i = 0; r == 0 && i < m->charter.net_names.n; i++) {
		struct endpoint ep;

		r = read_place(m, i, netns, &a, &ep, e);
		if (r == 0)
			r = endpoint_write(dir, &ep, e);
	}
	return r;
}

/* It may have been written anew since: a network that was left has no record any more, and that is no error. */
void places_remove(struct monitor *m)
{
	scoped_arena a = ARENA(LIMIT_CONTROL_MSG);
	struct charter now = { .net_ports = false };
	scoped_fd dir = -1;

	if (m->state < 0 || charter_read_network(m->state, &a, &now, NULL) < 0)
		return;
	m->charter.net_ports = now.net_ports; /* some may have come while it ran */
	if (!now.net_names.n)
		return;
	dir = endpoints_open(m->charter.state_root, NULL);
	for (size_t i = 0; dir >= 0 && i < now.net_names.n; i++) {
		struct endpoint ep;

		if (endpoint_parse(sv_from(now.net_names.v[i]), &a, &ep, NULL) == 0)
			(void)endpoint_remove(dir, ep.network, ep.container, NULL);
	}
}
