/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/rootview.h"

#include "base/io.h"
#include "base/protection.h"
#include "base/scope.h"
#include "kernel/sys.h"
#include "kernel/user_namespaces.h"
#include "storage/layers.h"

#include <fcntl.h>
#include <sys/stat.h>

#define LOOKUP_FLAGS (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

const char *rootview_opaque(void)
{
	return userns_in_first() ? "trusted.overlay.opaque" : "user.overlay.opaque";
}

/* Highest layer first, as overlayfs wants them. One string of 256 bytes does on every kernel. lowerdir+ takes any number of
 * layers, from Linux 6.5 on; an older one takes the key too, and fails later. */
static int give_layers(int fs, const unsigned *layers, size_t n, struct err *e)
{
	scoped_buf text = BUF(256 - 1);
	char name[LAYER_NAME_SIZE];

	for (size_t i = n; i-- > 0;)
		(void)buf_putf(&text, "%u%s", layers[i], i ? ":" : "");
	if (buf_status(&text, NULL) == 0)
		return sys_fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", text.p, 0) < 0 ?
			       err_sys(e, "overlay lowerdir=%s", text.p) :
			       0;
	for (size_t i = n; i-- > 0;) {
		(void)snprintf(name, sizeof name, "%u", layers[i]);
		if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", name, 0) < 0)
			return err_sys(e, "overlay lowerdir+=%s", name);
	}
	return 0;
}

static int overlay_open(const unsigned *layers, size_t n, int *ret_fd, struct err *e)
{
	scoped_fd fs = sys_fsopen("overlay");
	int r, fd;

	if (fs < 0)
		return err_sys(e, "fsopen overlay");
	if (!userns_in_first() && sys_fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0)
		return err_sys(e, "overlay: userxattr");
	r = give_layers(fs, layers, n, e);
	if (r < 0)
		return r;
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(e, "overlay of %zu layers", n);
	fd = sys_fsmount(fs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID);
	if (fd < 0)
		return err_sys(e, "fsmount overlay of %zu layers", n);
	*ret_fd = fd;
	return 0;
}

/* Each layer is opened first: overlayfs does not say which one is missing. */
static int layers_exist(int layers_dir, const unsigned *layers, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		scoped_fd fd = -1;
		int r = layer_open(layers_dir, layers[i], &fd, e);

		if (r < 0)
			return r;
	}
	return 0;
}

int rootview_open(int layers_dir, const unsigned *layers, size_t n, int *ret_fd, struct err *e)
{
	scoped_fd cwd = -1;
	int r;

	if (n == 0)
		return err_set(e, EINVAL, "an image without layers has no files");
	if (n == 1)
		return layer_open(layers_dir, layers[0], ret_fd, e);
	r = layers_exist(layers_dir, layers, n, e);
	if (r < 0)
		return r;
	cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cwd < 0 || fchdir(layers_dir) < 0)
		return err_sys(e, "layers: chdir");
	r = overlay_open(layers, n, ret_fd, e);
	if (fchdir(cwd) < 0 && r == 0) {
		close(*ret_fd);
		r = err_sys(e, "chdir back from layers");
	}
	return r;
}

/* Looked at before it is opened: opening a device can do things. And what was looked at is opened, not what the container
 * may have put in its place. */
static int open_regular(int view, const char *path, int *ret_fd, struct err *e)
{
	scoped_fd look = sys_openat2(view, path, O_PATH, protects(PROTECT_FILES_IN_ROOT) ? LOOKUP_FLAGS : 0);
	char found[40];
	struct stat st;
	int fd;

	if (look < 0 || fstat(look, &st) < 0)
		return err_sys(e, "open %s", path);
	if (!S_ISREG(st.st_mode) && protects(PROTECT_FILES_REGULAR))
		return err_set(e, EINVAL, "%s: not a regular file", path);
	(void)snprintf(found, sizeof found, "/proc/self/fd/%d", look);
	fd = open(found, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	*ret_fd = fd;
	return 0;
}

int rootview_read(int view, const char *path, struct buf *b, struct err *e)
{
	scoped_fd fd = -1;
	int r = open_regular(view, path, &fd, e);

	if (r < 0)
		return r;
	r = io_read_fd(fd, b, e);
	return r < 0 ? err_wrap(e, r, "%s", path) : 0;
}

int rootview_read_optional(int view, const char *path, struct buf *b, struct err *e)
{
	struct err missing = { 0 };
	int r = rootview_read(view, path, b, &missing);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0 && e)
		*e = missing;
	return r;
}
