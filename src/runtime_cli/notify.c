/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/notify.h"

#include "base/scope.h"
#include "kernel/scm_rights.h"
#include "oci/list.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define FOLDER "notify"
#define SOCKET FOLDER "/notify.sock"
#define INSIDE "/run/notify"
#define BARRIER_TIMEOUT_MS 30000

/* ---- of the container ------------------------------------------------------------------------------------------- */

const char *notify_asked(const struct runtime_spec *spec)
{
	const char *to = getenv("NOTIFY_SOCKET");

	for (size_t i = 0; i < spec->process.env.n; i++)
		if (strncmp(spec->process.env.v[i], "NOTIFY_SOCKET=", 14) == 0)
			return NULL;
	return to && (*to == '/' || *to == '@') ? to : NULL;
}

static int add_mount(struct runtime *rt, const char *source, struct runtime_spec *spec, struct err *e)
{
	static const char *options[] = { "bind", "nosuid", "noexec", "nodev", "ro", NULL };
	struct oci_mount *v = arena_array(rt->arena, spec->mounts.n + 1, sizeof *v);

	if (!v || !source)
		return err_oom(e);
	if (spec->mounts.n)
		memcpy(v, spec->mounts.v, spec->mounts.n * sizeof *v);
	v[spec->mounts.n] = (struct oci_mount){
		.destination = INSIDE, .type = "bind", .source = source, .options = { options, ARRAY_LEN(options) - 1 }
	};
	spec->mounts.v = v;
	spec->mounts.n++;
	return 0;
}

int notify_plan(struct runtime *rt, const char *id, struct runtime_spec *spec, struct err *e)
{
	const struct oci_strings *env = &spec->process.env;
	struct oci_strings grown = { 0 };

	for (size_t i = 0; i < env->n; i++)
		if (strings_add(rt->arena, &grown, env->v[i]) < 0)
			return err_oom(e);
	if (strings_add(rt->arena, &grown, "NOTIFY_SOCKET=" INSIDE "/notify.sock") < 0)
		return err_oom(e);
	spec->process.env = grown;
	return add_mount(rt, arena_fmt(rt->arena, "%s/%s/" FOLDER, rt->root, id), spec, e);
}

int notify_make(int dir, struct err *e)
{
	return mkdirat(dir, FOLDER, 0755) < 0 ? err_sys(e, "mkdir " FOLDER) : 0;
}

static int bind_at(int fd, const struct sockaddr_un *at)
{
	return bind(fd, (const struct sockaddr *)at, sizeof *at);
}

/* By way of the folder's descriptor: a path of any length. A start that was killed left a socket that nobody listens at. */
int notify_listen(int dir, int *ret_sock, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	scoped_fd fd = -1;

	*ret_sock = -1;
	if (faccessat(dir, FOLDER, F_OK, 0) < 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/" SOCKET, dir);
	if (fd < 0)
		return err_sys(e, "socket");
	if (bind_at(fd, &at) < 0) {
		if (errno != EADDRINUSE)
			return err_sys(e, "make the socket for what the container notifies of");
		if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 || errno != ECONNREFUSED)
			return 0; /* another start has it */
		if (unlinkat(dir, SOCKET, 0) < 0 || bind_at(fd, &at) < 0)
			return err_sys(e, "make the socket for what the container notifies of");
	}
	if (fchmodat(dir, SOCKET, 0777, 0) < 0)
		return err_sys(e, "chmod " SOCKET);
	*ret_sock = fd_take(&fd);
	return 0;
}

int notify_remove(int dir)
{
	if (unlinkat(dir, SOCKET, 0) < 0 && errno != ENOENT)
		return -errno;
	return unlinkat(dir, FOLDER, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* ---- to who waits ------------------------------------------------------------------------------------------------ */

static int connect_to(const char *to)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t n = strlen(to);
	scoped_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || n >= sizeof at.sun_path)
		return -1;
	memcpy(at.sun_path, to, n);
	if (*to == '@')
		at.sun_path[0] = '\0';
	if (connect(fd, (struct sockaddr *)&at,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (*to == '/'))) < 0)
		return -1;
	return fd_take(&fd);
}

/* They close what they get when everything before it has been dealt with: sd_notify_barrier(3). */
static void barrier(int sock)
{
	static const char text[] = "BARRIER=1";
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	if (scm_send(sock, text, sizeof text - 1, &ends[1], 1, 0) >= 0) {
		close(fd_take(&ends[1]));
		(void)poll(&(struct pollfd){ .fd = ends[0] }, 1, BARRIER_TIMEOUT_MS);
	}
	if (ends[1] >= 0)
		close(ends[1]);
	close(ends[0]);
}

static void tell(const char *to, struct sv ready, pid_t pid)
{
	scoped_fd sock = connect_to(to);
	char text[96];
	int n = snprintf(text, sizeof text, SV_FMT "\n", SV_ARG(ready));

	if (sock < 0 || n < 0 || n >= (int)sizeof text)
		return;
	(void)send(sock, text, (size_t)n, MSG_NOSIGNAL);
	if (pid) {
		n = snprintf(text, sizeof text, "MAINPID=%d\n", (int)pid);
		(void)send(sock, text, (size_t)n, MSG_NOSIGNAL);
	}
	barrier(sock);
}

bool notify_pass(int sock, const char *to, pid_t pid)
{
	char text[4096];
	ssize_t n = recv(sock, text, sizeof text, MSG_DONTWAIT | MSG_TRUNC);
	struct sv rest = { text, n > 0 && n <= (ssize_t)sizeof text ? (size_t)n : 0 }, line;

	while (sv_next(&rest, '\n', &line))
		if (sv_has_prefix(line, "READY=") && line.n < 64) {
			tell(to, line, pid);
			return true;
		}
	return false;
}

int notify_wait(int sock, const char *to, pid_t pid, int pidfd, struct err *e)
{
	struct pollfd p[] = { { sock, POLLIN, 0 }, { pidfd, POLLIN, 0 } };

	for (;;) {
		if (poll(p, ARRAY_LEN(p), -1) < 0 && errno != EINTR)
			return err_sys(e, "poll");
		if (p[0].revents && notify_pass(sock, to, pid))
			return 0;
		if (p[1].revents && !p[0].revents)
			return 0;
	}
}
