/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_oom_log.c - one record of the kernel log, of any bytes: no victim is taken for one outside of the owner's group. */
#include "insight/oom_report.h"
#include "kernel/oom_log.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* The same bytes as lines that come before a kill. */
static void report(const uint8_t *data, size_t size)
{
	static const struct oom_record kill = {
		.owner = { "/a", 2 }, .group = { "/a", 2 }, .task = { "x", 1 }, .pid = 1
	};
	struct arena a = ARENA(4 << 20);
	struct oom_collector c;
	struct oom_report r;

	oom_collector_init(&c, &a);
	oom_collector_line(&c, (struct sv){ (const char *)data, size });
	if (oom_collector_take(&c, &kill, 0, &r, NULL) == 0)
		for (size_t i = 0; i < r.n_tasks; i++)
			require(r.tasks[i].rss_bytes >= 0 && memchr(r.tasks[i].name, 0, OOM_TASK_MAX));
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *raw = malloc(size ? size : 1);
	struct kmsg_record k;
	struct oom_record r;

	if (!raw)
		return 0;
	if (size)
		memcpy(raw, data, size);
	if (kmsg_parse(raw, size, &k)) {
		require(k.text.n <= size);
		if (oom_record_parse(k.text, &r)) {
			require(r.pid > 0 && r.task.n < OOM_TASK_MAX && r.group.n && r.group.p[0] == '/');
			require(r.host_wide ? !r.owner.n : r.owner.n && r.owner.p[0] == '/');
			require(r.group.n >= r.owner.n && (!r.owner.n || !memcmp(r.group.p, r.owner.p, r.owner.n)));
		}
	}
	free(raw);
	report(data, size);
	return 0;
}
