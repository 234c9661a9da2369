/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_priv.h"

#include "base/log.h"
#include "base/scope.h"
#include "engine/kube_expire.h"
#include "kernel/ofd_lock.h"
#include "manifest/node_text.h"
#include "systemd/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- words -------------------------------------------------------------------------------------------------- */

static const struct {
	const char *word, *plural, *shortcut;
} words[OBJECT_KIND_COUNT] = {
	[OBJECT_POD] = { "pod", "pods", "po" },
	[OBJECT_NAMESPACE] = { "namespace", "namespaces", "ns" },
	[OBJECT_QUOTA] = { "resourcequota", "resourcequotas", "quota" },
	[OBJECT_LIMIT_RANGE] = { "limitrange", "limitranges", "limits" },
	[OBJECT_CONFIG_MAP] = { "configmap", "configmaps", "cm" },
	[OBJECT_SECRET] = { "secret", "secrets", "secret" },
	[OBJECT_DEPLOYMENT] = { "deployment.apps", "deployments", "deploy" },
	[OBJECT_JOB] = { "job.batch", "jobs", "job" },
};

const char *kube_kind_word(enum object_kind k)
{
	return words[k].word;
}

int kube_kind(const char *word, enum object_kind *ret, struct err *e)
{
	for (int i = 0; i < OBJECT_KIND_COUNT; i++) {
		struct sv first = sv_from(words[i].word), rest;

		(void)sv_cut(first, '.', &first, &rest);
		if (strcasecmp(word, words[i].word) == 0 || strcasecmp(word, words[i].plural) == 0 ||
		    strcasecmp(word, words[i].shortcut) == 0 ||
		    (strlen(word) == first.n && strncasecmp(word, first.p, first.n) == 0)) {
			*ret = (enum object_kind)i;
			return 0;
		}
	}
	return err_set(e, EINVAL, "the server doesn't have a resource type \"%.60s\"", word);
}

/* ---- what there is ------------------------------------------------------------------------------------------ */

/* never pulled: one that still waits for room must not begin as something else */
#define UNREADABLE_CONTAINER "{\"name\":\"unreadable\",\"image\":\"unreadable\",\"imagePullPolicy\":\"Never\"}"
#define UNREADABLE_POD "{\"containers\":[" UNREADABLE_CONTAINER "]}"
#define UNREADABLE_TEMPLATE "\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":" UNREADABLE_POD "}"

/* Of what cannot be read no more is known than its row tells: enough to delete it, and the others live on. */
static int unreadable(const struct kube_row *row, struct arena *a, struct object *ret, struct err *e)
{
	static const char *const specs[OBJECT_KIND_COUNT] = {
		[OBJECT_POD] = UNREADABLE_POD,
		[OBJECT_QUOTA] = "{}",
		[OBJECT_LIMIT_RANGE] = "{\"limits\":[]}",
		[OBJECT_DEPLOYMENT] = "{\"selector\":{\"matchLabels\":{\"a\":\"b\"}}," UNREADABLE_TEMPLATE "}",
		[OBJECT_JOB] = "{" UNREADABLE_TEMPLATE "}",
	};
	enum object_kind kind;
	const char *text;

	if (kube_kind(row->kind, &kind, e) < 0)
		return -EINVAL;
	text = arena_fmt(a, "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\"}%s%s}",
			 object_kind_version(kind), row->kind, row->name, specs[kind] ? ",\"spec\":" : "",
			 specs[kind] ? specs[kind] : "");
	return text ? object_read_stored(sv_from(text), a, ret, e) : err_oom(e);
}

static int read_object(const struct kube_row *row, struct arena *a, struct object *ret, struct err *e)
{
	struct err why = { 0 };
	int r = object_read_stored(sv_from(row->document), a, ret, &why);

	if (r == -ENOMEM)
		return err_oom(e);
	if (r < 0) {
		log_warning("stored %s %s/%s: %s; it can be deleted", row->kind, row->namespace, row->name, why.msg);
		r = unreadable(row, a, ret, e);
	}
	if (r < 0)
		return r;
	ret->meta.namespace = row->namespace;
	ret->meta.uid = row->uid;
	return 0;
}

static int compare_names(const void *x, const void *y)
{
	return strcmp(((const struct container_row *)x)->name, ((const struct container_row *)y)->name);
}

static int load_containers(struct db *db, struct arena *a, struct kube_world *w, struct err *e)
{
	int r = containers_list_light(db, a, &w->containers, e);

	if (r == 0 && w->containers.n)
		qsort(w->containers.v, w->containers.n, sizeof *w->containers.v, compare_names);
	return r;
}

static int load(struct engine *en, int (*list)(struct db *db, struct arena *a, struct kube_rows *ret, struct err *e),
		struct arena *a, struct kube_world *ret, struct err *e)
{
	struct kube_world w = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = list(db, a, &w.rows, e);
	if (r == 0)
		r = load_containers(db, a, &w, e);
	if (r < 0)
		return r;
	w.objects = arena_array(a, w.rows.n + 1, sizeof *w.objects);
	w.pods = arena_array(a, w.rows.n + 1, sizeof *w.pods);
	if (!w.objects || !w.pods)
		return err_oom(e);
	for (size_t i = 0; i < w.rows.n; i++) {
		struct kube_running *p = &w.pods[w.n_pods];

		r = read_object(&w.rows.v[i], a, &w.objects[i], e);
		if (r < 0)
			return r;
		if (w.objects[i].kind != OBJECT_POD)
			continue;
		*p = (struct kube_running){ .row = &w.rows.v[i], .object = w.objects[i], .known = w.containers };
		if (object_pod(&p->object, a, &p->pod) < 0)
			return err_oom(e);
		w.n_pods++;
	}
	*ret = w;
	return 0;
}

int kube_load(struct engine *en, struct arena *a, struct kube_world *ret, struct err *e)
{
	struct err why = { 0 };
	int r = load(en, kube_rows_list, a, ret, e);

	if (r < 0 || en->kube_held || !kube_expire_is_due(en, ret, a))
		return r;
	if (kube_settle(en, NULL, &why) < 0)
		log_warning("%s", why.msg);
	return load(en, kube_rows_list, a, ret, e);
}

int kube_load_begun(struct engine *en, struct arena *a, struct kube_world *ret, struct err *e)
{
	return load(en, kube_rows_begun, a, ret, e);
}

int kube_check_kept(struct engine *en, struct arena *a, struct kube_world *ret, struct err *e)
{
	size_t before = a->used;
	int r = load(en, kube_rows_list, a, ret, e);

	if (r == -ENOMEM || (r == 0 && a->used - before > LIMIT_KUBE_KEPT))
		return err_set(e, E2BIG,
			       "with these there would be more objects than are kept (%u MiB of memory to read them)",
			       LIMIT_KUBE_KEPT >> 20);
	return r;
}

int kube_lock(struct engine *en, int *ret_fd, struct err *e)
{
	int fd = openat(en->root, "kube.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), r;

	if (fd < 0)
		return err_sys(e, "open %s/kube.lock", en->root_path);
	r = ofd_lock_take(fd, OFD_LOCK_FOREVER, e);
	if (r < 0) {
		close(fd);
		return err_wrap(e, r, "lock %s/kube.lock", en->root_path);
	}
	*ret_fd = fd;
	en->kube_held = true;
	return 0;
}

void kube_unlock(struct engine *en, int *fd)
{
	close(fd_take(fd));
	en->kube_held = false;
}

/* The group above kubepods is that of the pods that there are already. */
static const char *root_of(const struct kube_world *w, const struct kube_options *o)
{
	for (size_t i = 0; i < w->n_pods; i++)
		if (w->pods[i].row->cgroup)
			return w->pods[i].row->cgroup;
	return o->cgroup_root;
}

/* Of a new one: is it of the kind that the administrator wants? */
static int check_root(const struct kube_site *s, const char *wanted, struct arena *a, struct err *e)
{
	const char *path;

	if (!wanted || s->v1.root != wanted || kube_root_is_slice(wanted) == s->systemd)
		return s->systemd && wanted && s->v1.root == wanted ? slice_expand(wanted, a, &path, e) : 0;
	return err_set(e, EINVAL, "group \"%.200s\" for kubepods: %s", wanted,
		       s->systemd ? "allowed is the name of a slice, a.slice (cgroup-manager of tare.conf is systemd)" :
				    "a slice needs cgroup-manager = systemd in tare.conf");
}

int kube_look(struct engine *en, const struct kube_options *o, struct arena *a, struct kube_world *ret,
	      struct kube_site *ret_site, struct err *e)
{
	int r = kube_load(en, a, ret, e);

	for (size_t i = 0; r == 0 && i < ret->n_pods; i++)
		if (!ret->pods[i].row->reason)
			r = kube_pod_has_ended(en, &ret->pods[i], a, &ret->pods[i].pod.ended, e);
	if (r == 0)
		r = kube_site_read(en, root_of(ret, o), a, ret_site, e);
	return r < 0 ? r : check_root(ret_site, o->cgroup_root, a, e);
}

/* ---- parts of a change -------------------------------------------------------------------------------------- */

size_t kube_row_index(const struct kube_world *w, enum object_kind kind, const char *namespace, const char *name)
{
	for (size_t i = 0; i < w->rows.n; i++)
		if (w->objects[i].kind == kind && strcmp(w->rows.v[i].name, name) == 0 &&
		    strcmp(w->rows.v[i].namespace, namespace) == 0)
			return i;
	return w->rows.n;
}

const char *kube_json(const struct node *n, struct arena *a)
{
	scoped_buf text = BUF(64u << 20);

	node_print_json(n, false, &text);
	return buf_status(&text, NULL) < 0 ? NULL : arena_sv(a, buf_sv(&text));
}

int kube_write_tiers(struct kube_site *s, const struct kube_world *w, struct arena *a, struct err *e)
{
	const struct kube_pod **all = arena_array(a, w->n_pods + 1, sizeof *all);
	size_t n = 0;

	if (!all)
		return err_oom(e);
	for (size_t i = 0; i < w->n_pods; i++)
		if (!w->pods[i].row->reason)
			all[n++] = &w->pods[i].pod;
	return kube_site_write_tiers(s, all, n, a, e);
}

int kube_store(struct engine *en, const struct kube_row *row, struct err *e)
{
	struct db *db;
	int r = engine_db(en, &db, e);

	return r < 0 ? r : kube_rows_replace(db, row, e);
}

int kube_forget(struct engine *en, const char *uid, struct err *e)
{
	struct db *db;
	int r = engine_db(en, &db, e);

	return r < 0 ? r : kube_rows_delete(db, uid, e);
}

/* ---- one change --------------------------------------------------------------------------------------------- */

static int set_namespace(const struct kube_options *o, struct object *obj, struct err *e)
{
	if (obj->kind == OBJECT_NAMESPACE) {
		obj->meta.namespace = "";
		return 0;
	}
	if (o->namespace && obj->meta.namespace && strcmp(o->namespace, obj->meta.namespace) != 0)
		return err_set(e, EINVAL,
			       "the namespace from the provided object \"%s\" does not match the namespace \"%s\". You "
			       "must pass '--namespace=%s' to perform this operation.",
			       obj->meta.namespace, o->namespace, obj->meta.namespace);
	if (!obj->meta.namespace)
		obj->meta.namespace = o->namespace ? o->namespace : "default";
	return 0;
}

int kube_work_open(struct kube_work *k)
{
	int r = kube_lock(k->en, &k->lock, k->e);

	if (r == 0)
		r = kube_look(k->en, k->o, k->a, &k->world, &k->site, k->e);
	return r < 0 ? r : kube_expire(k);
}

int kube_work_read(struct kube_work *k, struct sv text, struct objects *ret)
{
	struct remarks nobody = { 0 };
	int r;

	if (k->remarks)
		k->remarks->strict = k->o->strict;
	r = objects_read(text, k->a, k->remarks ? k->remarks : &nobody, ret, k->e);
	for (size_t i = 0; r == 0 && i < ret->n; i++)
		r = set_namespace(k->o, &ret->v[i], k->e);
	return r < 0 ? r : kube_work_open(k);
}

void kube_work_close(struct kube_work *k)
{
	int saved = errno;

	if (k->lock >= 0)
		kube_unlock(k->en, &k->lock);
	errno = saved;
}
