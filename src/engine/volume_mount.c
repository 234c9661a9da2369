/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind a volume: its own folder, one of the host, or memory. */
#include "engine/volume.h"

#include "base/scope.h"
#include "engine/recover.h"
#include "kernel/mount.h"
#include "runtime/mount_options.h"
#include "storage/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* One without a row will be a folder. */
static int read_options(struct engine *en, const char *name, struct arena *a, struct volume_options *ret,
			enum volume_backing *ret_backing, struct err *e)
{
	struct volume_row row;
	struct db *db;
	int r = engine_db(en, &db, e);

	*ret = (struct volume_options){ .labels = { 0 } };
	*ret_backing = VOLUME_FOLDER;
	if (r == 0)
		r = volume_rows_find(db, name, a, &row, e);
	if (r <= 0)
		return r;
	r = volume_options_parse(row.options, a, ret, e);
	if (r == 0)
		r = volume_options_backing(ret, ret_backing, e);
	return r < 0 ? err_wrap(e, r, "volume %s", name) : 0;
}

static bool has_text(const struct oci_strings *words, const char *word)
{
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->v[i], word) == 0)
			return true;
	return false;
}

int volume_source(struct engine *en, const char *name, struct arena *a, const char **ret_path, bool *ret_readonly,
		  struct err *e)
{
	struct oci_strings words = { 0 };
	enum volume_backing backing;
	struct volume_options o;
	int r = read_options(en, name, a, &o, &backing, e);
	const char *path;

	if (r == 0)
		r = volume_option_words(&o, a, &words, e);
	if (r < 0)
		return r;
	path = backing == VOLUME_BIND ? volume_option(&o, "device") : volume_path(en, name, a);
	if (!path)
		return err_oom(e);
	*ret_path = path;
	*ret_readonly = backing != VOLUME_FOLDER && has_text(&words, "ro");
	return 0;
}

/* Another container that has it, and lives or is being started: that one has mounted it already, or is about to. */
static int is_in_use(struct engine *en, const char *name, const char *but, struct arena *a, bool *ret, struct err *e)
{
	struct oci_strings users = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = volume_rows_users(db, name, a, &users, e);
	*ret = false;
	for (size_t i = 0; r == 0 && i < users.n; i++)
		if ((!but || strcmp(users.v[i], but) != 0) &&
		    (container_is_up(en, users.v[i]) || container_monitor_is_alive(en, users.v[i])))
			*ret = true;
	return r;
}

static int mount_memory(int folder, const struct oci_strings *words, struct arena *a, struct err *e)
{
	scoped_fd mnt = -1, target = openat(folder, "_data", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct mount_options o;
	int r = target < 0 ? err_sys(e, "open _data") : mount_options_parse(words, a, &o, e);

	if (r < 0)
		return r;
	/* whether it may only be written is each container's own */
	mnt = mount_new("tmpfs", "tmpfs", o.data, o.set & ~(uint64_t)MOUNT_ATTR_RDONLY, e);
	return mnt < 0 ? mnt : mount_attach(mnt, target, e);
}

int volume_mount(struct engine *en, const char *name, const char *container, struct arena *a, struct err *e)
{
	struct oci_strings words = { 0 };
	scoped_fd volumes = -1, folder = -1;
	enum volume_backing backing;
	struct volume_options o;
	bool in_use = false;
	int r = read_options(en, name, a, &o, &backing, e);

	if (r < 0 || backing != VOLUME_TMPFS)
		return r;
	r = volume_option_words(&o, a, &words, e);
	if (r == 0)
		r = volumes_open(en->root, &volumes, e);
	if (r == 0)
		r = volume_hold(volumes, name, false, &folder, e);
	if (r == 0)
		r = is_in_use(en, name, container, a, &in_use, e);
	if (r == 0 && !in_use)
		volume_unmount(folder, volume_path(en, name, a)); /* of its last users: the memory goes with them */
	if (r == 0 && !volume_has_mount(folder))
		r = mount_memory(folder, &words, a, e);
	return r < 0 ? err_wrap(e, r, "volume %s", name) : 0;
}
