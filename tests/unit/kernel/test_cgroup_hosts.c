/* SPDX-License-Identifier: Apache-2.0 */
/* The captured hosts of tests/hosts: the layout that is read from each, and that every file a plan names for it was
 * there in a real group (tare-capture, below each hierarchy's root). */
#include "../test.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/smallfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	const char *layout; /* mode, what the files allow, then the hierarchies in their order */
} hosts[] = {
	{ "guest-v2", "v2 swap cfs weight throttle: " },
	{ "v1-joined",
	  "v1 swap cfs throttle: cpu,cpuacct cpuset memory devices blkio pids net_cls,net_prio perf_event hugetlb rdma "
	  "name=systemd freezer" },
	{ "hybrid",
	  "hybrid swap cfs weight bfq rt throttle:  cpu cpuacct cpuset memory devices blkio pids name=systemd freezer" },
};

static struct host open_host(const char *name)
{
	const char *source = getenv("TARE_TOP");
	char path[512];
	struct host h;
	struct err e = { 0 };

	(void)snprintf(path, sizeof path, "%s/tests/hosts/%s", source ? source : ".", name);
	if (host_open(&h, path, &e) < 0)
		fail_msg("%s", e.msg);
	return h;
}

static void print_layout(const struct cgroup_layout *l, struct buf *out)
{
	buf_putf(out, "%s%s%s%s%s%s%s:", cgroup_mode_name(l->mode), l->memory_swap ? " swap" : "",
		 l->cpu_cfs ? " cfs" : "", l->blkio_weight ? " weight" : "", l->blkio_bfq ? " bfq" : "",
		 l->cpu_rt ? " rt" : "", l->blkio_throttle ? " throttle" : "");
	for (unsigned i = 0; i < l->n; i++)
		buf_putf(out, " %s", l->h[i].name);
}

TEST(layouts_of_captured_hosts)
{
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
		scoped_buf out = BUF(4096);
		struct host h = open_host(hosts[i].name);
		struct host_facts f;
		struct err e = { 0 };

		if (host_facts_read(&h, &a, &f, &e) < 0)
			fail_msg("%s: %s", hosts[i].name, e.msg);
		cgroup_layout_probe_rare(&h, &f.cgroup);
		host_close(&h);
		print_layout(&f.cgroup, &out);
		assert_string_equal(hosts[i].layout, out.p);
		assert_true(f.cpus_online > 0 && f.mem_total_bytes > 0 && f.capabilities);
	}
}

/* As much as each host can do. */
static void all_limits(const struct cgroup_layout *l, struct cgroup_limits *want)
{
	static const struct device_rule rules[] = { { false, 'a', CG_MAX, CG_MAX, 7 }, { true, 'c', 1, 3, 7 } };
	static const struct blkio_limit io[] = { { 8, 0, BLKIO_READ_BPS, 1 },
						 { 8, 0, BLKIO_WRITE_BPS, 1 },
						 { 8, 0, BLKIO_READ_IOPS, 1 },
						 { 8, 0, BLKIO_WRITE_IOPS, 1 },
						 { 8, 0, BLKIO_WEIGHT_DEVICE, 100 } };

	cgroup_limits_init(want);
	want->memory_limit_bytes = want->memory_reservation_bytes = 64 << 20;
	want->memory_swap_bytes = l->memory_swap ? 128 << 20 : CG_UNSET;
	want->memory_swappiness = want->oom_kill_disable = l->mode == CGROUP_MODE_V2 ? CG_UNSET : 1;
	want->cpu_shares = 512;
	want->cpu_quota_us = 50000;
	want->cpu_period_us = 100000;
	want->cpu_burst_us = 1000;
	want->cpu_idle = 0;
	want->cpuset_cpus = want->cpuset_mems = "0";
	want->pids_limit = 100;
	want->blkio_weight = l->blkio_weight ? 500 : CG_UNSET;
	want->blkio = io;
	want->blkio_count = l->blkio_weight ? 5 : 4;
	want->devices = rules;
	want->device_count = 2;
}

TEST(planned_files_exist_in_a_captured_group)
{
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
		struct host h = open_host(hosts[i].name);
		struct cgroup_layout l;
		struct cgroup_limits want;
		struct cgroup_writes w;
		struct err e = { 0 };

		assert_int_equal(0, cgroup_layout_read(&h, &l, &e));
		all_limits(&l, &want);
		if (cgroup_plan(&l, &want, &a, &w, &e) < 0)
			fail_msg("%s: %s", hosts[i].name, e.msg);
		assert_true(w.n >= 13);
		for (size_t k = 0; k < w.n; k++) {
			char path[512];

			(void)snprintf(path, sizeof path, "%s/tare-capture/%s", l.h[w.w[k].hierarchy].mount,
				       w.w[k].file);
			if (!smallfile_exists(h.root, path))
				fail_msg("%s: %s", hosts[i].name, path);
		}
		host_close(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(layouts_of_captured_hosts),
		RUN(planned_files_exist_in_a_captured_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
