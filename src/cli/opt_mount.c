/* SPDX-License-Identifier: Apache-2.0 */
/* opt_mount.c - file systems and devices: mount(2), tmpfs(5), shm_overview(7). */
#include "cli/opt.h"
#include "cli/value.h"

static struct container_config *config(const struct option_call *c)
{
	return &((struct run_options *)c->target)->config;
}

static int add_mount(const struct option_call *c,
		     int (*parse)(const char *text, struct arena *a, struct mount_config *ret, struct err *e),
		     struct err *e)
{
	struct mount_config m;
	int r = parse(c->text, c->arena, &m, e);

	return r < 0 ? r : LIST_PUT(c->arena, &config(c)->mounts, m, e);
}

static int set_mount(const struct option_call *c, struct err *e)
{
	return add_mount(c, value_mount, e);
}

static int set_volume(const struct option_call *c, struct err *e)
{
	return add_mount(c, value_volume, e);
}

static int set_tmpfs(const struct option_call *c, struct err *e)
{
	return add_mount(c, value_tmpfs, e);
}

static int set_device(const struct option_call *c, struct err *e)
{
	struct device_config d;
	int r = value_device(c->text, c->arena, &d, e);

	return r < 0 ? r : LIST_PUT(c->arena, &config(c)->devices, d, e);
}

static int add_volumes_from(const struct option_call *c, struct err *e)
{
	if (!*c->text || *c->text == ':')
		return err_set(e, EINVAL, "volumes-from specification cannot be an empty string (CONTAINER[:ro|rw])");
	return LIST_PUT(c->arena, &config(c)->volumes_from, c->text, e);
}

static const struct option rows[] = {
	{ "device", 0, "PATH[:PATH][:rwm]", "put a device of the host into the container", set_device },
	{ "mount", 0, "KEY=VALUE,...", "mount: type=bind, volume or tmpfs, src=..., dst=..., readonly", set_mount },
	{ "read-only", 0, NULL, "mount the container's root read-only", option_switch,
	  RUN_FIELD(config.readonly_rootfs) },
	{ "shm-size", 0, "BYTES", "size of /dev/shm (default 64m)", option_bytes, RUN_FIELD(config.shm_size) },
	{ "tmpfs", 0, "PATH[:OPTIONS]", "mount an empty tmpfs", set_tmpfs, .late = true },
	{ "volume", 'v', "[SOURCE:]TARGET[:MODE]", "mount a directory of the host (/path) or a volume (name)",
	  set_volume, .late = true },
	{ "volumes-from", 0, "CONTAINER[:ro]", "mount what another container has mounted", add_volumes_from },
};

OPTION_GROUP(opt_mount, "Files and devices", rows);
