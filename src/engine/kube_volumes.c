/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_volumes.h"

#include "base/io.h"
#include "base/path.h"
#include "base/scope.h"
#include "engine/kube_message.h"
#include "oci/list.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HUGE_PAGES "HugePages" /* or with a size: "HugePages-2Mi" */

static const char *medium_of(const struct volume_spec_kube *v)
{
	return v->empty_dir && v->empty_dir->medium ? v->empty_dir->medium : "";
}

static bool is_huge(const char *medium)
{
	return strncmp(medium, HUGE_PAGES, strlen(HUGE_PAGES)) == 0;
}

bool kube_volume_is_in_memory(const struct volume_spec_kube *v)
{
	return strcmp(medium_of(v), "Memory") == 0 || is_huge(medium_of(v));
}

/* ---- folders ------------------------------------------------------------------------------------------------ */

/* A name of one step that stays where it is. */
static bool is_file_name(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int write_key(const struct kube_build *b, int dir, const struct object *o, const char *key, const char *path,
		     mode_t mode)
{
	int64_t group = b->p->object.pod->security.fs_group;
	struct sv value;
	int r;

	if (!is_file_name(path))
		return err_set(b->e, EINVAL, "%.60s: not a file's name", path);
	if (group != FIELD_UNSET)
		mode |= 0440;
	r = kube_source_value(b, o, key, &value);
	if (r == 0)
		r = io_replace_at(dir, path, value.p, value.n, mode, false, b->e);
	if (r == 0 && group != FIELD_UNSET && fchownat(dir, path, (uid_t)-1, (gid_t)group, AT_SYMLINK_NOFOLLOW) < 0)
		r = err_sys(b->e, "chown %s", path);
	return r;
}

static int write_files(const struct kube_build *b, int dir, const struct volume_files *f, const struct object *o)
{
	mode_t mode = f->mode == FIELD_UNSET ? 0644 : (mode_t)f->mode;
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->items.n; i++)
		r = write_key(b, dir, o, f->items.v[i].key, f->items.v[i].path,
			      f->items.v[i].mode == FIELD_UNSET ? mode : (mode_t)f->items.v[i].mode);
	for (int side = 0; side < 2 && f->items.n == 0; side++) {
		const struct oci_pairs *l = side ? &o->data : &o->binary;

		for (size_t i = 0; r == 0 && i < l->n; i++)
			r = write_key(b, dir, o, l->v[i].key, l->v[i].key, mode);
	}
	return r;
}

/* Everybody may write there; with an fsGroup what they make is that group's. */
static int open_up(const struct kube_build *b, int dir)
{
	int64_t group = b->p->object.pod->security.fs_group;

	if (group != FIELD_UNSET && fchown(dir, (uid_t)-1, (gid_t)group) < 0)
		return err_sys(b->e, "chown");
	return fchmod(dir, group == FIELD_UNSET ? 0777 : 02777) < 0 ? err_sys(b->e, "chmod") : 0;
}

static int make_volume(const struct kube_build *b, int folder, const struct volume_spec_kube *v)
{
	const struct volume_files *f = v->config_map ? v->config_map : v->secret;
	enum object_kind kind = v->secret ? OBJECT_SECRET : OBJECT_CONFIG_MAP;
	const struct object *o = f ? kube_source_find(b, kind, f->name) : NULL;
	scoped_fd dir = -1;
	int r;

	if (v->host_path)
		return v->host_path->path[0] == '/' ?
			       0 :
			       err_set(b->e, EINVAL, "volume %s: hostPath: must be an absolute path", v->name);
	if (v->empty_dir && *medium_of(v) && !kube_volume_is_in_memory(v))
		return err_set(b->e, EINVAL, "volume %s: unknown storage medium \"%.40s\"", v->name, medium_of(v));
	if (f && !o && f->optional != 1)
		return err_set(b->e, ENOENT, "volume %s: %s \"%s\" not found", v->name,
			       v->secret ? "secret" : "configmap", f->name);
	r = io_mkdir_at(folder, v->name, 0755, &dir, b->e);
	if (r == 0 && v->empty_dir)
		r = open_up(b, dir);
	if (r == 0 && o)
		r = write_files(b, dir, f, o);
	return r < 0 ? err_wrap(b->e, r, "volume %s", v->name) : 0;
}

int kube_volumes_make(const struct kube_build *b)
{
	const struct pod_spec *s = b->p->object.pod;
	scoped_fd folder = -1;
	int r = io_mkdirs(b->folder, 0700, &folder, b->e);

	if (r == 0)
		r = kube_messages_make(b, folder);
	for (size_t i = 0; r == 0 && i < s->volumes.n; i++)
		r = make_volume(b, folder, &s->volumes.v[i]);
	return r < 0 ? err_wrap(b->e, r, "pod %s/%s", b->p->pod.namespace, b->p->pod.name) : 0;
}

/* ---- in memory ---------------------------------------------------------------------------------------------- */

/* As the kubelet counts: no more than the volume may have, than the pod may use, than the node has for pods. */
static int tmpfs_size(const struct kube_build *b, const struct volume_spec_kube *v, int64_t *ret)
{
	const struct kube_pod *pod = &b->p->pod;
	struct resource_list limits = { 0 };
	int64_t size = resource_value(&b->site->node.allocatable, "memory"), other;
	int r = pod_limits_all(pod, "memory") ? pod_limits(pod, b->a, &limits) : 0;

	if (r < 0)
		return err_oom(b->e);
	other = resource_value(&limits, "memory");
	if (other > 0 && other < size)
		size = other;
	other = v->empty_dir->has_size ? quantity_value(&v->empty_dir->size) : 0;
	*ret = other > 0 && other < size ? other : size;
	return 0;
}

/* Of one list of requests: *size is that of the medium, or 0 until one is found. */
static int find_page_size(const struct kube_build *b, const struct resource_list *l, const char *medium, int64_t *size,
			  bool *found)
{
	for (size_t i = 0; i < l->n; i++) {
		int64_t bytes = resource_hugepages(l->v[i].name);

		if (!bytes || (medium[strlen(HUGE_PAGES)] && bytes != *size))
			continue;
		if (*found && bytes != *size)
			return err_set(b->e, EINVAL,
				       "medium: %s can't be used if container requests multiple huge page sizes",
				       medium);
		*size = bytes;
		*found = true;
	}
	return 0;
}

static int page_size(const struct kube_build *b, const char *medium, int64_t *ret)
{
	const struct kube_pod *pod = &b->p->pod;
	const char *name =
		medium[strlen(HUGE_PAGES)] ? arena_fmt(b->a, "hugepages%s", medium + strlen(HUGE_PAGES)) : NULL;
	int64_t size = name ? resource_hugepages(name) : 0;
	bool found = false;
	int r = name && !size ? err_set(b->e, EINVAL, "unknown storage medium \"%.40s\"", medium) : 0;

	if (r == 0 && pod->has_resources)
		r = find_page_size(b, &pod->resources.requests, medium, &size, &found);
	for (size_t i = 0; r == 0 && i < pod->n_containers; i++)
		r = find_page_size(b, &pod->containers[i].resources.requests, medium, &size, &found);
	for (size_t i = 0; r == 0 && i < pod->n_inits; i++)
		r = find_page_size(b, &pod->inits[i].resources.requests, medium, &size, &found);
	if (r == 0 && !found)
		r = err_set(b->e, EINVAL,
			    "medium %s: hugePages storage requested, but there is no resource request for huge pages",
			    medium);
	if (r == 0)
		*ret = size;
	return r;
}

/* Who has an fsGroup: its members write, and what they make is that group's. */
static int set_in_memory(const struct kube_build *b, const struct volume_spec_kube *v, struct pod_volume *to)
{
	int64_t group = b->p->object.pod->security.fs_group, n = 0;
	const char *owner =
		group == FIELD_UNSET ? "mode=1777" : arena_fmt(b->a, "mode=3777,gid=%lld", (long long)group);
	bool huge = is_huge(medium_of(v));
	int r = huge ? page_size(b, medium_of(v), &n) : tmpfs_size(b, v, &n);

	if (r < 0)
		return r;
	to->fstype = huge ? "hugetlbfs" : "tmpfs";
	to->options = owner ? arena_fmt(b->a, "%s,%s=%lld", owner, huge ? "pagesize" : "size", (long long)n) : NULL;
	return to->options ? 0 : err_oom(b->e);
}

/* ---- what the pod's monitor brings ---------------------------------------------------------------------------- */

const char *kube_volume_folder(const struct kube_build *b, const struct volume_spec_kube *v)
{
	return v->host_path ? v->host_path->path : arena_fmt(b->a, "%s/%s", b->folder, v->name);
}

static int add_volume(const struct kube_build *b, const struct volume_spec_kube *v, struct pod_charter *c)
{
	struct pod_volume *to;
	int r = 0;

	if (pod_charter_volume(c, v->name))
		return 0;
	to = LIST_ADD(b->a, &c->volumes);
	if (!to)
		return err_oom(b->e);
	to->name = v->name;
	if (kube_volume_is_in_memory(v))
		r = set_in_memory(b, v, to);
	else
		to->path = kube_volume_folder(b, v);
	if (r < 0)
		return err_wrap(b->e, r, "volume %s", v->name);
	return to->fstype || to->path ? 0 : err_oom(b->e);
}

/* Of a part of a volume only who starts the container can say that no link leads out of it. */
int kube_volumes_charter(const struct kube_build *b, const struct container_spec *s, struct pod_charter *c,
			 struct pod_container *to)
{
	for (size_t i = 0; i < s->mounts.n; i++) {
		const struct volume_mount *m = &s->mounts.v[i];
		const struct volume_spec_kube *v = kube_volume_find(b, m->name);
		const char *below = m->sub_path && *m->sub_path ? m->sub_path : NULL;
		struct pod_mount *mount;
		int r;

		if (!v || (!below && !kube_volume_is_in_memory(v)))
			continue;
		r = add_volume(b, v, c);
		if (r < 0)
			return r;
		mount = LIST_ADD(b->a, &to->mounts);
		if (!mount)
			return err_oom(b->e);
		*mount = (struct pod_mount){ path_clean(b->a, sv_from(m->mount_path)), v->name, below };
		if (!mount->destination)
			return err_oom(b->e);
	}
	return 0;
}

const struct volume_spec_kube *kube_volume_find(const struct kube_build *b, const char *name)
{
	const struct pod_spec *s = b->p->object.pod;

	for (size_t i = 0; i < s->volumes.n; i++)
		if (strcmp(s->volumes.v[i].name, name) == 0)
			return &s->volumes.v[i];
	return NULL;
}
