/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_pod.h"

#include "base/io.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/kube_events.h"
#include "engine/kube_network.h"
#include "engine/kube_plain.h"
#include "engine/kube_sandbox.h"
#include "engine/kube_volumes.h"
#include "manifest/restart.h"
#include "oci/list.h"
#include "engine/remove.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *kube_container_name(const char *uid, const char *container, struct arena *a)
{
	return kube_plain_has_uid(uid) ? arena_str(a, uid) : arena_fmt(a, "k8s_%s_%s", container, uid);
}

bool kube_container_is(const char *name)
{
	return strncmp(name, "k8s_", 4) == 0;
}

/* ---- what is not done --------------------------------------------------------------------------------------- */

struct remarking {
	const struct object *o;
	struct arena *a;
	struct remarks *remarks;
	struct err *e;
};

static __attribute__((format(printf, 2, 3))) int remark(const struct remarking *m, const char *fmt, ...)
{
	const char *what, *text;
	va_list ap;

	va_start(ap, fmt);
	what = arena_vfmt(m->a, fmt, ap);
	va_end(ap);
	text = what ? arena_fmt(m->a, "line %u: %s %s: %s", m->o->line, object_kind_name(m->o->kind), m->o->meta.name,
				what) :
		      NULL;
	if (!text)
		return err_oom(m->e);
	if (m->remarks->strict)
		return err_set(m->e, EINVAL, "%s", text);
	return strings_add(m->a, &m->remarks->texts, text) < 0 ? err_oom(m->e) : 0;
}

static int remark_container(const struct remarking *m, const char *list, size_t i, const struct container_spec *s)
{
	const struct lifecycle *l = s->lifecycle;

	if (!l || !((l->post_start && l->post_start->tcp) || (l->pre_stop && l->pre_stop->tcp)))
		return 0;
	return remark(m, "spec.%s[%zu].lifecycle: tcpSocket: not supported, such a hook always fails", list, i);
}

static int remark_volumes(const struct remarking *m, const struct pod_spec *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->volumes.n; i++) {
		const struct volume_spec_kube *v = &s->volumes.v[i];

		if (v->empty_dir && v->empty_dir->has_size && !kube_volume_is_in_memory(v))
			r = remark(m, "spec.volumes[%zu].emptyDir.sizeLimit: not enforced on a disk", i);
	}
	return r;
}

int kube_pod_remarks(const struct object *o, struct arena *a, struct remarks *remarks, struct err *e)
{
	const struct remarking m = { o, a, remarks, e };
	const struct pod_spec *s = o->pod;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->containers.n; i++)
		r = remark_container(&m, "containers", i, &s->containers.v[i]);
	for (size_t i = 0; r == 0 && i < s->inits.n; i++)
		r = remark_container(&m, "initContainers", i, &s->inits.v[i]);
	return r == 0 ? remark_volumes(&m, s) : r;
}

/* ---- its folder --------------------------------------------------------------------------------------------- */

static const char *folder_of(const struct kube_site *s, const char *uid, struct arena *a)
{
	return arena_fmt(a, "%s/kube/%s", s->en->root_path, uid);
}

/* ---- one container ------------------------------------------------------------------------------------------ */

static int find(struct engine *en, const char *name, struct arena *a, struct container_row *ret, bool *ret_there,
		struct err *e)
{
	struct err why = { 0 };
	int r = container_find(en, sv_from(name), a, ret, &why);

	*ret_there = r == 0;
	if (r == 0 || r == -ENOENT)
		return 0;
	*e = why;
	return r;
}

/* ---- the pod ------------------------------------------------------------------------------------------------ */

static bool is_late(struct engine *en, const struct kube_running *p, struct arena *a)
{
	struct kube_events l = { 0 };

	if (p->object.pod->active_deadline == FIELD_UNSET || kube_events_read(en, p->pod.uid, a, &l, NULL) < 0)
		return false;
	for (size_t i = 0; i < l.n; i++)
		if (strcmp(l.v[i].reason, POD_DEADLINE) == 0)
			return true;
	return false;
}

/* Of one of its containers: and for good. */
static bool has_ended(const struct kube_status *v, const struct pod_spec *p, const struct container_spec *s, bool late)
{
	const struct outcome *o = &v->state.outcome;

	return v->id && v->state.status == CONTAINER_EXITED && (late || !pod_restarts(p, s, o->exit_code));
}

static bool may_fail(const struct pod_spec *p)
{
	for (size_t i = 0; i < p->inits.n; i++)
		if (pod_restart_of(p, &p->inits.v[i]) == POD_RESTART_NEVER)
			return true;
	return false;
}

/* Those after it will never begin. */
static bool has_failed(const struct kube_status *v, const struct pod_spec *p)
{
	for (size_t i = 0; i < p->inits.n; i++)
		if (has_ended(&v[i], p, &p->inits.v[i], false) && v[i].state.outcome.exit_code)
			return true;
	return false;
}

int kube_pod_has_ended(struct engine *en, const struct kube_running *p, struct arena *a, bool *ret, struct err *e)
{
	const struct pod_spec *s = p->object.pod;
	bool late = is_late(en, p, a), ended = late || pod_may_end(s), failed = may_fail(s);
	struct kube_status *v;
	size_t n;
	int r = ended || failed ? kube_pod_look(en, p, a, &v, &n, e) : 0;

	if (r == 0 && failed)
		failed = has_failed(v, s);
	for (size_t i = 0; r == 0 && ended && i < s->containers.n; i++)
		ended = has_ended(&v[s->inits.n + i], s, &s->containers.v[i], late);
	*ret = ended || failed;
	return r;
}

int kube_pod_ended_ns(struct engine *en, const struct kube_running *p, struct arena *a, int64_t *ret, struct err *e)
{
	struct kube_status *v;
	int64_t last = 0;
	size_t n = 0;
	bool ended;
	int r = kube_pod_has_ended(en, p, a, &ended, e);

	if (r == 0 && ended)
		r = kube_pod_look(en, p, a, &v, &n, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (v[i].id && v[i].state.outcome.finished_ns > last)
			last = v[i].state.outcome.finished_ns;
	if (r == 0)
		*ret = ended && !last ? p->row->created_ns : last; /* with the host, nobody knows when */
	return r;
}

int kube_pod_start(struct kube_site *s, const struct kube_running *p, const struct kube_sources *sources,
		   struct arena *a, int *ret_sock, struct err *e)
{
	struct kube_shared shared;
	struct kube_build b = { s, p, sources, folder_of(s, p->pod.uid, a), &shared, a, e };
	bool ended = false;
	int r = b.folder ? 0 : err_oom(e);

	*ret_sock = -1;
	if (r == 0 && kube_sandbox_is_alive(s->en, p->pod.uid))
		return 0;
	if (r == 0)
		r = kube_pod_has_ended(s->en, p, a, &ended, e);
	if (r < 0 || ended)
		return r;
	r = kube_shared_init(&b, &shared);
	if (r == 0)
		r = kube_site_make_pod(s, &p->pod, a, e);
	if (r == 0)
		r = kube_volumes_make(&b);
	return r < 0 ? r : kube_sandbox_start(&b, ret_sock, e);
}

static int remove_container(struct kube_site *s, const char *uid, const char *name, struct arena *a, struct err *e)
{
	const char *full = kube_container_name(uid, name, a);
	struct container_row row;
	struct err why = { 0 };
	bool there = false;
	int r = full ? find(s->en, full, a, &row, &there, e) : err_oom(e);

	if (r < 0 || !there)
		return r;
	r = engine_remove(s->en, sv_from(row.id), &(struct remove_options){ .force = true, .volumes = true }, &why);
	if (r == 0 || r == -ENOENT)
		return 0;
	*e = why;
	return r;
}

static int remove_containers(struct kube_site *s, const struct kube_running *p, struct arena *a, struct err *e)
{
	const struct pod_spec *spec = p->object.pod;
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->containers.n; i++)
		r = remove_container(s, p->pod.uid, spec->containers.v[i].name, a, e);
	for (size_t i = 0; r == 0 && i < spec->inits.n; i++)
		r = remove_container(s, p->pod.uid, spec->inits.v[i].name, a, e);
	return r == 0 && spec->share_pids == 1 ? remove_container(s, p->pod.uid, KUBE_HOLDER, a, e) : r;
}

int kube_pod_end(struct kube_site *s, const struct kube_running *p, int grace_s, struct arena *a, struct err *e)
{
	scoped_fd folder = -1;
	int r = kube_sandbox_end(s->en, p->pod.uid, grace_s, e);

	if (r == 0)
		r = remove_containers(s, p, a, e);
	if (r == 0)
		r = kube_sandbox_forget(s->en, p->pod.uid, e);
	if (r == 0)
		r = kube_site_remove_pod(s, &p->pod, a, e);
	if (r == 0)
		r = io_mkdir_at(s->en->root, "kube", 0700, &folder, e);
	if (r == 0)
		r = io_remove_tree_at(folder, p->pod.uid, e);
	return r < 0 ? err_wrap(e, r, "pod %s/%s", p->pod.namespace, p->pod.name) : 0;
}

/* ---- looking ------------------------------------------------------------------------------------------------ */

static int compare_name(const void *name, const void *row)
{
	return strcmp(name, ((const struct container_row *)row)->name);
}

/* name: or the id of one that was not made for a pod */
const struct container_row *kube_known(const struct kube_running *p, const char *name)
{
	const struct container_rows *l = &p->known;

	if (!l->n)
		return NULL;
	if (!kube_plain_has_uid(p->pod.uid))
		return bsearch(name, l->v, l->n, sizeof *l->v, compare_name);
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].id, name) == 0)
			return &l->v[i];
	return NULL;
}

int kube_pod_look(struct engine *en, const struct kube_running *p, struct arena *a, struct kube_status **ret,
		  size_t *ret_n, struct err *e)
{
	const struct pod_spec *s = p->object.pod;
	size_t n = s->inits.n + s->containers.n;
	struct kube_status *v = arena_array(a, n + 1, sizeof *v);
	int r = v ? 0 : err_oom(e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *name = i < s->inits.n ? s->inits.v[i].name : s->containers.v[i - s->inits.n].name;
		const char *full = kube_container_name(p->pod.uid, name, a);
		const struct container_row *row = full ? kube_known(p, full) : NULL;

		v[i].name = name;
		if (!full)
			r = err_oom(e);
		if (!row)
			continue;
		v[i].id = row->id;
		r = container_look(en, row, &v[i].state, e);
		if (r == -ENOENT) {
			v[i].id = NULL;
			r = 0;
		}
	}
	if (r < 0)
		return r;
	*ret = v;
	*ret_n = n;
	return 0;
}
