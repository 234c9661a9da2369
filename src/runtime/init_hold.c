/* SPDX-License-Identifier: Apache-2.0 */
/* Between `create` and `start`: who made the process has gone, and who starts it connects to a socket.
 *
 * The first one that does so and is still there is told, and hears what becomes of it: the end of the connection is the
 * execve(2). The socket closes with that, so whoever else waits in it hears that he came too late. */
#include "runtime/init_proc.h"

#include "base/scope.h"

#include <sys/socket.h>

int init_hold(struct init *in, const struct step *s, struct err *e)
{
	(void)s;
	for (;;) {
		int peer = accept4(in->plan->start_socket, NULL, NULL, SOCK_CLOEXEC);

		if (peer < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (peer < 0)
			return err_sys(e, "wait for the start");
		if (init_tell(peer, INIT_HELD, NULL, -1)) {
			close(in->sync);
			in->sync = peer;
			return 0;
		}
		close(peer);
	}
}
