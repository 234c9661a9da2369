/* SPDX-License-Identifier: Apache-2.0 */
/* One container of a pod: its beginning, its hooks, its end; what the pod needs to know of it. */
#include "base/clock.h"
#include "base/io.h"
#include "base/scope.h"
#include "monitor/pod_parts.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define S INT64_C(1000000000)

int member_open(struct member *mb, struct pod *p, const struct pod_container *c, struct err *e)
{
	struct monitor *m = &mb->m;
	const struct monitor *first = p->members == mb ? NULL : &p->members->m;

	*mb = (struct member){ .m = MONITOR_NOTHING, .pod = p, .c = c, .hook = { .words = -1 } };
	m->member = mb;
	m->state_path = arena_fmt(&p->arena, "%s/%s", p->charter.state_root, c->id);
	if (!m->state_path)
		return err_oom(e);
	stdio_init(&m->stdio);
	probes_begin(mb, 0);
	if (first) { /* one host, looked at once */
		m->host = first->host;
		m->facts = p->facts;
		m->facts_are_new = true;
		(void)snprintf(m->outcome.boot_id, sizeof m->outcome.boot_id, "%s", first->outcome.boot_id);
		return birth_open(m, m->state_path, e);
	}
	if (birth_begin(m, NULL, e) < 0)
		return -e->code;
	p->facts = m->facts;
	p->births = m->birth;
	m->birth = (struct arena){ .max = p->births.max };
	return birth_open(m, m->state_path, e);
}

/* ---- what it is -------------------------------------------------------------------------------------------------- */

static bool runs(const struct member *mb)
{
	return mb->m.phase == PHASE_RUNNING && mb->hooked;
}

static bool has(const struct member *mb, enum member_use u)
{
	return mb->c->use[u].action != ACTION_NONE;
}

static bool is_begun(const struct member *mb)
{
	return runs(mb) && (!has(mb, USE_STARTUP) || mb->probes[USE_STARTUP].passed);
}

void member_look(struct member *mb)
{
	struct outcome *o = &mb->m.outcome;
	bool begun = is_begun(mb);
	bool ready = begun && !mb->stopping && (!has(mb, USE_READINESS) || mb->probes[USE_READINESS].passed);

	if (o->begun == begun && o->ready == ready)
		return;
	o->begun = begun;
	o->ready = ready;
	if (mb->m.phase == PHASE_RUNNING)
		record_outcome(&mb->m);
}

bool member_passed(const struct member *mb)
{
	const struct monitor *m = &mb->m;

	switch (mb->c->kind) {
	case MEMBER_INIT:
		return m->phase == PHASE_OVER && !m->failed && m->outcome.exit_code == 0;
	case MEMBER_SIDECAR:
		return is_begun(mb);
	case MEMBER_HOLDER:
		return m->phase == PHASE_RUNNING;
	case MEMBER_MAIN:
		return m->phase != PHASE_CREATED && mb->hook.what == DOING_NOTHING;
	}
	return false;
}

bool member_failed(const struct member *mb)
{
	bool matters = mb->c->kind == MEMBER_INIT || mb->c->kind == MEMBER_HOLDER;

	return matters && mb->m.phase == PHASE_OVER && !member_passed(mb);
}

/* What it said of its last end stays beside the file of this life. */
static int renew_message(struct member *mb, struct err *e)
{
	const struct pod_charter *c = &mb->pod->charter;
	char path[PATH_MAX], last[80];
	scoped_fd dir = -1, fd = -1;

	if ((size_t)snprintf(path, sizeof path, "%s/" POD_DATA "/%s/" POD_MESSAGES, c->data_root, c->uid) >=
		    sizeof path ||
	    (size_t)snprintf(last, sizeof last, "%s" POD_MESSAGE_LAST, mb->c->name) >= sizeof last)
		return err_set(e, ENAMETOOLONG, "%s", mb->c->name);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || renameat(dir, mb->c->name, dir, last) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "rename %s/%s", path, mb->c->name);
	fd = openat(dir, mb->c->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return fd < 0 || fchmod(fd, 0666) < 0 ? err_sys(e, "make %s/%s", path, mb->c->name) : 0;
}

/* Each life of a pod's container begins with its image as it is; only volumes stay. */
int pod_clear_root(struct member *mb, struct err *e)
{
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = { { "upper", 0755 }, { "work", 0700 } };
	struct monitor *m = &mb->m;

	if (!m->charter.root.upper || !m->outcome.started_ns)
		return 0;
	if (renew_message(mb, e) < 0)
		return -e->code;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		int r = io_remove_tree_at(m->container_dir, folders[i].name, e);

		if (r < 0)
			return r;
		if (mkdirat(m->container_dir, folders[i].name, folders[i].mode) < 0)
			return err_sys(e, "mkdir %s", folders[i].name);
	}
	return 0;
}

/* ---- its life ---------------------------------------------------------------------------------------------------- */

void pod_started(struct member *mb)
{
	const char *name = mb->c->name;

	mb->since_ns = clock_monotonic_ns();
	mb->stopping = false;
	mb->kill_ns = 0;
	mb->m.outcome.ready = mb->m.outcome.begun = false;
	mb->hooked = !has(mb, USE_POST_START);
	probes_begin(mb, mb->since_ns);
	if (mb->c->kind != MEMBER_HOLDER)
		happened(mb->pod, name, false, "Started", "Started container %s", name);
	if (!mb->hooked)
		doing_begin(&mb->hook, mb, USE_POST_START, 0);
	member_look(mb);
}

void pod_exited(struct member *mb)
{
	const struct outcome *o = &mb->m.outcome;

	doing_cancel(&mb->hook);
	probes_cancel(mb);
	mb->stopping = false;
	mb->hooked = false;
	mb->kill_ns = 0;
	mb->m.outcome.ready = mb->m.outcome.begun = false;
	if (mb->pod->state == POD_RUNS && o->exit_code && o->restart_count)
		happened(mb->pod, mb->c->name, true, "BackOff", "Back-off restarting failed container %s",
			 mb->c->name);
}

void pod_failed(struct member *mb, const struct err *why)
{
	happened(mb->pod, mb->c->name, true, "Failed", "Error: %s", why->msg);
}

/* ---- its end ----------------------------------------------------------------------------------------------------- */

static void hurry(struct member *mb, int64_t kill_ns)
{
	if (sooner(mb->kill_ns, kill_ns) == mb->kill_ns)
		return;
	mb->kill_ns = kill_ns;
	if (mb->hook.what == DOING_NOTHING)
		mb->m.orders.kill_ns = sooner(mb->m.orders.kill_ns, kill_ns);
	else
		mb->hook.until_ns = kill_ns;
}

static void stop_running(struct member *mb, int64_t kill_ns)
{
	doing_cancel(&mb->hook);
	mb->hooked = mb->stopping = true;
	mb->kill_ns = kill_ns;
	if (has(mb, USE_PRE_STOP) && kill_ns > clock_monotonic_ns())
		doing_begin(&mb->hook, mb, USE_PRE_STOP, kill_ns);
	else
		order_end(&mb->m, kill_ns);
	member_look(mb);
}

void member_kill(struct member *mb)
{
	int64_t now = clock_monotonic_ns();

	doing_cancel(&mb->hook);
	mb->hooked = mb->stopping = true;
	mb->kill_ns = now;
	order_end(&mb->m, now);
	member_look(mb);
}

void member_stop(struct member *mb, int64_t kill_ns, bool for_good)
{
	struct monitor *m = &mb->m;

	if (for_good)
		m->orders.end_wanted = true;
	if (m->phase == PHASE_CREATED)
		m->phase = PHASE_OVER;
	else if (m->phase == PHASE_WAITING && for_good)
		m->start_again_ns = 1; /* life_run() looks, and sees that it is not wanted */
	else if (m->phase == PHASE_RUNNING && mb->stopping)
		hurry(mb, kill_ns);
	else if (m->phase == PHASE_RUNNING)
		stop_running(mb, kill_ns);
}

static void hook_failed(struct member *mb, enum member_use use, const char *why)
{
	bool start = use == USE_POST_START;

	happened(mb->pod, mb->c->name, true, start ? "FailedPostStartHook" : "FailedPreStopHook", "%s hook failed: %s",
		 start ? "PostStart" : "PreStop", why);
}

void doing_done(struct doing *d, bool success, const char *why)
{
	struct member *mb = d->member;

	if (d->use < USE_PROBES)
		return probe_done(mb, d->use, success, why);
	if (!success)
		hook_failed(mb, d->use, why);
	if (d->use == USE_PRE_STOP) {
		int64_t least = clock_monotonic_ns() + LEAST_GRACE_NS;

		return order_end(&mb->m, mb->kill_ns > least ? mb->kill_ns : least);
	}
	mb->hooked = true;
	if (!success)
		member_stop(mb, clock_monotonic_ns() + mb->pod->charter.grace_s * S, false);
	member_look(mb);
}

/* The pod's places in networks are its own: whoever looks must see that they are in use. And who may begin anew is still ours. */
static bool is_held(const struct member *mb)
{
	const struct pod *p = mb->pod;

	if (!mb->m.charter.networked && !p->again_may)
		return false;
	for (size_t i = 0; i < p->charter.n; i++)
		if (p->members[i].m.phase != PHASE_OVER)
			return true;
	return p->state != POD_OVER;
}

/* It is recorded, and whoever was connected hears of it; then its folders are free. */
static void settle(struct member *mb)
{
	struct monitor *m = &mb->m;

	if (!mb->recorded && (m->outcome.pid || m->outcome.started_ns || m->failed))
		record_outcome(m);
	mb->recorded = true;
	if (m->lock >= 0 && !is_held(mb)) {
		if (m->charter.networked)
			places_remove(m);
		monitor_resign(m);
	}
	if (!m->failed)
		tell_end(m);
	if (m->orders.leave || m->failed)
		for (struct client *c = m->clients; c < m->clients + MONITOR_CLIENTS; c++)
			if (c->used)
				client_drop(m, c);
	mb->over = m->lock < 0 && !has_clients(m);
}

void member_run(struct member *mb, int64_t now)
{
	if (mb->m.phase == PHASE_OVER)
		return settle(mb);
	doing_run(&mb->hook, now);
	probes_run(mb, now);
	member_look(mb);
}

int64_t member_due_ns(const struct member *mb)
{
	int64_t at = probes_due_ns(mb);

	if (mb->m.phase == PHASE_OVER)
		return !mb->recorded || (mb->m.lock >= 0 && !is_held(mb)) ? 1 : 0; /* at once */
	return mb->hook.what == DOING_NOTHING ? at : sooner(at, mb->hook.until_ns);
}

bool member_reaped(struct member *mb, pid_t pid, int wstatus)
{
	bool ours = doing_reaped(&mb->hook, pid, wstatus);

	for (int u = 0; !ours && u < USE_PROBES; u++)
		ours = doing_reaped(&mb->probes[u].doing, pid, wstatus);
	return ours;
}
