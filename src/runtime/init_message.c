/* SPDX-License-Identifier: Apache-2.0 */
/* What child and parent say through the sync socket, with a descriptor if need be: unix(7) SOCK_SEQPACKET. */
#include "runtime/init_proc.h"

#include "kernel/scm_rights.h"

#include <sys/socket.h>

bool init_tell(int sync, enum init_kind kind, const struct err *e, int fd)
{
	struct init_message m = { .kind = kind };

	if (e)
		m.err = *e;
	if (fd < 0) /* a call that the filter is known to let pass: plan_exec.c */
		return send(sync, &m, sizeof m, MSG_NOSIGNAL) == (ssize_t)sizeof m;
	return scm_send(sync, &m, sizeof m, &fd, 1, 0) == (ssize_t)sizeof m;
}

ssize_t init_receive(int sync, struct init_message *ret, int *ret_fd, pid_t *ret_sender)
{
	ssize_t n = scm_receive(sync, ret, sizeof *ret, ret_fd, 1, ret_sender, 0);

	ret->err.msg[sizeof ret->err.msg - 1] = '\0';
	return n;
}
