/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/joined_userns.h"

#include "base/scope.h"
#include "kernel/user_namespaces.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* As wide as a map that the kernel has: extents of 32 bytes. */
#define MAP_TEXT (ID_MAP_EXTENTS * 40)

static int to_mappings(struct runtime *rt, const struct buf *text, struct oci_id_mappings *ret, struct err *e)
{
	struct id_extent *v = arena_array(rt->arena, ID_MAP_EXTENTS, sizeof *v);
	struct oci_id_mapping *m;
	size_t n;
	int r = v ? id_map_parse(buf_sv(text), v, &n, e) : err_oom(e);

	if (r < 0)
		return r;
	m = arena_array(rt->arena, n + 1, sizeof *m);
	if (!m)
		return err_oom(e);
	for (size_t i = 0; i < n; i++)
		m[i] = (struct oci_id_mapping){ v[i].inside, v[i].outside, v[i].count };
	*ret = (struct oci_id_mappings){ m, n };
	return 0;
}

static bool same(const struct oci_id_mappings *a, const struct oci_id_mappings *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = a->v[i].container_id == b->v[i].container_id && a->v[i].host_id == b->v[i].host_id &&
		       a->v[i].size == b->v[i].size;
	return same;
}

static int take(const char *name, const char *path, const struct oci_id_mappings *found, struct oci_id_mappings *m,
		struct err *e)
{
	if (m->n && !same(m, found))
		return err_set(e, EINVAL, "linux.%s: not those of the user namespace %s, which is joined", name, path);
	*m = *found;
	return 0;
}

static int take_maps(struct runtime *rt, const char *path, int ns, struct runtime_spec *spec, struct err *e)
{
	scoped_buf uid_text = BUF(MAP_TEXT), gid_text = BUF(MAP_TEXT);
	struct oci_id_mappings uids, gids;
	int r = userns_read(rt->host.proc, ns, &uid_text, &gid_text, e);

	if (r == 0)
		r = to_mappings(rt, &uid_text, &uids, e);
	if (r == 0)
		r = to_mappings(rt, &gid_text, &gids, e);
	if (r < 0)
		return r == -EINVAL ? err_set(e, EINVAL, "%s is not a user namespace", path) :
				      err_wrap(e, r, "%s", path);
	r = take("uidMappings", path, &uids, &spec->uid_mappings, e);
	return r < 0 ? r : take("gidMappings", path, &gids, &spec->gid_mappings, e);
}

static bool is_own(const struct runtime *rt, int ns)
{
	struct stat own, other;

	return fstatat(rt->host.proc, "self/ns/user", &own, 0) == 0 && fstat(ns, &other) == 0 &&
	       own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

static void leave_out(struct runtime_spec *spec, size_t index)
{
	memmove(&spec->namespaces.v[index], &spec->namespaces.v[index + 1],
		(spec->namespaces.n - index - 1) * sizeof *spec->namespaces.v);
	spec->namespaces.n--;
}

static int settle(struct runtime *rt, struct runtime_spec *spec, size_t index, pid_t pid, struct err *e)
{
	const char *path = spec->namespaces.v[index].path;
	scoped_fd ns = -1;
	int r;

	if (pid && !(path = arena_fmt(rt->arena, "/proc/%d/ns/user", (int)pid)))
		return err_oom(e);
	ns = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	r = ns < 0 ? err_sys(e, "open %s", path) : 0;
	if (r == 0 && is_own(rt, ns)) {
		leave_out(spec, index);
		return 0;
	}
	if (r == 0)
		r = take_maps(rt, path, ns, spec, e);
	return r == 0 || strncmp(e->msg, "linux.", 6) == 0 ? r :
							     err_wrap(e, r, "linux.namespaces[%zu].path", index);
}

int joined_userns_settle(struct runtime *rt, struct runtime_spec *spec, pid_t pid, struct err *e)
{
	for (size_t i = 0; i < spec->namespaces.n; i++) {
		const struct oci_namespace *ns = &spec->namespaces.v[i];

		if (ns->type && strcmp(ns->type, "user") == 0 && ns->path && *ns->path)
			return settle(rt, spec, i, pid, e);
	}
	return 0;
}
