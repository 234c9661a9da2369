/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kube_use.h"

#include "base/clock.h"
#include "base/parallel.h"
#include "base/scope.h"

#include <errno.h>
#include <stddef.h>

struct look {
	struct kube_use *v;
	unsigned files; /* CGROUP_STAT_ */
	unsigned what;
	struct {
		struct cgroup_stat_reader files;
		int rc; /* its first failure */
		struct err err;
	} lookers[PARALLEL_MAX];
};

#define FIELD(name) (offsetof(struct cgroup_stat, name) / sizeof(int64_t))

/* The fields of which each is made: a file without any is not read. */
static unsigned choose(unsigned what, bool wanted[CGROUP_STAT_FIELDS])
{
	static const struct {
		unsigned what, files;
		size_t field;
	} rows[] = {
		{ KUBE_USE_CPU, CGROUP_STAT_CPU, FIELD(cpu.usage_ns) },
		{ KUBE_USE_MEMORY | KUBE_USE_WORKING_SET, CGROUP_STAT_MEMORY, FIELD(memory.usage_bytes) },
		{ KUBE_USE_WORKING_SET, CGROUP_STAT_MEMORY_DETAIL, FIELD(memory.inactive_file) },
		{ KUBE_USE_LIMITS, CGROUP_STAT_MEMORY, FIELD(memory.limit_bytes) },
		{ KUBE_USE_LIMITS, CGROUP_STAT_CPU_LIMIT, FIELD(cpu.shares) },
		{ KUBE_USE_LIMITS, CGROUP_STAT_CPU_LIMIT, FIELD(cpu.weight) },
		{ KUBE_USE_LIMITS, CGROUP_STAT_CPU_LIMIT, FIELD(cpu.quota_us) },
		{ KUBE_USE_LIMITS, CGROUP_STAT_CPU_LIMIT, FIELD(cpu.period_us) },
	};
	unsigned files = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].what & what) {
			files |= rows[i].files;
			wanted[rows[i].field] = true;
		}
	return files;
}

/* The kubelet's formula: what is used less the file pages that nobody has looked at for a while. */
static int64_t working_set(const struct cgroup_stat *st)
{
	int64_t idle = st->memory.inactive_file == CG_UNSET ? 0 : st->memory.inactive_file;

	if (st->memory.usage_bytes == CG_UNSET)
		return CG_UNSET;
	return st->memory.usage_bytes > idle ? st->memory.usage_bytes - idle : 0;
}

static void look_at(void *context, unsigned worker, size_t i)
{
	struct look *k = context;
	struct kube_use *u = &k->v[i];
	struct cgroup_stat st;
	int r;

	if (!u->path || k->lookers[worker].rc < 0)
		return;
	r = cgroup_stat_reader_read(&k->lookers[worker].files, u->path, k->files, &st, &k->lookers[worker].err);
	if (r < 0) /* undefined then */
		cgroup_stat_init(&st);
	if (r == -ENOMEM || r == -ENAMETOOLONG)
		k->lookers[worker].rc = r;
	u->at_ns = clock_monotonic_ns();
	u->cpu_ns = st.cpu.usage_ns;
	u->memory_bytes = st.memory.usage_bytes;
	u->working_set_bytes = working_set(&st);
	u->shares = st.cpu.shares;
	u->weight = st.cpu.weight;
	u->quota_us = st.cpu.quota_us;
	u->period_us = st.cpu.period_us;
	u->memory_limit_bytes = st.memory.limit_bytes;
}

int kube_use_read(const struct engine *en, const struct cgroup_layout *l, const char *kubepods, unsigned what,
		  struct kube_use *v, size_t n, struct err *e)
{
	bool wanted[CGROUP_STAT_FIELDS] = { false };
	struct look k = { .v = v, .files = choose(what, wanted) };
	unsigned workers = parallel_workers(n);
	int r = 0;

	for (unsigned i = 0; i < workers; i++) {
		struct cgroup_stat_reader *rd = &k.lookers[i].files;

		cgroup_stat_reader_init(rd, en->host, l);
		rd->wanted = wanted;
		rd->deep = true;
		if (r == 0)
			r = cgroup_stat_reader_enter(rd, sv_from(kubepods), e);
	}
	if (r == 0)
		parallel_for(n, workers, look_at, &k);
	for (unsigned i = 0; i < workers; i++) {
		cgroup_stat_reader_done(&k.lookers[i].files);
		if (k.lookers[i].rc < 0 && r == 0)
			r = err_set(e, -k.lookers[i].rc, "%s", k.lookers[i].err.msg);
	}
	return r;
}
