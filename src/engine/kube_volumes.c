/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_volumes.h"

#include "base/io.h"
#include "base/path.h"
#include "base/scope.h"
#include "engine/kube_env.h"
#include "engine/kube_files.h"
#include "engine/kube_message.h"
#include "manifest/names.h"
#include "oci/list.h"

#include <errno.h>
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

/* Everybody may write there; with an fsGroup what they make is that group's. */
static int open_up(const struct kube_build *b, int dir)
{
	int64_t group = b->p->object.pod->security.fs_group;

	if (group != FIELD_UNSET && fchown(dir, (uid_t)-1, (gid_t)group) < 0)
		return err_sys(b->e, "chown");
	return fchmod(dir, group == FIELD_UNSET ? 0777 : 02777) < 0 ? err_sys(b->e, "chmod") : 0;
}

static const struct {
	const char *type, *what; /* what the kubelet says that it is not */
	mode_t mode;
} host_types[] = {
	{ "DirectoryOrCreate", "directory", S_IFDIR }, { "Directory", "directory", S_IFDIR },
	{ "FileOrCreate", "file", S_IFREG },	       { "File", "file", S_IFREG },
	{ "Socket", "socket file", S_IFSOCK },	       { "CharDevice", "character device", S_IFCHR },
	{ "BlockDevice", "block device", S_IFBLK },
};

/* A folder that is to be made is so with the container (kube_config.c). */
static int check_host_path(const struct kube_build *b, const char *path, const char *type)
{
	bool create = sv_has_suffix(sv_from(type), "OrCreate");
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(host_types); i++) {
		if (strcmp(type, host_types[i].type) != 0)
			continue;
		if (create && host_types[i].mode == S_IFREG) {
			scoped_fd made = open(path, O_RDONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0644);

			if (made < 0)
				return err_sys(b->e, "hostPath: make %s", path);
		}
		if (stat(path, &st) < 0)
			return create && errno == ENOENT ? 0 : err_sys(b->e, "hostPath %s", path);
		return (st.st_mode & S_IFMT) == host_types[i].mode ?
			       0 :
			       err_set(b->e, EINVAL, "hostPath type check failed: %s is not a %s", path,
				       host_types[i].what);
	}
	return *type ? err_set(b->e, EINVAL, "hostPath: unknown type \"%.40s\"", type) : 0;
}

static int make_host_path(const struct kube_build *b, const struct volume_spec_kube *v)
{
	const char *path = v->host_path->path, *type = v->host_path->type;

	return path[0] != '/' ? err_set(b->e, EINVAL, "hostPath: must be an absolute path") :
	       type	      ? check_host_path(b, path, type) :
				0;
}

static int make_folder(const struct kube_build *b, int folder, const struct volume_spec_kube *v)
{
	scoped_fd dir = -1;
	int r;

	if (v->empty_dir && *medium_of(v) && !kube_volume_is_in_memory(v))
		return err_set(b->e, EINVAL, "unknown storage medium \"%.40s\"", medium_of(v));
	r = io_mkdir_at(folder, v->name, 0755, &dir, b->e);
	if (r == 0 && v->empty_dir)
		return open_up(b, dir);
	return r == 0 ? kube_files_write(b, dir, v) : r;
}

static int make_volume(const struct kube_build *b, int folder, const struct volume_spec_kube *v)
{
	int r = v->host_path ? make_host_path(b, v) : make_folder(b, folder, v);

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

/* *ret: NULL: all of the volume. A variable that is not there would name another part, or all of it. */
static int find_part(const struct kube_build *b, const struct container_spec *s, const struct volume_mount *m,
		     const char **ret)
{
	const char *expr = m->sub_path_expr && *m->sub_path_expr ? m->sub_path_expr : NULL;
	struct oci_pairs vars;
	bool known = true;
	int r = expr ? kube_env_read(b, s, &vars) : 0;

	if (r < 0)
		return r;
	*ret = expr ? kube_env_expand(b, &vars, expr, &known) : m->sub_path;
	if (expr && !*ret)
		return err_oom(b->e);
	if (!known || (expr && name_is_inner_path(*ret)))
		return err_set(b->e, EINVAL, "container %s: subPathExpr \"%.60s\": %s", s->name, expr,
			       known ? "must be a relative path without '..'" : "missing value for a variable");
	if (*ret && !**ret)
		*ret = NULL;
	return 0;
}

static int add_mount(const struct kube_build *b, const struct volume_mount *m, const char *below,
		     struct pod_container *to)
{
	struct pod_mount *mount = LIST_ADD(b->a, &to->mounts);

	if (!mount)
		return err_oom(b->e);
	*mount = (struct pod_mount){ path_clean(b->a, sv_from(m->mount_path)), m->name, below };
	return mount->destination ? 0 : err_oom(b->e);
}

/* Of a part of a volume only who starts the container can say that no link leads out of it. */
int kube_volumes_charter(const struct kube_build *b, const struct container_spec *s, struct pod_charter *c,
			 struct pod_container *to)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->mounts.n; i++) {
		const struct volume_mount *m = &s->mounts.v[i];
		const struct volume_spec_kube *v = kube_volume_find(b, m->name);
		const char *below = NULL;

		r = find_part(b, s, m, &below);
		if (r < 0 || !v || (!below && !kube_volume_is_in_memory(v)))
			continue;
		r = add_volume(b, v, c);
		if (r == 0)
			r = add_mount(b, m, below, to);
	}
	return r;
}

const struct volume_spec_kube *kube_volume_find(const struct kube_build *b, const char *name)
{
	const struct pod_spec *s = b->p->object.pod;

	for (size_t i = 0; i < s->volumes.n; i++)
		if (strcmp(s->volumes.v[i].name, name) == 0)
			return &s->volumes.v[i];
	return NULL;
}
