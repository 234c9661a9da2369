/* SPDX-License-Identifier: Apache-2.0 */
/* Block I/O, and control files by name. Whether a path is a disk is looked up later (create_blkio.c). */
#include "spec/config_check_priv.h"

#include <errno.h>
#include <inttypes.h>

#define LACKS(what, discarded) \
	"Your kernel does not support " what " or the cgroup is not mounted. " discarded " discarded."

static int check_weight(struct config_checker *k)
{
	struct container_config *c = k->c;
	option_text value;

	if (c->blkio_weight == 0)
		return 0;
	(void)option_number(c->blkio_weight, value);
	if (c->blkio_weight < 10 || c->blkio_weight > 1000)
		return option_refuse(k, "--blkio-weight", value, "Range of blkio weight is from 10 to 1000");
	if (k->f->cgroup.blkio_weight)
		return 0;
	c->blkio_weight = 0;
	return option_discard(k, "--blkio-weight", value, LACKS("Block I/O weight", "Weight"));
}

static int check_weight_devices(struct config_checker *k)
{
	struct container_config *c = k->c;

	for (size_t i = 0; i < c->blkio_weight_devices.n; i++) {
		const struct weight_config *w = &c->blkio_weight_devices.v[i];

		if (w->weight && (w->weight < 10 || w->weight > 1000))
			return option_refuse(k, "--blkio-weight-device", w->path,
					     "invalid weight for device: %" PRId64 " (10 to 1000, or 0)", w->weight);
	}
	if (c->blkio_weight_devices.n == 0 || k->f->cgroup.blkio_weight)
		return 0;
	c->blkio_weight_devices.n = 0;
	return option_discard(k, "--blkio-weight-device", c->blkio_weight_devices.v[0].path,
			      LACKS("Block I/O weight_device", "Weight-device"));
}

static int check_rates(struct config_checker *k, const char *option, struct rates *rates, const char *text)
{
	if (rates->n == 0 || k->f->cgroup.blkio_throttle)
		return 0;
	rates->n = 0;
	return option_discard(k, option, rates->v[0].path, text);
}

static int check_all_rates(struct config_checker *k)
{
	struct container_config *c = k->c;
	int r = check_rates(k, "--device-read-bps", &c->device_read_bps,
			    LACKS("BPS Block I/O read limit", "Block I/O BPS read limit"));

	if (r == 0)
		r = check_rates(k, "--device-write-bps", &c->device_write_bps,
				LACKS("BPS Block I/O write limit", "Block I/O BPS write limit"));
	if (r == 0)
		r = check_rates(k, "--device-read-iops", &c->device_read_iops,
				LACKS("IOPS Block read limit", "Block I/O IOPS read limit"));
	if (r == 0)
		r = check_rates(k, "--device-write-iops", &c->device_write_iops,
				LACKS("IOPS Block write limit", "Block I/O IOPS write limit"));
	return r;
}

/* What is asked for by the kernel's own name is never discarded. */
static int check_cgroup_conf(struct config_checker *k)
{
	for (size_t i = 0; i < k->c->cgroup_conf.n; i++) {
		const struct oci_pair *f = &k->c->cgroup_conf.v[i];
		struct err inner = { 0 };

		if (cgroup_file_check(&k->f->cgroup, f->key, &inner) < 0)
			return option_refuse(k, "--cgroup-conf", f->key, "%s", inner.msg);
		if (!*f->value)
			return option_refuse(k, "--cgroup-conf", f->key, "a value is needed");
	}
	return 0;
}

int config_check_blkio(struct config_checker *k)
{
	int r = check_weight(k);

	if (r == 0)
		r = check_weight_devices(k);
	if (r == 0)
		r = check_all_rates(k);
	return r < 0 ? r : check_cgroup_conf(k);
}
