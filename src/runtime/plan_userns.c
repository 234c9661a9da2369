/* SPDX-License-Identifier: Apache-2.0 */
/* A user namespace of the container's own: its maps, and what the host side does after the clone because the child, who
 * has no right to anything of the host's any more, cannot. */
#include "runtime/plan_priv.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

/* ---- maps ------------------------------------------------------------------------------------------------------- */

int plan_id_map(struct plan *p, const struct oci_id_mappings *m, const char *what, struct id_map *ret,
		const char **ret_text, struct err *e)
{
	size_t n = m->n > ID_MAP_EXTENTS ? 0 : m->n;
	struct id_extent *v = arena_array(p->arena, n + 1, sizeof *v);
	scoped_buf text = BUF(ID_MAP_TEXT);
	struct id_map map = { v, m->n };
	int r;

	if (!v)
		return err_oom(e);
	for (size_t i = 0; i < n; i++)
		v[i] = (struct id_extent){ (uint32_t)m->v[i].container_id, (uint32_t)m->v[i].host_id,
					   (uint32_t)m->v[i].size };
	r = id_map_check(&map, e);
	if (r < 0)
		return err_wrap(e, r, "%s", what);
	id_map_print(&map, &text);
	if (buf_status(&text, NULL) < 0)
		return err_set(e, EINVAL, "%s: %zu ranges do not fit the %d bytes that the kernel takes", what, m->n,
			       ID_MAP_TEXT);
	*ret_text = arena_sv(p->arena, buf_sv(&text));
	*ret = map;
	return *ret_text ? 0 : err_oom(e);
}

static const struct oci_namespace *find(const struct runtime_spec *spec, const char *type)
{
	for (size_t i = 0; i < spec->namespaces.n; i++)
		if (spec->namespaces.v[i].type && strcmp(spec->namespaces.v[i].type, type) == 0)
			return &spec->namespaces.v[i];
	return NULL;
}

/* The child becomes the namespace's 0 to build the container, so that there must be one. */
static int check_root(const struct id_map *m, const char *what, struct err *e)
{
	return id_map_outside(m, 0) != ID_NONE ? 0 : err_set(e, EINVAL, "%s: containerID 0 is not mapped", what);
}

int plan_userns(struct plan *p, struct err *e)
{
	const struct runtime_spec *spec = p->spec;
	const struct oci_namespace *ns = find(spec, "user"), *mounts = find(spec, "mount");
	int r;

	p->mount_ns_path = mounts && mounts->path && *mounts->path ? mounts->path : NULL;

	p->userns = ns;
	p->userns_path = ns && ns->path && *ns->path ? ns->path : NULL;
	if (!ns && (spec->uid_mappings.n || spec->gid_mappings.n))
		return err_set(e, EINVAL, "linux.uidMappings: there is no user namespace in linux.namespaces");
	if (!p->userns)
		return 0;
	r = plan_id_map(p, &spec->uid_mappings, "linux.uidMappings", &p->uids, &p->maps.uid, e);
	if (r == 0)
		r = plan_id_map(p, &spec->gid_mappings, "linux.gidMappings", &p->gids, &p->maps.gid, e);
	if (r == 0)
		r = check_root(&p->uids, "linux.uidMappings", e);
	return r < 0 ? r : check_root(&p->gids, "linux.gidMappings", e);
}

int plan_check_ids(const struct plan *p, int64_t uid, int64_t gid, struct err *e)
{
	if (p->userns && id_map_outside(&p->uids, (uint32_t)uid) == ID_NONE)
		return err_set(e, EINVAL, "uid %lld is not mapped in the user namespace", (long long)uid);
	if (p->userns && id_map_outside(&p->gids, (uint32_t)gid) == ID_NONE)
		return err_set(e, EINVAL, "gid %lld is not mapped in the user namespace", (long long)gid);
	return 0;
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

static int add(struct plan *p, enum step_op op, struct err *e)
{
	return plan_add(p, ACTOR_HOST, op) ? 0 : err_oom(e);
}

/* Whoever may open what it was given again: the pipes belong to the user of the process. */
int plan_stdio_owner(struct plan *p, enum step_actor actor, struct err *e)
{
	const struct oci_process *pr = &p->spec->process;
	struct step *s;
	int r = plan_check_ids(p, pr->uid, pr->gid, e);

	if (r < 0)
		return err_wrap(e, r, "process.user");
	if (pr->terminal)
		return 0;
	s = plan_add(p, actor, STEP_STDIO_OWNER);
	if (!s)
		return err_oom(e);
	s->n[0] = id_map_outside(&p->uids, (uint32_t)pr->uid);
	return 0;
}

/* A v2 group that the container sees as its root and may write to is its own, as the specification wants ("cgroup
 * ownership"): its root may make groups below, and cannot change the limits of this one. */
static bool owns_cgroup(const struct plan *p)
{
	const struct runtime_spec *spec = p->spec;
	bool writable = false;

	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct oci_mount *m = &spec->mounts.v[i];

		if (!m->type || strncmp(m->type, "cgroup", 6) != 0)
			continue;
		writable = true;
		for (size_t k = 0; k < m->options.n; k++)
			writable = writable && strcmp(m->options.v[k], "ro") != 0;
	}
	return writable && p->cgroup_ns && p->facts->cgroup.mode == CGROUP_MODE_V2;
}

static int plan_cgroup_owner(struct plan *p, struct err *e)
{
	struct step *s;

	if (!owns_cgroup(p))
		return 0;
	s = plan_add(p, ACTOR_HOST, STEP_CGROUP_OWNER);
	if (!s)
		return err_oom(e);
	s->n[0] = id_map_outside(&p->uids, 0);
	return 0;
}

int plan_userns_host(struct plan *p, struct err *e)
{
	int r = p->userns_path ? 0 : add(p, STEP_ID_MAP, e);

	if (r == 0)
		r = plan_stdio_owner(p, ACTOR_HOST, e);
	if (r == 0)
		r = plan_cgroup_owner(p, e);
	if (r == 0)
		r = plan_root(p, e);
	if (r == 0)
		r = plan_bind_sources(p, ACTOR_HOST, e);
	if (r == 0)
		r = add(p, STEP_DEVICE_SOURCE, e);
	return r < 0 ? r : add(p, STEP_HAND_OVER, e);
}
