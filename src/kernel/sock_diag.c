/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/sock_diag.h"

#include "base/scope.h"
#include "base/sv.h"
#include "kernel/host.h"
#include "kernel/netlink.h"
#include "kernel/smallfile.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#define STATE_CLOSE 7 /* of a UDP socket that is bound and not connected: TCP_CLOSE of <linux/tcp.h> */
#define STATE_LISTEN 10

struct walk {
	uint8_t protocol;
	listener_fn *fn;
	void *arg;
};

static int take(const struct nlmsghdr *h, const void *payload, size_t size, void *arg, struct err *e)
{
	const struct walk *w = arg;
	struct inet_diag_msg m;
	struct listener l = { .protocol = w->protocol };

	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || size < sizeof m)
		return 0;
	memcpy(&m, payload, sizeof m);
	if (m.idiag_family != AF_INET && m.idiag_family != AF_INET6)
		return 0;
	l.local = (struct net_ip){ .family = m.idiag_family, .prefix = m.idiag_family == AF_INET ? 32 : 128 };
	memcpy(l.local.bytes, m.id.idiag_src, m.idiag_family == AF_INET ? 4 : 16);
	l.port = ntohs(m.id.idiag_sport);
	l.inode = m.idiag_inode;
	return l.port ? w->fn(&l, w->arg, e) : 0;
}

static int dump(int fd, uint8_t family, struct walk *w, struct err *e)
{
	struct inet_diag_req_v2 q = { .sdiag_family = family, .sdiag_protocol = w->protocol,
				      .idiag_states = 1u << (w->protocol == IPPROTO_TCP ? STATE_LISTEN : STATE_CLOSE) };
	struct netlink n;
	int r;

	netlink_init(&n);
	netlink_begin(&n, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof q, "list sockets");
	r = netlink_dump(&n, fd, take, w, e);
	netlink_done(&n);
	return r == -ENOENT || r == -EAFNOSUPPORT ? 0 : r;
}

int sock_diag_each(uint8_t protocol, listener_fn *fn, void *arg, struct err *e)
{
	struct walk w = { protocol, fn, arg };
	scoped_fd fd = netlink_open(NETLINK_SOCK_DIAG, e);
	int r = fd < 0 ? fd : dump(fd, AF_INET, &w, e);

	return r < 0 ? r : dump(fd, AF_INET6, &w, e);
}

/* ---- whose it is --------------------------------------------------------------------------------------------------- */

static bool has_socket(int fds, const char *wanted)
{
	int copy = openat(fds, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped_dir d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *ent;
	char target[64];

	if (!d && copy >= 0)
		close(copy);
	while (d && (ent = readdir(d))) {
		ssize_t n = readlinkat(fds, ent->d_name, target, sizeof target - 1);

		if (n > 0 && (target[n] = '\0', strcmp(target, wanted) == 0))
			return true;
	}
	return false;
}

pid_t sock_diag_holder(const struct host *h, uint32_t inode, char ret_name[17])
{
	int copy = openat(h->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped_dir d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *ent;
	char wanted[32], path[32], text[32];
	struct sv name;
	uint64_t pid;

	if (!d && copy >= 0)
		close(copy);
	(void)snprintf(wanted, sizeof wanted, "socket:[%u]", inode);
	while (d && (ent = readdir(d))) {
		scoped_fd fds = -1;

		if (sv_u64(sv_from(ent->d_name), &pid) < 0 || pid > INT32_MAX)
			continue;
		(void)snprintf(path, sizeof path, "%d/fd", (int)pid);
		fds = openat(h->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fds < 0 || !has_socket(fds, wanted))
			continue;
		(void)snprintf(path, sizeof path, "%d/comm", (int)pid);
		if (smallfile_read(h->proc, path, text, sizeof text, &name) < 0 ||
		    sv_copy(sv_trim(name), ret_name, 17) < 0)
			(void)sv_copy(SV("?"), ret_name, 17);
		return (pid_t)pid;
	}
	return 0;
}
