/* SPDX-License-Identifier: Apache-2.0 */
#include "network/hand_over.h"

#include "base/scope.h"
#include "kernel/scm_rights.h"
#include "network/serve.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int net_hand_over(int state, int fd, struct err *e)
{
	scoped_fd sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (sock < 0)
		return err_sys(e, "socket");
	(void)snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/" NET_DIR "/" NET_SOCKET, state);
	if (connect(sock, (struct sockaddr *)&a, sizeof a) < 0 ||
	    scm_send(sock, NET_HOLD, strlen(NET_HOLD), &fd, 1, 0) < 0)
		return err_sys(e, "hand over to tare-net");
	return 0;
}

ssize_t net_hand_receive(int sock, char *text, size_t size, int *ret_fd)
{
	return scm_receive(sock, text, size, ret_fd, 1, NULL, MSG_DONTWAIT);
}
