/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_stat.h - what a group uses and what happened to it, alike on v1 (controllers joined or apart), v2 and hybrid:
 * Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/{memory,cpuacct,blkio-controller,hugetlb}.rst, accounting/psi.rst.
 *
 * One reader for statistics, OOM kills and pressure. What a host lacks (a controller, a file, a line of it) is CG_UNSET,
 * never an error; "no limit" is CG_MAX. A value means the group and all groups below it, unless it says otherwise. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "kernel/cgroup_place.h"

/* What to read: each costs its files. */
enum {
	CGROUP_STAT_CPU = 1 << 0,
	CGROUP_STAT_MEMORY = 1 << 1,        /* usage and limits: numbers that come one a file */
	CGROUP_STAT_MEMORY_DETAIL = 1 << 2, /* memory.stat */
	CGROUP_STAT_EVENTS = 1 << 3,        /* memory_events: one file */
	CGROUP_STAT_EVENTS_LOCAL = 1 << 4,  /* memory_events_local */
	CGROUP_STAT_PIDS = 1 << 5,
	CGROUP_STAT_IO = 1 << 6,
	CGROUP_STAT_HUGETLB = 1 << 7, /* lists the group's folder */
	CGROUP_STAT_PRESSURE = 1 << 8,
	CGROUP_STAT_CPU_LIMIT = 1 << 9, /* quota, period, weight, cpus */
	CGROUP_STAT_IO_LIMIT = 1 << 10,
	CGROUP_STAT_ALL = (1 << 11) - 1,
	/* what a line in a table of many groups says: use and limits of CPU, memory, pids, bytes of I/O; throttling of one that
	 * has a quota now. Half the files of the flags above. */
	CGROUP_STAT_BRIEF = 1 << 11,
	CGROUP_STAT_MEMORY_PEAK = 1 << 12, /* with BRIEF: the peak alone */
	CGROUP_STAT_MEMORY_STAT = 1 << 13, /* with BRIEF: memory.stat alone */
	/* what a line of `tare stats` says: use of CPU, memory, pids, bytes of I/O, memory.stat, throttling; of limits only that
	 * of memory, or on v1 the one in force. The fewest files. */
	CGROUP_STAT_LINE = 1 << 14,
	/* limits of CPU, memory and pids, who is there, OOM kills; what else those files say whose limit there is. For many
	 * groups of which most are well; groups below are not added up without EVENTS. */
	CGROUP_STAT_TROUBLES = 1 << 15,
	/* in place of CPU, CPU_LIMIT and EVENTS_LOCAL: what there is to count at a limit only where there is that limit */
	CGROUP_STAT_AT_LIMITS = 1 << 16,
};

struct psi_line {
	int64_t avg10, avg60, avg300; /* hundredths of a percent of the last 10, 60, 300 seconds */
	int64_t total_us;
};

struct psi {
	struct psi_line some, full; /* some task waited, all tasks waited */
};

struct memory_events {
	int64_t low, high, max, oom; /* v1 counts only max, as failcnt */
	int64_t oom_kill;            /* processes that the OOM killer took, for whatever limit */
	int64_t oom_group_kill;
};

struct cgroup_device_io {
	uint32_t major, minor;
	int64_t read_bytes, write_bytes, discard_bytes, reads, writes, discards;
	int64_t read_bps, write_bps, read_iops, write_iops; /* limits of this group alone */
};

struct cgroup_hugepages {
	char size[16]; /* "2MB", as in the files' names */
	int64_t usage_bytes, peak_bytes, limit_bytes;
	int64_t limit_hits; /* allocations refused for this group's limit or one above it */
};

#define CGROUP_STAT_DEVICES 64 /* more are not listed, and `more` says so */
#define CGROUP_STAT_HUGEPAGES 8

struct cgroup_stat {
	struct {
		int64_t usage_ns, user_ns, system_ns;
		int64_t periods, throttled_periods, throttled_ns, bursts, burst_ns; /* of this group's own quota */
		/* of this group alone; on v1 a weight is the one that v2 would have for those shares */
		int64_t quota_us, period_us, weight, shares;
		struct psi pressure;
	} cpu;
	struct {
		int64_t usage_bytes, peak_bytes, limit_bytes; /* limit, high, reservation: of this group alone */
		int64_t high_bytes, reservation_bytes;        /* reservation: memory.low, soft_limit_in_bytes */
		int64_t swap_bytes, swap_limit_bytes;         /* swap alone, on v1 too */
		int64_t both_limit_bytes;                     /* v1: of memory and swap together */
		int64_t limit_in_force_bytes, both_in_force_bytes; /* v1, in memory.stat: the least, up to the root */
		/* memory.stat, by v2's names */
		int64_t anon, file, shmem, kernel, kernel_stack, pagetables, slab, slab_reclaimable, sock, mapped_file;
		int64_t dirty, writeback, active_anon, inactive_anon, active_file, inactive_file, unevictable;
		int64_t pgfault, pgmajfault;
		struct psi pressure;
	} memory;
	struct memory_events memory_events;       /* of the group and below; see cgroup_stat_read() */
	struct memory_events memory_events_local; /* of exactly this group */
	struct {
		int64_t current, peak, limit, limit_hits; /* hits: forks refused for this group's limit */
	} pids;
	struct {
		size_t n;
		struct cgroup_hugepages size[CGROUP_STAT_HUGEPAGES];
	} hugetlb;
	struct {
		struct psi pressure;
		size_t n;
		bool more;
		struct cgroup_device_io device[CGROUP_STAT_DEVICES]; /* last of all: see cgroup_stat_keep() */
	} io;
};

/* cgroup_stat_init - everything CG_UNSET, no devices */
void cgroup_stat_init(struct cgroup_stat *st);

/* cgroup_stat_keep - a copy to look at, without the room for devices that it has not: a quarter of the size. NULL: no memory */
const struct cgroup_stat *cgroup_stat_keep(struct arena *a, const struct cgroup_stat *st);

/* cgroup_stat_parse - take what the text of one file says into *st: pure. version 1 or 2; file without its folder
 * ("memory.stat"). Lines that are not understood, and files that are not known, change nothing. A value that is there
 * already stays: where two files say the same, the better one is read first. */
void cgroup_stat_parse(struct cgroup_stat *st, unsigned version, const char *file, struct sv text);

/* cgroup_stat_read - of the group `path` ("/tare/<id>"; "/" is the root, which has few of the files).
 *
 * OOM kills of groups below are counted where they were killed on v1, and are lost with the group; v2 adds them up, and
 * keeps them.
 * -ENOENT: there is no such group in any hierarchy that was looked at. */
int cgroup_stat_read(const struct host *h, const struct cgroup_layout *l, const char *path, unsigned what,
		     struct cgroup_stat *ret, struct err *e);
/* cgroup_stat_read_place - of a group that is elsewhere in each hierarchy; one where it is nowhere tells nothing. */
int cgroup_stat_read_place(const struct host *h, const struct cgroup_layout *l, const struct cgroup_place *place,
			   unsigned what, struct cgroup_stat *ret, struct err *e);

/* Many groups, one after the other: the folder above them stays open in each hierarchy, so that neighbours are found from
 * there. Looking up a path takes a third of what a file costs; so what the group above has not, or what it has only
 * zeros of in a file that adds up those below it, is not looked for in each of many neighbours. */
enum {
	CGROUP_STAT_SAME_LIMITS = 1 << 0, /* nobody wrote into one of its files: kernel/cgroup_written.h */
	CGROUP_STAT_SAME_KILLS = 1 << 1,  /* the OOM killer took nobody on this host: host_oom_kills() */
	/* none of its processes waited for memory or a disk when it was read; so none does if none has run since, which its
	 * CPU time tells. (For a processor one may begin to wait without having run.) cgroup_stat_rests() */
	CGROUP_STAT_SAME_STALLS = 1 << 2,
};
/* cgroup_stat_rests - from one look to a later one it neither ran nor waited for memory or a disk: total_us of both */
bool cgroup_stat_rests(const struct cgroup_stat *st, const struct cgroup_stat *later);
#define CGROUP_STAT_FILES 96
#define CGROUP_STAT_FIELDS (offsetof(struct cgroup_stat, io.device) / sizeof(int64_t))
struct cgroup_stat_reader {
	const struct host *host;
	const struct cgroup_layout *layout;
	struct buf text;
	size_t parent_length; /* 0: none is open */
	char parent[4096];
	int dir[CGROUP_HIERARCHY_MAX]; /* as layout.h, O_PATH; -1: it has none there */
	const bool *wanted;            /* CGROUP_STAT_FIELDS of them, by offset: a file without any is not read; NULL: all */
	/* the caller's, for each group: the numbers that it had when it was read before with the same `wanted` (NULL: not known),
	 * and which of them it still has for sure. Files that say no more than that are not read. */
	const struct cgroup_stat *before;
	unsigned same; /* CGROUP_STAT_SAME_… */
	bool deep; /* the caller's: whatever is below the entered group, however far, is read from there */
	unsigned neighbours;           /* read since that folder was entered */
	int64_t least_pressure; /* hundredths: who is sure to have waited less for each is not asked; 0: all are */
	unsigned char files[CGROUP_HIERARCHY_MAX]; /* of the group before, so many were read there */
	unsigned char
		above[CGROUP_STAT_FILES]; /* of the table's files, what the group above says: cgroup_stat_read.c */
};

void cgroup_stat_reader_init(struct cgroup_stat_reader *rd, const struct host *h, const struct cgroup_layout *l);
void cgroup_stat_reader_done(struct cgroup_stat_reader *rd);
#define scoped_stat_reader SCOPED(cgroup_stat_reader_done) struct cgroup_stat_reader
/* cgroup_stat_reader_forget - a new pass begins: what was found out about groups above is to be looked for again */
void cgroup_stat_reader_forget(struct cgroup_stat_reader *rd);
/* cgroup_stat_reader_read - as cgroup_stat_read(), but that *ret is undefined after a failure */
int cgroup_stat_reader_read(struct cgroup_stat_reader *rd, const char *path, unsigned what, struct cgroup_stat *ret,
			    struct err *e);
/* cgroup_stat_reader_enter - `dir` are the folders of this group until another one is entered, or one below another one
 * is read. -ENAMETOOLONG */
int cgroup_stat_reader_enter(struct cgroup_stat_reader *rd, struct sv parent, struct err *e);
