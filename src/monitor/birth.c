/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/ofd_lock.h"
#include "kernel/procfs.h"
#include "monitor/join.h"
#include "monitor/oom.h"
#include "monitor/pod_parts.h"

#include <fcntl.h>
#include <sys/prctl.h>

/* ---- the monitor's own --------------------------------------------------------------------------------------- */

static int open_state(struct monitor *m, const char *state_dir, struct err *e)
{
	if (chdir(state_dir) < 0)
		return err_sys(e, "chdir %s", state_dir);
	m->state = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	m->lock = open(CONTROL_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (m->state < 0 || m->lock < 0)
		return err_sys(e, "open %s", m->lock < 0 ? CONTROL_LOCK : state_dir);
	if (ofd_lock_take(m->lock, 0, e) < 0)
		return err_wrap(e, -e->code, "another monitor is here already");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return err_sys(e, "prctl PR_SET_CHILD_SUBREAPER");
	return 0;
}

static void know_network(struct monitor *m)
{
	const struct charter *c = &m->charter;

	m->net.program = c->net_program;
	m->net.tare = c->program;
	m->net.data_root = c->data_root;
	m->net.state_root = c->state_root;
	m->net.container = c->id;
}

int birth_read_charter(struct monitor *m, struct err *e)
{
	struct arena fresh = ARENA(LIMIT_CONTROL_MSG);
	struct charter c;
	int r = charter_read(m->state, &fresh, &c, e);

	if (r < 0) {
		arena_done(&fresh);
		return r;
	}
	arena_done(&m->life);
	m->life = fresh;
	m->charter = c;
	m->systemd.program = c.systemd;
	m->stdio.tty = c.tty;
	m->stdio.open_stdin = c.open_stdin;
	m->stdio.stdin_once = c.stdin_once;
	know_network(m);
	return 0;
}

static int open_container_dir(struct monitor *m, struct err *e)
{
	m->container_dir = open(m->charter.container_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->container_dir < 0)
		return err_sys(e, "open %s", m->charter.container_dir);
	jsonlog_init(&m->log, &m->charter, m->container_dir);
	m->stdio.log = &m->log;
	return 0;
}

/* What fails here is made, and told, when it is its turn. */
static void make_cgroup_early(struct monitor *m, const char *path)
{
	const struct cgroup_layout *l = &m->facts.cgroup;

	if (path && l->mode != CGROUP_MODE_NONE)
		(void)cgroup_create(&m->host, l, path, true, &m->early.cgroup, NULL);
}

int birth_begin(struct monitor *m, const char *cgroup_path, struct err *e)
{
	int r = host_open(&m->host, "/", e);

	if (r == 0)
		r = procfs_boot_id(&m->host, m->outcome.boot_id, e);
	if (r == 0)
		r = host_facts_read(&m->host, &m->birth, &m->facts, e);
	m->facts_are_new = r == 0;
	if (r == 0)
		make_cgroup_early(m, cgroup_path);
	return r;
}

void birth_prepare(struct monitor *m)
{
	container_early_root(&m->early, &m->charter.root, &m->facts);
}

int birth_open(struct monitor *m, const char *state_dir, struct err *e)
{
	int r = open_state(m, state_dir, e);

	if (r == 0)
		r = birth_read_charter(m, e);
	if (r == 0)
		r = open_container_dir(m, e);
	if (r < 0)
		return r;
	if (m->net.program)
		net_watch_wake(&m->net);
	m->outcome.restart_count = m->charter.restart_count;
	m->outcome.monitor_pid = getpid();
	m->outcome.created_ns = clock_real_ns();
	m->outcome.oom_log_seq = (uint64_t)m->charter.oom_log_seq;
	m->listener = control_listen(e);
	return m->listener < 0 ? m->listener : 0;
}

/* ---- the container ------------------------------------------------------------------------------------------- */

static int read_config(struct monitor *m, struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	int r = io_read_at(m->state, CONFIG_FILE, &json, e);

	if (r < 0)
		return r;
	r = runtime_spec_parse(buf_sv(&json), &m->birth, &m->spec, e);
	return err_wrap(e, r, CONFIG_FILE);
}

/* Whose places in networks are those of the namespace that m gets: of a pod one member's, for whoever comes first. NULL: none */
static struct monitor *networked(struct monitor *m)
{
	struct member *of = m->member ? pod_networked(m->member->pod) : NULL;

	if (m->member)
		return of && pod_network(m->member->pod) < 0 ? &of->m : NULL;
	return m->charter.networked ? m : NULL;
}

static int read_links(struct monitor *m, struct net_links *ret, struct err *e)
{
	const struct monitor *of = networked(m);
	const struct oci_strings *lines = of ? &of->charter.net_links : NULL;
	int r = 0;

	*ret = (struct net_links){ .n = 0 };
	if (!lines || !lines->n)
		return 0;
	if (lines->n > LIMIT_NET_LINKS)
		return err_set(e, E2BIG, CHARTER_FILE ": more than %d interfaces", LIMIT_NET_LINKS);
	ret->v = arena_array(&m->birth, lines->n, sizeof *ret->v);
	if (!ret->v)
		return err_oom(e);
	for (; r == 0 && ret->n < lines->n; ret->n++)
		r = net_link_parse(sv_from(lines->v[ret->n]), &ret->v[ret->n], e);
	return r;
}

static int make_plan(struct monitor *m, const struct joins *j, struct err *e)
{
	struct plan_inputs in = { .id = m->charter.id, .root = m->charter.root, .copy_up = m->charter.copy_up,
				  .copy_up_count = m->charter.copy_up_count, .handed = j->mounts.v,
				  .handed_count = j->mounts.n, .die_with_parent = true,
				  .systemd = m->systemd.program ? &m->systemd : NULL };
	int r = m->facts_are_new ? 0 : host_facts_read(&m->host, &m->birth, &m->facts, e);

	m->facts_are_new = false;
	if (r == 0)
		r = read_links(m, &in.links, e);
	if (r == 0 && m->charter.trace && !m->trace)
		r = trace_new(&m->trace, e);
	if (r == 0)
		r = plan_make(&m->spec, &m->facts, &in, &m->birth, &m->plan, e);
	if (m->trace)
		m->trace->ended_ns = clock_monotonic_ns();
	return r;
}

/* Before the command runs its network is there. */
static int begin_user_net(struct monitor *m, struct err *e)
{
	const struct oci_strings *words = &m->charter.user_net, *asked = &m->charter.user_net_requests;
	const char **argv = arena_array(&m->birth, words->n + 1, sizeof *argv);
	const char **requests = arena_array(&m->birth, asked->n + 1, sizeof *requests);

	if (!argv || !requests)
		return err_oom(e);
	for (size_t i = 0; i < words->n; i++)
		argv[i] = words->v[i];
	for (size_t i = 0; i < asked->n; i++)
		requests[i] = asked->v[i];
	argv[words->n] = requests[asked->n] = NULL;
	return user_net_begin(&m->user_net, m->host.proc, m->container.pid, argv, requests, e);
}

/* What others have to know of it, or it of others. */
static int introduce(struct monitor *m, struct err *e)
{
	int r = 0;

	if (m->stdio.tty)
		r = stdio_set_master(&m->stdio, fd_take(&m->container.console), e);
	arena_done(&m->running);
	if (r == 0)
		r = exec_context_make(&m->plan, &m->running, &m->exec, e);
	if (r == 0 && m->charter.user_net.n)
		r = begin_user_net(m, e);
	if (r < 0)
		return r;
	m->may_nest = oom_may_nest(&m->facts.cgroup, m->spec.mounts.v, m->spec.mounts.n);
	m->outcome.pid = m->container.pid;
	(void)procfs_start_ticks(&m->host, m->container.pid, &m->outcome.pid_start_ticks, NULL);
	return m->member ? pod_keep(m->member, e) : places_write(m, -1, e);
}

static int make_container(struct monitor *m, struct err *e)
{
	int fds[3] = { -1, -1, -1 };
	int r = stdio_open(&m->stdio, fds, e);

	if (r == 0)
		r = container_create(&m->plan, &m->host, fds, m->trace, &m->early, &m->container, e);
	stdio_close(fds);
	if (r < 0)
		return r;
	r = introduce(m, e);
	if (r < 0)
		(void)container_delete(&m->container, NULL);
	return r;
}

static int find_joined(struct monitor *m, unsigned without, struct joins *j, struct err *e)
{
	int r = read_config(m, e);

	if (r == 0 && m->member)
		r = pod_join(m->member, without, e);
	if (r == 0)
		r = join_resolve(j, &m->host, m->outcome.boot_id, m->container_dir, &m->spec, &m->birth, e);
	return r == 0 && m->member ? pod_volumes_join(m->member, j, e) : r;
}

int birth_create(struct monitor *m, struct err *e)
{
	struct joins joins = { .n = 0 };
	struct monitor *of = networked(m);
	int r = of ? charter_read_network(of->state, &of->life, &of->charter, e) : 0, joined = -ESRCH;

	/* in a pod the one that was to be joined may end just then: another one will do, or none */
	for (unsigned i = 0; r == 0 && joined == -ESRCH && i <= (m->member ? m->member->pod->charter.n : 0); i++) {
		join_done(&joins);
		joined = find_joined(m, i, &joins, e);
	}
	r = r < 0 ? r : joined;
	if (r == 0)
		r = make_plan(m, &joins, e);
	if (r == 0)
		r = make_container(m, e);
	join_done(&joins); /* the container has them now */
	return r;
}
