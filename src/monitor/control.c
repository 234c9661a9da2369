/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/control.h"

#include "base/scope.h"
#include "kernel/scm_rights.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int control_send(int sock, const struct control_message *message, const int *fds, int nfds, struct err *e)
{
	struct control_message m = *message;

	m.version = CONTROL_VERSION;
	if (scm_send(sock, &m, sizeof m, fds, (size_t)nfds, MSG_DONTWAIT) >= 0)
		return 0;
	if (errno == ECONNRESET) /* gone, and something that we said before was not read */
		errno = EPIPE;
	return err_sys(e, "control message %u", m.type);
}

int control_tell(int sock, enum control_type type, int value, int flag, struct err *e)
{
	return control_send(sock, &(struct control_message){ .type = type, .value = value, .flag = flag }, NULL, 0, e);
}

static int not_understood(const struct control_message *m, ssize_t n, struct err *e)
{
	if (n < (ssize_t)(sizeof m->version + sizeof m->type) || m->version == CONTROL_VERSION)
		return err_set(e, EPROTO, "control message: not one of version %d", CONTROL_VERSION);
	return err_set(e, EPROTO, "control message: of version %u, this tare speaks version %d", m->version,
		       CONTROL_VERSION);
}

int control_receive(int sock, struct control_message *ret, int ret_fds[3], struct err *e)
{
	struct control_message m;
	int reset = 0;
	ssize_t n;

	do /* ECONNRESET, once: it went without having read all of ours. What it had said before still comes. */
		n = scm_receive(sock, &m, sizeof m, ret_fds, 3, NULL, 0);
	while (n < 0 && errno == ECONNRESET && !reset++);
	if (n < 0)
		return errno == ECONNRESET ? 0 : err_sys(e, "receive a control message");
	if (n == 0)
		return 0;
	if (n != (ssize_t)sizeof m || m.version != CONTROL_VERSION) {
		for (int i = 0; i < 3; i++)
			if (ret_fds[i] >= 0)
				close(ret_fds[i]);
		return not_understood(&m, n, e);
	}
	m.err.msg[sizeof m.err.msg - 1] = '\0';
	*ret = m;
	return 1;
}

/* An address is at most 107 bytes long: the directory is named by its descriptor. */
int control_connect(int state_dir, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	scoped_fd s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (s < 0)
		return err_sys(e, "socket");
	(void)snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/" CONTROL_SOCKET, state_dir);
	if (connect(s, (struct sockaddr *)&a, sizeof a) < 0)
		return err_sys(e, "connect to the monitor");
	return fd_take(&s);
}

int control_listen(struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = CONTROL_SOCKET };
	scoped_fd s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (s < 0)
		return err_sys(e, "socket");
	(void)unlink(CONTROL_SOCKET);
	if (bind(s, (struct sockaddr *)&a, sizeof a) < 0)
		return err_sys(e, "bind " CONTROL_SOCKET);
	if (listen(s, 16) < 0)
		return err_sys(e, "listen " CONTROL_SOCKET);
	return fd_take(&s);
}

int control_accept(int listener, struct err *e)
{
	scoped_fd s = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct ucred peer;
	socklen_t n = sizeof peer;

	if (s < 0)
		return err_sys(e, "accept");
	if (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
		return err_sys(e, "SO_PEERCRED");
	if (peer.uid != geteuid())
		return err_set(e, EPERM, "a client of user %u", (unsigned)peer.uid);
	return fd_take(&s);
}
