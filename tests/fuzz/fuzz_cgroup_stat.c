/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_cgroup_stat.c - control files of any text: the first line of the input is "VERSION FILE", the rest its text. The same bytes as
 * events of written files. */
#include "kernel/cgroup_stat.h"
#include "kernel/cgroup_written.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* Numbers are never below zero, but for CG_UNSET; a second look at the same text changes nothing. */
static void check(const struct cgroup_stat *st)
{
	require(st->cpu.usage_ns >= 0 || st->cpu.usage_ns == CG_UNSET);
	require(st->memory.limit_bytes >= 0 || st->memory.limit_bytes == CG_UNSET);
	require(st->memory_events.oom_kill >= 0 || st->memory_events.oom_kill == CG_UNSET);
	require(st->io.n <= CGROUP_STAT_DEVICES && st->hugetlb.n <= CGROUP_STAT_HUGEPAGES);
	for (size_t i = 0; i < st->io.n; i++)
		require(st->io.device[i].read_bytes >= 0 || st->io.device[i].read_bytes == CG_UNSET);
	for (size_t i = 0; i < st->hugetlb.n; i++)
		require(st->hugetlb.size[i].size[0] && memchr(st->hugetlb.size[i].size, '\0', 16));
}

static void written(struct sv events)
{
	static struct cgroup_written_set set;

	set.all = false;
	set.n = 0;
	cgroup_written_add(&set, events);
	require(set.n <= CGROUP_WRITTEN_MAX && (set.all || set.n * 24 <= events.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv head, text, version, name;
	struct cgroup_stat st, again;
	char file[64];

	written((struct sv){ (const char *)data, size });
	(void)sv_cut((struct sv){ (const char *)data, size }, '\n', &head, &text);
	if (!sv_cut(head, ' ', &version, &name) || memchr(name.p, '\0', name.n) ||
	    sv_copy(name, file, sizeof file) < 0)
		return 0;
	cgroup_stat_init(&st);
	cgroup_stat_parse(&st, sv_is(version, "1") ? 1 : 2, file, text);
	check(&st);
	again = st;
	cgroup_stat_parse(&again, sv_is(version, "1") ? 1 : 2, file, text);
	require(memcmp(&st, &again, sizeof st) == 0);
	return 0;
}
