/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_files.h"

#include "base/io.h"
#include "base/scope.h"
#include "engine/kube_env.h"
#include "kernel/rootpath.h"
#include "manifest/names.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int write_file(const struct kube_build *b, int dir, const char *path, struct sv value, mode_t mode)
{
	int64_t group = b->p->object.pod->security.fs_group;
	const char *name = path;
	scoped_fd parent = -1;
	int r;

	if (!*path || name_is_inner_path(path))
		return err_set(b->e, EINVAL, "%.60s: not a file's name", path);
	parent = rootpath_parent(dir, path, &name, b->e);
	if (parent < 0)
		return parent;
	if (group != FIELD_UNSET)
		mode |= 0440;
	r = io_replace_at(parent, name, value.p, value.n, mode, IO_DISK_NOW, b->e);
	if (r == 0 && group != FIELD_UNSET && fchownat(parent, name, (uid_t)-1, (gid_t)group, AT_SYMLINK_NOFOLLOW) < 0)
		r = err_sys(b->e, "chown %s", path);
	return r;
}

static mode_t mode_of(const struct volume_item *i, mode_t usual)
{
	return i->mode == FIELD_UNSET ? usual : (mode_t)i->mode;
}

/* ---- objects ------------------------------------------------------------------------------------------------ */

static int write_key(const struct kube_build *b, int dir, const struct object *o, const char *key, const char *path,
		     mode_t mode)
{
	struct sv value;
	int r = kube_source_value(b, o, key, &value);

	return r == 0 ? write_file(b, dir, path, value, mode) : r;
}

static int write_keys(const struct kube_build *b, int dir, const struct oci_pairs *l, const struct object *o,
		      mode_t mode)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->n; i++)
		r = write_key(b, dir, o, l->v[i].key, l->v[i].key, mode);
	return r;
}

static int write_object(const struct kube_build *b, int dir, enum object_kind kind, const struct volume_files *f,
			mode_t mode)
{
	const struct object *o = kube_source_find(b, kind, f->name);
	int r = 0;

	if (!o)
		return f->optional == 1 ? 0 :
					  err_set(b->e, ENOENT, "%s \"%s\" not found",
						  kind == OBJECT_SECRET ? "secret" : "configmap", f->name);
	if (!f->items.n) {
		r = write_keys(b, dir, &o->binary, o, mode);
		return r == 0 ? write_keys(b, dir, &o->data, o, mode) : r;
	}
	for (size_t i = 0; r == 0 && i < f->items.n; i++) {
		const struct volume_item *one = &f->items.v[i];

		r = write_key(b, dir, o, one->key, one->path, mode_of(one, mode));
		if (r == -ENOENT && f->optional == 1)
			r = 0;
	}
	return r;
}

/* ---- the pod itself ----------------------------------------------------------------------------------------- */

static int write_downward(const struct kube_build *b, int dir, const struct volume_files *f, mode_t mode)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->items.n; i++) {
		const struct volume_item *one = &f->items.v[i];
		const char *text = NULL;

		if (!one->field == !one->amount)
			return err_set(b->e, EINVAL, "downwardAPI: %.60s: one of fieldRef and resourceFieldRef",
				       one->path);
		r = one->field ? kube_field_read(b, one->field->path, &text, b->e) :
				 kube_amount_read(b, NULL, one->amount, &text, b->e);
		if (r < 0)
			return err_wrap(b->e, r, "downwardAPI: %.60s", one->path);
		r = write_file(b, dir, one->path, sv_from(text), mode_of(one, mode));
	}
	return r;
}

/* ---- all of them -------------------------------------------------------------------------------------------- */

static mode_t or_usual(int64_t mode)
{
	return (mode_t)field_or(mode, 0644);
}

static int write_projected(const struct kube_build *b, int dir, const struct projected *p)
{
	mode_t mode = or_usual(p->mode);
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->sources.n; i++) {
		const struct projection *s = &p->sources.v[i];

		if (s->config_map)
			r = write_object(b, dir, OBJECT_CONFIG_MAP, s->config_map, mode);
		if (r == 0 && s->secret)
			r = write_object(b, dir, OBJECT_SECRET, s->secret, mode);
		if (r == 0 && s->downward)
			r = write_downward(b, dir, s->downward, mode);
	}
	return r;
}

int kube_files_write(const struct kube_build *b, int dir, const struct volume_spec_kube *v)
{
	if (v->config_map)
		return write_object(b, dir, OBJECT_CONFIG_MAP, v->config_map, or_usual(v->config_map->mode));
	if (v->secret)
		return write_object(b, dir, OBJECT_SECRET, v->secret, or_usual(v->secret->mode));
	if (v->downward)
		return write_downward(b, dir, v->downward, or_usual(v->downward->mode));
	return v->projected ? write_projected(b, dir, v->projected) : 0;
}
