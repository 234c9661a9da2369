/* SPDX-License-Identifier: Apache-2.0 */
/* What probes and hooks do: a command in the container, as one more of its sessions; a helper in the pod's network; a
 * sleep. */
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "monitor/pod_parts.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#define HELPER_NETWORK_FD 3 /* where tare-probe finds the network namespace (main/probe_program.c) */
#define PROBE_TLS_SUFFIX "-tls" /* the program beside it that knows TLS (main/probe_program.h) */

static const struct pod_use *use_of(const struct doing *d)
{
	return &d->member->c->use[d->use];
}

static void over(struct doing *d, bool success, const char *why)
{
	d->what = DOING_NOTHING;
	if (d->words >= 0)
		close(fd_take(&d->words));
	doing_done(d, success, why);
}

/* ---- a command --------------------------------------------------------------------------------------------------- */

static void session_ended(void *arg, int exit_code, const struct err *why)
{
	struct doing *d = arg;
	char text[80];

	(void)snprintf(text, sizeof text, "command exited with status %d", exit_code);
	over(d, !why && exit_code == 0, why ? why->msg : text);
}

/* As the container's own process is: user, environment, rights. */
static int begin_session(struct doing *d, struct err *e)
{
	struct monitor *m = &d->member->m;
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	struct runtime_spec spec;
	int r = io_read_at(m->state, CONFIG_FILE, &json, e);

	if (r == 0)
		r = runtime_spec_parse(buf_sv(&json), &a, &spec, e);
	if (r < 0)
		return r;
	spec.process.args = use_of(d)->arg;
	spec.process.terminal = false;
	d->what = DOING_SESSION;
	d->session = session_begin(m, &spec.process, session_ended, d, e);
	return d->session ? 0 : -e->code;
}

/* ---- a helper ---------------------------------------------------------------------------------------------------- */

static int spawn(struct doing *d, int words, char *const *argv, struct err *e)
{
	static char *const no_env[] = { NULL };
	int network = pod_network(d->member->pod), r;
	posix_spawn_file_actions_t a;

	if (posix_spawn_file_actions_init(&a) != 0)
		return err_oom(e);
	r = posix_spawn_file_actions_adddup2(&a, words, STDOUT_FILENO);
	if (r == 0 && network >= 0)
		r = posix_spawn_file_actions_adddup2(&a, network, HELPER_NETWORK_FD);
	if (r == 0)
		r = posix_spawn(&d->pid, argv[0], &a, NULL, argv, no_env);
	(void)posix_spawn_file_actions_destroy(&a);
	return r ? err_set(e, r, "%s: %s", argv[0], strerror(r)) : 0;
}

static int begin_helper(struct doing *d, struct err *e)
{
	const struct pod_use *u = use_of(d);
	scoped_arena a = ARENA(LIMIT_CONTROL_MSG);
	const char **argv = arena_array(&a, u->arg.n + 3, sizeof *argv);
	scoped_fd ours = -1, theirs = -1;
	int pair[2], r;

	if (!argv)
		return err_oom(e);
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(e, "pipe");
	ours = pair[0];
	theirs = pair[1];
	argv[0] = d->member->pod->charter.probe;
	if (u->arg.n && strcmp(u->arg.v[0], "https") == 0)
		argv[0] = arena_fmt(&a, "%s" PROBE_TLS_SUFFIX, argv[0]);
	if (!argv[0])
		return err_oom(e);
	argv[1] = pod_network(d->member->pod) >= 0 ? "pod" : "host";
	for (size_t i = 0; i < u->arg.n; i++)
		argv[i + 2] = u->arg.v[i];
	r = spawn(d, theirs, (char *const *)argv, e);
	if (r < 0)
		return r;
	d->what = DOING_HELPER;
	d->words = fd_take(&ours);
	return 0;
}

static void one_line(char *text)
{
	size_t n = strlen(text);

	while (n && (unsigned char)text[n - 1] <= ' ')
		text[--n] = '\0';
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

bool doing_reaped(struct doing *d, pid_t pid, int wstatus)
{
	char text[160] = "";
	ssize_t n;

	if (d->what != DOING_HELPER || d->pid != pid)
		return false;
	n = read(d->words, text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	one_line(text);
	over(d, WIFEXITED(wstatus) && WEXITSTATUS(wstatus) == 0, text);
	return true;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

void doing_begin(struct doing *d, struct member *mb, enum member_use use, int64_t until_ns)
{
	const struct pod_use *u = &mb->c->use[use];
	struct err e = { 0 };
	int r = 0;

	*d = (struct doing){ .member = mb, .use = use, .words = -1, .until_ns = until_ns };
	if (u->action == ACTION_SLEEP) {
		int64_t end = clock_monotonic_ns() + u->seconds * INT64_C(1000000000);

		d->what = DOING_SLEEP;
		d->until_ns = sooner(end, until_ns);
	} else if (u->action == ACTION_FAIL) {
		r = err_set(&e, ENOTSUP, "%s", u->arg.n ? u->arg.v[0] : "");
	} else {
		r = u->action == ACTION_EXEC ? begin_session(d, &e) : begin_helper(d, &e);
	}
	if (r < 0)
		over(d, false, e.msg);
}

void doing_cancel(struct doing *d)
{
	if (d->what == DOING_SESSION)
		session_kill(&d->member->m, d->session);
	else if (d->what == DOING_HELPER)
		(void)kill(d->pid, SIGKILL); /* a child that we have not reaped; then it is nobody's */
	d->what = DOING_NOTHING;
	if (d->words > 0)
		close(fd_take(&d->words));
}

/* As the kubelet's clients put it. */
static void say_late(const struct pod_use *u, char *text, size_t size)
{
	const char *const *v = u->arg.v;
	int n = 0;

	if (u->action == ACTION_HELPER && u->arg.n >= 4 && strncmp(v[0], "http", 4) == 0) {
		(void)snprintf(text, size,
			       strchr(v[1], ':') ? "Get \"%s://[%s]:%s%s\": %s" : "Get \"%s://%s:%s%s\": %s", v[0],
			       v[1], v[2], v[3],
			       "context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
	} else if (u->action == ACTION_HELPER && u->arg.n >= 3 && strcmp(v[0], "tcp") == 0) {
		(void)snprintf(text, size, "dial tcp %s:%s: i/o timeout", v[1], v[2]);
	} else if (u->action == ACTION_HELPER) {
		(void)snprintf(text, size, "timeout: health rpc did not complete within %ds", u->timeout_s);
	} else {
		n = snprintf(text, size, "command \"");
		for (size_t i = 0; i < u->arg.n && (size_t)n < size; i++)
			n += snprintf(text + n, size - (size_t)n, "%s%s", i ? " " : "", v[i]);
		if ((size_t)n < size)
			(void)snprintf(text + n, size - (size_t)n, "\" timed out");
	}
}

void doing_run(struct doing *d, int64_t now)
{
	bool slept = d->what == DOING_SLEEP;
	char late[200];

	if (d->what == DOING_NOTHING || !d->until_ns || now < d->until_ns)
		return;
	say_late(use_of(d), late, sizeof late);
	doing_cancel(d);
	over(d, slept, late);
}
