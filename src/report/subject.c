/* SPDX-License-Identifier: Apache-2.0 */
#include "report/subject.h"

#include "engine/kube.h"
#include "kernel/host.h"
#include "kernel/smallfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A short number is rather a process than the beginning of an id. */
static bool is_number_of_process(const struct host *h, const char *text)
{
	return strlen(text) < 12 && text[0] != '0' && text[strspn(text, "0123456789")] == '\0' && *text &&
	       smallfile_exists(h->proc, text);
}

static int find_container(struct engine *en, const char *text, struct arena *a, struct subject *s, struct err *e)
{
	int r = container_find(en, sv_from(text), a, &s->row, e);

	if ((r == 0 ? strcmp(s->row.name, text) != 0 : r == -EINVAL) && is_number_of_process(en->host, text))
		return -ENOENT;
	if (r == 0)
		r = container_look(en, &s->row, &s->state, e);
	if (r < 0)
		return r;
	s->kind = SUBJECT_CONTAINER;
	s->alive = s->state.status == CONTAINER_RUNNING || s->state.status == CONTAINER_PAUSED;
	s->pid = s->alive ? s->state.outcome.pid : 0;
	cgroup_place_everywhere(&s->place, s->row.cgroup);
	s->text = arena_fmt(a, "container %s", s->row.name);
	return s->text ? 0 : err_oom(e);
}

static int find_process(const struct host *h, const struct cgroup_layout *l, const char *text, struct arena *a,
			struct subject *s, struct err *e)
{
	uint64_t pid;
	int r;

	if (sv_u64(sv_from(text), &pid) < 0 || pid == 0 || pid > INT32_MAX)
		return -ENOENT;
	r = cgroup_place_of(h, l, (pid_t)pid, a, &s->place, e);
	if (r < 0)
		return r;
	s->kind = SUBJECT_PROCESS;
	s->pid = (pid_t)pid;
	s->alive = true;
	s->text = arena_fmt(a, "process %d", (int)pid);
	return s->text ? 0 : err_oom(e);
}

/* "/sys/fs/cgroup/memory/a" is "/a" */
static struct sv without_mount(const struct cgroup_layout *l, struct sv path)
{
	struct sv best = path;

	for (unsigned i = 0; i < l->n; i++) {
		struct sv inner = { path.p + 1, path.n ? path.n - 1 : 0 };
		size_t n = strlen(l->h[i].mount);

		if (path.n && sv_has_prefix(inner, l->h[i].mount) && (inner.n == n || inner.p[n] == '/'))
			best = (struct sv){ inner.p + n, inner.n - n };
	}
	return best.n ? best : SV("/");
}

static bool exists(const struct host *h, const struct cgroup_layout *l, unsigned i, const char *path)
{
	char dir[4096];

	return snprintf(dir, sizeof dir, "%s%s", l->h[i].mount, path) < (int)sizeof dir &&
	       smallfile_exists(h->root, dir);
}

static bool leaves(const char *path)
{
	struct sv rest = sv_from(path), part;

	while (sv_next(&rest, '/', &part))
		if (sv_is(part, ".."))
			return true;
	return false;
}

static int find_cgroup(const struct host *h, const struct cgroup_layout *l, const char *text, struct arena *a,
		       struct subject *s, struct err *e)
{
	const char *path = text[0] == '/' ? text : arena_fmt(a, "/%s", text);
	struct sv inner;

	if (!path)
		return err_oom(e);
	inner = without_mount(l, sv_from(path));
	while (inner.n > 1 && inner.p[inner.n - 1] == '/')
		inner.n--;
	path = arena_sv(a, inner);
	if (!path)
		return err_oom(e);
	if (leaves(path) || !*text)
		return -ENOENT;
	s->place = (struct cgroup_place){ 0 };
	for (unsigned i = 0; i < l->n; i++)
		if (exists(h, l, i, path)) {
			s->place.path[i] = path;
			s->alive = true;
		}
	if (!s->alive)
		return -ENOENT;
	s->kind = SUBJECT_CGROUP;
	s->text = arena_fmt(a, "cgroup %s", path);
	return s->text ? 0 : err_oom(e);
}

/* ---- pods ---------------------------------------------------------------------------------------------------------- */

const struct kube_running *subject_pod(const struct kube_world *w, struct sv text)
{
	struct sv namespace, name;

	if (!sv_cut(text, '/', &namespace, &name)) {
		name = text;
		namespace = SV("default");
	}
	for (size_t i = 0; i < w->n_pods; i++)
		if (sv_is(name, w->pods[i].pod.name) && sv_is(namespace, w->pods[i].pod.namespace))
			return &w->pods[i];
	return NULL;
}

/* text: what follows "pod/" */
static int find_pod(struct engine *en, const struct host *h, const struct cgroup_layout *l, const char *text,
		    struct arena *a, struct subject *s, struct err *e)
{
	struct kube_world world = { .n_pods = 0 };
	int r = en ? kube_load(en, a, &world, e) : 0;
	const struct kube_running *p = r == 0 ? subject_pod(&world, sv_from(text)) : NULL;
	const struct kube_policy policy = kube_policy_of(p ? p->row->cgroup : NULL);
	const char *path = p ? pod_path(&policy, &p->pod, a) : NULL;

	if (r < 0)
		return r;
	if (!p)
		return err_set(e, ENOENT, "No such pod: %.200s", text);
	if (!path)
		return err_oom(e);
	s->kind = SUBJECT_POD;
	for (unsigned i = 0; i < l->n; i++)
		if (exists(h, l, i, path)) {
			s->place.path[i] = path;
			s->alive = true;
		}
	s->text = arena_fmt(a, "pod %s", text);
	return s->text ? 0 : err_oom(e);
}

int subject_find(struct engine *en, const struct host *h, const struct cgroup_layout *l, const char *text,
		 struct arena *a, struct subject *ret, struct err *e)
{
	struct subject s = { 0 };
	int r;

	if (strncmp(text, "pod/", 4) == 0 && text[4]) {
		r = find_pod(en, h, l, text + 4, a, &s, e);
		if (r == 0)
			*ret = s;
		return r;
	}
	r = en ? find_container(en, text, a, &s, e) : -ENOENT;

	if (r == -ENOENT)
		r = find_process(h, l, text, a, &s, e);
	if (r == -ENOENT)
		r = find_cgroup(h, l, text, a, &s, e);
	if (r == -ENOENT)
		return err_set(e, ENOENT, "No such container, process or cgroup: %.200s", text);
	if (r == 0)
		*ret = s;
	return r;
}
