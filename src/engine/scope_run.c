/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/scope_run.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "engine/create.h"
#include "engine/foreground.h"
#include "spec/spec.h"
#include "kernel/cgroup.h"
#include "kernel/sys.h"
#include "runtime/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define REMOVE_MS 10000
#define WHAT                                                                                                           \
	(CGROUP_STAT_CPU | CGROUP_STAT_MEMORY | CGROUP_STAT_EVENTS | CGROUP_STAT_PIDS | CGROUP_STAT_IO)

struct scope {
	struct engine *en;
	struct creation cr;
	struct cgroup_writes writes;
	struct cgroup *cg;
	const char *path;
};

static int plan(struct scope *s, struct container_config *c, struct arena *a, struct err *e)
{
	const char *parent = c->cgroup_parent ? c->cgroup_parent : "/tare/scopes";
	struct runtime_spec spec;
	struct id id;
	int r = id_new(&id, e);

	runtime_spec_init(&spec);
	if (r == 0)
		r = creation_limits(s->en, c, NULL, a, &s->cr, e);
	for (size_t i = 0; r == 0 && i < s->cr.warnings.n; i++)
		log_warning("%s", s->cr.warnings.v[i]);
	if (r == 0)
		r = spec_limits(c, &s->cr.facts, &s->cr.inputs, a, &spec.resources, e);
	if (r == 0)
		r = plan_resources(&spec.resources, &s->cr.facts.cgroup, a, &s->writes, e);
	if (r < 0)
		return r;
	s->path = arena_fmt(a, "%s%s/scope-%d-%.6s", parent[0] == '/' ? "" : "/", parent, (int)getpid(), id.hex);
	if (s->path)
		s->path = cgroup_layout_group(&s->cr.facts.cgroup, s->path, a);
	return s->path ? 0 : err_oom(e);
}

/* ---- the guard: somebody has to end the scope of a tare that is killed ------------------------------------------------- */

struct guard {
	pid_t pid;
	int end; /* closed without a byte: we are gone */
};

/* Nothing that the command shares stays open here, or its readers would wait for us. A terminal's signals are not ours. */
static _Noreturn void stand_guard(const struct scope *s, int watched)
{
	struct cgroup *cg;
	char byte;
	ssize_t n;

	fault_role("scope-guard");
	(void)setsid();
	(void)prctl(PR_SET_NAME, "tare-scope");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	do
		n = read(watched, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		_exit(0);
	if (cgroup_open(s->en->host, &s->cr.facts.cgroup, s->path, &cg, NULL) == 0) {
		(void)cgroup_kill(cg, NULL);
		cgroup_free(cg);
	}
	(void)cgroup_remove(s->en->host, &s->cr.facts.cgroup, s->path, REMOVE_MS, NULL);
	_exit(0);
}

/* Before the group is made: at no moment there is a group without a guard. */
static int guard_begin(const struct scope *s, struct guard *ret, struct err *e)
{
	int pair[2];
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	pid = sys_clone3(&(struct clone_args){ .exit_signal = SIGCHLD });
	if (pid == 0) {
		close(pair[1]);
		stand_guard(s, pair[0]);
	}
	close(pair[0]);
	*ret = (struct guard){ pid, pair[1] };
	if (pid < 0) {
		close(pair[1]);
		return err_sys(e, "clone3 of the scope's guard");
	}
	return 0;
}

/* done: the group has gone. Else the guard takes it away. */
static void guard_end(struct guard *g, bool done)
{
	if (done && write(g->end, "", 1) < 0)
		log_debug("the scope's guard has gone");
	close(g->end);
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* ---------------------------------------------------------------------------------------------------------------------- */

/* The v1 side; into v2 it is born. */
static int join(void *context, struct err *e)
{
	const struct scope *s = context;

	return cgroup_join(s->cg, e);
}

static int run_in_group(struct scope *s, char *const *argv, int *ret_status, struct scope_report *ret, struct err *e)
{
	const struct foreground f = { .argv = argv, .prepare = join, .context = s, .cgroup = cgroup_clone_fd(s->cg) };
	int64_t began;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->writes.n; i++)
		r = cgroup_apply(s->cg, &s->writes.w[i], e);
	if (r < 0)
		return r;
	began = clock_monotonic_ns();
	r = foreground_run(&f, ret_status, e);
	ret->lived_ns = clock_monotonic_ns() - began;
	if (cgroup_is_populated(s->cg))
		(void)cgroup_kill(s->cg, NULL);
	if (r == 0)
		r = cgroup_stat_read(s->en->host, &s->cr.facts.cgroup, s->path, WHAT, &ret->st, e);
	return r;
}

int scope_run(struct engine *en, struct container_config *c, char *const *argv, struct arena *a, int *ret_status,
	      struct scope_report *ret, struct err *e)
{
	struct scope s = { .en = en };
	struct guard guard;
	int r = plan(&s, c, a, e), removed;

	*ret_status = 125;
	if (r == 0)
		r = guard_begin(&s, &guard, e);
	if (r < 0)
		return r;
	r = cgroup_create(en->host, &s.cr.facts.cgroup, s.path, true, &s.cg, e);
	if (r < 0) {
		guard_end(&guard, true);
		return r;
	}
	r = run_in_group(&s, argv, ret_status, ret, e);
	cgroup_free(s.cg);
	removed = cgroup_remove(en->host, &s.cr.facts.cgroup, s.path, REMOVE_MS, r == 0 ? e : NULL);
	guard_end(&guard, removed == 0);
	return r < 0 ? r : removed;
}
