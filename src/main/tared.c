/* SPDX-License-Identifier: Apache-2.0 */
/* tared - the doors that listen: today Prometheus' metrics. tared(8). With --restart it also does what Docker's daemon does when
 * it begins, by `tare start --all`.
 *
 * It holds no state of its own: killed at any moment it loses nothing and stops no container. One thread, but for the
 * looks at many groups (base/parallel.h). */
#include "base/fault.h"
#include "base/io.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/programs.h"
#include "engine/rootless.h"
#include "observe/address.h"
#include "observe/metrics_server.h"
#include "options/option.h"
#include "options/option_help.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

struct options {
	const char *root, *state, *metrics;
	bool restart, version;
};

static const struct option rows[] = {
	{ "metrics", 0, "ADDRESS", "answer GET /metrics there: HOST:PORT, :PORT or unix:///PATH", option_text,
	  offsetof(struct options, metrics) },
	{ "restart", 0, NULL, "first start the containers that --restart of tare run asks for (tare-start(1))",
	  option_switch, offsetof(struct options, restart) },
	{ "root", 0, "DIR", "where containers and images are kept (default /var/lib/tare)", option_text,
	  offsetof(struct options, root) },
	{ "state", 0, "DIR", "where what ends with this boot is kept (default /run/tare)", option_text,
	  offsetof(struct options, state) },
	{ "version", 'v', NULL, "version of the program", option_switch, offsetof(struct options, version) },
};
static OPTION_GROUP(group, "Options", rows);
static const struct option_group *const groups[] = { &group, NULL };

struct daemon_of_tare {
	struct host host;
	struct engine engine;
	bool open;
	struct address address;
	bool listens;
	struct metrics_server *metrics;
	int signals;
};

static int print(const struct buf *out, struct err *e)
{
	int r = buf_status(out, e);

	if (r == 0)
		r = io_write_all(STDOUT_FILENO, out->p, out->len, e);
	return r < 0 ? err_wrap(e, r, "standard output") : 0;
}

static int say_help(struct err *e)
{
	scoped_buf out = BUF(64u << 10);

	buf_puts(&out, "Usage: tared --metrics ADDRESS [OPTIONS]\n\nShow others what containers use\n");
	help_group(&group, &out);
	return print(&out, e);
}

static int say_version(struct err *e)
{
	scoped_buf out = BUF(256);

	buf_puts(&out, "tared version " TARE_VERSION "\n");
	return print(&out, e);
}

/* ---- containers that are to run ----------------------------------------------------------------------------------- */

static volatile pid_t starter; /* that was not waited for yet */

static void reap(int signo)
{
	int before = errno;

	if (starter > 0 && waitpid(starter, NULL, WNOHANG) != 0)
		starter = 0;
	errno = before;
}

/* As this process was called, and with signals as usual. */
static int spawn_tare(char *const *argv, struct err *e)
{
	char path[PATH_MAX];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	pid_t pid;
	int r = programs_find("tare", path, e);

	if (r < 0)
		return r;
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setsigdefault(&attributes, &usual);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	r = posix_spawn(&pid, path, &actions, &attributes, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	starter = r ? 0 : pid;
	reap(SIGCHLD);
	return r ? err_set(e, r, "start %s: %s", path, strerror(r)) : 0;
}

/* Nobody waits for it: what it has to say it says itself, and the metrics are there meanwhile. Before the engine is opened,
 * which takes an ordinary user's process into a user namespace. */
static int restart(const struct options *o, struct err *e)
{
	char *argv[16] = { "tare" };
	size_t n = 1;

	if (o->root) {
		argv[n++] = "--root";
		argv[n++] = (char *)o->root;
	}
	if (o->state) {
		argv[n++] = "--state";
		argv[n++] = (char *)o->state;
	}
	argv[n++] = "start";
	argv[n++] = "--all";
	argv[n++] = "--filter";
	argv[n++] = "should-start-on-boot=true";
	(void)sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = reap, .sa_flags = SA_RESTART | SA_NOCLDSTOP },
			NULL);
	return spawn_tare(argv, e);
}

/* ---- serving ------------------------------------------------------------------------------------------------------- */

static int open_signals(int *ret, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(e, "sigprocmask");
	(void)signal(SIGPIPE, SIG_IGN);
	*ret = signalfd(-1, &set, SFD_CLOEXEC);
	return *ret < 0 ? err_sys(e, "signalfd") : 0;
}

static int open_all(struct daemon_of_tare *d, const struct options *o, struct err *e)
{
	int fd, r = address_parse(sv_from(o->metrics), &d->address, e);

	if (r < 0)
		return err_wrap(e, r, "--metrics");
	r = open_signals(&d->signals, e);
	if (r == 0 && o->restart)
		r = restart(o, e);
	if (r == 0)
		r = host_open(&d->host, "/", e);
	if (r == 0)
		r = rootless_engine_open(&d->engine, &d->host, o->root, o->state, e);
	d->open = r == 0;
	if (r == 0)
		r = address_listen(&d->address, &fd, e);
	d->listens = r == 0;
	return r < 0 ? r : metrics_server_new(&d->engine, fd, &d->metrics, e);
}

static void close_all(struct daemon_of_tare *d)
{
	metrics_server_free(d->metrics);
	if (d->listens)
		address_leave(&d->address);
	if (d->open)
		engine_close(&d->engine);
	host_close(&d->host);
	if (d->signals >= 0)
		close(d->signals);
}

static int serve(struct daemon_of_tare *d, struct err *e)
{
	struct pollfd p[] = { { .fd = d->signals, .events = POLLIN },
			      { .fd = metrics_server_fd(d->metrics), .events = POLLIN } };

	while (!(p[0].revents & POLLIN)) {
		if (poll(p, ARRAY_LEN(p), metrics_server_timeout(d->metrics)) < 0 && errno != EINTR)
			return err_sys(e, "poll");
		metrics_server_run(d->metrics);
	}
	return 0;
}

static int run(int argc, char **argv, struct err *e)
{
	scoped_arena a = ARENA(1u << 20);
	struct options o = { 0 };
	struct operands operands;
	struct daemon_of_tare d = { .host = { -1, -1, -1, false }, .signals = -1 };
	int r = options_parse(groups, 0, &a, &o, argc - 1, argv + 1, &operands, e);

	if (r < 0)
		return r;
	if (operands.help || o.version)
		return operands.help ? say_help(e) : say_version(e);
	if (operands.n)
		return err_set(e, EINVAL, "unexpected \"%.80s\" (tared --help)", operands.v[0]);
	if (!o.metrics)
		return err_set(e, EINVAL, "nothing to do: --metrics ADDRESS");
	r = open_all(&d, &o, e);
	if (r == 0)
		r = serve(&d, e);
	close_all(&d);
	return r;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	fault_role("tared");
	/* a large answer grows without being copied, and its memory goes back to the host when it has been sent */
	(void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
	log_setup("tared", LOG_LEVEL_WARNING);
	if (run(argc, argv, &e) == 0)
		return 0;
	log_error("%s", e.msg);
	return 1;
}
