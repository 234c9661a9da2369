/* SPDX-License-Identifier: Apache-2.0 */
/* What a container gets of the host's devices and limits: --device, --privileged, --ulimit. Looked up, nothing made. */
#include "engine/create_priv.h"

#include "base/scope.h"
#include "oci/list.h"
#include "kernel/capability.h"
#include "kernel/rlimit.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define DEVICES_MAX 8192
#define DEPTH_MAX 16

/* What a container has of its own, or must not see. */
static const char *const own[] = {
	"pts", "shm", "fd", "mqueue", "console", "ptmx", "stdin", "stdout", "stderr", "core"
};

static int add_device(struct creation *cr, const char *path, const char *access, const struct stat *st, struct err *e)
{
	struct oci_device *to;

	if (cr->inputs.devices.n == DEVICES_MAX)
		return err_set(e, E2BIG, "--device: more than %d devices", DEVICES_MAX);
	to = LIST_ADD(cr->a, &cr->inputs.devices);
	if (!to || !path || strings_add(cr->a, &cr->inputs.device_access, access) < 0)
		return err_oom(e);
	*to = (struct oci_device){ .path = path, .type = S_ISBLK(st->st_mode) ? "b" : "c", .major = major(st->st_rdev),
				   .minor = minor(st->st_rdev), .file_mode = st->st_mode & 07777, .uid = st->st_uid,
				   .gid = st->st_gid };
	return 0;
}

static bool is_own(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	return false;
}

static int add_tree(struct creation *cr, int dir, const char *name, const char *path, const char *access, int depth,
		    struct err *e);

static int add_entry(struct creation *cr, int dir, const char *name, const char *path, const char *access, int depth,
		     struct err *e)
{
	const char *inner = arena_fmt(cr->a, "%s/%s", path, name);
	struct stat st;

	if (!inner)
		return err_oom(e);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* it went while we looked */
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		return add_device(cr, inner, access, &st, e);
	return S_ISDIR(st.st_mode) && depth < DEPTH_MAX ? add_tree(cr, dir, name, inner, access, depth + 1, e) : 0;
}

static int add_tree(struct creation *cr, int dir, const char *name, const char *path, const char *access, int depth,
		    struct err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
	scoped_dir d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (!d)
		return err_sys(e, "open %s", path);
	while (r == 0 && (ent = readdir(d)))
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0 &&
		    (depth > 0 || !is_own(ent->d_name)))
			r = add_entry(cr, fd, ent->d_name, path, access, depth, e);
	return r;
}

static int add_asked(struct creation *cr, const struct device_config *d, struct err *e)
{
	struct stat st;
	int r;

	if (stat(d->host_path, &st) < 0)
		return err_sys(e, "--device %s", d->host_path);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		return add_device(cr, d->container_path, d->access, &st, e);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, EINVAL, "--device %s: neither a device node nor a directory of them", d->host_path);
	r = add_tree(cr, AT_FDCWD, d->host_path, d->container_path, d->access, 1, e);
	return r < 0 ? err_wrap(e, r, "--device %s", d->host_path) : 0;
}

int create_find_devices(struct creation *cr, struct err *e)
{
	int r = 0;

	if (cr->config->privileged && !cr->host_is_captured)
		r = add_tree(cr, AT_FDCWD, "/dev", "/dev", "rwm", 0, e);
	for (size_t i = 0; r == 0 && i < cr->config->devices.n; i++)
		r = add_asked(cr, &cr->config->devices.v[i], e);
	return r;
}

/* Without CAP_SYS_RESOURCE no hard limit can be raised: what can be had is given, and said. */
int create_clamp_ulimits(struct creation *cr, struct err *e)
{
	int cap = cap_from_name(SV("CAP_SYS_RESOURCE"));

	if (cr->facts.capabilities & 1ull << cap)
		return 0;
	for (size_t i = 0; i < cr->config->ulimits.n; i++) {
		struct oci_rlimit *l = &cr->config->ulimits.v[i];
		int resource = rlimit_from_name(sv_from(l->type));
		struct rlimit have;

		if (resource < 0 || getrlimit(resource, &have) < 0 || l->hard <= have.rlim_max)
			continue;
		if (warnings_add(&cr->warnings,
				 "--ulimit %s: lowered to %llu, without CAP_SYS_RESOURCE no limit can be raised",
				 l->type, (unsigned long long)have.rlim_max) < 0)
			return err_oom(e);
		l->hard = have.rlim_max;
		l->soft = l->soft < l->hard ? l->soft : l->hard;
	}
	return 0;
}
