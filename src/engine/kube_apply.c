/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of a file become rows, all or none, and what they ask for is made. */
#include "engine/kube_priv.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/create.h"
#include "engine/kube_sandbox.h"
#include "manifest/node_text.h"
#include "oci/list.h"

#include <string.h>

/* ---- one file's changes ------------------------------------------------------------------------------------- */

struct applying {
	struct kube_work *w;
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

static int refuse_twice(const struct applying *k, const struct object *o)
{
	for (size_t i = 0; i < k->changes.n; i++)
		if (k->changes.v[i].object.kind == o->kind &&
		    strcmp(k->changes.v[i].object.meta.name, o->meta.name) == 0 &&
		    strcmp(k->changes.v[i].object.meta.namespace, o->meta.namespace) == 0)
			return err_set(k->w->e, EEXIST, "line %u: %s \"%s\" stands in line %u already", o->line,
				       kube_kind_word(o->kind), o->meta.name, k->changes.v[i].object.line);
	return 0;
}

/* One that is there: as it was, or another one. */
static int meet(struct applying *k, struct kube_change *c, size_t i)
{
	struct kube_row *row = &k->w->world.rows.v[i];

	c->same = strcmp(row->applied, c->row.applied) == 0;
	c->row.uid = row->uid;
	if (c->same)
		return 0;
	if (c->object.pod)
		return err_set(
			k->w->e, EINVAL,
			"line %u: %s \"%s\" is invalid: spec: Forbidden: pod updates are not supported; delete it "
			"first",
			c->object.line, object_kind_name(c->object.kind), c->object.meta.name);
	k->w->world.objects[i] = c->object;
	return kube_admit_other(&c->object, k->w->a, k->w->e);
}

static int admit_new(struct applying *k, struct kube_change *c)
{
	int r;

	c->is_new = true;
	c->row.uid = new_uid(k->w->a, k->w->e);
	c->row.created_ns = clock_real_ns();
	if (!c->row.uid)
		return k->w->e && k->w->e->code ? -k->w->e->code : err_oom(k->w->e);
	if (c->object.kind != OBJECT_POD)
		return kube_admit_other(&c->object, k->w->a, k->w->e);
	r = kube_pod_remarks(&c->object, k->w->a, k->w->remarks, k->w->e);
	if (r == 0)
		r = kube_admit(&k->w->world, &k->changes, &k->w->site, c, k->w->a, k->w->e);
	c->row.cgroup = k->w->site.v1.root;
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
				   .applied = kube_json(o->document, k->w->a) };
	c.row.document = c.row.applied;
	if (!c.row.applied)
		return err_oom(k->w->e);
	i = kube_row_index(&k->w->world, o->kind, o->meta.namespace, o->meta.name);
	r = i < k->w->world.rows.n ? meet(k, &c, i) : admit_new(k, &c);
	if (r < 0)
		return r;
	kept = LIST_ADD(k->w->a, &k->changes);
	if (!kept)
		return err_oom(k->w->e);
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
		pod.meta.name = arena_fmt(k->w->a, "%s-%lld", o->meta.name, (long long)i);
		pod.document = pod.meta.name ? pod_document(o, pod.meta.name, k->w->a) : NULL;
		r = pod.document ? add_change(k, &pod, owner, &c) : err_oom(k->w->e);
	}
	return r;
}

static int add_object(struct applying *k, struct object *o)
{
	struct kube_change *c;
	int r = add_change(k, o, NULL, &c);

	if (r == 0 && (o->kind == OBJECT_DEPLOYMENT || o->kind == OBJECT_JOB))
		r = add_replicas(k, o, c->row.uid);
	return r;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

/* after: all that there is then, read while it can still be taken back. */
static int write_rows(struct applying *k, struct kube_world *after)
{
	struct db *db;
	int r = engine_db(k->w->en, &db, k->w->e);

	if (r == 0)
		r = db_begin(db, k->w->e);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < k->changes.n; i++) {
		struct kube_change *c = &k->changes.v[i];

		if (c->is_new)
			r = kube_rows_put(db, &c->row, k->w->e);
		else if (!c->same)
			r = kube_rows_replace(db, &c->row, k->w->e);
	}
	if (r == 0)
		r = kube_check_kept(k->w->en, k->w->a, after, k->w->e);
	return db_end(db, r, k->w->e);
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
	int r = kube_write_tiers(&k->w->site, w, k->w->a, k->w->e), rest;

	for (size_t i = 0; r == 0 && i < w->n_pods; i++) {
		if (w->pods[i].row->reason || !concerns(&k->changes, w->pods[i].row->uid))
			continue;
		r = settle_starting(&s, STARTING_MOST - 1, k->w->e);
		if (r == 0)
			r = kube_pod_start(&k->w->site, &w->pods[i], &sources, k->w->a, &s.socks[s.n], k->w->e);
		s.n += r == 0 && s.socks[s.n] >= 0;
	}
	rest = settle_starting(&s, 0, r ? &unheard : k->w->e);
	return r ? r : rest;
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

	for (size_t i = 0; i < w->n_pods; i++)
		if (is_new(&k->changes, w->pods[i].row->uid) &&
		    kube_pod_end(&k->w->site, &w->pods[i], 0, k->w->a, &why) < 0)
			log_warning("%s", why.msg);
	if (kube_write_tiers(&k->w->site, &k->w->world, k->w->a, &why) < 0)
		log_warning("%s", why.msg);
	for (size_t i = 0; i < k->changes.n; i++)
		if (k->changes.v[i].is_new && kube_forget(k->w->en, k->changes.v[i].row.uid, &why) < 0)
			log_warning("%s", why.msg);
	for (size_t i = 0; i < k->w->world.rows.n; i++)
		if (concerns(&k->changes, k->w->world.rows.v[i].uid) &&
		    kube_store(k->w->en, &k->w->world.rows.v[i], &why) < 0)
			log_warning("%s", why.msg);
}

static int report(struct applying *k)
{
	for (size_t i = 0; i < k->changes.n; i++) {
		const struct kube_change *c = &k->changes.v[i];
		const char *what = c->is_new ? "created" : c->same ? "unchanged" : "configured";

		if (strings_addf(k->w->a, k->w->done, "%s/%s %s", kube_kind_word(c->object.kind), c->row.name, what) <
		    0)
			return err_oom(k->w->e);
	}
	return 0;
}

static int admit(struct applying *k, struct objects *l)
{
	int r = l->n ? 0 : err_set(k->w->e, EINVAL, "no objects passed to apply");

	for (size_t i = 0; r == 0 && i < l->n; i++)
		r = add_object(k, &l->v[i]);
	return r;
}

static int make(struct applying *k)
{
	struct kube_work *w = k->w;
	struct kube_world after;
	int r = write_rows(k, &after);

	if (r < 0)
		return r;
	r = start_pods(k, &after);
	if (r < 0)
		undo(k, &after);
	if (r == 0)
		r = kube_pending_begin(w->en, w->o, w->a, w->e);
	return r < 0 ? r : report(k);
}

/* ---- images --------------------------------------------------------------------------------------------------- */

/* Of the pods that are new: those that are missing, and those that the file asks for anew. */
struct fetching {
	struct engine *en;
	struct arena *a;
	struct err *e;
	struct {
		struct to_fetch {
			const struct kube_row *pod;
			const struct container_spec *container;
			bool always;
		} *v;
		size_t n;
	} list;
};

static bool is_listed(const struct fetching *f, const char *image)
{
	for (size_t i = 0; i < f->list.n; i++)
		if (strcmp(f->list.v[i].container->image, image) == 0)
			return true;
	return false;
}

static int look_for(struct fetching *f, struct db *db, const struct kube_row *pod, const struct container_spec *s)
{
	bool always = s->pull_policy && strcmp(s->pull_policy, "Always") == 0;
	struct image_row row;
	struct to_fetch *to;

	if ((s->pull_policy && strcmp(s->pull_policy, "Never") == 0) || is_listed(f, s->image) ||
	    (!always && images_find(db, sv_from(s->image), f->a, &row, NULL) != -ENOENT))
		return 0;
	to = LIST_ADD(f->a, &f->list);
	if (!to)
		return err_oom(f->e);
	*to = (struct to_fetch){ pod, s, always };
	return 0;
}

static int list_images(struct fetching *f, const struct kube_changes *l)
{
	struct db *db;
	int r = engine_db(f->en, &db, f->e);

	for (size_t i = 0; r == 0 && i < l->n; i++) {
		const struct pod_spec *s = l->v[i].object.kind == OBJECT_POD ? l->v[i].object.pod : NULL;

		for (size_t k = 0; r == 0 && s && l->v[i].is_new && k < s->inits.n; k++)
			r = look_for(f, db, &l->v[i].row, &s->inits.v[k]);
		for (size_t k = 0; r == 0 && s && l->v[i].is_new && k < s->containers.n; k++)
			r = look_for(f, db, &l->v[i].row, &s->containers.v[k]);
	}
	return r;
}

static int fetch(struct fetching *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->list.n; i++) {
		const struct to_fetch *one = &f->list.v[i];
		struct container_config c;

		config_init(&c);
		c.image = one->container->image;
		c.pull_policy = one->always ? "always" : NULL;
		c.pull_quiet = true;
		r = creation_fetch_image(f->en, &c, f->a, f->e);
		if (r < 0)
			return err_wrap(f->e, r, "pod %s/%s: container %s", one->pod->namespace, one->pod->name,
					one->container->name);
	}
	return 0;
}

/* Once more from the beginning when images had to be fetched: all others wait for the lock, and meanwhile it was let go. */
int kube_apply(struct engine *en, struct sv text, const struct kube_options *o, struct arena *a,
	       struct remarks *remarks, struct oci_strings *done, struct err *e)
{
	struct fetching f = { .en = en, .a = a, .e = e };

	for (bool fetched = false;; fetched = true) {
		scoped_work w = { en, o, a, remarks, done, e, .lock = -1 };
		struct applying k = { .w = &w };
		struct objects l;
		int r = kube_work_read(&w, text, &l);

		if (r == 0)
			r = admit(&k, &l);
		if (r == 0 && !fetched)
			r = list_images(&f, &k.changes);
		if (r < 0 || fetched || !f.list.n)
			return r < 0 ? r : make(&k);
		kube_work_close(&w);
		r = fetch(&f);
		if (r < 0)
			return r;
		remarks->texts.n = 0; /* they come again */
	}
}
