/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_sandbox.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/create.h"
#include "engine/kube_network.h"
#include "engine/kube_plain.h"
#include "engine/launch.h"
#include "engine/recover.h"
#include "engine/start.h"
#include "engine/stop.h"
#include "monitor/control.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>

/* ---- one container's bundle -------------------------------------------------------------------------------------- */

/* Held until the pod's monitor has taken the container over. */
struct prepared {
	struct creation cr;
	struct lock lock;
	bool made, opened; /* now; or it was there */
};

struct preparing {
	const struct kube_build *b;
	struct prepared *v;
	size_t n;
};

static void let_go(struct preparing *p)
{
	for (size_t i = 0; i < p->n; i++) {
		creation_done(&p->v[i].cr);
		lock_release(&p->v[i].lock);
	}
	p->n = 0;
}

/* What was made goes again. */
static void undo(struct preparing *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].made) {
			creation_undo(&p->v[i].cr);
		} else {
			if (p->v[i].opened)
				start_undo(&p->v[i].cr);
			lock_release(&p->v[i].lock);
		}
	p->n = 0;
}

static int make(struct preparing *p, struct container_config *c, struct prepared *to)
{
	const struct kube_build *b = p->b;
	int r = engine_create(b->site->en, c, NULL, b->a, &to->cr, b->e);

	if (r < 0)
		return r;
	to->made = true;
	p->n++;
	for (size_t i = 0; i < to->cr.warnings.n; i++)
		log_warning("pod %s/%s: container %s: %s", b->p->pod.namespace, b->p->pod.name, c->name,
			    to->cr.warnings.v[i]);
	return 0;
}

/* *there becomes false: its making was cut short, and now it is gone. */
static int open_again(struct preparing *p, struct container_row *row, struct prepared *to, bool *there)
{
	const struct kube_build *b = p->b;
	struct container_config *c = arena_alloc(b->a, sizeof *c);
	struct err why = { 0 };
	bool idle = false;
	int r = c ? start_begin(b->site->en, b->a, row, &to->lock, &idle, &why) : err_oom(&why);

	if (r == -ENOENT) {
		*there = false;
		return 0;
	}
	if (r < 0) {
		*b->e = why;
		return r;
	}
	if (!idle)
		return err_set(b->e, EBUSY, "container %s runs outside its pod", row->name);
	p->n++;
	config_init(c);
	r = start_bundle(b->site->en, row, c, b->a, &to->cr, b->e);
	to->opened = r == 0;
	return r;
}

/* One container as it is asked for; spec NULL: who holds the pid namespace. */
struct wanted {
	const char *name;
	const struct container_spec *spec;
	const struct kube_container *k;
};

/* It knows the pod's address now. */
static int tell_address(struct preparing *p, const struct wanted *w, struct container_config *c, struct prepared *one)
{
	const struct kube_build *b = p->b;
	struct container_config again;
	int r = kube_shared_learn(b->shared, &one->cr.places, b->a, b->e);

	if (r < 0 || !b->shared->asked || !w->spec)
		return r;
	r = kube_config_make(b, w->spec, w->k, &again);
	if (r < 0)
		return r;
	c->env = again.env;
	c->entrypoint = again.entrypoint;
	c->command = again.command;
	return creation_set_process(&one->cr, b->e);
}

static int make_new(struct preparing *p, const struct wanted *w, struct container_config *c, struct prepared *one)
{
	const struct kube_build *b = p->b;
	int r = w->spec ? kube_config_make(b, w->spec, w->k, c) : kube_config_holder(b, c);

	if (r == 0)
		r = make(p, c, one);
	if (r == 0 && b->shared->owner && !b->shared->ip) {
		r = tell_address(p, w, c, one);
		if (c->publish.n && !one->cr.places.rows.n)
			log_warning("pod %s/%s: hostPort: it is in no network, so no port of the host leads to it",
				    b->p->pod.namespace, b->p->pod.name);
	}
	return r < 0 ? r : creation_write_bundle(&one->cr, b->e);
}

static int prepare(struct preparing *p, const struct wanted *w, const char **ret_id)
{
	const struct kube_build *b = p->b;
	const char *name = kube_container_name(b->p->pod.uid, w->name, b->a);
	struct prepared *one = &p->v[p->n];
	struct container_row *row = arena_alloc(b->a, sizeof *row);
	struct container_config *c = arena_alloc(b->a, sizeof *c);
	struct err why = { 0 };
	bool there;
	int r = name && row && c ? container_find(b->site->en, sv_from(name), b->a, row, &why) : err_oom(&why);

	*one = (struct prepared){ .lock = LOCK_NONE };
	if (r < 0 && r != -ENOENT)
		*b->e = why;
	there = r == 0;
	r = there ? open_again(p, row, one, &there) : r == -ENOENT ? 0 : r;
	if (r == 0 && !there)
		r = make_new(p, w, c, one);
	else if (r == 0 && b->shared->owner && !b->shared->ip)
		r = kube_shared_learn(b->shared, &one->cr.places, b->a, b->e);
	if (r < 0)
		return err_wrap(b->e, r, "container %s", w->name);
	*ret_id = arena_str(b->a, one->cr.id.hex);
	return *ret_id ? 0 : err_oom(b->e);
}

/* In the order of the charter; *ret_first: the one that the others join. */
static int list_wanted(const struct kube_build *b, struct wanted **ret, size_t *ret_n, size_t *ret_first)
{
	const struct pod_spec *s = b->p->object.pod;
	struct wanted *v = arena_array(b->a, s->inits.n + s->containers.n + 1, sizeof *v);
	size_t n = 0;

	if (!v)
		return err_oom(b->e);
	*ret_first = s->share_pids == 1 ? 0 : s->inits.n;
	if (s->share_pids == 1)
		v[n++] = (struct wanted){ .name = KUBE_HOLDER };
	for (size_t i = 0; i < s->inits.n; i++)
		v[n++] = (struct wanted){ s->inits.v[i].name, &s->inits.v[i], &b->p->pod.inits[i] };
	for (size_t i = 0; i < s->containers.n; i++)
		v[n++] = (struct wanted){ s->containers.v[i].name, &s->containers.v[i], &b->p->pod.containers[i] };
	*ret = v;
	*ret_n = n;
	return 0;
}

static int prepare_all(struct preparing *p, const char ***ret_ids)
{
	const struct kube_build *b = p->b;
	size_t n = 0, first = 0;
	struct wanted *v = NULL;
	const char **ids;
	int r = list_wanted(b, &v, &n, &first);

	ids = arena_array(b->a, n + 1, sizeof *ids);
	p->v = arena_array(b->a, n + 1, sizeof *p->v);
	if (r == 0 && (!ids || !p->v))
		r = err_oom(b->e);
	if (r == 0)
		r = prepare(p, &v[first], &ids[first]);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (i != first)
			r = prepare(p, &v[i], &ids[i]);
	*ret_ids = ids;
	return r;
}

/* ---- the monitor ------------------------------------------------------------------------------------------------- */

static const char *directory_of(const char *uid, struct arena *a)
{
	return arena_fmt(a, POD_DIRECTORY "/%s", uid);
}

bool kube_sandbox_is_alive(const struct engine *en, const char *uid)
{
	char path[80];

	if (kube_plain_has_uid(uid)) /* that of its one container */
		return container_monitor_is_alive(en, uid);
	return (size_t)snprintf(path, sizeof path, POD_DIRECTORY "/%s", uid) < sizeof path &&
	       container_monitor_is_alive(en, path);
}

static int write_charter(const struct kube_build *b, const char *name, const struct pod_charter *c)
{
	struct engine *en = b->site->en;
	const char *path = arena_fmt(b->a, "%s/%s", en->state_path, name);
	scoped_fd dir = -1;
	int r = path ? io_mkdirs(path, 0700, &dir, b->e) : err_oom(b->e);

	return r < 0 ? r : pod_charter_write(dir, c, b->e);
}

/* Until one of these comes; what it has failed with. */
static int await(int sock, enum control_type type, struct err *e)
{
	struct control_message m;
	int fds[3], r;

	while ((r = control_receive(sock, &m, fds, e)) == 1) {
		if (m.type == type || m.type == CONTROL_EXITED)
			return 0;
		if (m.type == CONTROL_FAILED)
			return err_set(e, m.err.code ? m.err.code : EIO, "%s", m.err.msg);
	}
	return r < 0 ? r : err_set(e, EPIPE, "the pod's monitor has gone");
}

static int launch(const struct kube_build *b, const struct pod_charter *c, int *ret_sock)
{
	const char *name = directory_of(c->uid, b->a);
	scoped_fd sock = -1;
	int r = name ? write_charter(b, name, c) : err_oom(b->e);

	if (r == 0)
		r = monitor_launch_pod(b->site->en, name, &sock, b->e);
	if (r == 0)
		r = await(sock, CONTROL_CREATED, b->e);
	if (r == 0)
		*ret_sock = fd_take(&sock);
	return r;
}

int kube_sandbox_start(const struct kube_build *b, int *ret_sock, struct err *e)
{
	struct preparing p = { .b = b };
	const char **ids = NULL;
	struct pod_charter c;
	int r = prepare_all(&p, &ids);

	*ret_sock = -1;
	if (r == 0)
		r = kube_charter_make(b, &c);
	for (size_t i = 0; r == 0 && i < c.n; i++)
		c.v[i].id = ids[i];
	if (r == 0)
		r = launch(b, &c, ret_sock);
	if (r < 0)
		undo(&p);
	else
		let_go(&p);
	return r < 0 ? err_wrap(e, r, "pod %s/%s", b->p->pod.namespace, b->p->pod.name) : 0;
}

int kube_sandbox_settled(int sock, struct err *e)
{
	int r = await(sock, CONTROL_STARTED, e);

	close(sock);
	return r;
}

/* ---- asking it --------------------------------------------------------------------------------------------------- */

static int connect_to(struct engine *en, const char *uid, struct err *e)
{
	char path[80];
	scoped_fd dir = -1;

	if ((size_t)snprintf(path, sizeof path, POD_DIRECTORY "/%s", uid) >= sizeof path)
		return err_set(e, ENAMETOOLONG, "pod %.40s", uid);
	dir = openat(en->state, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return err_sys(e, "open %s", path);
	return control_connect(dir, e);
}

static bool is_gone(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED || r == -EPIPE;
}

/* Of a pod of one: its container's monitor is asked, *ret->sock < 0: it has no life. */
static int ask_plain(struct engine *en, const char *uid, int grace_s, struct arena *a, struct stopping *ret,
		     struct err *e)
{
	const struct stop_options o = { .timeout_set = grace_s >= 0, .timeout_s = grace_s };
	struct container_row row;
	struct err why = { 0 };
	int r = container_find(en, sv_from(uid), a, &row, &why);

	*ret = (struct stopping){ .sock = -1 };
	if (r == 0)
		r = stop_begin(en, &row, &o, ret, &why);
	if (r == 0 || r == -ENOENT)
		return 0;
	if (e)
		*e = why;
	return r;
}

static int end_plain(struct engine *en, const char *uid, int grace_s, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct stopping s;
	int r = ask_plain(en, uid, grace_s, &a, &s, e);

	return r < 0 ? r : stop_end(en, &s, e);
}

void kube_sandbox_announce_end(struct engine *en, const char *uid, int grace_s)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct stopping s = { .sock = -1 };
	scoped_fd sock = -1;

	if (kube_plain_has_uid(uid)) {
		if (ask_plain(en, uid, grace_s, &a, &s, NULL) == 0)
			sock = s.sock;
		return;
	}
	sock = connect_to(en, uid, NULL);
	if (sock >= 0)
		(void)control_tell(sock, CONTROL_STOP, grace_s, 0, NULL);
}

int kube_sandbox_end(struct engine *en, const char *uid, int grace_s, struct err *e)
{
	struct err why = { 0 };
	scoped_fd sock = -1;
	struct control_message m;
	int fds[3], r;

	if (kube_plain_has_uid(uid))
		return end_plain(en, uid, grace_s, e);
	r = sock = connect_to(en, uid, &why);
	if (r >= 0)
		r = control_tell(sock, CONTROL_STOP, grace_s, 0, &why);
	while (r >= 0 && (r = control_receive(sock, &m, fds, &why)) == 1 && m.type != CONTROL_EXITED)
		;
	if (r >= 0 || is_gone(r))
		return 0;
	*e = why;
	return r;
}

int kube_sandbox_forget(struct engine *en, const char *uid, struct err *e)
{
	scoped_fd pods = openat(en->state, POD_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	int r;

	if (pods < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open " POD_DIRECTORY);
	r = io_remove_tree_at(pods, uid, e);
	if (r == 0)
		(void)unlinkat(en->state, POD_DIRECTORY, AT_REMOVEDIR); /* the last one */
	return r;
}

int kube_sandbox_await_ready(struct engine *en, const char *uid, int timeout_ms, struct err *e)
{
	scoped_fd sock = -1;
	struct control_message m;
	struct pollfd p;
	int fds[3], r;

	if (kube_plain_has_uid(uid) && kube_sandbox_is_alive(en, uid))
		return 0;
	sock = connect_to(en, uid, e);
	if (sock < 0)
		return is_gone(sock) ? err_set(e, ESRCH, "the pod does not run") : sock;
	r = control_tell(sock, CONTROL_AWAIT_READY, 0, 0, e);
	p = (struct pollfd){ .fd = sock, .events = POLLIN };
	while (r == 0) {
		if (poll(&p, 1, timeout_ms) == 0)
			return err_set(e, ETIMEDOUT, "timed out waiting for the condition");
		r = control_receive(sock, &m, fds, e);
		if (r == 1 && m.type == CONTROL_DONE)
			return 0;
		if (r == 0 || (r == 1 && m.type == CONTROL_EXITED))
			return err_set(e, ESRCH, "the pod has ended");
		r = r < 0 ? r : 0;
	}
	return r;
}
