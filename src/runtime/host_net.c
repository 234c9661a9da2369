/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces that the container gets of the host. */
#include "runtime/apply.h"

#include "base/scope.h"
#include "kernel/net_link.h"
#include "kernel/rtnetlink_move.h"

#include <errno.h>
#include <fcntl.h>

/* Ours, and the container's: the child builds its root meanwhile, and may have ended when that failed. */
static int open_both(const struct apply *a, int *ret_own, int *ret_to, struct err *e)
{
	char path[32];

	*ret_own = openat(a->c->host->proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	if (*ret_own < 0)
		return err_sys(e, "open the network namespace");
	(void)snprintf(path, sizeof path, "%d/ns/net", (int)a->c->pid);
	*ret_to = openat(a->c->host->proc, path, O_RDONLY | O_CLOEXEC);
	if (*ret_to < 0 && (errno == ENOENT || errno == ESRCH))
		return container_why_ended(a->c, e);
	return *ret_to < 0 ? err_sys(e, "open the network namespace") : 0;
}

int host_net_device(struct apply *a, const struct step *s, struct err *e)
{
	scoped_fd own = -1, to = -1;
	int r = open_both(a, &own, &to, e);

	if (r < 0)
		return r;
	r = net_device_move(s->source, own, to, s->path, e);
	return r < 0 ? err_wrap(e, r, "linux.netDevices.%s", s->source) : 0;
}

int host_net_links(struct apply *a, const struct step *s, struct err *e)
{
	scoped_fd own = -1, to = -1;
	int r = open_both(a, &own, &to, e);

	(void)s;
	return r < 0 ? r : net_links_attach(&a->c->plan->links, own, to, e);
}
