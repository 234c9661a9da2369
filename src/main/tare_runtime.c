/* SPDX-License-Identifier: Apache-2.0 */
/* tare-runtime - the OCI runtime command line over runtime/. */
#include "base/arena.h"
#include "base/fault.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/self_exe.h"
#include "kernel/sys.h"
#include "oci/runtime_spec.h"
#include "runtime/container.h"
#include "runtime/plan.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

struct bundle {
	const char *path, *id;
	const char *dir; /* path, absolute */
	struct arena arena;
	struct host host;
	struct host_facts facts;
	struct runtime_spec spec;
	struct plan plan;
};

static const char *absolute(struct arena *a, const char *dir, const char *path)
{
	return !path || path[0] == '/' ? path : arena_fmt(a, "%s/%s", dir, path);
}

/* Paths of the document that are relative are so to the bundle. */
static int resolve_paths(struct bundle *b, const char *dir, struct err *e)
{
	b->spec.root.path = absolute(&b->arena, dir, b->spec.root.path);
	if (!b->spec.root.path)
		return err_set(e, EINVAL, "root.path: missing");
	for (size_t i = 0; i < b->spec.mounts.n; i++) {
		struct oci_mount *m = &b->spec.mounts.v[i];
		bool bind = m->type && strcmp(m->type, "bind") == 0;

		for (size_t k = 0; k < m->options.n; k++)
			bind = bind || strcmp(m->options.v[k], "bind") == 0 || strcmp(m->options.v[k], "rbind") == 0;
		if (bind)
			m->source = absolute(&b->arena, dir, m->source);
	}
	return 0;
}

static int bundle_read(struct bundle *b, struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	char dir[PATH_MAX];
	int r;

	if (b->path && chdir(b->path) < 0)
		return err_sys(e, "--bundle %s", b->path);
	if (!getcwd(dir, sizeof dir))
		return err_sys(e, "getcwd");
	r = io_read_at(AT_FDCWD, "config.json", &json, e);
	if (r == 0)
		r = runtime_spec_parse(buf_sv(&json), &b->arena, &b->spec, e);
	if (r < 0)
		return err_wrap(e, r, "bundle %s", dir);
	b->dir = arena_str(&b->arena, dir);
	if (!b->dir)
		return err_oom(e);
	return resolve_paths(b, dir, e);
}

static int bundle_plan(struct bundle *b, struct err *e)
{
	struct plan_inputs in = { .id = b->id, .die_with_parent = true };
	int r = host_open(&b->host, "/", e);

	if (r == 0)
		r = bundle_read(b, e);
	if (r == 0)
		r = host_facts_read(&b->host, &b->arena, &b->facts, e);
	in.root.path = b->spec.root.path;
	in.bundle = b->dir;
	return r < 0 ? r : plan_make(&b->spec, &b->facts, &in, &b->arena, &b->plan, e);
}

/* ---- run ------------------------------------------------------------------------------------------------------ */

/* Every signal that we get is the container's, until its first process ends. */
static int wait_and_forward(struct container *c, const sigset_t *set, int *ret_wstatus, struct err *e)
{
	for (;;) {
		siginfo_t info;
		int signo = sigwaitinfo(set, &info);

		if (signo < 0 && errno != EINTR)
			return err_sys(e, "sigwaitinfo");
		if (signo == SIGCHLD) {
			siginfo_t state = { 0 };

			if (waitid(P_PIDFD, (id_t)c->pidfd, &state, WEXITED | WNOHANG | WNOWAIT) < 0)
				return err_sys(e, "wait for the container's first process");
			if (state.si_pid)
				return container_wait(c, ret_wstatus, e);
		} else if (signo > 0) {
			(void)sys_pidfd_send_signal(c->pidfd, signo);
		}
	}
}

static int block_signals(sigset_t *set, struct err *e)
{
	sigfillset(set);
	sigdelset(set, SIGSEGV);
	sigdelset(set, SIGBUS);
	sigdelset(set, SIGFPE);
	sigdelset(set, SIGILL);
	sigdelset(set, SIGABRT);
	sigdelset(set, SIGTSTP);
	return sigprocmask(SIG_BLOCK, set, NULL) < 0 ? err_sys(e, "sigprocmask") : 0;
}

static void warn(const struct err *e)
{
	log_warning("%s", e->msg);
}

static int end(struct bundle *b, struct container *c, struct err *e)
{
	int r = container_delete(c, e);

	hooks_poststop(&b->spec, &(struct hook_subject){ .id = b->id, .bundle = b->dir }, warn);
	return r;
}

static int command_run(struct bundle *b, int *ret_status, struct err *e)
{
	struct container c;
	struct err ignored;
	sigset_t set;
	int wstatus = 0, r = bundle_plan(b, e);

	if (r == 0 && b->spec.process.terminal)
		r = err_set(e, ENOTSUP, "process.terminal: needs a --console-socket, which is not supported");
	if (r == 0)
		r = block_signals(&set, e);
	if (r == 0)
		r = container_create(&b->plan, &b->host, (int[]){ -1, -1, -1 }, NULL, &c, e);
	if (r < 0)
		return r;
	r = container_start(&c, e);
	if (r == 0)
		r = wait_and_forward(&c, &set, &wstatus, e);
	if (r < 0) {
		(void)end(b, &c, &ignored);
		return r;
	}
	*ret_status = container_status_code(wstatus);
	return end(b, &c, e);
}

static int command_plan(struct bundle *b, int *ret_status, struct err *e)
{
	scoped_buf out = BUF(LIMIT_CONTROL_MSG);
	int r;

	if (!b->id)
		b->id = "<id>";
	r = bundle_plan(b, e);
	if (r == 0)
		r = plan_make_filter(&b->plan, e);
	if (r == 0)
		r = plan_print(&b->plan, &out, e);
	*ret_status = 0;
	return r < 0 ? r : io_write_all(STDOUT_FILENO, out.p, out.len, e);
}

/* ---- the command line ----------------------------------------------------------------------------------------- */

static const struct command {
	const char *name, *args, *summary;
	bool needs_id;
	int (*run)(struct bundle *b, int *ret_status, struct err *e);
} commands[] = {
	{ "plan", "[--bundle DIR] [ID]", "print what run would do, and do nothing", false, command_plan },
	{ "run", "[--bundle DIR] ID", "run the bundle's process and wait for its end", true, command_run },
};

static int usage(int to)
{
	scoped_buf b = BUF(4096);

	buf_puts(&b, "usage: tare-runtime COMMAND [OPTIONS]\n\ncommands:\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		buf_putf(&b, "  %-5s %-22s %s\n", commands[i].name, commands[i].args, commands[i].summary);
	buf_puts(&b, "\noptions:\n  -b, --bundle DIR   directory with config.json (default: the current one)\n"
		     "  --version          version of program and specification\n");
	(void)io_write_all(to, b.p, b.len, NULL);
	return to == STDOUT_FILENO ? 0 : 125;
}

static int parse(int argc, char **argv, struct bundle *b, struct err *e)
{
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "-b") == 0 || strcmp(argv[i], "--bundle") == 0) {
			if (++i == argc)
				return err_set(e, EINVAL, "--bundle: a directory is needed");
			b->path = argv[i];
		} else if (strncmp(argv[i], "--bundle=", 9) == 0) {
			b->path = argv[i] + 9;
		} else if (argv[i][0] == '-') {
			return err_set(e, EINVAL, "%s: no such option", argv[i]);
		} else if (b->id) {
			return err_set(e, EINVAL, "%s: one container id is enough", argv[i]);
		} else {
			b->id = argv[i];
		}
	}
	return 0;
}

/* As a cgroup's and a directory's name. */
static int check_id(const char *id, struct err *e)
{
	size_t n = id ? strlen(id) : 0;

	if (n == 0 || n > 1024 ||
	    strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.") != n ||
	    strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		return err_set(e, EINVAL, "container id \"%s\": allowed are letters, digits and _ + - .", id ? id : "");
	return 0;
}

static int run_command(const struct command *cmd, int argc, char **argv)
{
	struct bundle b = { .arena = ARENA(LIMIT_ARENA_SPEC), .host = { -1, -1, -1, false } };
	struct err e = { 0 };
	int status = 125, r = parse(argc, argv, &b, &e);

	if (r == 0 && (cmd->needs_id || b.id))
		r = check_id(b.id, &e);
	if (r == 0)
		r = cmd->run(&b, &status, &e);
	if (r < 0) {
		log_error("%s", e.msg);
		status = container_exit_code(&e);
	}
	host_close(&b.host);
	arena_done(&b.arena);
	return status;
}

int main(int argc, char **argv)
{
	static const char version[] = "tare-runtime version " TARE_VERSION "\nspec: " OCI_VERSION "\n";
	struct err e = { 0 };

	fault_role("runtime");
	log_setup("tare-runtime", LOG_LEVEL_WARNING);
	if (argc < 2)
		return usage(STDERR_FILENO);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "-h") == 0)
		return usage(STDOUT_FILENO);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0)
		return io_write_all(STDOUT_FILENO, version, sizeof version - 1, NULL) < 0 ? 125 : 0;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (commands[i].needs_id && self_exe_protect(argv, environ, &e) < 0) {
			log_error("%s", e.msg);
			return 125;
		}
		return run_command(&commands[i], argc, argv);
	}
	log_error("%s: no such command (tare-runtime --help)", argv[1]);
	return 125;
}
