/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/group.h"

int group_open(struct runtime *rt, const struct entry *c, struct cgroup **ret, struct err *e)
{
	int r = runtime_facts(rt, e);

	if (r == 0 && (!c->has_record || !c->record.cgroup))
		r = err_set(e, ENOENT, "container %s has no control group", c->id);
	return r < 0 ? r : cgroup_open(&rt->host, &rt->facts.cgroup, c->record.cgroup, ret, e);
}
