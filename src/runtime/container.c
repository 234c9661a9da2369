/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container.h"

#include "base/scope.h"
#include "kernel/cgroup.h"
#include "kernel/sys.h"
#include "runtime/apply.h"
#include "runtime/listener.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define REMOVE_TIMEOUT_MS 2000

/* ---- host steps, before the clone ------------------------------------------------------------------------------- */

/* Its first process is there for them to look at: not yet its command, which waits for their end. */
static int host_hook(struct apply *a, const struct step *s, struct err *e)
{
	const struct plan *p = a->c->plan;

	return hook_run(p->spec, (enum oci_hook_kind)s->n[0], (size_t)s->n[1], &p->hook_state, p->bundle, a->c->pid,
			NULL, e);
}

static host_fn *const host_steps[STEP_OP_COUNT] = {
	[STEP_UNIT_START] = host_unit_start,
	[STEP_UNIT_PROPERTIES] = host_unit_properties,
	[STEP_CGROUP_MAKE] = host_cgroup_make,
	[STEP_CGROUP_WRITE] = host_cgroup_write,
	[STEP_CGROUP_DEVICES] = host_cgroup_devices,
	[STEP_NET_DEVICE] = host_net_device,
	[STEP_NET_LINKS] = host_net_links,
	[STEP_HOOK] = host_hook,
	[STEP_TIME_NS] = host_time_ns,
	[STEP_NS_JOIN] = host_ns_join,
	[STEP_ROOT_OVERLAY] = host_root_overlay,
	[STEP_ROOT_BIND] = host_root_bind,
	[STEP_BIND_SOURCE] = host_bind_source,
	[STEP_CLONE] = host_clone,
	[STEP_ID_MAP] = host_id_map,
	[STEP_STDIO_OWNER] = host_stdio_owner,
	[STEP_CGROUP_OWNER] = host_cgroup_owner,
	[STEP_DEVICE_SOURCE] = host_device_source,
	[STEP_HAND_OVER] = host_hand_over,
	[STEP_RLIMIT] = host_rlimit,
	[STEP_OOM_SCORE_ADJ] = host_oom_score_adj,
};

static int run_steps(struct apply *a, enum step_actor actor, struct err *e)
{
	const struct plan *p = a->c->plan;

	for (size_t i = 0; i < p->step_count; i++) {
		int r;

		if (p->steps[i].actor != actor)
			continue;
		r = host_steps[p->steps[i].op](a, &p->steps[i], e);
		if (r < 0)
			return r;
		trace_step(a->c->trace, i);
	}
	return 0;
}

/* ---- the child's word ------------------------------------------------------------------------------------------- */

/* One message; a descriptor that comes along is the terminal's master. */
static ssize_t receive(struct container *c, struct init_message *m)
{
	pid_t sender;
	int fd;
	ssize_t n = init_receive(c->sync, m, &fd, &sender);

	if (fd >= 0 && c->console >= 0)
		close(fd);
	else if (fd >= 0)
		c->console = fd;
	return n;
}

static int run_hooks(struct container *c, struct err *e)
{
	struct apply a = { .c = c };
	int r;

	c->hooks_begun = true;
	r = run_steps(&a, ACTOR_HOOKS, e);
	if (r == 0 && send(c->sync, "h", 1, MSG_NOSIGNAL) != 1)
		r = err_sys(e, "tell the container's first process to go on");
	return r;
}

static int pass_listener(struct container *c, int number, struct err *e)
{
	const struct plan *p = c->plan;
	const struct hook_subject who = { p->id, p->bundle, c->pid };
	int r = listener_pass(p->spec, &who, c->pidfd, number, e);

	if (r == 0 && send(c->sync, "l", 1, MSG_NOSIGNAL) != 1)
		r = err_sys(e, "tell the container's first process to go on");
	return r;
}

static bool goes_on(const struct init_message *m)
{
	return m->kind == INIT_CONSOLE || m->kind == INIT_HOOKS || m->kind == INIT_LISTENER;
}

int container_hear(struct container *c, struct err *e)
{
	struct init_message m = { 0 };
	ssize_t n;
	int r = 0;

	do {
		n = receive(c, &m);
		if (n == (ssize_t)sizeof m && m.kind == INIT_HOOKS)
			r = run_hooks(c, e);
		if (n == (ssize_t)sizeof m && m.kind == INIT_LISTENER)
			r = pass_listener(c, m.err.code, e);
	} while (r == 0 && n == (ssize_t)sizeof m && goes_on(&m));
	if (r < 0)
		return r;
	if (n == 0)
		return 0;
	if (n != (ssize_t)sizeof m)
		return n < 0 ? err_sys(e, "read from the container's first process") :
			       err_set(e, EPROTO, "half a message");
	if (m.kind == INIT_READY)
		return 1;
	*e = m.err;
	return e->code > 0 ? -e->code : err_set(e, EPROTO, "an error without a code");
}

int container_ended_early(struct container *c, struct err *e)
{
	struct err ignored;
	int status = 0;

	if (container_wait(c, &status, &ignored) == 0 && WIFSIGNALED(status))
		return err_set(e, EIO, "the container's first process was killed by signal %d during its set-up",
			       WTERMSIG(status));
	return err_set(e, EIO, "the container's first process ended during its set-up");
}

int container_why_ended(struct container *c, struct err *e)
{
	int r;

	(void)sys_pidfd_send_signal(c->pidfd, SIGKILL); /* were it there still, we would wait for ever */
	r = container_hear(c, e);
	return r < 0 ? r : container_ended_early(c, e);
}

static int make_binds(struct apply *a, struct err *e)
{
	size_t n = a->c->plan->bind_count;

	a->init.binds = calloc(n + 1, sizeof *a->init.binds);
	for (size_t i = 0; a->init.binds && i < n; i++)
		a->init.binds[i] = -1;
	return a->init.binds ? 0 : err_oom(e);
}

/* The child has them now, or there is no child. */
static void forget(struct apply *a)
{
	for (size_t i = 0; a->init.binds && i < init_slots(&a->init); i++)
		if (*init_slot(&a->init, i) >= 0)
			close(*init_slot(&a->init, i));
	if (a->userns >= 0)
		close(a->userns);
	while (a->there_count)
		close(a->there[--a->there_count].to);
	unit_client_close(&a->systemd);
	free(a->init.binds);
}

/* What hooks have made others take away again, whatever it was that failed. Their own failures are told as well. */
static void undo_hooks(const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->spec->hooks.kind[OCI_HOOK_POSTSTOP].n; i++) {
		struct err own = { 0 }, before = *e;

		if (hook_run(p->spec, OCI_HOOK_POSTSTOP, i, &p->hook_state, p->bundle, 0, NULL, &own) < 0)
			(void)err_set(e, before.code, "%s; %s", before.msg, own.msg);
	}
}

int container_begin(struct plan *p, const struct host *host, const int stdio[3], struct trace *t,
		    struct container_early *early, struct container *ret, struct err *e)
{
	struct container c = {
		.plan = p, .host = host, .layout = &p->facts->cgroup, .trace = t, .pidfd = -1, .sync = -1, .console = -1
	};
	struct apply a = { .c = &c,
			   .early = early,
			   .userns = -1,
			   .systemd = UNIT_CLIENT_NONE,
			   .init = { .plan = p,
				     .trace = t,
				     .sync = -1,
				     .host_proc = host->proc,
				     .root_mount = -1,
				     .anchor = -1,
				     .root = -1,
				     .proc = -1,
				     .sys = -1,
				     .mask = -1,
				     .dev = -1 } };
	struct err own = { 0 }, ignored;
	int r;

	memcpy(a.init.stdio, stdio, sizeof a.init.stdio);
	r = make_binds(&a, &own);
	if (r == 0)
		r = run_steps(&a, ACTOR_HOST, &own);
	if (a.left_count)
		(void)host_ns_return(&a, &ignored);
	forget(&a);
	if (r == 0) {
		*ret = c;
		return 0;
	}
	(void)container_delete(&c, &ignored);
	if (e)
		*e = own;
	return r;
}

int container_ready(struct container *c, struct plan *p, struct err *e)
{
	struct err own = { 0 }, ignored;
	int r = plan_make_filter(p, &own);

	if (r == 0) {
		r = container_hear(c, &own);
		if (r == 0)
			r = container_ended_early(c, &own);
	}
	if (r > 0) {
		if (c->cgroup)
			cgroup_close_tasks(c->cgroup);
		return 0;
	}
	(void)container_delete(c, &ignored);
	if (c->hooks_begun)
		undo_hooks(p, &own);
	if (e)
		*e = own;
	return r;
}

int container_create(struct plan *p, const struct host *host, const int stdio[3], struct trace *t,
		     struct container_early *early, struct container *ret, struct err *e)
{
	struct container c;
	int r = container_begin(p, host, stdio, t, early, &c, e);

	if (r == 0)
		r = container_ready(&c, p, e);
	if (r == 0)
		*ret = c;
	return r;
}

/* The word to go on, and with it the filter, which was not there yet when the child was cloned. */
static int say_go(struct container *c, struct err *e)
{
	const struct sock_fprog *filter = &c->plan->seccomp;
	size_t n = filter->len * sizeof *filter->filter;
	ssize_t sent = n ? send(c->sync, filter->filter, n, MSG_NOSIGNAL) : send(c->sync, "g", 1, MSG_NOSIGNAL);

	if (sent > 0)
		return 0;
	if (errno != EPIPE)
		return err_sys(e, "tell the container's first process to go");
	(void)sys_pidfd_send_signal(c->pidfd, SIGKILL); /* it has ended; were it not so, we would wait for ever */
	return container_ended_early(c, e);
}

int container_start(struct container *c, struct err *e)
{
	struct apply a = { .c = c };
	struct err own = { 0 }, ignored;
	int r, status;

	r = run_steps(&a, ACTOR_RELEASE, &own);
	if (r == 0)
		r = say_go(c, &own);
	if (r == 0)
		r = container_hear(c, &own);
	if (r == 0) {
		close(fd_take(&c->sync));
		r = run_steps(&a, ACTOR_STARTED, &own);
		if (r == 0)
			return 0;
		(void)container_kill(c, &ignored);
	}
	if (r > 0)
		r = err_set(&own, EPROTO, "the container's first process said ready twice");
	if (c->pidfd >= 0)
		(void)sys_pidfd_send_signal(c->pidfd, SIGKILL);
	(void)container_wait(c, &status, &ignored);
	if (e)
		*e = own;
	return r;
}

/* ---- a process that comes from elsewhere ------------------------------------------------------------------------ */

static bool is_of_group(const struct step *s)
{
	return s->op == STEP_UNIT_START || s->op == STEP_CGROUP_MAKE || s->op == STEP_CGROUP_WRITE ||
	       s->op == STEP_CGROUP_DEVICES;
}

static bool is_of_unit(const struct step *s)
{
	return s->op == STEP_UNIT_PROPERTIES;
}

static bool is_hook(const struct step *s)
{
	return s->op == STEP_HOOK;
}

static int run_some(struct apply *a, enum step_actor actor, bool (*some)(const struct step *s), struct err *e)
{
	const struct plan *p = a->c->plan;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->step_count; i++)
		if (p->steps[i].actor == actor && some(&p->steps[i]))
			r = host_steps[p->steps[i].op](a, &p->steps[i], e);
	return r;
}

int container_adopt_hooks(struct container *c, struct err *e)
{
	struct apply a = { .c = c, .userns = -1, .systemd = UNIT_CLIENT_NONE };

	c->hooks_begun = true;
	return run_some(&a, ACTOR_HOOKS, is_hook, e);
}

int container_adopted(struct container *c, struct err *e)
{
	struct apply a = { .c = c, .userns = -1, .systemd = UNIT_CLIENT_NONE };

	return run_some(&a, ACTOR_STARTED, is_hook, e);
}

int container_adopt(struct plan *p, const struct host *host, int (*call)(struct container *c, void *arg, struct err *e),
		    void *arg, struct container *ret, struct err *e)
{
	struct container c = {
		.plan = p, .host = host, .layout = &p->facts->cgroup, .pidfd = -1, .sync = -1, .console = -1
	};
	struct apply a = { .c = &c, .userns = -1, .systemd = UNIT_CLIENT_NONE };
	struct err own = { 0 }, ignored;
	int r = run_some(&a, ACTOR_HOST, is_of_group, &own);

	if (r == 0)
		r = call(&c, arg, &own);
	if (r == 0)
		r = run_some(&a, ACTOR_HOST, is_of_unit, &own);
	if (r == 0)
		r = run_steps(&a, ACTOR_RELEASE, &own);
	unit_client_close(&a.systemd);
	if (c.cgroup)
		cgroup_close_tasks(c.cgroup);
	if (r == 0) {
		*ret = c;
		return 0;
	}
	(void)container_delete(&c, &ignored);
	if (c.hooks_begun)
		undo_hooks(p, &own);
	if (e)
		*e = own;
	return r;
}

/* ---- a process that is held ------------------------------------------------------------------------------------- */

int container_let_go(struct container *c, struct err *e)
{
	struct apply a = { .c = c };
	int r = run_steps(&a, ACTOR_RELEASE, e);

	return r < 0 ? r : say_go(c, e);
}

/* On failure its end of the connection is closed, and so it ends. */
static int fetch_listener(int sock, const struct runtime_spec *spec, const struct hook_subject *who, int number,
			  struct err *e)
{
	scoped_fd pidfd = sys_pidfd_open(who->pid, 0);
	int r;

	if (pidfd < 0)
		return err_sys(e, "open process %d", (int)who->pid);
	r = listener_pass(spec, who, pidfd, number, e);
	if (r == 0 && send(sock, "l", 1, MSG_NOSIGNAL) != 1)
		r = err_sys(e, "tell the container's first process to go on");
	return r;
}

int container_start_held(int sock, const struct runtime_spec *spec, const struct hook_subject *who, struct err *e)
{
	struct init_message m = { 0 };
	bool mine = false;
	pid_t sender;
	ssize_t n;
	int fd;

	for (;;) {
		n = init_receive(sock, &m, &fd, &sender);
		if (fd >= 0)
			close(fd);
		if (n < 0 && errno != ECONNRESET)
			return err_sys(e, "read from the container's first process");
		if (n < 0 || n == 0)
			return mine ? 0 : err_set(e, ESRCH, "the container was started or ended meanwhile");
		if (n == (ssize_t)sizeof m && m.kind == INIT_FAILED) {
			*e = m.err;
			return e->code > 0 ? -e->code : err_set(e, EPROTO, "an error without a code");
		}
		if (n == (ssize_t)sizeof m && m.kind == INIT_LISTENER &&
		    fetch_listener(sock, spec, who, m.err.code, e) < 0)
			return -e->code;
		mine = true;
	}
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

int container_wait(struct container *c, int *ret_wstatus, struct err *e)
{
	int status;
	pid_t r;

	do
		r = waitpid(c->pid, &status, __WALL);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(e, "wait for process %d", (int)c->pid);
	c->pid = 0;
	*ret_wstatus = status;
	return 0;
}

int container_kill(struct container *c, struct err *e)
{
	if (c->cgroup)
		return cgroup_kill(c->cgroup, e);
	if (c->pidfd >= 0 && sys_pidfd_send_signal(c->pidfd, SIGKILL) < 0 && errno != ESRCH)
		return err_sys(e, "kill process %d", (int)c->pid);
	return 0;
}

void container_forget(struct container *c)
{
	cgroup_free(PTR_TAKE(c->cgroup));
	free(PTR_TAKE(c->cgroup_path));
	free(PTR_TAKE(c->unit));
	if (c->pidfd >= 0)
		close(fd_take(&c->pidfd));
	if (c->sync >= 0)
		close(fd_take(&c->sync));
	if (c->console >= 0)
		close(fd_take(&c->console));
}

/* In a mount namespace of others, what it has attached there goes when it leaves by itself. */
static void let_leave(const struct container *c)
{
	struct pollfd end = { .fd = c->pidfd, .events = POLLIN };

	if (!c->plan || !c->plan->mount_ns_path || c->sync < 0)
		return;
	(void)shutdown(c->sync, SHUT_RDWR);
	(void)poll(&end, 1, REMOVE_TIMEOUT_MS);
}

int container_delete(struct container *c, struct err *e)
{
	struct err ignored;
	int r = 0, status;

	if (c->pid > 0) {
		let_leave(c);
		(void)sys_pidfd_send_signal(c->pidfd, SIGKILL);
		(void)container_kill(c, &ignored);
		(void)container_wait(c, &status, &ignored);
	} else if (c->cgroup && cgroup_is_populated(c->cgroup)) {
		(void)container_kill(c, &ignored);
	}
	if (c->cgroup) {
		cgroup_free(PTR_TAKE(c->cgroup));
		r = cgroup_remove(c->host, c->layout, c->cgroup_path, REMOVE_TIMEOUT_MS, e);
	}
	if (c->unit) {
		int stopped = container_stop_unit(c->unit_manager, c->unit, r < 0 ? &ignored : e);

		r = r < 0 ? r : stopped;
	}
	container_forget(c);
	return r;
}

int container_exit_code(const struct err *e)
{
	bool command = strncmp(e->msg, "exec", 4) == 0;

	if (command && e->code == ENOENT)
		return 127;
	if (command && (e->code == EACCES || e->code == ENOEXEC))
		return 126;
	return 125;
}

int container_status_code(int wstatus)
{
	return WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
}
