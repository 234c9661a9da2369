/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 2 of init_proc.c: /sys/fs/cgroup, of either version. */
#include "runtime/init_proc.h"

#include "base/scope.h"
#include "kernel/cgroup.h"
#include "kernel/mount.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* dir: below the host's root */
static int clone_of_host(const char *dir, struct err *e)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof path, "/%s", dir);
	return mount_clone(AT_FDCWD, path, false, e);
}

/* into: a tmpfs of ours */
static int cgroup_bind(struct init *in, const char *dir, const char *name, int into, const struct step *s,
		       struct err *e)
{
	int mnt = clone_of_host(dir, e), r;

	if (mnt < 0)
		return mnt;
	if (mkdirat(into, name, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "mkdir %s", name);
	r = mount_attach_at(mnt, into, name, e);
	if (r == 0 && !in->plan->facts->kernel.mount_setattr) /* else all of them at once */
		r = init_change_mount(mnt, s, MS_PRIVATE, e);
	init_drop(in, mnt);
	return r;
}

/* Private, or what is mounted there on the host later would come along. */
static int finish_cgroup_v1(const struct init *in, int mnt, const struct step *s, struct err *e)
{
	uint64_t clear = s->clear | s->clear_recursive | (s->set & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0);

	if (!in->plan->facts->kernel.mount_setattr)
		return mount_change(mnt, s->set & MOUNT_ATTR_RDONLY, 0, 0, false, e);
	return mount_change(mnt, s->set | s->set_recursive, clear, MS_PRIVATE, true, e);
}

/* "cpu,cpuacct" is also found as cpu and as cpuacct */
static int link_controllers(int dir, const char *name, struct err *e)
{
	struct sv rest = sv_from(name), word;
	char link[32];

	if (!strchr(name, ','))
		return 0;
	while (sv_next(&rest, ',', &word)) {
		if (sv_copy(word, link, sizeof link) < 0)
			continue;
		if (symlinkat(name, dir, link) < 0 && errno != EEXIST)
			return err_sys(e, "symlink %s", link);
	}
	return 0;
}

static const char *hierarchy_name(const struct cgroup_hierarchy *h)
{
	const char *slash = strrchr(h->mount, '/');

	return slash ? slash + 1 : h->mount;
}

/* v1: a small tmpfs with one folder for each hierarchy, each showing the container's own group */
static int mount_cgroup_v1(struct init *in, const struct step *s, struct err *e)
{
	const struct cgroup_layout *l = &in->plan->facts->cgroup;
	int mnt = mount_new_run("tmpfs", NULL, "mode=755,size=64k",
				s->set & (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), &in->done, e);
	int r;

	if (mnt < 0)
		return mnt;
	r = init_mounted(in, &mnt, s, true, e);
	for (unsigned i = 0; r == 0 && i < l->n; i++) {
		const char *name = hierarchy_name(&l->h[i]);
		/* without a group of its own it sees the host's, read-only (plan_mounts.c) */
		const char *dir = in->cgroup ? cgroup_dir(in->cgroup, i) : l->h[i].mount;

		if (!dir)
			continue;
		r = cgroup_bind(in, dir, name, mnt, s, e);
		if (r == 0)
			r = link_controllers(mnt, name, e);
	}
	if (r == 0)
		r = finish_cgroup_v1(in, mnt, s, e);
	init_drop(in, mnt);
	return r;
}

static int mount_cgroup_v2(struct init *in, const struct step *s, struct err *e)
{
	/* its root is that of the cgroup namespace: the container's own group, or all of the host's */
	bool foreign = (in->plan->userns || in->plan->facts->user_namespace) &&
		       !in->plan->cgroup_ns; /* no right to mount anew what is the host's */
	int mnt = foreign ? clone_of_host(in->plan->facts->cgroup.h[0].mount, e) :
			    mount_new("cgroup2", NULL, NULL, s->set, e);
	int r = mnt < 0 ? mnt : init_mounted(in, &mnt, s, true, e);

	if (r == 0 && foreign)
		r = init_change_mount(mnt, s, MS_PRIVATE, e);
	init_drop(in, mnt);
	return r;
}

int init_mount_cgroup(struct init *in, const struct step *s, struct err *e)
{
	int r = in->plan->facts->cgroup.mode == CGROUP_MODE_V2 ? mount_cgroup_v2(in, s, e) : mount_cgroup_v1(in, s, e);

	return r < 0 ? err_wrap(e, r, "mount cgroup at %s", s->path) : 0;
}
