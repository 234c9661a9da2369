/* SPDX-License-Identifier: Apache-2.0 */
#include "network/hand_over.h"

#include "base/scope.h"
#include "network/serve.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

union rights {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr head;
};

int net_hand_over(int state, int fd, struct err *e)
{
	scoped_fd sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct iovec iov = { NET_HOLD, strlen(NET_HOLD) };
	union rights c = {
		.head = { .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS }
	};
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c };

	if (sock < 0)
		return err_sys(e, "socket");
	(void)snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/" NET_DIR "/" NET_SOCKET, state);
	memcpy(CMSG_DATA(&c.head), &fd, sizeof fd);
	if (connect(sock, (struct sockaddr *)&a, sizeof a) < 0 || sendmsg(sock, &h, MSG_NOSIGNAL) < 0)
		return err_sys(e, "hand over to tare-net");
	return 0;
}

ssize_t net_hand_receive(int sock, char *text, size_t size, int *ret_fd)
{
	struct iovec iov = { text, size };
	union rights c;
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c };
	ssize_t n = recvmsg(sock, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *got = n < 0 ? NULL : CMSG_FIRSTHDR(&h);

	*ret_fd = -1;
	if (got && got->cmsg_level == SOL_SOCKET && got->cmsg_type == SCM_RIGHTS &&
	    got->cmsg_len == CMSG_LEN(sizeof *ret_fd))
		memcpy(ret_fd, CMSG_DATA(got), sizeof *ret_fd);
	return n;
}
