/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes that a pod's monitor holds. What is in memory alone lives in a mount namespace of its own, which nothing else is
 * in: it outlives every container, is in no table of mounts of the host, and is gone with this process. Each life of a
 * container gets a further mount of it, or of a part. */
#include "base/scope.h"
#include "kernel/mount.h"
#include "monitor/pod_parts.h"

#include <fcntl.h>
#include <string.h>

/* Without swap where the kernel can say so for a tmpfs (Linux 6.3, and not in a user namespace). */
static int make(const struct pod_volume *v, struct arena *a, struct err *e)
{
	const char *options = v->options ? v->options : "";
	const char *without = arena_fmt(a, "%s%snoswap", options, *options ? "," : "");
	int mnt = -1;

	if (!without)
		return err_oom(e);
	if (strcmp(v->fstype, "tmpfs") == 0)
		mnt = mount_new(v->fstype, NULL, without, 0, NULL);
	return mnt >= 0 ? mnt : mount_new(v->fstype, NULL, options, 0, e);
}

static int open_volume(const struct pod *p, const struct pod_volume *v, struct arena *a, struct err *e)
{
	scoped_fd mnt = -1;
	int dir;

	if (v->fstype) {
		mnt = make(v, a, e);
		return mnt < 0 ? mnt : mount_keep(mnt, p->members->m.host.proc, e);
	}
	dir = open(v->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? err_sys(e, "open %s", v->path) : dir;
}

int pod_volumes_open(struct pod *p, struct err *e)
{
	size_t n = p->charter.volumes.n;

	p->volumes = n ? arena_array(&p->arena, n, sizeof *p->volumes) : NULL;
	if (n && !p->volumes)
		return err_oom(e);
	for (size_t i = 0; i < n; i++) {
		const struct pod_volume *v = &p->charter.volumes.v[i];

		p->volumes[i] = open_volume(p, v, &p->arena, e);
		if (p->volumes[i] < 0)
			return err_wrap(e, p->volumes[i], "volume %s", v->name);
	}
	return 0;
}

static int join(struct member *mb, const struct pod_mount *m, struct joins *j, struct err *e)
{
	const struct pod_charter *c = &mb->pod->charter;
	const struct pod_volume *v = pod_charter_volume(c, m->volume);
	int held = mb->pod->volumes[v - c->volumes.v];
	const char *below = arena_fmt(&mb->m.birth, "/%s", m->below ? m->below : "");
	int mnt;

	if (!below)
		return err_oom(e);
	mnt = v->fstype ? mount_clone_kept(held, below, e) : mount_clone_below(held, below, e);
	return mnt < 0 ? err_wrap(e, mnt, "volume %s", v->name) : join_mount(j, m->destination, mnt, &mb->m.birth, e);
}

int pod_volumes_join(struct member *mb, struct joins *j, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < mb->c->mounts.n; i++)
		r = join(mb, &mb->c->mounts.v[i], j, e);
	return r;
}
