/* SPDX-License-Identifier: Apache-2.0 */
/* The root file system: a step of the plan, or made early. */
#include "runtime/apply.h"

#include "base/scope.h"
#include "kernel/cgroup.h"
#include "kernel/mount.h"

#include <fcntl.h>

/* userns: -1: no id mapping */
static int mount_root(const struct root_source *root, const struct host_facts *f, int userns,
		      const struct mount_owner *owner, struct err *e)
{
	scoped_fd layers = open(root->layers_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), data = -1;
	struct mount_overlay o;
	int r;

	if (layers < 0)
		return err_sys(e, "open %s", root->layers_dir);
	data = open(root->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (data < 0)
		return err_sys(e, "open %s", root->data_dir);
	o = (struct mount_overlay){ .layers_dir = layers, .data_dir = data, .layers_path = root->layers_dir,
				    .data_path = root->data_dir, .lower = root->lower,
				    .lower_count = root->lower_count, .upper = root->upper, .work = root->work,
				    .scratch = root->scratch && f->kernel.mount_setattr, /* as old as it is */
				    .user_xattrs = f->user_namespace,
				    .append = f->kernel.overlay_lowerdir_append,
				    .detached = f->kernel.overlay_detached_layers };
	r = root->idmap ? mount_overlay_idmapped(&o, userns, owner, e) : mount_overlay(&o, e);
	return r < 0 ? err_wrap(e, r, "root file system") : r;
}

int host_root_overlay(struct apply *a, const struct step *s, struct err *e)
{
	const struct plan *p = a->c->plan;
	struct mount_owner owner = { id_map_outside(&p->uids, 0), id_map_outside(&p->gids, 0) };
	int r;

	(void)s;
	if (a->early && a->early->root >= 0)
		r = fd_take(&a->early->root);
	else
		r = mount_root(&p->root, p->facts, a->userns, &owner, e);
	if (r < 0)
		return r;
	a->init.root_mount = r;
	return 0;
}

int host_root_bind(struct apply *a, const struct step *s, struct err *e)
{
	const struct root_source *root = &a->c->plan->root;
	scoped_fd mnt = mount_clone(AT_FDCWD, root->path, true, e);
	int r = mnt < 0 ? mnt : 0;

	(void)s;
	if (r == 0 && root->idmap)
		r = mount_idmap(mnt, a->userns, false, e);
	if (r < 0)
		return err_wrap(e, r, "root file system %s", root->path);
	a->init.root_mount = fd_take(&mnt);
	return 0;
}

void container_early_root(struct container_early *early, const struct root_source *root, const struct host_facts *f)
{
	struct err ignored;
	int r = root->path || root->idmap ? -ENOTSUP : mount_root(root, f, -1, NULL, &ignored);

	if (r >= 0)
		early->root = r;
}

void container_early_undo(struct container_early *early)
{
	cgroup_unmake(PTR_TAKE(early->cgroup));
	if (early->root >= 0)
		close(fd_take(&early->root));
}
