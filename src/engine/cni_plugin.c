/* SPDX-License-Identifier: Apache-2.0 */
/* One plugin of CNI is called: what it gets on standard input and in its environment, what it says, when it has had long enough. */
#include "engine/cni.h"

#include "base/io.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int memory_file(const struct buf *text, struct err *e)
{
	scoped_fd fd = memfd_create("cni", MFD_CLOEXEC);
	int r = fd < 0 ? err_sys(e, "memfd_create") : io_write_all(fd, text->p, text->len, e);

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = err_sys(e, "lseek");
	return r < 0 ? r : fd_take(&fd);
}

static int start(const char *path, char *const *env, int in, int out, pid_t *ret, struct err *e)
{
	char *argv[] = { (char *)path, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return err_oom(e);
	(void)sigemptyset(&none);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	r = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn(ret, path, &actions, &attr, argv, env);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r ? err_set(e, r == ENOENT ? ENOPKG : r, "%s: %s", path, strerror(r)) : 0;
}

/* What it says until it ends; a plugin that takes too long is killed with all that it has started. */
static int hear(pid_t pid, int out, struct buf *said, int *ret_status, struct err *e)
{
	struct timespec now, end;
	int r = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += CNI_PLUGIN_SECONDS;
	for (;;) {
		struct pollfd p = { .fd = out, .events = POLLIN };
		ssize_t n;

		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end.tv_sec)
			r = err_set(e, ETIMEDOUT, "took longer than %d seconds", CNI_PLUGIN_SECONDS);
		if (r < 0 || (poll(&p, 1, 1000) < 0 && errno != EINTR))
			break;
		if (!p.revents)
			continue;
		if (buf_room(said, 4096) < 0) {
			r = err_set(e, E2BIG, "said more than %u bytes", LIMIT_CNI_TEXT);
			break;
		}
		n = read(out, said->p + said->len, 4096);
		if (n <= 0)
			break;
		said->len += (size_t)n;
		said->p[said->len] = '\0';
	}
	if (r < 0)
		(void)kill(-pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return r;
}

static int environment(const struct cni_call *c, struct arena *a, char *ret[8], struct err *e)
{
	size_t n = 0;

	ret[n++] = arena_fmt(a, "CNI_COMMAND=%s", c->command);
	ret[n++] = arena_fmt(a, "CNI_CONTAINERID=%s", c->id ? c->id : "");
	ret[n++] = arena_fmt(a, "CNI_NETNS=%s", c->netns ? c->netns : "");
	ret[n++] = c->id ? "CNI_IFNAME=" CNI_IFNAME : "CNI_IFNAME=";
	ret[n++] = "CNI_ARGS=";
	ret[n++] = arena_fmt(a, "CNI_PATH=%s", c->bin_dir);
	ret[n++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	ret[n] = NULL;
	for (size_t i = 0; i < n; i++)
		if (!ret[i])
			return err_oom(e);
	return 0;
}

int cni_plugin_run(const struct cni_call *c, struct arena *a, struct buf *said, struct err *e)
{
	const char *path = arena_fmt(a, "%s/%s", c->bin_dir, c->type);
	scoped_fd in = memory_file(c->config, e), ours = -1, theirs = -1;
	scoped_buf why = BUF(LIMIT_CNI_TEXT);
	char *env[8];
	int pair[2], status = 0, r = in < 0 ? in : path ? environment(c, a, env, e) : err_oom(e);
	pid_t pid;

	if (r < 0)
		return r;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	ours = pair[0];
	theirs = pair[1];
	r = start(path, env, in, theirs, &pid, e);
	if (r < 0)
		return err_wrap(e, r, "plugin %s: %s", c->type, c->command);
	close(fd_take(&theirs));
	r = hear(pid, ours, said, &status, e);
	if (r < 0)
		return err_wrap(e, r, "plugin %s: %s", c->type, c->command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	cni_error_text(buf_sv(said), &why);
	return err_set(e, EIO, "plugin %s: %s: %s", c->type, c->command, why.len ? why.p : "it failed without a word");
}
