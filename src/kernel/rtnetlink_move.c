/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/rtnetlink_move.h"

#include "base/scope.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define ADDRESSES_MAX 64 /* of one interface; more than any container has been seen with */
#define NUMBERS_MAX 1000 /* eth0 to eth999 */

struct address {
	struct ifaddrmsg head;
	unsigned local_size, address_size, broadcast_size;
	char local[16], address[16], broadcast[16];
};

struct addresses {
	struct address v[ADDRESSES_MAX];
	size_t n;
};

struct request {
	struct nlmsghdr h;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
	} u;
	char attributes[256];
};

bool net_device_name_is_valid(const char *name, bool pattern)
{
	const char *percent = strchr(name, '%');
	size_t n = strlen(name);

	if (n == 0 || n >= IFNAMSIZ || strpbrk(name, "/: \t\n") || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	return !percent || (pattern && percent[1] == 'd' && !strchr(percent + 1, '%'));
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static int open_socket(struct err *e)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? err_sys(e, "netlink socket") : fd;
}

static struct request request(uint16_t type, uint16_t flags, size_t head)
{
	struct request q = { .h = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(head), .nlmsg_type = type,
				    .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags), .nlmsg_seq = 1 } };

	return q;
}

/* Never more than `attributes` has: two addresses and a broadcast address, or a name and a descriptor. */
static void put(struct request *q, uint16_t type, const void *data, size_t n)
{
	struct rtattr *a = (struct rtattr *)(void *)((char *)q + NLMSG_ALIGN(q->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(n);
	memcpy(RTA_DATA(a), data, n);
	q->h.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->h.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

/* The kernel's answer to one request. */
static int talk(int fd, const struct request *q, const char *what, struct err *e)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr error;
		char more[1024];
	} answer;
	ssize_t n;

	if (send(fd, q, q->h.nlmsg_len, 0) < 0)
		return err_sys(e, "%s", what);
	do
		n = recv(fd, &answer, sizeof answer, 0);
	while (n < 0 && errno == EINTR);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof answer.error) || answer.h.nlmsg_type != NLMSG_ERROR)
		return n < 0 ? err_sys(e, "%s", what) : err_set(e, EPROTO, "%s: not an answer", what);
	return answer.error.error ? err_set(e, -answer.error.error, "%s: %s", what, strerror(-answer.error.error)) : 0;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static void take_bytes(const struct rtattr *a, char to[16], unsigned *size)
{
	size_t n = RTA_PAYLOAD(a);

	if (n > 16)
		return;
	memcpy(to, RTA_DATA(a), n);
	*size = (unsigned)n;
}

static int take_address(const struct nlmsghdr *h, int index, struct addresses *all, struct err *e)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	struct address found = { .head = *m };
	uint32_t flags = m->ifa_flags;
	int left = (int)IFA_PAYLOAD(h);

	if ((int)m->ifa_index != index || m->ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	for (const struct rtattr *a = IFA_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFA_LOCAL)
			take_bytes(a, found.local, &found.local_size);
		else if (a->rta_type == IFA_ADDRESS)
			take_bytes(a, found.address, &found.address_size);
		else if (a->rta_type == IFA_BROADCAST)
			take_bytes(a, found.broadcast, &found.broadcast_size);
		else if (a->rta_type == IFA_FLAGS && RTA_PAYLOAD(a) == sizeof flags)
			memcpy(&flags, RTA_DATA(a), sizeof flags);
	}
	if (!(flags & IFA_F_PERMANENT))
		return 0;
	if (all->n == ADDRESSES_MAX)
		return err_set(e, E2BIG, "more than %d addresses", ADDRESSES_MAX);
	all->v[all->n++] = found;
	return 0;
}

/* 1: there is more to come */
static int take_addresses(int fd, int index, struct addresses *all, struct err *e)
{
	static char text[32768] __attribute__((aligned(8)));
	ssize_t n;
	int left;

	do
		n = recv(fd, text, sizeof text, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "list addresses");
	left = (int)n;
	for (const struct nlmsghdr *h = (void *)text; NLMSG_OK(h, (unsigned)left); h = NLMSG_NEXT(h, left)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return err_set(e, EIO, "list addresses: refused");
		if (h->nlmsg_type == RTM_NEWADDR && take_address(h, index, all, e) < 0)
			return -e->code;
	}
	return 1;
}

static int list_addresses(int fd, int index, struct addresses *all, struct err *e)
{
	struct request q = request(RTM_GETADDR, NLM_F_DUMP, sizeof q.u.address);
	int r;

	all->n = 0;
	if (send(fd, &q, q.h.nlmsg_len, 0) < 0)
		return err_sys(e, "list addresses");
	do
		r = take_addresses(fd, index, all, e);
	while (r > 0);
	return r;
}

static int add_address(int fd, int index, const struct address *a, struct err *e)
{
	struct request q = request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof q.u.address);
	int r;

	q.u.address = a->head;
	q.u.address.ifa_index = (unsigned)index;
	q.u.address.ifa_flags = IFA_F_PERMANENT;
	if (a->local_size)
		put(&q, IFA_LOCAL, a->local, a->local_size);
	if (a->address_size)
		put(&q, IFA_ADDRESS, a->address, a->address_size);
	if (a->broadcast_size)
		put(&q, IFA_BROADCAST, a->broadcast, a->broadcast_size);
	r = talk(fd, &q, "give it its address again", e);
	return r == -EEXIST ? 0 : r;
}

/* ---- the interface ------------------------------------------------------------------------------------------------ */

static int index_of(int fd, const char *name)
{
	struct ifreq q = { 0 };

	memcpy(q.ifr_name, name, strlen(name));
	return ioctl(fd, SIOCGIFINDEX, &q) < 0 ? 0 : q.ifr_ifindex;
}

/* Those of the other namespace: a socket stays where it was made. */
static int open_there(int own, int to, int *ret_netlink, int *ret_inet, struct err *e)
{
	scoped_fd netlink = -1, inet = -1;

	if (setns(to, CLONE_NEWNET) < 0)
		return err_sys(e, "setns to the network namespace");
	netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (setns(own, CLONE_NEWNET) < 0)
		return err_sys(e, "return to the network namespace");
	if (netlink < 0 || inet < 0)
		return err_sys(e, "socket in the network namespace");
	*ret_netlink = fd_take(&netlink);
	*ret_inet = fd_take(&inet);
	return 0;
}

/* "eth%d" -> the first that nobody there is called */
static int free_name(int there, const char *pattern, char ret[IFNAMSIZ], struct err *e)
{
	const char *percent = strchr(pattern, '%');

	for (unsigned i = 0; i < (percent ? NUMBERS_MAX : 1); i++) {
		int n = percent ?
				snprintf(ret, IFNAMSIZ, "%.*s%u%s", (int)(percent - pattern), pattern, i, percent + 2) :
				snprintf(ret, IFNAMSIZ, "%s", pattern);

		if (n >= IFNAMSIZ)
			break;
		if (!index_of(there, ret))
			return 0;
	}
	return err_set(e, EEXIST, "the name %s is taken in the container", pattern);
}

static int move(int fd, int index, int to, const char *name, struct err *e)
{
	struct request q = request(RTM_NEWLINK, NLM_F_ACK, sizeof q.u.link);
	uint32_t ns = (uint32_t)to;

	q.u.link.ifi_index = index;
	put(&q, IFLA_NET_NS_FD, &ns, sizeof ns);
	put(&q, IFLA_IFNAME, name, strlen(name) + 1);
	return talk(fd, &q, "move it", e);
}

static int set_up(int fd, int index, struct err *e)
{
	struct request q = request(RTM_NEWLINK, NLM_F_ACK, sizeof q.u.link);

	q.u.link.ifi_index = index;
	q.u.link.ifi_flags = q.u.link.ifi_change = IFF_UP;
	return talk(fd, &q, "set it up", e);
}

static int settle(int netlink, int inet, const char *name, const struct addresses *all, struct err *e)
{
	int index = index_of(inet, name), r = index ? 0 : err_set(e, ENODEV, "%s is not there any more", name);

	for (size_t i = 0; r == 0 && i < all->n; i++)
		r = add_address(netlink, index, &all->v[i], e);
	return r < 0 ? r : set_up(netlink, index, e);
}

int net_device_move(const char *device, int own, int to, const char *name, struct err *e)
{
	scoped_fd here = open_socket(e), inet = -1, there = -1, there_inet = -1;
	struct addresses all;
	char called[IFNAMSIZ];
	int index, r;

	if (here < 0)
		return here;
	inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (inet < 0)
		return err_sys(e, "socket");
	index = index_of(inet, device);
	if (!index)
		return err_set(e, ENODEV, "there is no such interface");
	r = list_addresses(here, index, &all, e);
	if (r == 0)
		r = open_there(own, to, &there, &there_inet, e);
	if (r == 0)
		r = free_name(there_inet, name, called, e);
	if (r == 0)
		r = move(here, index, to, called, e);
	return r < 0 ? r : settle(there, there_inet, called, &all, e);
}
