/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_plan.c - any bytes as config.json become a plan, or an error with a text: mount options, sysctls, hooks, filters and
 * limits are read on the way. What is planned prints, and ends in the execve(2). */
#include "base/limits.h"
#include "base/scope.h"
#include "runtime/plan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static struct host_facts facts_of(bool v2)
{
	struct host_facts f = { .capabilities = cap_all(), .kernel = kfeat_all(), .cpus = "0", .mems = "0" };

	f.cgroup = (struct cgroup_layout){ .mode = v2 ? CGROUP_MODE_V2 : CGROUP_MODE_V1, .n = 1, .cpu_cfs = true,
					   .memory_swap = true, .blkio_weight = true };
	f.cgroup.h[0] = (struct cgroup_hierarchy){ .mount = "sys/fs/cgroup", .controllers = ~0u, .v2 = v2 };
	return f;
}

static void plan_on(const struct runtime_spec *spec, bool v2)
{
	const struct plan_inputs in = { .id = "id", .bundle = "/b", .root = { .path = "/r" } };
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	scoped_buf out = BUF(LIMIT_CONFIG_JSON);
	const struct host_facts facts = facts_of(v2);
	struct plan p;
	struct err e = { 0 };
	bool executes = false;

	if (plan_make(spec, &facts, &in, &a, &p, &e) < 0 || plan_make_filter(&p, &e) < 0) {
		require(e.code > 0 && e.msg[0]);
		return;
	}
	require(p.warning_count <= PLAN_WARNINGS);
	for (size_t i = 0; i < p.step_count; i++)
		executes = executes || p.steps[i].op == STEP_EXEC;
	require(executes);
	(void)plan_print(&p, &out, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct runtime_spec spec;

	if (runtime_spec_parse((struct sv){ (const char *)data, size }, &a, &spec, NULL) < 0)
		return 0;
	plan_on(&spec, true);
	plan_on(&spec, false);
	return 0;
}
