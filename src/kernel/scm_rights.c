/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/scm_rights.h"

#include "base/scope.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

union control {
	char space[CMSG_SPACE(SCM_FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	struct cmsghdr align;
};

ssize_t scm_send(int sock, const void *data, size_t n, const int *fds, size_t nfds, int flags)
{
	struct iovec v = { (void *)(uintptr_t)data, n };
	struct msghdr msg = { .msg_iov = &v, .msg_iovlen = 1 };
	union control c;
	ssize_t done;

	if (nfds > SCM_FDS_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (nfds) {
		memset(c.space, 0, CMSG_SPACE(nfds * sizeof(int)));
		c.align = (struct cmsghdr){ .cmsg_len = CMSG_LEN(nfds * sizeof(int)), .cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&c.align), fds, nfds * sizeof(int));
		msg.msg_control = &c;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
	}
	do
		done = sendmsg(sock, &msg, MSG_NOSIGNAL | flags);
	while (done < 0 && errno == EINTR);
	return done;
}

/* What the kernel rounds a buffer's size up by has room for one more descriptor than was asked for. */
static void take_fds(const struct cmsghdr *h, int *ret_fds, size_t max)
{
	size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	const unsigned char *at = CMSG_DATA(h);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, at + i * sizeof fd, sizeof fd);
		if (n <= max)
			ret_fds[i] = fd;
		else
			close(fd);
	}
}

static void take_control(struct msghdr *msg, int *ret_fds, size_t max, pid_t *ret_sender)
{
	struct ucred who;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		if (h->cmsg_level != SOL_SOCKET)
			continue;
		if (h->cmsg_type == SCM_RIGHTS)
			take_fds(h, ret_fds, max);
		if (h->cmsg_type == SCM_CREDENTIALS && ret_sender && h->cmsg_len == CMSG_LEN(sizeof who)) {
			memcpy(&who, CMSG_DATA(h), sizeof who);
			*ret_sender = who.pid;
		}
	}
}

ssize_t scm_receive(int sock, void *data, size_t n, int *ret_fds, size_t max, pid_t *ret_sender, int flags)
{
	struct iovec v = { data, n };
	union control c;
	struct msghdr msg = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c };
	ssize_t got;

	for (size_t i = 0; i < max; i++)
		ret_fds[i] = -1;
	if (ret_sender)
		*ret_sender = 0;
	msg.msg_controllen = CMSG_SPACE((max < SCM_FDS_MAX ? max : SCM_FDS_MAX) * sizeof(int)) +
			     (ret_sender ? CMSG_SPACE(sizeof(struct ucred)) : 0);
	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | flags);
	while (got < 0 && errno == EINTR);
	if (got >= 0)
		take_control(&msg, ret_fds, max, ret_sender);
	return got;
}
