/* SPDX-License-Identifier: Apache-2.0 */
#include "network/netns.h"

#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/procfs.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>

/* 1: it is there; 0: it is not; < 0: that cannot be told now. */
static int look(const struct host *h, const struct endpoint *ep, struct err *e)
{
	struct procfs_stat st;
	int r = ep->pid ? procfs_stat_read(h, ep->pid, &st, e) : 1;

	if (r == -ESRCH)
		return 0;
	if (r != 0)
		return r;
	return st.state != 'Z' && st.state != 'X' && st.start_ticks == ep->pid_start_ticks;
}

bool endpoint_is_alive(const struct host *h, const struct endpoint *ep)
{
	return look(h, ep, NULL) != 0;
}

int endpoint_netns_open(const struct host *h, const struct endpoint *ep, struct err *e)
{
	scoped_fd fd = -1;
	char path[32];
	int r;

	(void)snprintf(path, sizeof path, "%d/ns/net", (int)ep->pid);
	if (ep->netns)
		fd = open(ep->netns, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	else
		fd = openat(h->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (!ep->pid || (errno != ENOENT && errno != ESRCH)))
		return err_sys(e, "open %s", ep->netns ? ep->netns : path);
	/* asked afterwards: if it is still that process now, it was when its namespace was opened */
	r = fd < 0 ? 0 : look(h, ep, e);
	if (r == 0)
		return err_set(e, ESRCH, "process %d is gone", (int)ep->pid);
	return r < 0 ? r : fd_take(&fd);
}

int netns_of_socket(int sock, struct err *e)
{
	int fd = ioctl(sock, SIOCGSKNS);

	return fd < 0 ? err_sys(e, "network namespace of a socket") : fd;
}

int netns_enter(int netns, struct err *e)
{
	return setns(netns, CLONE_NEWNET) < 0 ? err_sys(e, "setns to a network namespace") : 0;
}
