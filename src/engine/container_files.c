/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_files.h"

#include "base/limits.h"
#include "base/scope.h"
#include "engine/create.h"
#include "engine/recover.h"
#include "kernel/mount.h"
#include "kernel/rootpath.h"
#include "runtime/mount_options.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define LOCK_MS 60000

/* What opening needs beside the result. */
struct opening {
	struct engine *en;
	const struct container_row *row;
	enum container_files_mode mode;
	struct container_files *f;
	struct container_config config;
	struct creation cr;
	int userns;
};

/* ---- of one that runs ---------------------------------------------------------------------------------------- */

/* Opened first and checked then: it is still the process that it was. */
static int open_of_process(const struct opening *o, const struct outcome *out, const char *name, int flags, int *ret,
			   struct err *e)
{
	char path[32];
	scoped_fd fd = -1;
	uint64_t ticks;
	int r;

	(void)snprintf(path, sizeof path, "%d/%s", (int)out->pid, name);
	fd = openat(o->en->host->proc, path, flags | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open proc/%s", path);
	r = procfs_start_ticks(o->en->host, out->pid, &ticks, e);
	if (r == 0 && ticks != out->pid_start_ticks)
		r = err_set(e, ESRCH, "container %.12s has just ended", o->row->id);
	if (r == 0)
		*ret = fd_take(&fd);
	return r;
}

static int open_alive(const struct opening *o, const struct outcome *out, struct err *e)
{
	scoped_fd ns = -1;
	int r;

	if (o->mode == CONTAINER_FILES_UPPER)
		return 0;
	if (o->mode == CONTAINER_FILES_ALL)
		return open_of_process(o, out, "root", O_PATH | O_DIRECTORY, &o->f->root, e);
	r = open_of_process(o, out, "ns/mnt", O_RDONLY, &ns, e);
	if (r == 0)
		r = mount_clone_from(ns, "/", e);
	if (r < 0)
		return r;
	o->f->root = r;
	return 0;
}

/* ---- of one that does not ------------------------------------------------------------------------------------ */

static int make_userns(struct opening *o, struct err *e)
{
	scoped_buf uids = BUF(ID_MAP_TEXT), gids = BUF(ID_MAP_TEXT);

	id_map_print(&o->f->ids.uids, &uids);
	id_map_print(&o->f->ids.gids, &gids);
	if (buf_status(&uids, e) < 0 || buf_status(&gids, e) < 0)
		return -ENOMEM;
	return userns_new(o->en->host->proc, &(struct userns_maps){ uids.p, gids.p }, &o->userns, e);
}

static int mount_layers(const struct opening *o, const struct root_source *root, struct err *e)
{
	const struct mount_owner owner = { id_map_outside(&o->f->ids.uids, 0), id_map_outside(&o->f->ids.gids, 0) };
	const struct kfeat *k = &o->cr.facts.kernel;
	scoped_fd layers = open(root->layers_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), data = -1;
	struct mount_overlay m;

	if (layers < 0)
		return err_sys(e, "open %s", root->layers_dir);
	data = open(root->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (data < 0)
		return err_sys(e, "open %s", root->data_dir);
	m = (struct mount_overlay){ .layers_dir = layers, .data_dir = data, .layers_path = root->layers_dir,
				    .data_path = root->data_dir, .lower = root->lower,
				    .lower_count = root->lower_count, .upper = root->upper, .work = root->work,
				    .user_xattrs = o->cr.facts.user_namespace,
				    .append = k->overlay_lowerdir_append, .detached = k->overlay_detached_layers };
	return o->f->mapped ? mount_overlay_idmapped(&m, o->userns, &owner, e) : mount_overlay(&m, e);
}

/* The root, mounted nowhere. */
static int mount_root(struct opening *o, struct err *e)
{
	const struct root_source *root = &o->cr.charter.root;
	scoped_fd mnt = -1;
	int r = o->f->mapped ? make_userns(o, e) : 0;

	if (r == 0)
		r = root->path ? mount_clone(AT_FDCWD, root->path, o->mode == CONTAINER_FILES_ALL, e) :
				 mount_layers(o, root, e);
	if (r < 0)
		return r;
	mnt = r;
	r = root->path && o->f->mapped ? mount_idmap(mnt, o->userns, false, e) : 0;
	if (r == 0)
		o->f->root = fd_take(&mnt);
	return r;
}

static int bind_one(struct opening *o, const struct oci_mount *m, const struct mount_options *options, struct err *e)
{
	scoped_fd mnt = mount_clone(AT_FDCWD, m->source, options->recursive_bind, e), target = -1;
	struct stat st;
	int r;

	if (mnt < 0)
		return mnt;
	if (fstat(mnt, &st) < 0)
		return err_sys(e, "stat");
	r = options->idmap && o->f->mapped ? mount_idmap(mnt, o->userns, options->idmap == IDMAP_TREE, e) : 0;
	if (r < 0)
		return r;
	target = S_ISDIR(st.st_mode) ? rootpath_mkdirs(o->f->root, m->destination, 0755, e) :
				       rootpath_file(o->f->root, m->destination, e);
	r = target < 0 ? target : mount_attach(mnt, target, e);
	if (r == 0)
		r = mount_change(mnt, options->set, options->clear, MS_PRIVATE, false, e);
	return r < 0 ? r : mount_change(mnt, options->set_recursive, options->clear_recursive, 0, true, e);
}

static int bind_all(struct opening *o, struct err *e)
{
	const struct runtime_spec *s = &o->cr.spec;

	for (size_t i = 0; i < s->mounts.n; i++) {
		const struct oci_mount *m = &s->mounts.v[i];
		struct mount_options options;
		int r;

		if (m->source[0] != '/' || !m->type || strcmp(m->type, "bind") != 0)
			continue;
		r = mount_options_parse(&m->options, &o->f->arena, &options, e);
		if (r == 0)
			r = bind_one(o, m, &options, e);
		if (r < 0)
			return err_wrap(e, r, "bind %s to %s", m->source, m->destination);
	}
	return 0;
}

/* Only in a namespace may mounts be put onto each other (before Linux 6.15). Where the root goes is no matter: its place
 * is hidden in this one process. */
static int attach_root(struct opening *o, struct err *e)
{
	scoped_fd at = -1;

	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "unshare the mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, "make mounts private");
	at = open(o->en->state_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return err_sys(e, "open %s", o->en->state_path);
	return mount_attach(o->f->root, at, e);
}

static int open_idle(struct opening *o, struct err *e)
{
	bool all = o->mode == CONTAINER_FILES_ALL;
	int r;

	if (o->mode == CONTAINER_FILES_UPPER)
		return 0;
	r = mount_root(o, e);
	if (r == 0 &&
	    (all || !o->cr.facts.kernel.mount_setattr)) /* without it only what is mounted somewhere changes */
		r = attach_root(o, e);
	if (r == 0 && (o->config.readonly_rootfs || !all))
		r = mount_change(o->f->root, MOUNT_ATTR_RDONLY, 0, 0, false, e);
	return r == 0 && all ? bind_all(o, e) : r;
}

/* ---- either -------------------------------------------------------------------------------------------------- */

/* All capabilities stay (SECBIT_NO_SETUID_FIXUP). */
static int become_owner(const struct container_files *f, struct err *e)
{
	uid_t uid = id_map_outside(&f->ids.uids, 0);
	gid_t gid = id_map_outside(&f->ids.gids, 0);
	int bits = prctl(PR_GET_SECUREBITS);

	if (bits < 0 || prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) < 0)
		return err_sys(e, "prctl PR_SET_SECUREBITS");
	(void)setfsgid(gid);
	(void)setfsuid(uid);
	if ((uid_t)setfsuid(uid) != uid || (gid_t)setfsgid(gid) != gid)
		return err_set(e, EPERM, "setfsuid %u, setfsgid %u", uid, gid);
	return 0;
}

static int open_upper(struct opening *o, int dir, struct err *e)
{
	if (!o->row->image_id)
		return 0;
	o->f->upper = openat(dir, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return o->f->upper < 0 ? err_sys(e, "open upper") : 0;
}

/* Its lock is kept when it does not run. */
static int look(struct opening *o, struct container_state *ret, struct err *e)
{
	struct intent before = { 0 };
	scoped_fd dir = -1;
	int r = container_lock(o->en, o->row->id, "copy", LOCK_MS, &o->f->lock, &dir, &before, e);

	if (r == 0)
		r = container_look_locked(o->en, o->row, dir, &before, &o->f->lock, ret, e);
	if (r == 0 && (ret->status == CONTAINER_DEAD || ret->status == CONTAINER_REMOVING))
		r = err_set(e, EINVAL, "container is marked for removal");
	if (r < 0) {
		lock_abandon(&o->f->lock);
		return r;
	}
	o->f->alive = ret->status == CONTAINER_RUNNING || ret->status == CONTAINER_PAUSED;
	r = open_upper(o, dir, e);
	if (o->f->alive)
		lock_release(&o->f->lock);
	return r;
}

/* What it was made of, as for a start. */
static int look_up(struct opening *o, struct err *e)
{
	int r;

	config_init(&o->config);
	r = engine_reopen(o->en, o->row, &o->config, &o->f->arena, &o->cr, e);
	if (r < 0)
		return r;
	o->f->mapped = o->cr.charter.root.idmap;
	o->f->ids = o->cr.userns_ids;
	o->f->uid = o->cr.inputs.uid;
	o->f->gid = o->cr.inputs.gid;
	return 0;
}

static int open_files(struct opening *o, struct err *e)
{
	struct container_state s;
	int r = look(o, &s, e);

	if (r == 0)
		r = look_up(o, e);
	if (r == 0)
		r = o->f->alive ? open_alive(o, &s.outcome, e) : open_idle(o, e);
	if (r == 0 && o->f->mapped && o->mode == CONTAINER_FILES_ALL)
		r = become_owner(o->f, e);
	return r;
}

int container_files_open(struct engine *en, const struct container_row *row, enum container_files_mode mode,
			 struct container_files *ret, struct err *e)
{
	struct container_files f = CONTAINER_FILES_NONE;
	struct opening o = { .en = en, .row = row, .mode = mode, .f = &f, .userns = -1,
			     .cr = CREATION_NONE };
	int r;

	f.arena = ARENA(LIMIT_ARENA_SPEC);
	r = open_files(&o, e);
	creation_done(&o.cr);
	if (o.userns >= 0)
		close(o.userns);
	if (r < 0)
		container_files_close(&f);
	else
		*ret = f;
	return r < 0 ? err_wrap(e, r, "container %s", row->name) : 0;
}

void container_files_close(struct container_files *f)
{
	if (f->root >= 0)
		close(fd_take(&f->root));
	if (f->upper >= 0)
		close(fd_take(&f->upper));
	lock_release(&f->lock);
	arena_done(&f->arena);
}
