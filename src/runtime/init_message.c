/* SPDX-License-Identifier: Apache-2.0 */
/* What child and parent say through the sync socket, with a descriptor if need be: unix(7) SOCK_SEQPACKET. */
#include "runtime/init_proc.h"

#include "base/scope.h"

#include <string.h>
#include <sys/socket.h>

bool init_tell(int sync, enum init_kind kind, const struct err *e, int fd)
{
	struct init_message m = { .kind = kind };
	struct iovec v = { &m, sizeof m };
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr msg = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	if (e)
		m.err = *e;
	if (fd < 0)
		return send(sync, &m, sizeof m, MSG_NOSIGNAL) == (ssize_t)sizeof m;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	return sendmsg(sync, &msg, MSG_NOSIGNAL) == (ssize_t)sizeof m;
}

static void take_control(struct msghdr *msg, int *ret_fd, pid_t *ret_sender)
{
	struct ucred who;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		if (h->cmsg_level != SOL_SOCKET)
			continue;
		if (h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof(int)) && *ret_fd < 0)
			memcpy(ret_fd, CMSG_DATA(h), sizeof *ret_fd);
		if (h->cmsg_type == SCM_CREDENTIALS && h->cmsg_len == CMSG_LEN(sizeof who)) {
			memcpy(&who, CMSG_DATA(h), sizeof who);
			*ret_sender = who.pid;
		}
	}
}

ssize_t init_receive(int sync, struct init_message *ret, int *ret_fd, pid_t *ret_sender)
{
	struct iovec v = { ret, sizeof *ret };
	union {
		char space[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	ssize_t n;

	*ret_fd = -1;
	*ret_sender = 0;
	do
		n = recvmsg(sync, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		take_control(&msg, ret_fd, ret_sender);
	ret->err.msg[sizeof ret->err.msg - 1] = '\0';
	return n;
}
