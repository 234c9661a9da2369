/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/request.h"

#include "base/scope.h"

int request_open(const struct engine *en, const char *id, int *ret_sock, struct err *e)
{
	scoped_fd state = -1;
	int r = engine_state_dir(en, id, false, &state, e), sock;

	if (r == 0) {
		sock = control_connect(state, e);
		r = sock < 0 ? sock : 0;
	}
	if (r == -ENOENT || r == -ECONNREFUSED)
		return err_set(e, ESRCH, "container %.12s is not running", id);
	if (r == 0)
		*ret_sock = sock;
	return r;
}

static void drop(int fds[3])
{
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fd_take(&fds[i]));
}

int request_wait(int sock, enum control_type wanted, struct control_message *ret, struct err *e)
{
	struct control_message m;
	int fds[3] = { -1, -1, -1 }, r;

	while ((r = control_receive(sock, &m, fds, e)) == 1) {
		drop(fds);
		if (m.type == wanted) {
			*ret = m;
			return 1;
		}
		if (m.type == CONTROL_EXITED)
			return 0;
		if (m.type == CONTROL_REFUSED || m.type == CONTROL_FAILED)
			return err_set(e, m.err.code ? m.err.code : EIO, "%s", m.err.msg);
	}
	return r;
}

int request(const struct engine *en, const char *id, enum control_type type, int value, int flag, struct err *e)
{
	struct control_message answer;
	scoped_fd sock = -1;
	int r = request_open(en, id, &sock, e);

	if (r == 0)
		r = control_tell(sock, type, value, flag, e);
	if (r == 0)
		r = request_wait(sock, CONTROL_DONE, &answer, e);
	if (r == 0 || r == -EPIPE)
		return err_set(e, ESRCH, "container %.12s has ended", id);
	return r < 0 ? r : 0;
}
