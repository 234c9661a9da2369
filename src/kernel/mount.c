/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/mount.h"

#include "base/io.h"
#include "base/scope.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* The kernel puts the reason of a failed fsconfig(2) into the context's log: "e overlay: …". */
static int fail(int fs, struct err *e, const char *what, const char *operand)
{
	int code = errno;
	char text[256];
	ssize_t n = read(fs, text, sizeof text - 1);

	if (n <= 2) {
		errno = code;
		return err_sys(e, "%s %s", what, operand);
	}
	text[n] = '\0';
	if (text[n - 1] == '\n')
		text[n - 1] = '\0';
	errno = code;
	return err_sys(e, "%s %s: %s", what, operand, text + 2);
}

static int set_option(int fs, char *option, struct err *e)
{
	char *value = strchr(option, '=');
	int r;

	if (value)
		*value++ = '\0';
	r = value ? sys_fsconfig(fs, FSCONFIG_SET_STRING, option, value, 0) :
		    sys_fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL, 0);
	return r < 0 ? fail(fs, e, "mount option", option) : 0;
}

/* A value in quotes may have commas, as in mount(8): context="system_u:object_r:x:s0:c1,c2". They are taken off. */
static char *end_of_option(char *option)
{
	char *quote = strpbrk(option, "\","), *close;

	if (!quote || *quote == ',')
		return quote;
	close = strchr(quote + 1, '"');
	if (!close)
		return strchr(option, ',');
	memmove(quote, quote + 1, (size_t)(close - quote) - 1);
	memmove(close - 1, close + 1, strlen(close + 1) + 1);
	return strchr(close - 1, ',');
}

static int set_options(int fs, const char *options, struct err *e)
{
	char text[4096], *at = text;
	size_t n = strlen(options);

	if (n >= sizeof text)
		return err_set(e, E2BIG, "mount options: more than %zu bytes", sizeof text - 1);
	memcpy(text, options, n + 1);
	while (at) {
		char *option = at, *comma = end_of_option(at);
		int r;

		if (comma)
			*comma = '\0';
		at = comma ? comma + 1 : NULL;
		if (!*option)
			continue;
		r = set_option(fs, option, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int set_string(int fs, const char *key, const char *value, struct err *e)
{
	return sys_fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) < 0 ? fail(fs, e, key, value) : 0;
}

static int create(int fs, const char *fstype, const char *source, uint64_t attr, struct err *e)
{
	int mnt, r = set_string(fs, "source", source, e);

	if (r < 0)
		return r;
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail(fs, e, "mount", fstype);
	mnt = sys_fsmount(fs, (unsigned)attr);
	return mnt < 0 ? fail(fs, e, "fsmount", fstype) : mnt;
}

int mount_new_run(const char *fstype, const char *source, const char *options, uint64_t attr, struct fd_run *done,
		  struct err *e)
{
	int fs = sys_fsopen(fstype), r;

	if (fs < 0)
		return err_sys(e, "fsopen %s", fstype);
	r = options ? set_options(fs, options, e) : 0;
	if (r == 0)
		r = create(fs, fstype, source && *source ? source : fstype, attr, e);
	fd_run_add(done, fs);
	return r;
}

int mount_new(const char *fstype, const char *source, const char *options, uint64_t attr, struct err *e)
{
	struct fd_run done = FD_RUN;
	int r = mount_new_run(fstype, source, options, attr, &done, e);

	fd_run_close(&done);
	return r;
}

static int set_lowers(int fs, const struct mount_overlay *o, struct err *e)
{
	char all[256];
	size_t at = 0;

	for (size_t i = 0; i < o->lower_count; i++) {
		size_t n = strlen(o->lower[i]);

		if (o->append) {
			int r = set_string(fs, "lowerdir+", o->lower[i], e);

			if (r < 0)
				return r;
			continue;
		}
		if (at + n + 1 >= sizeof all)
			return err_set(e, ENAMETOOLONG, "overlay: %zu layers do not fit one option of this kernel",
				       o->lower_count);
		if (at)
			all[at++] = ':';
		memcpy(all + at, o->lower[i], n + 1);
		at += n;
	}
	return o->append ? 0 : set_string(fs, "lowerdir", all, e);
}

static int set_upper(int fs, const struct mount_overlay *o, struct err *e)
{
	int r;

	if (fchdir(o->data_dir) < 0)
		return err_sys(e, "overlay: fchdir to the container's directory");
	r = set_string(fs, "upperdir", o->upper, e);
	return r < 0 ? r : set_string(fs, "workdir", o->work, e);
}

static int set_path(int fs, const char *key, const char *dir, const char *name, struct err *e)
{
	char path[256];

	if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
		return err_set(e, ENAMETOOLONG, "overlay: %s: %s/… is too long for this kernel", key, dir);
	return set_string(fs, key, path, e);
}

/* Linux before 6.5 keeps the words and looks all names up at creation, from one working directory. */
static int set_upper_by_path(int fs, const struct mount_overlay *o, struct err *e)
{
	int r = set_path(fs, "upperdir", o->data_path, o->upper, e);

	return r < 0 ? r : set_path(fs, "workdir", o->data_path, o->work, e);
}

/* The kernel leaves a mark, and mounts such a directory no second time: after a crash of the machine parts of it could be
 * missing. The caller's word is that there was none. */
static int set_scratch(int fs, const struct mount_overlay *o, struct err *e)
{
	char mark[NAME_MAX];
	int r;

	(void)snprintf(mark, sizeof mark, "%s/work/incompat", o->work);
	r = io_remove_tree_at(o->data_dir, mark, e);
	if (r == 0 && sys_fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0)
		r = err_sys(e, "overlay: volatile");
	return r;
}

static int overlay_configure(int fs, const struct mount_overlay *o, struct err *e)
{
	int r;

	if (o->user_xattrs && sys_fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0)
		return err_sys(e, "overlay: userxattr");
	if (fchdir(o->layers_dir) < 0)
		return err_sys(e, "overlay: fchdir to the layers");
	r = set_lowers(fs, o, e);
	if (r < 0 || !o->upper)
		return r;
	r = o->append ? set_upper(fs, o, e) : set_upper_by_path(fs, o, e);
	return r == 0 && o->scratch ? set_scratch(fs, o, e) : r;
}

int mount_overlay(const struct mount_overlay *o, struct err *e)
{
	scoped_fd cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), fs = sys_fsopen("overlay");
	int r;

	if (cwd < 0 || fs < 0)
		return err_sys(e, cwd < 0 ? "open ." : "fsopen overlay");
	r = overlay_configure(fs, o, e);
	if (r == 0)
		r = create(fs, "overlay", "overlay", o->upper ? 0 : MOUNT_ATTR_RDONLY, e);
	if (fchdir(cwd) < 0 && r >= 0) {
		close(r);
		return err_sys(e, "overlay: fchdir back");
	}
	return r;
}

int mount_clone(int dir, const char *path, bool recursive, struct err *e)
{
	unsigned flags = OPEN_TREE_CLONE | (*path ? 0 : AT_EMPTY_PATH) | (recursive ? AT_RECURSIVE : 0);
	int mnt = sys_open_tree(dir, path, flags);

	return mnt < 0 ? err_sys(e, "open_tree %s", *path ? path : "(descriptor)") : mnt;
}

int mount_clone_read_only(int target, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int mnt = sys_open_tree_attr(target, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE, &attr);

	return mnt < 0 ? err_sys(e, "open_tree_attr") : mnt;
}

int mount_change(int mnt, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive, struct err *e)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear, .propagation = propagation };

	if (!set && !clear && !propagation)
		return 0;
	if (sys_mount_setattr(mnt, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr) < 0)
		return err_sys(e, "mount_setattr");
	return 0;
}

int mount_attach(int mnt, int target, struct err *e)
{
	if (sys_move_mount(mnt, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(e, "move_mount");
	return 0;
}

int mount_attach_at(int mnt, int dir, const char *name, struct err *e)
{
	if (sys_move_mount(mnt, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, "move_mount to %s", name);
	return 0;
}
