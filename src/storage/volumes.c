/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/volumes.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/rename.h"
#include "base/scope.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define DATA "_data"
#define NEW_PREFIX ".new."
#define DEL_PREFIX ".del."
#define PATH_SIZE (LIMIT_NAME + 16)
#define ATTEMPTS 100
#define TEMP_SIZE (sizeof NEW_PREFIX + ID_LEN)

int volumes_open(int data_root, int *ret_fd, struct err *e)
{
	return io_mkdir_at(data_root, "volumes", 0700, ret_fd, e);
}

int volume_name_check(struct sv name, struct err *e)
{
	if (name.n == 1)
		return err_set(e, EINVAL,
			       "volume name is too short, names should be at least two alphanumeric characters");
	if (name.n > LIMIT_NAME)
		return err_set(e, EINVAL, "volume name is too long, at most %d bytes are allowed", LIMIT_NAME);
	if (!name_is_valid(name))
		return err_set(e, EINVAL,
			       "\"" SV_FMT "\" includes invalid characters for a local volume name, only "
			       "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, "
			       "use absolute path",
			       SV_ARG(name));
	return 0;
}

static int make_data(int dir, struct err *e)
{
	scoped_fd data = -1;
	int r = io_mkdir_at(dir, DATA, 0755, &data, e);

	if (r < 0)
		return r;
	if (fchmod(data, 0755) < 0) /* whatever the umask is */
		return err_sys(e, "chmod " DATA);
	return 0;
}

/* flock(2) tells volumes_sweep() that the maker lives. A sweep may come between mkdir and lock: then once more. */
static int temp_begin(int volumes, const char *prefix, char ret_name[TEMP_SIZE], int *ret_dir, struct err *e)
{
	struct id id;
	int r = id_new(&id, e);

	if (r < 0)
		return r;
	(void)snprintf(ret_name, TEMP_SIZE, "%s%s", prefix, id.hex);
	for (int i = 0; i < ATTEMPTS; i++) {
		scoped_fd dir = -1;

		r = io_mkdir_at(volumes, ret_name, 0711, &dir, e);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		if (flock(dir, LOCK_EX) < 0)
			return err_sys(e, "lock %s", ret_name);
		if (faccessat(volumes, ret_name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		*ret_dir = fd_take(&dir);
		return 0;
	}
	return err_set(e, EBUSY, "%s is removed while it is made", ret_name);
}

static bool volume_is_there(int volumes, const char *name)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof path, "%s/" DATA, name);
	return faccessat(volumes, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int volume_create(int volumes, const char *name, bool *ret_made, struct err *e)
{
	char temp[TEMP_SIZE];
	scoped_fd dir = -1;
	int r = volume_name_check(sv_from(name), e);

	if (r < 0)
		return r;
	if (volume_is_there(volumes, name)) {
		*ret_made = false;
		return 0;
	}
	r = temp_begin(volumes, NEW_PREFIX, temp, &dir, e);
	if (r == 0)
		r = make_data(dir, e);
	if (r == 0 && rename_new_at(volumes, temp, volumes, name) == 0) {
		*ret_made = true;
		return 0;
	}
	if (r == 0 && !(errno == EEXIST && volume_is_there(volumes, name))) /* else: another was quicker */
		r = err_sys(e, "rename to %s", name);
	if (dir >= 0)
		(void)io_remove_tree_at(volumes, temp, NULL);
	if (r < 0)
		return err_wrap(e, r, "create volume %s", name);
	*ret_made = false;
	return 0;
}

int volume_hold(int volumes, const char *name, bool shared, int *ret_fd, struct err *e)
{
	scoped_fd dir = openat(volumes, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat held, named;

	if (dir < 0 && errno == ENOENT)
		return err_set(e, ENOENT, "get %s: no such volume", name);
	if (dir < 0)
		return err_sys(e, "open volumes/%s", name);
	while (flock(dir, shared ? LOCK_SH : LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(e, "lock volumes/%s", name);
	if (fstat(dir, &held) < 0)
		return err_sys(e, "stat volumes/%s", name);
	if (fstatat(volumes, name, &named, AT_SYMLINK_NOFOLLOW) < 0 || named.st_ino != held.st_ino)
		return err_set(e, ENOENT, "get %s: no such volume", name);
	*ret_fd = fd_take(&dir);
	return 0;
}

/* Another file system than the folder's. */
bool volume_has_mount(int folder)
{
	struct stat here, inside;

	return fstat(folder, &here) == 0 && fstatat(folder, DATA, &inside, AT_SYMLINK_NOFOLLOW) == 0 &&
	       here.st_dev != inside.st_dev;
}

void volume_unmount(int folder, const char *path)
{
	while (path && volume_has_mount(folder) && umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH) == 0)
		;
}

/* Moved away by one rename: after it the volume is gone, whatever the removal meets. */
int volume_remove(int volumes, const char *name, struct err *e)
{
	char temp[TEMP_SIZE];
	scoped_fd dir = -1;
	int r = volume_name_check(sv_from(name), e);

	if (r < 0)
		return r;
	r = temp_begin(volumes, DEL_PREFIX, temp, &dir, e);
	if (r < 0)
		return err_wrap(e, r, "remove volume %s", name);
	if (renameat(volumes, name, dir, "v") < 0)
		r = errno == ENOENT ? err_set(e, ENOENT, "get %s: no such volume", name)
				    : err_sys(e, "remove volume %s: rename", name);
	if (r < 0) {
		(void)io_remove_tree_at(volumes, temp, NULL);
		return r;
	}
	r = io_remove_tree_at(volumes, temp, e);
	return r < 0 ? err_wrap(e, r, "remove volume %s", name) : 0;
}

static int sweep_one(int volumes, const char *name, struct err *e)
{
	scoped_fd dir = openat(volumes, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open volumes/%s", name);
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return 0;
	return io_remove_tree_at(volumes, name, e);
}

int volumes_sweep(int volumes, struct err *e)
{
	int fd = openat(volumes, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	scoped_dir d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (!d) {
		r = err_sys(e, "open volumes");
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (ent = readdir(d)))
		if (sv_has_prefix(sv_from(ent->d_name), NEW_PREFIX) || sv_has_prefix(sv_from(ent->d_name), DEL_PREFIX))
			r = sweep_one(volumes, ent->d_name, e);
	return r;
}

int bind_source_open(const char *path, bool make, int *ret_fd, struct err *e)
{
	scoped_fd dir = -1;
	int fd, r;

	if (path[0] != '/')
		return err_set(e, EINVAL, "invalid mount path: '%s' mount path must be absolute", path);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make) {
		r = io_mkdirs(path, 0755, &dir, e);
		if (r < 0)
			return r;
		fd = open(path, O_PATH | O_CLOEXEC);
	}
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ENOENT, "bind source path does not exist: %s", path);
	if (fd < 0)
		return err_sys(e, "bind source path %s", path);
	*ret_fd = fd;
	return 0;
}
