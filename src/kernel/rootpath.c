/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/rootpath.h"

#include "base/protection.h"
#include "base/scope.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* RESOLVE_IN_ROOT answers EAGAIN when a rename went by: asked again, and not for ever. */
static int resolve(int root, const char *path, int flags, unsigned how)
{
	int fd = -1;

	if (!protects(PROTECT_ROOT_PATHS)) { /* as a path is resolved that nobody thinks about */
		path += strspn(path, "/");
		return sys_openat2(root, *path ? path : ".", O_PATH | flags, 0);
	}
	for (int tries = 0; tries < 64; tries++) {
		fd = sys_openat2(root, *path ? path : "/", O_PATH | flags, how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

int rootpath_open(int root, const char *path, struct err *e)
{
	int fd = resolve(root, path, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	return fd < 0 ? err_sys(e, "open %s in the root", path) : fd;
}

int rootpath_open_real(int root, const char *path, struct err *e)
{
	unsigned links = protects(PROTECT_PSEUDO_IN_PLACE) ? RESOLVE_NO_SYMLINKS : 0;
	int fd = resolve(root, path, 0, RESOLVE_IN_ROOT | links);

	return fd < 0 ? err_sys(e, "open %s in the root", path) : fd;
}

static int make_component(int root, const char *prefix, const char *name, int parent, mode_t mode, struct err *e)
{
	int fd = resolve(root, prefix, O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return err_sys(e, "open %s in the root", prefix);
	if (mkdirat(parent, name, mode) < 0 && errno != EEXIST)
		return err_sys(e, "mkdir %s in the root", prefix);
	fd = resolve(root, prefix, O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ENOENT, "%s in the root: a symbolic link that leads nowhere", prefix);
	return fd < 0 ? err_sys(e, "open %s in the root", prefix) : fd;
}

static int mkdirs_slow(int root, const char *path, mode_t mode, struct err *e)
{
	char prefix[PATH_MAX];
	size_t n = strlen(path), start = 0;
	int at = resolve(root, "/", O_DIRECTORY, RESOLVE_IN_ROOT);

	if (at < 0)
		return err_sys(e, "open / in the root");
	if (n >= sizeof prefix) {
		close(at);
		return err_set(e, ENAMETOOLONG, "mkdir in the root: path too long");
	}
	memcpy(prefix, path, n + 1);
	for (size_t i = 0; at >= 0 && i <= n; i++) {
		char keep = prefix[i];
		int next;

		if (keep != '/' && keep != '\0')
			continue;
		prefix[i] = '\0';
		next = i > start ? make_component(root, prefix, prefix + start, at, mode, e) : fd_take(&at);
		if (at >= 0)
			close(at);
		at = next;
		prefix[i] = keep;
		start = i + 1;
	}
	return at;
}

/* Most often only the last component lacks. -1: something else does. */
static int mkdir_last(int root, const char *path, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	char parent_path[PATH_MAX];
	size_t n = slash ? (size_t)(slash - path) : 0;
	scoped_fd parent = -1;

	if (n >= sizeof parent_path || !slash || !slash[1])
		return -1;
	memcpy(parent_path, path, n);
	parent_path[n] = '\0';
	parent = resolve(root, parent_path, O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	if (parent < 0 || mkdirat(parent, slash + 1, mode) < 0)
		return -1;
	return resolve(root, path, O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int rootpath_mkdirs(int root, const char *path, mode_t mode, struct err *e)
{
	int fd = resolve(root, path, O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return err_sys(e, "open %s in the root", path);
	fd = mkdir_last(root, path, mode);
	return fd >= 0 ? fd : mkdirs_slow(root, path, mode, e);
}

int rootpath_parent(int root, const char *path, const char **ret_name, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	size_t n = slash ? (size_t)(slash - path) : 0;
	int fd;

	if (n >= sizeof parent)
		return err_set(e, ENAMETOOLONG, "path in the root too long");
	memcpy(parent, path, n);
	parent[n] = '\0';
	fd = rootpath_mkdirs(root, parent, 0755, e);
	if (fd >= 0)
		*ret_name = slash ? slash + 1 : path;
	return fd;
}

int rootpath_file(int root, const char *path, struct err *e)
{
	const char *name;
	int fd = resolve(root, path, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	scoped_fd parent = -1, made = -1;

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return err_sys(e, "open %s in the root", path);
	parent = rootpath_parent(root, path, &name, e);
	if (parent < 0)
		return parent;
	made = openat(parent, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (made < 0)
		return err_sys(e, "create %s in the root", path);
	return rootpath_open(root, path, e);
}
