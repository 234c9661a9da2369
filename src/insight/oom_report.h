/* SPDX-License-Identifier: Apache-2.0 */
/* oom_report.h - one OOM kill as the kernel told of it: the limit, memory by kind, the processes at that moment, the victim.
 *
 * From the kernel log, dump_header() and mem_cgroup_print_oom_meminfo() of mm/oom_kill.c and mm/memcontrol.c; the log is a
 * ring, and of many kills in a row the kernel describes few: what is not there is CG_UNSET, or no process in the table. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "kernel/cgroup.h"
#include "kernel/oom_log.h"

#define OOM_REPORT_TASKS 4096 /* more are not kept, and `more` says so */

struct oom_task {
	pid_t pid, tgid;
	uint32_t uid;
	int64_t rss_bytes, anon_bytes, file_bytes, shmem_bytes, swap_bytes; /* the three in the middle: Linux 6.8 */
	int64_t score_adj;
	char name[OOM_TASK_MAX];
};

struct oom_report {
	const char *owner, *group; /* of the limit ("/": the whole host) and of the victim */
	const char *victim;
	pid_t victim_pid;
	int64_t time_us;       /* since boot */
	int64_t usage_bytes, limit_bytes, limit_hits;
	int64_t swap_bytes, kernel_bytes;
	int64_t anon, file, shmem;
	struct oom_task *tasks;
	size_t n_tasks;
	bool more;
};

/* oom_reports_parser - fed record by record; what it collects goes to the report that the next kill completes. */
struct oom_collector {
	struct arena *arena;
	struct oom_report now;
	bool in_tasks;
	int failed;
};

void oom_collector_init(struct oom_collector *c, struct arena *a);
/* oom_collector_line - one line of the log, whatever it is. Pure. */
void oom_collector_line(struct oom_collector *c, struct sv text);
/* oom_collector_take - the kill that completes it. -ENOMEM */
int oom_collector_take(struct oom_collector *c, const struct oom_record *r, uint64_t time_us, struct oom_report *ret,
		       struct err *e);

struct oom_reports {
	struct oom_report *v;
	size_t n;
};

/* oom_reports_read - the last `most` kills in the group or below it, the newest last; group NULL: of all. -EACCES, -EPERM,
 * -ENOENT: the log is not for us. */
int oom_reports_read(const struct host *h, const char *group, size_t most, struct arena *a, struct oom_reports *ret,
		     struct err *e);
