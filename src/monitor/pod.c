/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a pod's containers, from the first one's beginning to the last one's end. */
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/ofd_lock.h"
#include "monitor/hand_on.h"
#include "monitor/monitor.h"
#include "monitor/pod_parts.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define S INT64_C(1000000000)

/* ---- what they share --------------------------------------------------------------------------------------------- */

static const struct shared {
	const char *type, *file; /* of the specification; proc_pid_ns(5) */
} shared[POD_NAMESPACES] = {
	{ "network", "net" }, { "ipc", "ipc" }, { "uts", "uts" }, { "pid", "pid" }, { "user", "user" }
};

/* Its own, or that of a member which may begin after it. */
static bool is_pods(const struct pod *p, const char *path)
{
	for (size_t i = 0; path && i < p->charter.n; i++)
		if (strncmp(path, JOIN_PREFIX, strlen(JOIN_PREFIX)) == 0 &&
		    strcmp(path + strlen(JOIN_PREFIX), p->charter.v[i].id) == 0)
			return true;
	return !path;
}

static int place_of(const struct member *mb, const struct oci_namespace *ns)
{
	bool pids = mb->pod->members->c->kind == MEMBER_HOLDER;

	for (int i = 0; i < POD_NAMESPACES; i++)
		if (strcmp(ns->type, shared[i].type) == 0 && (pids || strcmp(ns->type, "pid") != 0) &&
		    is_pods(mb->pod, ns->path))
			return i;
	return -1;
}

/* One that runs, but for the first `without` of them: those have just ended. NULL: none */
static const struct member *find_other(const struct member *mb, unsigned without)
{
	const struct pod *p = mb->pod;

	for (size_t i = 0; i < p->charter.n; i++)
		if (&p->members[i] != mb && p->members[i].m.phase == PHASE_RUNNING && !without--)
			return &p->members[i];
	return NULL;
}

/* The files of shm_open(3) go with the namespace as long as somebody has them. */
static int share_memory(struct member *mb, unsigned without, struct err *e)
{
	struct monitor *m = &mb->m;
	const struct member *other = find_other(mb, without);

	for (size_t k = 0; other && k < m->spec.mounts.n; k++)
		if (strcmp(m->spec.mounts.v[k].destination, "/dev/shm") == 0 && m->spec.mounts.v[k].type &&
		    strcmp(m->spec.mounts.v[k].type, "tmpfs") == 0) {
			m->spec.mounts.v[k] = (struct oci_mount){
				.destination = "/dev/shm",
				.type = "bind",
				.source = arena_fmt(&m->birth, JOIN_PREFIX "%s", other->c->id),
			};
			if (!m->spec.mounts.v[k].source)
				return err_oom(e);
		}
	return 0;
}

int pod_join(struct member *mb, unsigned without, struct err *e)
{
	struct monitor *m = &mb->m;

	for (size_t i = 0; i < m->spec.namespaces.n; i++) {
		struct oci_namespace *ns = &m->spec.namespaces.v[i];
		int place = place_of(mb, ns), fd = place < 0 ? -1 : mb->pod->ns[place];

		if (place >= 0)
			ns->path = NULL;
		if (fd < 0)
			continue;
		ns->path = arena_fmt(&m->birth, "/proc/self/fd/%d", fd);
		if (!ns->path)
			return err_oom(e);
		if (strcmp(ns->type, "uts") == 0)
			m->spec.hostname = m->spec.domainname = NULL;
		if (strcmp(ns->type, "ipc") == 0 && share_memory(mb, without, e) < 0)
			return -e->code;
	}
	return 0;
}

/* Who brings the network has the pod's places in it. */
static int network_came(const struct pod *p, struct err *e)
{
	struct member *of = pod_networked(p);

	return of ? places_write(&of->m, pod_network(p), e) : 0;
}

int pod_keep(struct member *mb, struct err *e)
{
	bool had = pod_network(mb->pod) >= 0;
	struct monitor *m = &mb->m;
	int r;

	for (size_t i = 0; i < m->spec.namespaces.n; i++) {
		int place = place_of(mb, &m->spec.namespaces.v[i]);
		char path[48];

		if (place < 0 || mb->pod->ns[place] >= 0)
			continue;
		(void)snprintf(path, sizeof path, "%d/ns/%s", (int)m->container.pid, shared[place].file);
		mb->pod->ns[place] = openat(m->host.proc, path, O_RDONLY | O_CLOEXEC);
		if (mb->pod->ns[place] < 0)
			return err_sys(e, "open proc/%s", path);
	}
	r = had || pod_network(mb->pod) < 0 ? 0 : network_came(mb->pod, e);
	if (r < 0) /* who brings another one tries again */
		close(fd_take(&mb->pod->ns[0]));
	return r;
}

int pod_network(const struct pod *p)
{
	return p->ns[0];
}

struct member *pod_networked(const struct pod *p)
{
	for (size_t i = 0; i < p->charter.n; i++)
		if (p->members[i].m.charter.networked)
			return &p->members[i];
	return NULL;
}

/* ---- clients ----------------------------------------------------------------------------------------------------- */

static void drop(struct pod *p, size_t i)
{
	close(p->clients[i].sock);
	p->clients[i] = p->clients[--p->n_clients];
}

static void tell_pod(struct pod *p, enum control_type type, int value, const struct err *why)
{
	struct control_message msg = { .type = type, .value = value };

	if (why)
		msg.err = *why;
	for (size_t i = p->n_clients; i-- > 0;)
		if (control_send(p->clients[i].sock, &msg, NULL, 0, NULL) < 0)
			drop(p, i);
}

static void add(struct pod *p, int sock)
{
	if (p->n_clients == POD_CLIENTS) {
		close(sock);
		return;
	}
	p->clients[p->n_clients++] = (struct pod_client){ .sock = sock };
}

static bool is_ready(const struct pod *p)
{
	for (size_t i = 0; i < p->charter.n; i++) {
		const struct member *mb = &p->members[i];
		bool stays = mb->c->kind == MEMBER_MAIN || mb->c->kind == MEMBER_SIDECAR;

		if (stays && !mb->m.outcome.ready)
			return false;
	}
	return p->state == POD_RUNS;
}

static void tell_ready(struct pod *p)
{
	if (!is_ready(p))
		return;
	for (size_t i = p->n_clients; i-- > 0;)
		if (p->clients[i].awaits_ready) {
			p->clients[i].awaits_ready = false;
			if (control_tell(p->clients[i].sock, CONTROL_DONE, 0, 0, NULL) < 0)
				drop(p, i);
		}
}

static void end_pod(struct pod *p, int grace_s)
{
	int64_t now = clock_monotonic_ns(), kill = now + (grace_s < 0 ? p->charter.grace_s : grace_s) * S;

	p->kill_ns = p->state == POD_RUNS ? kill : sooner(p->kill_ns, kill);
	p->at_once |= grace_s == 0;
	if (p->state == POD_RUNS)
		p->state = POD_ENDS;
}

static void refuse_pods(struct pod *p, size_t i, const struct err *why)
{
	(void)control_send(p->clients[i].sock, &(struct control_message){ .type = CONTROL_REFUSED, .err = *why }, NULL,
			   0, NULL);
}

static void hear(struct pod *p, size_t i)
{
	struct control_message msg;
	struct err e = { 0 };
	int fds[3] = { -1, -1, -1 }, r = control_receive(p->clients[i].sock, &msg, fds, &e);

	if (r == -EPROTO)
		return refuse_pods(p, i, &e);
	if (r <= 0)
		return drop(p, i);
	for (int k = 0; k < 3; k++)
		if (fds[k] >= 0)
			close(fds[k]);
	if (msg.type == CONTROL_STOP) {
		p->told_to_end = true;
		end_pod(p, msg.value);
	} else if (msg.type == CONTROL_AWAIT_READY) {
		p->clients[i].awaits_ready = true;
	} else {
		(void)err_set(&e, EPROTO, "message %u is not known to a pod's monitor", msg.type);
		refuse_pods(p, i, &e);
	}
}

void pod_poll(struct pod *p, struct pollset *set)
{
	p->listener_polled = pollset_add(set, p->listener, POLLIN);
	for (size_t i = 0; i < p->n_clients; i++)
		p->clients[i].polled = pollset_add(set, p->clients[i].sock, POLLIN);
}

void pod_hear(struct pod *p, const struct pollset *set)
{
	for (size_t i = p->n_clients; i-- > 0;)
		if (pollset_found(set, p->clients[i].polled, p->clients[i].sock))
			hear(p, i);
	if (pollset_found(set, p->listener_polled, p->listener)) {
		int sock = control_accept(p->listener, NULL);

		if (sock >= 0)
			add(p, sock);
	}
}

/* ---- the order --------------------------------------------------------------------------------------------------- */

static bool are_over(const struct pod *p, enum member_kind kind)
{
	for (size_t i = 0; i < p->charter.n; i++)
		if (p->members[i].c->kind == kind && p->members[i].m.phase != PHASE_OVER)
			return false;
	return true;
}

static bool has_failed(const struct pod *p)
{
	for (size_t i = 0; i < p->charter.n; i++)
		if (member_failed(&p->members[i]))
			return true;
	return false;
}

static void settled(struct pod *p)
{
	if (p->settled)
		return;
	p->settled = true;
	tell_pod(p, CONTROL_STARTED, 0, NULL);
}

/* Up to the first one that the others wait for. */
static void begin_next(struct pod *p)
{
	for (size_t i = 0; i < p->charter.n; i++) {
		struct member *mb = &p->members[i];
		bool passed = i + 1 < p->charter.n && p->members[i + 1].begun; /* it may have ended since */

		if (!mb->begun) {
			mb->begun = true;
			life_begin(&mb->m);
		}
		if (!passed && !member_passed(mb))
			return settled(p);
	}
	arena_done(&p->births);
	settled(p);
}

/* A sidecar whose turn comes late has a moment still. */
static int64_t kill_of(const struct pod *p, const struct member *mb)
{
	int64_t now = clock_monotonic_ns(), least = now + LEAST_GRACE_NS;

	if (mb->c->kind == MEMBER_HOLDER)
		return now;
	return p->at_once || p->kill_ns > least ? p->kill_ns : least;
}

/* The main ones together; then the sidecars, the last one first; and who holds the namespace. */
static void end_next(struct pod *p)
{
	for (size_t i = p->charter.n; i-- > 0;) {
		struct member *mb = &p->members[i];
		bool first = mb->c->kind == MEMBER_MAIN || mb->c->kind == MEMBER_INIT;

		if (first)
			member_stop(mb, p->kill_ns, true);
	}
	if (!are_over(p, MEMBER_MAIN) || !are_over(p, MEMBER_INIT))
		return;
	for (size_t i = p->charter.n; i-- > 0;) {
		struct member *mb = &p->members[i];

		if (mb->m.phase == PHASE_OVER)
			continue;
		member_stop(mb, kill_of(p, mb), true);
		if (mb->m.phase != PHASE_OVER)
			return;
	}
	p->state = POD_OVER;
}

void pod_run_due(struct pod *p)
{
	int64_t now = clock_monotonic_ns();

	for (size_t i = 0; i < p->charter.n; i++)
		member_run(&p->members[i], now);
	pod_again_run(p, now);
	if (p->state == POD_RUNS && p->deadline_ns && p->deadline_ns <= now) {
		happened(p, "-", true, POD_DEADLINE, "Pod was active on the node longer than the specified deadline");
		end_pod(p, -1);
	}
	if (p->state == POD_RUNS && (are_over(p, MEMBER_MAIN) || has_failed(p)))
		end_pod(p, -1);
	if (p->state == POD_RUNS)
		begin_next(p);
	else
		end_next(p);
	tell_ready(p);
}

int64_t pod_due_ns(const struct pod *p)
{
	int64_t at = p->state == POD_RUNS ? sooner(p->deadline_ns, pod_again_due_ns(p)) : 0;

	for (size_t i = 0; i < p->charter.n; i++)
		at = sooner(at, member_due_ns(&p->members[i]));
	return at;
}

void pod_reaped(struct pod *p, pid_t pid, int wstatus)
{
	for (size_t i = 0; i < p->charter.n; i++)
		if (member_reaped(&p->members[i], pid, wstatus))
			return;
}

/* ---- from its birth to its end ----------------------------------------------------------------------------------- */

static int open_pod(struct pod *p, const char *pod_dir, struct err *e)
{
	p->dir = open(pod_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0)
		return err_sys(e, "open %s", pod_dir);
	p->lock = openat(p->dir, CONTROL_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (p->lock < 0)
		return err_sys(e, "open " CONTROL_LOCK);
	if (ofd_lock_take(p->lock, 0, e) < 0)
		return err_wrap(e, -e->code, "another monitor of this pod is here already");
	return pod_charter_read(p->dir, &p->arena, &p->charter, e);
}

static int open_members(struct pod *p, struct err *e)
{
	int r = 0;

	p->members = calloc(p->charter.n, sizeof *p->members);
	if (!p->members)
		return err_oom(e);
	for (size_t i = 0; r == 0 && i < p->charter.n; i++) {
		r = member_open(&p->members[i], p, &p->charter.v[i], e);
		if (i > 0)
			p->members[i - 1].m.next = &p->members[i].m;
	}
	p->again_may = pod_again_may(p);
	return r < 0 ? err_wrap(e, r, "a container of the pod") : 0;
}

static int listen_pod(struct pod *p, struct err *e)
{
	if (fchdir(p->dir) < 0)
		return err_sys(e, "chdir");
	p->listener = control_listen(e);
	if (p->listener < 0)
		return p->listener;
	for (size_t i = 0; i < p->charter.n; i++)
		record_outcome(&p->members[i].m);
	if (p->charter.deadline_s)
		p->deadline_ns = clock_monotonic_ns() + p->charter.deadline_s * S;
	p->sandbox.first = &p->members->m;
	p->sandbox.pod = p;
	tell_pod(p, CONTROL_CREATED, getpid(), NULL);
	return 0;
}

static bool is_quiet(const struct pod *p)
{
	for (size_t i = 0; i < p->charter.n; i++)
		if (!p->members[i].over)
			return false;
	return p->state == POD_OVER;
}

/* There is room for others, and its ports are free. Whoever told it to end sees to that. */
static void settle(const struct pod *p)
{
	const struct pod_charter *c = &p->charter;
	const struct member *net = pod_networked(p);

	hand_on(&(struct hand_on){ c->program, c->data_root, c->state_root, c->settings }, "_kube-settle",
		net ? net->c->id : NULL);
}

static void finish(struct pod *p)
{
	close(fd_take(&p->listener));
	close(fd_take(&p->lock));
	tell_pod(p, CONTROL_EXITED, 0, NULL);
	if (!p->told_to_end)
		settle(p);
}

/* Until then it is being made. A client that goes instead, for whatever reason, has not made it. */
static bool may_proceed(void)
{
	struct control_message msg;
	int fds[3];

	return control_receive(CONTROL_FD, &msg, fds, NULL) == 1 && msg.type == CONTROL_PROCEED;
}

int pod_run(const char *pod_dir, struct err *e)
{
	static struct pod pod = { .sandbox = { .signals = -1 }, .arena = { .max = LIMIT_CONTROL_MSG },
				  .dir = -1, .lock = -1, .listener = -1, .ns = { -1, -1, -1, -1, -1 } };
	struct pod *p = &pod;
	int r = sandbox_signals(&p->sandbox, e);

	(void)fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
	if (!may_proceed())
		return 0;
	add(p, CONTROL_FD);
	if (r == 0)
		r = open_pod(p, pod_dir, e);
	if (r == 0)
		r = open_members(p, e);
	if (r == 0)
		r = pod_volumes_open(p, e);
	if (r == 0)
		r = listen_pod(p, e);
	if (r < 0) {
		tell_pod(p, CONTROL_FAILED, 125, e);
		return r;
	}
	pod_run_due(p);
	while (!is_quiet(p))
		sandbox_turn(&p->sandbox);
	finish(p);
	return 0;
}
