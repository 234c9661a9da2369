/* SPDX-License-Identifier: Apache-2.0 */
/* systemd as the manager of the cgroups: the steps of plan_unit.c. */
#include "runtime/apply.h"

#include "base/scope.h"

#include <string.h>

int host_unit_start(struct apply *a, const struct step *s, struct err *e)
{
	const struct plan_unit *u = &a->c->plan->unit;
	struct container *c = a->c;
	char group[CGROUP_TEXT];
	int r = unit_client_open(u->manager, &a->systemd, e);

	if (r == 0)
		r = unit_start(&a->systemd, s->path, &u->start, group, e);
	if (r < 0)
		return r;
	c->unit_manager = u->manager;
	c->unit = strdup(s->path);
	c->cgroup_path = strdup(group);
	return c->unit && c->cgroup_path ? 0 : err_oom(e);
}

int host_unit_properties(struct apply *a, const struct step *s, struct err *e)
{
	const struct plan_unit *u = &a->c->plan->unit;
	int r = unit_settle(&a->systemd, e);

	if (r == 0 && u->limits.n)
		r = unit_set(&a->systemd, s->path, &u->limits, e);
	unit_client_close(&a->systemd);
	return r;
}

int container_stop_unit(const struct unit_manager *m, const char *unit, struct err *e)
{
	struct unit_client client = UNIT_CLIENT_NONE;
	int r = unit_client_open(m, &client, e);

	if (r < 0)
		return r;
	r = unit_stop(&client, unit, e);
	unit_client_close(&client);
	return r;
}
