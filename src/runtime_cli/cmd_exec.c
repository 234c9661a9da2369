/* SPDX-License-Identifier: Apache-2.0 */
/* exec - one more process in a container (runtime/exec.h). What its document does not say is the container's. */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/sys.h"
#include "oci/list.h"
#include "runtime/container.h"
#include "runtime/exec.h"
#include "runtime/listener.h"
#include "runtime_cli/bundle.h"
#include "runtime_cli/console.h"
#include "runtime_cli/group.h"
#include "runtime_cli/pid_file.h"
#include "runtime_cli/preserve.h"
#include "runtime_cli/rdt.h"
#include "runtime_cli/rootless.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>

struct exec_options {
	const char *console_socket, *cwd, *user, *process, *pid_file, *pidfd_socket, *process_label, *apparmor;
	struct oci_strings env, caps, gids, groups;
	int64_t preserve_fds;
	bool tty, detach, no_new_privs, ignore_paused;
};

static int add_text(const struct option_call *c, struct err *e)
{
	struct oci_strings *list = (void *)((char *)c->target + c->row->field);

	return strings_add(c->arena, list, c->text) < 0 ? err_oom(e) : 0;
}

static const struct option rows[] = {
	{ "additional-gids", 'g', "GID", "a further group of the process", add_text,
	  offsetof(struct exec_options, gids) },
	{ "apparmor", 0, "PROFILE", "AppArmor profile of the process", option_text,
	  offsetof(struct exec_options, apparmor) },
	{ "cap", 'c', "CAP", "a further capability of the process", add_text, offsetof(struct exec_options, caps) },
	{ "cgroup", 0, "[CONTROLLERS:]PATH",
	  "group below the container's that gets the process; with names as cpu,memory in the hierarchies of v1 that have them",
	  add_text, offsetof(struct exec_options, groups) },
	{ "console-socket", 0, "SOCKET", "socket of the caller's that gets the terminal's master (AF_UNIX)",
	  option_text, offsetof(struct exec_options, console_socket) },
	{ "cwd", 0, "DIR", "working directory in the container", option_text, offsetof(struct exec_options, cwd) },
	{ "detach", 'd', NULL, "do not wait for the end", option_switch, offsetof(struct exec_options, detach) },
	{ "env", 'e', "NAME=VALUE", "a variable of the process's environment", add_text,
	  offsetof(struct exec_options, env) },
	{ "ignore-paused", 0, NULL, "wait until a paused container is resumed", option_switch,
	  offsetof(struct exec_options, ignore_paused) },
	{ "no-new-privs", 0, NULL, "the process can gain no privileges", option_switch,
	  offsetof(struct exec_options, no_new_privs) },
	{ "pid-file", 0, "FILE", "file that gets the process id", option_text,
	  offsetof(struct exec_options, pid_file) },
	{ "pidfd-socket", 0, "SOCKET", "socket of the caller's that gets a descriptor of the process (AF_UNIX)",
	  option_text, offsetof(struct exec_options, pidfd_socket) },
	{ "preserve-fds", 0, "N", "pass on N descriptors from 3 on, after those of LISTEN_FDS", option_i64,
	  offsetof(struct exec_options, preserve_fds) },
	{ "process", 'p', "FILE", "the process as a JSON document", option_text,
	  offsetof(struct exec_options, process) },
	{ "process-label", 0, "LABEL", "SELinux label of the process", option_text,
	  offsetof(struct exec_options, process_label) },
	{ "tty", 't', NULL, "with a terminal", option_switch, offsetof(struct exec_options, tty) },
	{ "user", 'u', "UID[:GID]", "user of the process, by number", option_text,
	  offsetof(struct exec_options, user) },
};
static OPTION_GROUP(group, "Options", rows);

/* ---- the document ----------------------------------------------------------------------------------------------- */

static int read_process(struct runtime *rt, const char *path, struct oci_process *ret, struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	int r = io_read_at(AT_FDCWD, path, &json, e);

	if (r == 0)
		r = oci_process_parse(buf_sv(&json), rt->arena, ret, e);
	return r < 0 ? err_wrap(e, r, "--process %s", path) : 0;
}

static int take_number(const char *option, struct sv text, int64_t *ret, struct err *e)
{
	uint64_t v;

	if (sv_u64(text, &v) < 0 || v > UINT32_MAX - 1)
		return err_set(e, EINVAL, "%s " SV_FMT ": allowed are numbers from 0 to 4294967294", option,
			       SV_ARG(text));
	*ret = (int64_t)v;
	return 0;
}

static int take_user(const char *text, struct oci_process *p, struct err *e)
{
	struct sv uid, gid;
	bool has_gid = sv_cut(sv_from(text), ':', &uid, &gid);
	int r = take_number("--user", uid, &p->uid, e);

	return r < 0 || !has_gid ? r : take_number("--user", gid, &p->gid, e);
}

static int take_gids(struct runtime *rt, const struct oci_strings *texts, struct oci_process *p, struct err *e)
{
	int64_t *v = arena_array(rt->arena, p->additional_gids.n + texts->n, sizeof *v);
	int r = v ? 0 : err_oom(e);

	if (r == 0 && p->additional_gids.n)
		memcpy(v, p->additional_gids.v, p->additional_gids.n * sizeof *v);
	for (size_t i = 0; r == 0 && i < texts->n; i++)
		r = take_number("--additional-gids", sv_from(texts->v[i]), &v[p->additional_gids.n + i], e);
	if (r == 0) {
		p->additional_gids.v = v;
		p->additional_gids.n += texts->n;
	}
	return r;
}

/* A new list: those of the document were filled whole. */
static int append(struct runtime *rt, struct oci_strings *list, const struct oci_strings *more, struct err *e)
{
	struct oci_strings grown = { 0 };

	for (size_t i = 0; i < list->n + more->n; i++)
		if (strings_add(rt->arena, &grown, i < list->n ? list->v[i] : more->v[i - list->n]) < 0)
			return err_oom(e);
	*list = grown;
	return 0;
}

static int take_caps(struct runtime *rt, const struct exec_options *x, struct oci_process *p, struct err *e)
{
	struct oci_capabilities *c = &p->capabilities;
	struct oci_strings *sets[] = { &c->bounding, &c->effective, &c->inheritable, &c->permitted, &c->ambient };

	c->present = true;
	for (size_t i = 0; i < ARRAY_LEN(sets); i++)
		if (append(rt, sets[i], &x->caps, e) < 0)
			return -ENOMEM;
	return 0;
}

static int take_command(struct runtime *rt, const struct operands *o, struct oci_process *p, struct err *e)
{
	p->args = (struct oci_strings){ 0 };
	for (int i = 1; i < o->n; i++)
		if (strings_add(rt->arena, &p->args, o->v[i]) < 0)
			return err_oom(e);
	return p->args.n ? 0 : err_set(e, EINVAL, "process args cannot be empty: a command, or --process, is needed");
}

static int take_options(struct runtime *rt, const struct exec_options *x, const struct operands *o,
			struct oci_process *p, struct err *e)
{
	int r = take_command(rt, o, p, e);

	p->terminal = false;
	if (x->cwd)
		p->cwd = x->cwd;
	if (x->apparmor)
		p->apparmor_profile = x->apparmor;
	if (x->process_label)
		p->selinux_label = x->process_label;
	if (x->no_new_privs)
		p->no_new_privileges = true;
	if (r == 0 && x->env.n)
		r = append(rt, &p->env, &x->env, e);
	if (r == 0 && x->user)
		r = take_user(x->user, p, e);
	if (r == 0 && x->gids.n)
		r = take_gids(rt, &x->gids, p, e);
	return r < 0 || !x->caps.n ? r : take_caps(rt, x, p, e);
}

static int make_process(struct runtime *rt, const struct exec_options *x, const struct operands *o,
			const struct oci_process *of_container, struct oci_process *ret, struct err *e)
{
	int r;

	*ret = *of_container;
	r = x->process ? read_process(rt, x->process, ret, e) : take_options(rt, x, o, ret, e);
	ret->terminal = ret->terminal || x->tty;
	return r < 0 ? r : console_check(ret->terminal, x->detach, x->console_socket, e);
}

/* ---- the container ---------------------------------------------------------------------------------------------- */

struct exec {
	struct runtime *rt;
	const struct exec_options *options;
	struct entry entry;
	struct bundle bundle;
	struct oci_process process;
	struct exec_context context;
	struct plan plan;
	struct cgroup *group;
	int pidfd, console_socket;
	struct execution x;
};

static int check_status(struct exec *x, struct err *e)
{
	enum container_status s;
	int r = entry_status(x->rt, &x->entry, &s, NULL, e);

	if (r < 0)
		return r;
	if (s == STATUS_STOPPED)
		return err_set(e, ESRCH, "cannot exec in a stopped container");
	if (s == STATUS_CREATING)
		return err_set(e, EBUSY, "cannot exec in a container that is still being created");
	if (s == STATUS_PAUSED && !x->options->ignore_paused)
		return err_set(e, EBUSY, "cannot exec in a paused container (use --ignore-paused to override)");
	return entry_pidfd(x->rt, &x->entry, &x->pidfd, e);
}

/* One value: where it is, in all hierarchies or in those that it names. */
static int open_below(struct exec *x, const char *text, struct cgroup **ret, struct sv *ret_controllers, struct err *e)
{
	const char *path = x->entry.record.cgroup, *colon = strchr(text, ':'), *below = colon ? colon + 1 : text;

	*ret_controllers = (struct sv){ text, colon ? (size_t)(colon - text) : 0 };
	if (strstr(below, ".."))
		return err_set(e, EINVAL, "--cgroup %s: a path below the container's group is needed", text);
	below += strspn(below, "/");
	if (*below && !(path = arena_fmt(x->rt->arena, "%s/%s", path, below)))
		return err_oom(e);
	return cgroup_open(&x->rt->host, &x->rt->facts.cgroup, path, ret, e);
}

static int move_to(struct exec *x, const char *text, struct err *e)
{
	struct cgroup *other;
	struct sv controllers;
	int r = open_below(x, text, &other, &controllers, e);

	if (r == 0)
		r = cgroup_graft(x->group, other, controllers, e);
	return r < 0 ? err_wrap(e, r, "--cgroup %s", text) : 0;
}

static int open_exec_group(struct exec *x, struct err *e)
{
	const struct oci_strings *wanted = &x->options->groups;
	const char *path = x->entry.record.cgroup;
	int r = 0;

	if (path)
		r = cgroup_open(&x->rt->host, &x->rt->facts.cgroup, path, &x->group, e);
	else if (wanted->n)
		r = err_set(e, ENOENT, "--cgroup %s: the container has no control group", wanted->v[0]);
	for (size_t i = 0; r == 0 && i < wanted->n; i++)
		r = move_to(x, wanted->v[i], e);
	return r;
}

static int plan(struct exec *x, const struct operands *o, struct err *e)
{
	struct runtime *rt = x->rt;
	unsigned listen_fds;
	int r = bundle_read_saved(rt, &x->entry, &x->bundle, e);

	if (r == 0)
		rootless_settle(rt, &x->bundle.spec);
	if (r == 0)
		r = bundle_plan(
			rt, &x->bundle,
			(struct plan_inputs){ .id = x->entry.id, .shares_keyring = x->entry.record.shares_keyring,
					      .without_cgroup = !x->entry.record.cgroup }, e);
	if (r == 0)
		r = plan_make_filter(&x->bundle.plan, e);
	if (r == 0)
		r = exec_context_make(&x->bundle.plan, rt->arena, &x->context, e);
	x->context.listens = true;
	if (r == 0)
		r = preserve_fds(x->options->preserve_fds, &x->context.preserve_fds, &listen_fds, e);
	if (r == 0)
		r = make_process(rt, x->options, o, &x->bundle.spec.process, &x->process, e);
	if (r == 0)
		r = exec_plan_make(&x->context, &x->process, false, &rt->facts, rt->arena, &x->plan, e);
	return r < 0 ? r : open_exec_group(x, e);
}

/* ---- the process ------------------------------------------------------------------------------------------------ */

static void reap(pid_t pid)
{
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
}

static int pass_listener(void *arg, pid_t pid, int number, struct err *e)
{
	struct exec *x = arg;
	const struct hook_subject who = bundle_subject(&x->bundle, x->entry.id, pid);
	scoped_fd fd = sys_pidfd_open(pid, 0);

	return fd < 0 ? err_sys(e, "open process %d", (int)pid) : listener_pass(&x->bundle.spec, &who, fd, number, e);
}

static int enter_class(struct exec *x, struct err *e)
{
	const struct record *r = &x->entry.record;
	scoped_fd dir = rdt_open(&x->rt->host, e);

	return dir < 0 ? dir : rdt_enter(&(struct rdt){ dir, r->rdt, false }, &x->bundle.spec, r->id, x->x.pid, e);
}

/* Where --cgroup leads in the hierarchy that is systemd's: the last one without names of others. */
static const char *below_unit(struct runtime *rt, const struct oci_strings *groups)
{
	for (size_t i = groups->n; i > 0; i--)
		if (!strchr(groups->v[i - 1], ':'))
			return arena_fmt(rt->arena, "/%s", groups->v[i - 1] + strspn(groups->v[i - 1], "/"));
	return NULL;
}

/* A user's own: of another one's group nobody needs to ask. */
static int find_manager(struct exec *x, struct exec_target *t, struct err *e)
{
	const struct record *r = &x->entry.record;
	struct unit_manager *manager;
	int rc = 0;

	if (!r->unit || !r->unit_user)
		return 0;
	rc = runtime_manager(x->rt, true, &manager, e);
	if (rc < 0)
		return rc;
	t->manager = manager;
	t->unit = r->unit;
	t->below = below_unit(x->rt, &x->options->groups);
	return 0;
}

static int birth(struct exec *x, struct err *e)
{
	struct exec_target target = {
		.host = &x->rt->host, .cgroup = x->group, .pid = (pid_t)x->entry.record.pid, .pidfd = x->pidfd
	};
	int r = find_manager(x, &target, e);

	if (r == 0)
		r = exec_start(&x->plan, &target, (int[]){ -1, -1, -1 }, &x->x, e);
	if (r < 0)
		return r;
	x->x.listener = pass_listener;
	x->x.listener_arg = x;
	do
		r = execution_hear(&x->x, e);
	while (r > 0);
	if (r == 0 && x->entry.record.rdt)
		r = enter_class(x, e);
	if (r < 0) {
		execution_abort(&x->x);
		reap(x->x.pid);
	}
	reap(x->x.helper);
	return r;
}

static int tell_engine(struct exec *x, struct err *e)
{
	int r = 0;

	if (x->console_socket >= 0 && x->x.console >= 0) {
		r = console_send(x->console_socket, x->x.console, e);
		close(fd_take(&x->x.console));
	}
	if (r == 0)
		r = pidfd_socket_send(x->options->pidfd_socket, x->x.pid, e);
	return r < 0 ? r : pid_file_write(x->options->pid_file, x->x.pid, e);
}

static int wait_for_end(struct exec *x, const sigset_t *set, int *ret_status, struct err *e)
{
	scoped_fd fd = sys_pidfd_open(x->x.pid, 0);
	struct foreground f = { fd, x->x.console, set, -1, NULL };
	int wstatus = 0, r = fd < 0 ? err_sys(e, "pidfd_open") : foreground_wait(&f, e);

	if (r < 0)
		return r;
	while (waitpid(x->x.pid, &wstatus, __WALL) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for process %d", (int)x->x.pid);
	*ret_status = container_status_code(wstatus);
	return 0;
}

static bool has_ended(const struct exec *x)
{
	return x->pidfd >= 0 && poll(&(struct pollfd){ .fd = x->pidfd, .events = POLLIN }, 1, 0) > 0;
}

static int execute(struct exec *x, const struct operands *o, int *ret_status, struct err *e)
{
	sigset_t set;
	int r = check_status(x, e);

	if (r == 0)
		r = plan(x, o, e);
	if (r == 0 && x->options->console_socket)
		r = console_connect("--console-socket", x->options->console_socket, &x->console_socket, e);
	if (r == 0 && !x->options->detach)
		r = foreground_block(&set, e);
	if (r == 0)
		r = birth(x, e);
	if ((r == -ENOENT || r == -ENOMEM) && has_ended(x)) /* and its group with it, or its pid namespace */
		r = err_set(e, ESRCH, "the container has ended");
	if (r < 0)
		return r;
	r = tell_engine(x, e);
	if (r == 0 && !x->options->detach)
		r = wait_for_end(x, &set, ret_status, e);
	if (r < 0)
		execution_abort(&x->x);
	return r;
}

static int run_exec(struct runtime *rt, void *options, const struct operands *o, int *ret_status, struct err *e)
{
	struct exec x = { .rt = rt, .options = options, .entry = ENTRY, .bundle = BUNDLE, .pidfd = -1,
			  .console_socket = -1, .x = { .sync = -1, .console = -1 } };
	int r = entry_open(rt, o->v[0], &x.entry, e);

	if (r == 0)
		r = rootless_exec(rt, &x.entry, e);
	if (r == 0)
		r = execute(&x, o, ret_status, e);
	execution_close(&x.x);
	cgroup_free(x.group);
	if (x.pidfd >= 0)
		close(x.pidfd);
	if (x.console_socket >= 0)
		close(x.console_socket);
	entry_close(&x.entry);
	bundle_done(&x.bundle);
	return r;
}

static const struct option_group *const groups[] = { &group, NULL };

const struct runtime_command runtime_command_exec = {
	.name = "exec", .args = "[OPTIONS] ID COMMAND [ARG...]", .summary = "run one more process in a container",
	.groups = groups, .options_size = sizeof(struct exec_options), .min_args = 1, .max_args = -1, .stops = true,
	.enters = true, .error_status = 255, .run = run_exec,
};
