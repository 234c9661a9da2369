/* SPDX-License-Identifier: Apache-2.0 */
/* The disks of --blkio-weight-device and --device-*-bps, -iops: paths become numbers. */
#include "engine/create_priv.h"

#include "base/scope.h"
#include "oci/list.h"
#include "kernel/smallfile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

struct disk {
	int64_t major, minor;
};

static int refuse(const char *option, const char *path, int code, const char *text, struct err *e)
{
	return err_set(e, code, "%s %.120s: %s", option, path, text);
}

static bool is_partition(const struct host *host, const struct disk *d)
{
	char path[64];

	(void)snprintf(path, sizeof path, "dev/block/%u:%u/partition", (unsigned)d->major, (unsigned)d->minor);
	return smallfile_exists(host->sys, path);
}

static int real_disk(const struct host *host, const char *option, const char *path, struct disk *ret, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(e, "%s %.120s: stat", option, path);
	if (!S_ISBLK(st.st_mode))
		return refuse(option, path, ENOTBLK, "not a block device", e);
	*ret = (struct disk){ major(st.st_rdev), minor(st.st_rdev) };
	if (is_partition(host, ret))
		return refuse(option, path, EINVAL, "a partition has no limit of its own; name its disk", e);
	return 0;
}

/* "8:16" of sys/class/block/sdb/dev */
static int captured_disk(const struct host *host, const char *option, const char *path, struct disk *ret, struct err *e)
{
	const char *name = strrchr(path, '/');
	char file[160], text[64];
	struct sv line, a, b;

	if (!name || snprintf(file, sizeof file, "class/block/%s/dev", name + 1) >= (int)sizeof file ||
	    smallfile_read(host->sys, file, text, sizeof text, &line) < 0)
		return refuse(option, path, ENOENT, "no such device on the captured host", e);
	if (!sv_cut(sv_trim(line), ':', &a, &b) || sv_i64(a, &ret->major) < 0 || sv_i64(b, &ret->minor) < 0)
		return refuse(option, path, EINVAL, "its number cannot be read", e);
	return 0;
}

static int find_disk(const struct creation *cr, const struct host *host, const char *option, const char *path,
		     struct disk *ret, struct err *e)
{
	return (cr->host_is_captured ? captured_disk : real_disk)(host, option, path, ret, e);
}

static int find_weights(struct creation *cr, const struct host *host, struct err *e)
{
	for (size_t i = 0; i < cr->config->blkio_weight_devices.n; i++) {
		const struct weight_config *w = &cr->config->blkio_weight_devices.v[i];
		struct oci_weight_device *to;
		struct disk d;
		int r = find_disk(cr, host, "--blkio-weight-device", w->path, &d, e);

		if (r < 0)
			return r;
		if (!w->weight) /* the container's own */
			continue;
		to = LIST_ADD(cr->a, &cr->inputs.blkio.weight);
		if (!to)
			return err_oom(e);
		*to = (struct oci_weight_device){ d.major, d.minor, w->weight, OCI_UNSET };
	}
	return 0;
}

static int find_rates(struct creation *cr, const struct host *host, const char *option, const struct rates *from,
		      struct oci_throttles *to, struct err *e)
{
	for (size_t i = 0; i < from->n; i++) {
		struct oci_throttle *t;
		struct disk d;
		int r = find_disk(cr, host, option, from->v[i].path, &d, e);

		if (r < 0)
			return r;
		t = LIST_ADD(cr->a, to);
		if (!t)
			return err_oom(e);
		*t = (struct oci_throttle){ d.major, d.minor, from->v[i].rate };
	}
	return 0;
}

int create_find_blkio(struct creation *cr, const struct host *host, struct err *e)
{
	const struct container_config *c = cr->config;
	int r = find_weights(cr, host, e);

	if (r == 0)
		r = find_rates(cr, host, "--device-read-bps", &c->device_read_bps, &cr->inputs.blkio.read_bps, e);
	if (r == 0)
		r = find_rates(cr, host, "--device-write-bps", &c->device_write_bps, &cr->inputs.blkio.write_bps, e);
	if (r == 0)
		r = find_rates(cr, host, "--device-read-iops", &c->device_read_iops, &cr->inputs.blkio.read_iops, e);
	if (r == 0)
		r = find_rates(cr, host, "--device-write-iops", &c->device_write_iops, &cr->inputs.blkio.write_iops, e);
	return r;
}
