/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/apply.h"

#include "base/scope.h"
#include "kernel/cgroup.h"

#include <string.h>

int host_cgroup_make(struct apply *a, const struct step *s, struct err *e)
{
	struct container *c = a->c;

	(void)s;
	if (!c->cgroup_path)
		c->cgroup_path = strdup(c->plan->cgroup_path);
	if (!c->cgroup_path)
		return err_oom(e);
	if (a->early && a->early->cgroup && strcmp(cgroup_path(a->early->cgroup), c->cgroup_path) == 0) {
		c->cgroup = PTR_TAKE(a->early->cgroup);
		return 0;
	}
	return cgroup_create(c->host, c->layout, c->cgroup_path, !c->unit, &c->cgroup, e);
}

int host_cgroup_write(struct apply *a, const struct step *s, struct err *e)
{
	return cgroup_apply(a->c->cgroup, s->data, e);
}

int host_cgroup_devices(struct apply *a, const struct step *s, struct err *e)
{
	const struct plan *p = a->c->plan;

	(void)s;
	return cgroup_apply_devices(a->c->cgroup, p->cgroup.device_hierarchy, p->limits.devices,
				    p->limits.device_count, e);
}
