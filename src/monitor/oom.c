/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/oom.h"

#include "kernel/cgroup_stat.h"
#include "kernel/host.h"

int64_t oom_kills(const struct host *h, const struct cgroup_layout *l, const char *cgroup_path)
{
	struct cgroup_stat st;
	int r = cgroup_stat_read(h, l, cgroup_path, CGROUP_STAT_EVENTS, &st, NULL);

	return r < 0 || st.memory_events.oom_kill == CG_UNSET ? 0 : st.memory_events.oom_kill;
}
