/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/hooks.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/protection.h"
#include "base/scope.h"
#include "kernel/signal.h"
#include "kernel/sys.h"
#include "oci/json.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

static const struct hook_kind {
	const char *name, *status;
} kinds[] = {
	[OCI_HOOK_PRESTART] = { "prestart", "creating" },
	[OCI_HOOK_CREATE_RUNTIME] = { "createRuntime", "creating" },
	[OCI_HOOK_CREATE_CONTAINER] = { "createContainer", "creating" },
	[OCI_HOOK_START_CONTAINER] = { "startContainer", "created" },
	[OCI_HOOK_POSTSTART] = { "poststart", "running" },
	[OCI_HOOK_POSTSTOP] = { "poststop", "stopped" },
};

const char *hook_kind_name(enum oci_hook_kind kind)
{
	return kinds[kind].name;
}

/* ---- the state ---------------------------------------------------------------------------------------------------- */

static void put_member(struct buf *b, const char *key, const char *value)
{
	json_put_text(b, sv_from(key));
	buf_puts(b, ":");
	json_put_text(b, sv_from(value));
}

int hook_state_make(const struct runtime_spec *spec, const char *id, const char *bundle, struct arena *a,
		    struct hook_state *ret, struct err *e)
{
	scoped_buf head = BUF(LIMIT_CONFIG_JSON), tail = BUF(LIMIT_CONFIG_JSON);
	const struct oci_pairs *notes = &spec->annotations;
	struct hook_state s;

	buf_puts(&head, "{");
	put_member(&head, "ociVersion", spec->oci_version ? spec->oci_version : OCI_VERSION);
	buf_puts(&head, ",");
	put_member(&head, "id", id);
	buf_puts(&tail, ",");
	put_member(&tail, "bundle", bundle ? bundle : "/");
	for (size_t i = 0; i < notes->n; i++) {
		buf_puts(&tail, i ? "," : ",\"annotations\":{");
		put_member(&tail, notes->v[i].key, notes->v[i].value);
	}
	buf_puts(&tail, notes->n ? "}}" : "}");
	if (buf_status(&head, e) < 0 || buf_status(&tail, e) < 0)
		return err_wrap(e, head.failed ? head.failed : tail.failed, "hooks: the container's state");
	s = (struct hook_state){ arena_sv(a, buf_sv(&head)), arena_sv(a, buf_sv(&tail)) };
	if (!s.head || !s.tail)
		return err_oom(e);
	*ret = s;
	return 0;
}

/* A file rather than a pipe: a hook that does not read it makes nobody wait. */
static int state_file(const struct hook_kind *kind, const struct hook_state *state, pid_t pid, struct err *e)
{
	scoped_fd fd = memfd_create("state", MFD_CLOEXEC);
	char middle[64];
	int r;

	if (fd < 0)
		return err_sys(e, "memfd_create");
	(void)snprintf(middle, sizeof middle, ",\"status\":\"%s\"", kind->status);
	if (pid)
		(void)snprintf(middle + strlen(middle), 32, ",\"pid\":%d", (int)pid);
	r = io_write_all(fd, state->head, strlen(state->head), e);
	if (r == 0)
		r = io_write_all(fd, middle, strlen(middle), e);
	if (r == 0)
		r = io_write_all(fd, state->tail, strlen(state->tail), e);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = err_sys(e, "lseek");
	return r < 0 ? r : fd_take(&fd);
}

/* ---- the hook's own process --------------------------------------------------------------------------------------- */

struct hook {
	const struct oci_hook *h;
	const char *bundle;
	const struct hook_before *before;
	int in, out; /* its standard input; the pipe for what it writes */
	char **argv, **envp;
};

static int set_stdio(const struct hook *k, struct err *e)
{
	int in = fcntl(k->in, F_DUPFD_CLOEXEC, 3), out = fcntl(k->out, F_DUPFD_CLOEXEC, 3);

	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		return err_sys(e, "dup2");
	return sys_close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0 ? err_sys(e, "close_range") : 0;
}

static _Noreturn void hook_process(const struct hook *k)
{
	struct err e = { 0 };

	(void)setpgid(0, 0);
	signal_defaults(~UINT64_C(0));
	if (set_stdio(k, &e) == 0 && (!k->before || k->before->call(k->before->arg, &e) == 0)) {
		if ((!k->bundle || chdir(k->bundle) < 0) && chdir("/") < 0)
			_exit(125);
		execve(k->h->path, k->argv, k->envp);
		(void)err_sys(&e, "exec");
	}
	(void)!write(k->out, e.msg, strlen(e.msg));
	_exit(125);
}

/* ---- waiting for it ------------------------------------------------------------------------------------------------ */

/* The end of what it wrote, in one line. */
struct words {
	char text[200];
	size_t n;
};

static void words_add(struct words *w, const char *more, size_t n)
{
	size_t keep;

	if (n >= sizeof w->text) {
		more += n - (sizeof w->text - 1);
		n = sizeof w->text - 1;
	}
	keep = w->n + n < sizeof w->text ? w->n : sizeof w->text - 1 - n;
	memmove(w->text, w->text + (w->n - keep), keep);
	memcpy(w->text + keep, more, n);
	w->n = keep + n;
}

static const char *words_line(struct words *w)
{
	while (w->n && (unsigned char)w->text[w->n - 1] <= ' ')
		w->n--;
	w->text[w->n] = '\0';
	for (size_t i = 0; i < w->n; i++)
		if ((unsigned char)w->text[i] < ' ')
			w->text[i] = ' ';
	return w->text;
}

/* false: there is nothing more to come */
static bool words_read(struct words *w, int fd)
{
	char some[512];
	ssize_t n = read(fd, some, sizeof some);

	if (n > 0)
		words_add(w, some, (size_t)n);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until it has ended: 1. 0: its time is over. */
static int await(int pidfd, int *out, int64_t until, struct words *w, struct err *e)
{
	struct pollfd p[2] = { { .fd = pidfd, .events = POLLIN }, { .events = POLLIN } };

	for (;;) {
		int64_t left = until ? until - now_ms() : -1;
		int r;

		if (until && left <= 0)
			return 0;
		p[1].fd = *out;
		r = poll(p, 2, left > 1000000 ? 1000000 : (int)left);
		if (r < 0 && errno != EINTR)
			return err_sys(e, "poll");
		if (r > 0 && p[1].revents && !words_read(w, *out))
			close(fd_take(out));
		if (r > 0 && p[0].revents)
			return 1;
	}
}

static int verdict(int status, struct words *w, struct err *e)
{
	const char *text = words_line(w), *colon = *text ? ": " : "";

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return err_set(e, EIO, "killed by signal %d%s%s", WTERMSIG(status), colon, text);
	return err_set(e, EIO, "exit status %d%s%s", WEXITSTATUS(status), colon, text);
}

static int reap(pid_t pid, int *ret_status, struct err *e)
{
	pid_t r;

	do
		r = waitpid(pid, ret_status, __WALL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? err_sys(e, "wait for the hook") : 0;
}

static int watch(const struct hook *k, pid_t pid, int out, struct err *e)
{
	int64_t timeout = k->h->timeout == OCI_UNSET ? 0 : k->h->timeout * 1000;
	scoped_fd pidfd = sys_pidfd_open(pid, 0), from = out;
	struct words w = { .n = 0 };
	int status = 0, r, ended;

	ended = pidfd < 0 ? err_sys(e, "pidfd_open") : await(pidfd, &from, timeout ? now_ms() + timeout : 0, &w, e);
	if (ended <= 0 && kill(-pid, SIGKILL) < 0)
		(void)kill(pid, SIGKILL); /* it had not yet come to lead its group */
	r = reap(pid, &status, e);
	if (ended < 0)
		return ended;
	if (r < 0)
		return r;
	if (ended == 0)
		return err_set(e, ETIMEDOUT, "it took longer than its timeout of %lld s", (long long)k->h->timeout);
	while (from >= 0 && w.n < sizeof w.text && words_read(&w, from) && errno != EAGAIN)
		errno = 0;
	return verdict(status, &w, e);
}

static int launch(struct hook *k, struct err *e)
{
	int pair[2];
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	k->out = pair[1];
	pid = fork();
	if (pid == 0)
		hook_process(k);
	close(pair[1]);
	if (pid < 0) {
		int r = err_sys(e, "fork");

		close(pair[0]);
		return r;
	}
	(void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
	return watch(k, pid, pair[0], e);
}

/* ---- all of them --------------------------------------------------------------------------------------------------- */

/* execve(2) wants a NULL at the end of both; the document's lists have room for it (oci/json.h). */
int hook_run(const struct runtime_spec *spec, enum oci_hook_kind kind, size_t index, const struct hook_state *state,
	     const char *bundle, pid_t pid, const struct hook_before *before, struct err *e)
{
	const struct oci_hook *h = &spec->hooks.kind[kind].v[index];
	char *argv_of_none[] = { (char *)(uintptr_t)h->path, NULL }, *no_env[] = { NULL };
	scoped_fd in = state_file(&kinds[kind], state, pid, e);
	struct hook k = { .h = h, .bundle = bundle, .before = before, .in = in };
	int r = in;

	k.argv = h->args.n ? (char **)(uintptr_t)h->args.v : argv_of_none;
	k.envp = h->env.n ? (char **)(uintptr_t)h->env.v : no_env;
	if (!protects(PROTECT_HOOK_ENVIRONMENT))
		k.envp = (char **)(uintptr_t)spec->process.env.v;
	if (r >= 0)
		r = launch(&k, e);
	return r < 0 ? err_wrap(e, r, "hooks.%s[%zu] %s", kinds[kind].name, index, h->path) : 0;
}

int hooks_run(const struct runtime_spec *spec, enum oci_hook_kind kind, const struct hook_subject *s, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct hook_state state;
	size_t n = spec->hooks.kind[kind].n;
	int r = n ? hook_state_make(spec, s->id, s->bundle, &a, &state, e) : 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = hook_run(spec, kind, i, &state, s->bundle, s->pid, NULL, e);
	return r;
}

void hooks_poststop(const struct runtime_spec *spec, const struct hook_subject *s, void (*warn)(const struct err *e))
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct hook_state state;
	size_t n = spec->hooks.kind[OCI_HOOK_POSTSTOP].n;
	struct err e = { 0 };

	if (n && hook_state_make(spec, s->id, s->bundle, &a, &state, &e) < 0) {
		if (warn)
			warn(&e);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (hook_run(spec, OCI_HOOK_POSTSTOP, i, &state, s->bundle, 0, NULL, &e) < 0 && warn)
			warn(&e);
}
