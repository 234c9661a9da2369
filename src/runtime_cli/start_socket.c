/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/start_socket.h"

#include "base/scope.h"
#include "runtime_cli/state.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define UNPUBLISHED "start.new"

static int address(int dir, const char *name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/%s", dir, name);
}

int start_socket_open(int dir, int *ret_fd, struct err *e)
{
	scoped_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un at;

	(void)address(dir, UNPUBLISHED, &at);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 64) < 0)
		return err_sys(e, "make the socket of the start");
	*ret_fd = fd_take(&fd);
	return 0;
}

int start_socket_publish(int dir, struct err *e)
{
	return renameat(dir, UNPUBLISHED, dir, STATE_START) < 0 ? err_sys(e, "rename the socket of the start") : 0;
}

int start_socket_connect(int dir, int *ret_fd, struct err *e)
{
	scoped_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un to;

	(void)address(dir, STATE_START, &to);
	if (fd < 0)
		return err_sys(e, "socket");
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		return errno == ECONNREFUSED || errno == ENOENT ? err_set(e, ESRCH, "nobody waits for a start") :
								  err_sys(e, "connect to the socket of the start");
	*ret_fd = fd_take(&fd);
	return 0;
}
