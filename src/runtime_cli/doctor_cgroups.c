/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/doctor.h"

#include "base/scope.h"
#include "kernel/smallfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static const struct {
	enum cgroup_controller c;
	const char *consequence;
} controllers[] = {
	{ CGROUP_CPU, "limits and weights of CPU time are errors" },
	{ CGROUP_CPUSET, "containers cannot be kept to some CPUs or memory nodes" },
	{ CGROUP_MEMORY, "limits of memory are errors; one container can take all memory" },
	{ CGROUP_PIDS, "limits of processes are errors; a fork bomb takes the host" },
	{ CGROUP_BLKIO, "limits and weights of disks are errors" },
	{ CGROUP_DEVICES, "which devices a container may open is not limited" },
	{ CGROUP_FREEZER, "pause and resume are errors" },
	{ CGROUP_HUGETLB, "limits of huge pages are errors" },
};

static void layout(struct runtime *rt, struct findings *l)
{
	const struct cgroup_layout *c = &rt->facts.cgroup;
	unsigned v1 = 0;

	for (unsigned i = 0; i < c->n; i++)
		v1 += !c->h[i].v2;
	if (c->mode == CGROUP_MODE_NONE)
		finding_add(l, FINDING_MISSING, "cgroup layout",
			    "no limits, no statistics, no way to find all processes",
			    "mount -t cgroup2 none /sys/fs/cgroup", "no hierarchy is mounted");
	else if (c->mode == CGROUP_MODE_V2)
		finding_add(l, FINDING_OK, "cgroup layout", NULL, NULL, "v2");
	else
		finding_add(l, FINDING_SLOW, "cgroup layout",
			    "each start makes, enters and removes a group in every hierarchy; no pressure, and with "
			    "pure v1 no cgroup.kill",
			    "boot with cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1",
			    "%s, %u hierarchies of v1", cgroup_mode_name(c->mode), v1);
}

static void controllers_there(struct runtime *rt, struct findings *l)
{
	for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
		const char *name = cgroup_controller_name(controllers[i].c);
		int h = cgroup_layout_find(&rt->facts.cgroup, controllers[i].c);
		char check[48];

		(void)snprintf(check, sizeof check, "controller %s", name);
		if (h < 0)
			finding_add(
				l, FINDING_MISSING, check, controllers[i].consequence,
				"boot without cgroup_disable= for it (memory: cgroup_enable=memory), and enable it in "
				"the cgroup.subtree_control of the groups above",
				"not there");
		else
			finding_add(l, FINDING_OK, check, NULL, NULL, "%s", rt->facts.cgroup.h[h].v2 ? "v2" : "v1");
	}
}

static void abilities(struct runtime *rt, struct findings *l)
{
	const struct cgroup_layout *c = &rt->facts.cgroup;
	const struct {
		const char *check;
		bool there;
		const char *consequence, *remedy;
	} rows[] = {
		{ "swap accounting", c->memory_swap, "a container over its memory limit swaps without a limit",
		  "boot with swapaccount=1" },
		{ "CPU bandwidth", c->cpu_cfs, "CPU quotas are errors", "a kernel with CONFIG_CFS_BANDWIDTH" },
		{ "disk throttling", c->blkio_throttle, "limits of disks' bytes and operations are errors",
		  "a kernel with CONFIG_BLK_DEV_THROTTLING" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		finding_add(l, rows[i].there ? FINDING_OK : FINDING_WEAK, rows[i].check, rows[i].consequence,
			    rows[i].remedy, "%s", rows[i].there ? "there" : "not there");
}

/* Where we are ourselves is where a relative path without systemd would be, and what an engine delegated to us. */
static void own_group(struct runtime *rt, struct findings *l)
{
	const struct cgroup_layout *c = &rt->facts.cgroup;
	char path[64];

	for (unsigned i = 0; i < c->n; i++) {
		if (!c->h[i].v2)
			continue;
		(void)snprintf(path, sizeof path, "%.50s", c->h[i].mount);
		if (faccessat(rt->host.root, path, W_OK, AT_EACCESS) < 0)
			finding_add(
				l, FINDING_WEAK, "cgroup writable",
				"containers have no groups of their own here, and limits are errors",
				"have a subtree delegated: --systemd-cgroup, or systemd-run --user --scope -p Delegate=yes",
				"/%s: %s", path, strerror(errno));
		else
			finding_add(l, FINDING_OK, "cgroup writable", NULL, NULL, "/%s", path);
	}
}

void doctor_cgroups(struct runtime *rt, struct findings *l)
{
	layout(rt, l);
	if (rt->facts.cgroup.mode == CGROUP_MODE_NONE)
		return;
	controllers_there(rt, l);
	abilities(rt, l);
	own_group(rt, l);
}
