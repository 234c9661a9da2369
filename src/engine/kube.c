/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_priv.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/kube_sandbox.h"
#include "oci/list.h"
#include "kernel/ofd_lock.h"
#include "manifest/node_text.h"

#include <fcntl.h>
#include <string.h>

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

static int read_object(const struct kube_row *row, struct arena *a, struct object *ret, struct err *e)
{
	struct remarks nobody = { 0 };
	struct objects o;
	int r = objects_read(sv_from(row->document), a, &nobody, &o, e);

	if (r == 0 && o.n != 1)
		r = err_set(e, EBADMSG, "not one object");
	if (r < 0)
		return err_wrap(e, r, "stored %s %s/%s", row->kind, row->namespace, row->name);
	*ret = o.v[0];
	ret->meta.namespace = row->namespace;
	ret->meta.uid = row->uid;
	return 0;
}

int kube_load(struct engine *en, struct arena *a, struct kube_world *ret, struct err *e)
{
	struct kube_world w = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = kube_rows_list(db, a, &w.rows, e);
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
		*p = (struct kube_running){ .row = &w.rows.v[i], .object = w.objects[i] };
		if (object_pod(&p->object, a, &p->pod) < 0)
			return err_oom(e);
		w.n_pods++;
	}
	*ret = w;
	return 0;
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
	return 0;
}

/* The group above kubepods is that of the pods that there are already. */
static const char *root_of(const struct kube_world *w, const struct kube_options *o)
{
	for (size_t i = 0; i < w->n_pods; i++)
		if (w->pods[i].row->cgroup)
			return w->pods[i].row->cgroup;
	return o->cgroup_root ? o->cgroup_root : KUBE_ROOT;
}

int kube_look(struct engine *en, const struct kube_options *o, struct arena *a, struct kube_world *ret,
	      struct kube_site *ret_site, struct err *e)
{
	int r = kube_load(en, a, ret, e);

	for (size_t i = 0; r == 0 && i < ret->n_pods; i++)
		if (!ret->pods[i].row->reason)
			r = kube_pod_has_ended(en, &ret->pods[i], a, &ret->pods[i].pod.ended, e);
	return r < 0 ? r : kube_site_read(en, root_of(ret, o), a, ret_site, e);
}

int kube_begin(struct engine *en, const struct kube_options *o, struct arena *a, int *ret_lock, struct kube_world *ret,
	       struct kube_site *ret_site, struct err *e)
{
	int r = kube_lock(en, ret_lock, e);

	return r < 0 ? r : kube_look(en, o, a, ret, ret_site, e);
}

/* ---- one file's changes ------------------------------------------------------------------------------------- */

struct applying {
	struct engine *en;
	const struct kube_options *o;
	struct arena *a;
	struct remarks *remarks;
	struct oci_strings *done;
	struct err *e;
	struct kube_world world;
	struct kube_site site;
	struct kube_changes changes;
};

/* A version 4 UUID of random digits. */
static const char *new_uid(struct arena *a, struct err *e)
{
	struct id id;

	if (id_new(&id, e) < 0)
		return NULL;
	id.hex[12] = '4';
	id.hex[16] = "89ab"[(unsigned char)id.hex[16] % 4];
	return arena_fmt(a, "%.8s-%.4s-%.4s-%.4s-%.12s", id.hex, id.hex + 8, id.hex + 12, id.hex + 16, id.hex + 20);
}

int kube_set_namespace(const struct kube_options *o, struct object *obj, struct err *e)
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

static size_t row_index(const struct kube_world *w, enum object_kind kind, const char *namespace, const char *name)
{
	for (size_t i = 0; i < w->rows.n; i++)
		if (w->objects[i].kind == kind && strcmp(w->rows.v[i].name, name) == 0 &&
		    strcmp(w->rows.v[i].namespace, namespace) == 0)
			return i;
	return w->rows.n;
}

static const char *json_of(const struct node *n, struct arena *a)
{
	scoped_buf text = BUF(64u << 20);

	node_print_json(n, false, &text);
	return buf_status(&text, NULL) < 0 ? NULL : arena_sv(a, buf_sv(&text));
}

static int refuse_twice(const struct applying *k, const struct object *o)
{
	for (size_t i = 0; i < k->changes.n; i++)
		if (k->changes.v[i].object.kind == o->kind &&
		    strcmp(k->changes.v[i].object.meta.name, o->meta.name) == 0 &&
		    strcmp(k->changes.v[i].object.meta.namespace, o->meta.namespace) == 0)
			return err_set(k->e, EEXIST, "line %u: %s \"%s\" stands in line %u already", o->line,
				       kube_kind_word(o->kind), o->meta.name, k->changes.v[i].object.line);
	return 0;
}

/* One that is there: as it was, or another one. */
static int meet(struct applying *k, struct kube_change *c, size_t i)
{
	struct kube_row *row = &k->world.rows.v[i];

	c->same = strcmp(row->applied, c->row.applied) == 0;
	c->row.uid = row->uid;
	if (c->same)
		return 0;
	if (c->object.pod)
		return err_set(
			k->e, EINVAL,
			"line %u: %s \"%s\" is invalid: spec: Forbidden: pod updates are not supported; delete it "
			"first",
			c->object.line, object_kind_name(c->object.kind), c->object.meta.name);
	k->world.objects[i] = c->object;
	return kube_admit_other(&c->object, k->a, k->e);
}

static int admit_new(struct applying *k, struct kube_change *c)
{
	int r;

	c->is_new = true;
	c->row.uid = new_uid(k->a, k->e);
	c->row.created_ns = clock_real_ns();
	if (!c->row.uid)
		return k->e && k->e->code ? -k->e->code : err_oom(k->e);
	if (c->object.kind != OBJECT_POD)
		return kube_admit_other(&c->object, k->a, k->e);
	r = kube_pod_remarks(&c->object, k->a, k->remarks, k->e);
	if (r == 0)
		r = kube_admit(&k->world, &k->changes, &k->site, c, k->a, k->e);
	c->row.cgroup = k->site.v1.root;
	return r;
}

static int add_change(struct applying *k, const struct object *o, const char *owner, struct kube_change **ret)
{
	struct kube_change c = { .object = *o };
	struct kube_change *kept;
	size_t i;
	int r = refuse_twice(k, o);

	if (r < 0)
		return r;
	c.row = (struct kube_row){ .kind = object_kind_name(o->kind),
				   .namespace = o->meta.namespace,
				   .name = o->meta.name,
				   .owner = owner,
				   .applied = json_of(o->document, k->a) };
	c.row.document = c.row.applied;
	if (!c.row.applied)
		return err_oom(k->e);
	i = row_index(&k->world, o->kind, o->meta.namespace, o->meta.name);
	r = i < k->world.rows.n ? meet(k, &c, i) : admit_new(k, &c);
	if (r < 0)
		return r;
	kept = LIST_ADD(k->a, &k->changes);
	if (!kept)
		return err_oom(k->e);
	*kept = c;
	*ret = kept;
	return 0;
}

/* ---- the pods of a Deployment or a Job ---------------------------------------------------------------------- */

static const struct node *pod_document(const struct object *o, const char *name, struct arena *a)
{
	const struct node *template = node_member(node_member(o->document, "spec"), "template");
	const struct node *meta = node_member(template, "metadata"), *doc;

	if (!meta || meta->kind != NODE_MAPPING)
		meta = node_object(a);
	meta = meta ? node_with(a, meta, "name", node_text(a, name)) : NULL;
	doc = node_with(a, NULL, "apiVersion", node_text(a, "v1"));
	if (doc)
		doc = node_with(a, doc, "kind", node_text(a, "Pod"));
	if (doc)
		doc = node_with(a, doc, "metadata", meta);
	return doc ? node_with(a, doc, "spec", node_member(template, "spec")) : NULL;
}

static int add_replicas(struct applying *k, const struct object *o, const char *owner)
{
	int r = 0;

	for (int64_t i = 0; r == 0 && i < o->replicas; i++) {
		struct object pod = *o;
		struct kube_change *c;

		pod.kind = OBJECT_POD;
		pod.meta = o->template;
		pod.meta.namespace = o->meta.namespace;
		pod.meta.name = arena_fmt(k->a, "%s-%lld", o->meta.name, (long long)i);
		pod.document = pod.meta.name ? pod_document(o, pod.meta.name, k->a) : NULL;
		r = pod.document ? add_change(k, &pod, owner, &c) : err_oom(k->e);
	}
	return r;
}

static int add_object(struct applying *k, struct object *o)
{
	struct kube_change *c;
	int r = kube_set_namespace(k->o, o, k->e);

	if (r == 0)
		r = add_change(k, o, NULL, &c);
	if (r == 0 && (o->kind == OBJECT_DEPLOYMENT || o->kind == OBJECT_JOB))
		r = add_replicas(k, o, c->row.uid);
	return r;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

static int write_rows(struct applying *k)
{
	struct db *db;
	int r = engine_db(k->en, &db, k->e);

	if (r == 0)
		r = db_begin(db, k->e);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < k->changes.n; i++) {
		struct kube_change *c = &k->changes.v[i];

		if (c->is_new)
			r = kube_rows_put(db, &c->row, k->e);
		else if (!c->same)
			r = kube_rows_replace(db, &c->row, k->e);
	}
	return db_end(db, r, k->e);
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

static bool concerns(const struct kube_changes *l, const char *uid)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].row.uid, uid) == 0)
			return true;
	return false;
}

/* Pods begin while the next ones are made; so many at a time. */
#define STARTING_MOST 64

struct starting {
	int socks[STARTING_MOST];
	size_t n;
};

static int settle_starting(struct starting *s, size_t most, struct err *e)
{
	int r = 0;

	for (; s->n > most; s->n--) {
		struct err why = { 0 };
		int one = kube_sandbox_settled(s->socks[s->n - 1], r ? &why : e);

		r = r ? r : one;
	}
	return r;
}

/* Every pod of the file; those that run already stay as they are. */
static int start_pods(struct applying *k, const struct kube_world *w)
{
	const struct kube_sources sources = { w->objects, w->rows.n };
	struct starting s = { .n = 0 };
	struct err unheard = { 0 };
	int r = kube_write_tiers(&k->site, w, k->a, k->e), rest;

	for (size_t i = 0; r == 0 && i < w->n_pods; i++) {
		if (w->pods[i].row->reason || !concerns(&k->changes, w->pods[i].row->uid))
			continue;
		r = settle_starting(&s, STARTING_MOST - 1, k->e);
		if (r == 0)
			r = kube_pod_start(&k->site, &w->pods[i], &sources, k->a, &s.socks[s.n], k->e);
		s.n += r == 0 && s.socks[s.n] >= 0;
	}
	rest = settle_starting(&s, 0, r ? &unheard : k->e);
	return r ? r : rest;
}

static int forget(struct engine *en, const char *uid, struct err *e)
{
	struct db *db;
	int r = engine_db(en, &db, e);

	return r < 0 ? r : kube_rows_delete(db, uid, e);
}

static bool is_new(const struct kube_changes *l, const char *uid)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].is_new && strcmp(l->v[i].row.uid, uid) == 0)
			return true;
	return false;
}

/* What this apply has made goes again; what it replaced is as it was. */
static void undo(struct applying *k, const struct kube_world *w)
{
	struct err why = { 0 };
	struct db *db;

	for (size_t i = 0; i < w->n_pods; i++)
		if (is_new(&k->changes, w->pods[i].row->uid) &&
		    kube_pod_end(&k->site, &w->pods[i], 0, k->a, &why) < 0)
			log_warning("%s", why.msg);
	for (size_t i = 0; i < k->changes.n; i++)
		if (k->changes.v[i].is_new && forget(k->en, k->changes.v[i].row.uid, &why) < 0)
			log_warning("%s", why.msg);
	for (size_t i = 0; i < k->world.rows.n; i++)
		if (concerns(&k->changes, k->world.rows.v[i].uid) &&
		    (engine_db(k->en, &db, &why) < 0 || kube_rows_replace(db, &k->world.rows.v[i], &why) < 0))
			log_warning("%s", why.msg);
	if (kube_write_tiers(&k->site, &k->world, k->a, &why) < 0)
		log_warning("%s", why.msg);
}

static int report(struct applying *k)
{
	for (size_t i = 0; i < k->changes.n; i++) {
		const struct kube_change *c = &k->changes.v[i];
		const char *what = c->is_new ? "created" : c->same ? "unchanged" : "configured";

		if (strings_addf(k->a, k->done, "%s/%s %s", kube_kind_word(c->object.kind), c->row.name, what) < 0)
			return err_oom(k->e);
	}
	return 0;
}

static int apply_locked(struct applying *k, struct objects *l)
{
	struct kube_world after;
	int r = kube_look(k->en, k->o, k->a, &k->world, &k->site, k->e);

	for (size_t i = 0; r == 0 && i < l->n; i++)
		r = add_object(k, &l->v[i]);
	if (r == 0)
		r = write_rows(k);
	if (r == 0)
		r = kube_load(k->en, k->a, &after, k->e);
	if (r < 0)
		return r;
	r = start_pods(k, &after);
	if (r < 0)
		undo(k, &after);
	if (r == 0)
		r = kube_pending_begin(k->en, k->o, k->a, k->e);
	return r < 0 ? r : report(k);
}

int kube_apply(struct engine *en, struct sv text, const struct kube_options *o, struct arena *a,
	       struct remarks *remarks, struct oci_strings *done, struct err *e)
{
	struct applying k = { .en = en, .o = o, .a = a, .remarks = remarks, .done = done, .e = e };
	struct objects l;
	scoped_fd lock = -1;
	int r;

	remarks->strict = o->strict;
	r = objects_read(text, a, remarks, &l, e);
	if (r == 0 && l.n == 0)
		r = err_set(e, EINVAL, "no objects passed to apply");
	if (r == 0)
		r = kube_lock(en, &lock, e);
	return r < 0 ? r : apply_locked(&k, &l);
}

/* ---- deleting ----------------------------------------------------------------------------------------------- */

struct deleting {
	struct engine *en;
	const struct kube_options *o;
	struct arena *a;
	struct oci_strings *done;
	struct err *e;
	struct kube_world world;
	struct kube_site site;
	bool *gone; /* of each row */
};

static const struct kube_running *pod_of(const struct kube_world *w, const struct kube_row *row)
{
	for (size_t i = 0; i < w->n_pods; i++)
		if (w->pods[i].row == row)
			return &w->pods[i];
	return NULL;
}

static int delete_row(struct deleting *d, size_t i)
{
	const struct kube_row *row = &d->world.rows.v[i];
	const struct kube_running *p = pod_of(&d->world, row);
	int r = d->gone[i] ? 0 : p ? kube_pod_end(&d->site, p, d->o->grace_s, d->a, d->e) : 0;

	if (r == 0 && !d->gone[i])
		r = forget(d->en, row->uid, d->e);
	d->gone[i] |= r == 0;
	return r;
}

/* What is of it goes first: pods of a Deployment or a Job, everything of a namespace. */
static int delete_with_parts(struct deleting *d, size_t i)
{
	const struct kube_row *row = &d->world.rows.v[i];
	int r = 0;

	for (size_t k = 0; r == 0 && k < d->world.rows.n; k++) {
		const struct kube_row *part = &d->world.rows.v[k];

		if ((part->owner && strcmp(part->owner, row->uid) == 0) ||
		    (d->world.objects[i].kind == OBJECT_NAMESPACE && strcmp(part->namespace, row->name) == 0))
			r = delete_row(d, k);
	}
	if (r == 0)
		r = delete_row(d, i);
	if (r == 0 &&
	    strings_addf(d->a, d->done, "%s \"%s\" deleted", kube_kind_word(d->world.objects[i].kind), row->name) < 0)
		r = err_oom(d->e);
	return r;
}

/* The groups of what is left. */
static int settle(struct deleting *d)
{
	struct kube_world after;
	int r = kube_load(d->en, d->a, &after, d->e);

	if (r == 0)
		r = kube_write_tiers(&d->site, &after, d->a, d->e);
	return r < 0 ? r : kube_pending_begin(d->en, d->o, d->a, d->e);
}

static int delete_named(struct deleting *d, const struct object_meta *meta, enum object_kind kind)
{
	size_t i = row_index(&d->world, kind, meta->namespace, meta->name);

	return i == d->world.rows.n ? err_set(d->e, ENOENT, "%s \"%s\" not found", words[kind].plural, meta->name) :
				      delete_with_parts(d, i);
}

static int delete_begin(struct deleting *d, int *ret_lock)
{
	int r = kube_begin(d->en, d->o, d->a, ret_lock, &d->world, &d->site, d->e);

	if (r < 0)
		return r;
	d->gone = arena_array(d->a, d->world.rows.n + 1, sizeof *d->gone);
	return d->gone ? 0 : err_oom(d->e);
}

/* The last one of a file goes first. The first failure is told when all were tried. */
int kube_delete_file(struct engine *en, struct sv text, const struct kube_options *o, struct arena *a,
		     struct oci_strings *done, struct err *e)
{
	struct deleting d = { .en = en, .o = o, .a = a, .done = done, .e = e };
	struct remarks nobody = { 0 };
	struct err unheard = { 0 };
	struct objects l;
	scoped_fd lock = -1;
	int first = 0, r = objects_read(text, a, &nobody, &l, e);

	for (size_t i = 0; r == 0 && i < l.n; i++)
		r = kube_set_namespace(o, &l.v[i], e);
	if (r == 0)
		r = delete_begin(&d, &lock);
	if (r < 0)
		return r;
	for (size_t i = l.n; i-- > 0;) {
		struct err why = { 0 };

		d.e = first ? &why : e;
		r = delete_named(&d, &l.v[i].meta, l.v[i].kind);
		first = first ? first : r;
	}
	if (first) /* that is the one which is told */
		d.e = &unheard;
	else
		d.e = e;
	r = settle(&d);
	return first ? first : r;
}

int kube_delete(struct engine *en, enum object_kind kind, const char *name, const struct kube_options *o,
		struct arena *a, struct oci_strings *done, struct err *e)
{
	struct deleting d = { .en = en, .o = o, .a = a, .done = done, .e = e };
	const struct object_meta meta = { .name = name,
					  .namespace = kind == OBJECT_NAMESPACE ? "" :
						       o->namespace		? o->namespace :
										  "default" };
	scoped_fd lock = -1;
	int r = delete_begin(&d, &lock);

	if (r == 0)
		r = delete_named(&d, &meta, kind);
	return r < 0 ? r : settle(&d);
}
