/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/listener.h"

#include "base/limits.h"
#include "base/scope.h"
#include "kernel/scm_rights.h"
#include "kernel/sys.h"
#include "oci/json.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int document(const struct runtime_spec *spec, const struct hook_subject *who, struct buf *out, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	const char *metadata = spec->seccomp.listener_metadata;
	struct hook_state state;
	int r = hook_state_make(spec, who->id, who->bundle, &a, &state, e);

	if (r < 0)
		return r;
	buf_puts(out, "{\"ociVersion\":");
	json_put_text(out, sv_from(spec->oci_version));
	buf_putf(out, ",\"fds\":[\"seccompFd\"],\"pid\":%d", (int)who->pid);
	if (metadata && *metadata) {
		buf_puts(out, ",\"metadata\":");
		json_put_text(out, sv_from(metadata));
	}
	buf_puts(out, ",\"state\":");
	buf_puts(out, state.head);
	buf_putf(out, ",\"status\":\"created\",\"pid\":%d", (int)who->pid);
	buf_puts(out, state.tail);
	buf_puts(out, "}");
	return buf_status(out, e);
}

static int connect_to(const char *path, int *ret, struct err *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	scoped_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, "socket");
	if (sv_copy(sv_from(path), address.sun_path, sizeof address.sun_path) < 0)
		return err_set(e, ENAMETOOLONG, "%s: more than %zu bytes", path, sizeof address.sun_path - 1);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return err_sys(e, "connect to %s", path);
	*ret = fd_take(&fd);
	return 0;
}

/* The descriptor comes with the first byte. */
static int send_with(int sock, int fd, struct sv text, struct err *e)
{
	for (size_t done = 0; done < text.n;) {
		ssize_t n = scm_send(sock, text.p + done, text.n - done, &fd, done == 0, 0);

		if (n < 0)
			return err_sys(e, "send");
		done += (size_t)n;
	}
	return 0;
}

static int pass(const struct runtime_spec *spec, const struct hook_subject *who, int listener, struct err *e)
{
	scoped_buf text = BUF(LIMIT_CONFIG_JSON);
	scoped_fd sock = -1;
	int r = document(spec, who, &text, e);

	if (r == 0)
		r = connect_to(spec->seccomp.listener_path, &sock, e);
	return r < 0 ? r : send_with(sock, listener, buf_sv(&text), e);
}

int listener_pass(const struct runtime_spec *spec, const struct hook_subject *who, int pidfd, int number, struct err *e)
{
	scoped_fd listener = sys_pidfd_getfd(pidfd, number);
	int r = listener < 0 ? err_sys(e, "pidfd_getfd") : 0;

	if (r == 0 && (!spec->seccomp.listener_path || !*spec->seccomp.listener_path))
		r = err_set(e, EINVAL, "there is none");
	if (r == 0)
		r = pass(spec, who, listener, e);
	return r < 0 ? err_wrap(e, r, "linux.seccomp.listenerPath") : 0;
}
