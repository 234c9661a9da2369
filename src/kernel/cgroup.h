/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup.h - control groups: cgroups(7), Documentation/admin-guide/cgroup-v1/ and cgroup-v2.rst.
 *
 * Three things, one after the other: what this host has mounted (struct cgroup_layout, pure data read from a host
 * tree), which files a set of limits becomes on it (cgroup_plan, pure), and the group itself (struct cgroup: directory
 * descriptors in every hierarchy). Policy (what to do about a limit that the host lacks) is the caller's. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct host;

#define CGROUP_CONTROLLERS(X)                                                                                          \
	X(CPU, "cpu")               \
	X(CPUACCT, "cpuacct")       \
	X(CPUSET, "cpuset")         \
	X(MEMORY, "memory")         \
	X(DEVICES, "devices")       \
	X(FREEZER, "freezer")       \
	X(BLKIO, "blkio")           \
	X(PIDS, "pids")             \
	X(HUGETLB, "hugetlb")       \
	X(RDMA, "rdma")             \
	X(PERF_EVENT, "perf_event") \
	X(NET_CLS, "net_cls")       \
	X(NET_PRIO, "net_prio")     \
	X(MISC, "misc")

/* v2 calls BLKIO "io"; DEVICES and FREEZER are always there on v2 (BPF, cgroup.freeze), CPUACCT is cpu.stat. */
enum cgroup_controller {
#define X(id, text) CGROUP_##id,
	CGROUP_CONTROLLERS(X)
#undef X
		CGROUP_CONTROLLER_COUNT
};

enum cgroup_mode { CGROUP_MODE_NONE, CGROUP_MODE_V1, CGROUP_MODE_V2, CGROUP_MODE_HYBRID };
const char *cgroup_mode_name(enum cgroup_mode m); /* "none", "v1", "v2", "hybrid" */
const char *cgroup_controller_name(enum cgroup_controller c); /* "memory"; BLKIO is "blkio" */
int cgroup_controller_from_name(struct sv name);              /* "io" too; -1: no such controller */

struct cgroup_hierarchy {
	char mount[128];      /* relative to the host's root: "sys/fs/cgroup/cpu" */
	char name[32];        /* as proc_pid_cgroup(5) has it: "cpu,cpuacct", "name=systemd", "" for v2 */
	uint32_t controllers; /* 1u << CGROUP_x. v2: those of cgroup.controllers at its root */
	bool v2;
};

#define CGROUP_HIERARCHY_MAX 20
struct cgroup_layout {
	enum cgroup_mode mode;
	unsigned n;
	struct cgroup_hierarchy h[CGROUP_HIERARCHY_MAX]; /* freezer of v1 last, so that joins end with it */
	char base[128]; /* the group below which new ones are made: "/user.slice/…/user@1.service"; "": the root */
	bool join_v2;        /* the kernel cannot clone into a group (before Linux 5.7): v2 is joined as v1 is */
	bool memory_swap;    /* memory.memsw.limit_in_bytes or memory.swap.max exists */
	bool cpu_cfs;        /* cpu.cfs_quota_us or cpu.max exists */
	bool blkio_weight;   /* some file takes a weight */
	bool blkio_bfq;      /* that file is the BFQ scheduler's: blkio.bfq.weight, io.bfq.weight */
	/* cgroup_layout_read() leaves these false: cgroup_layout_probe_rare() */
	bool cpu_rt;         /* cpu.rt_runtime_us exists (v1 with CONFIG_RT_GROUP_SCHED) */
	bool blkio_throttle; /* blkio.throttle.* or io.max */
};

/* cgroup_layout_read - from sys/fs/cgroup (pure v2) or proc/self/mountinfo. A hierarchy that is mounted several times
 * counts once, where its root is seen if anywhere. Groups are made below the mount, whatever part of the hierarchy
 * that shows. No cgroup mount at all is CGROUP_MODE_NONE, not an error. */
int cgroup_layout_read(const struct host *h, struct cgroup_layout *ret, struct err *e);
/* cgroup_layout_delegated - for a process without rights over the host's groups: where it may make some. Of pure v2 below the
 * topmost group above its own that it may change (cgroups(7), "Delegation"): that becomes the base, and its controllers are
 * those that there are. None: CGROUP_MODE_NONE. v1 is used where all its hierarchies may be changed at their mounts. */
void cgroup_layout_delegated(const struct host *h, struct cgroup_layout *l);
/* cgroup_layout_within - for what is asked of a group that is there: of v2, the controllers that it has. */
void cgroup_layout_within(const struct host *h, struct cgroup_layout *l, const char *path);
/* cgroup_layout_group - where the group that is to be called path is made: below the base, if that does not say so itself. NULL: no
 * memory */
const char *cgroup_layout_group(const struct cgroup_layout *l, const char *path, struct arena *a);
/* cgroup_layout_probe_rare - what only a limit that few ask for needs to know: cpu_rt, blkio_throttle. */
void cgroup_layout_probe_rare(const struct host *h, struct cgroup_layout *l);
bool cgroup_layout_has(const struct cgroup_layout *l, enum cgroup_controller c); /* somewhere, v1 or v2 */
/* cgroup_layout_find - the index of the hierarchy that serves c; -1: none does. One that v2 has built in (DEVICES,
 * FREEZER, CPUACCT, PERF_EVENT) is found in v1 first, then in v2. */
int cgroup_layout_find(const struct cgroup_layout *l, enum cgroup_controller c);

/* ---- limits ------------------------------------------------------------------------------------------------- */

#define CG_UNSET INT64_MIN
#define CG_MAX INT64_MAX /* "no limit" */

struct device_rule {
	bool allow;
	char type;          /* 'a' all, 'b', 'c' */
	int64_t major, minor; /* CG_MAX: any */
	unsigned access;    /* DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD */
};
enum { DEVICE_READ = 1, DEVICE_WRITE = 2, DEVICE_MKNOD = 4 };

struct blkio_limit {
	uint32_t major, minor;
	enum { BLKIO_READ_BPS, BLKIO_WRITE_BPS, BLKIO_READ_IOPS, BLKIO_WRITE_IOPS, BLKIO_WEIGHT_DEVICE } what;
	uint64_t value;
};

/* How the value that is read back is compared with what was written. */
enum cgroup_check {
	CGROUP_CHECK_EXACT, /* the same text, or the same number ("max" for CG_MAX) */
	CGROUP_CHECK_PAGES, /* the kernel rounds down to pages */
	CGROUP_CHECK_CPUS,  /* a cpu list: the same set, spelt in the kernel's way */
	CGROUP_CHECK_DEVICE, /* "8:0 wbps=1048576": the line of that device holds each word that was written */
	CGROUP_CHECK_NONE,  /* the file cannot be read back, or reads as something else by design */
};

/* A limit of a controller that few ask for: one file of v1, one of v2. */
struct cgroup_more {
	enum cgroup_controller controller;
	const char *what;    /* in messages: "hugepage limit" */
	const char *v1, *v2; /* NULL: that version has none */
	const char *value;
	enum cgroup_check check;
	bool optional; /* a kernel without the file is none the worse */
};

struct cgroup_file {
	const char *name, *value; /* "memory.high", "1048576" */
};

/* In the units of the OCI runtime-spec's linux.resources. cgroup_limits_init() sets every number to CG_UNSET. As in
 * runc a limit of -1 is taken as CG_MAX, and 0 as CG_UNSET where 0 could only mean that (memory, swap, reservation,
 * cpu shares, quota and period, blkio weight); a pids limit of 0 becomes 1, the least with which a process can live. */
struct cgroup_limits {
	int64_t memory_limit_bytes, memory_swap_bytes /* memory and swap together */, memory_reservation_bytes;
	int64_t memory_swappiness, oom_kill_disable /* 0 or 1 */;
	int64_t cpu_shares /* v1 scale, 2..262144 */, cpu_quota_us, cpu_period_us, cpu_burst_us, cpu_idle;
	int64_t cpu_rt_runtime_us, cpu_rt_period_us;
	const char *cpuset_cpus, *cpuset_mems;
	int64_t pids_limit;
	int64_t blkio_weight;
	const struct blkio_limit *blkio;
	size_t blkio_count;
	const struct device_rule
		*devices; /* in order: a later rule wins; what none names is denied. No rules: untouched */
	size_t device_count;
	const struct cgroup_more *more;
	size_t more_count;
	const struct cgroup_file *unified; /* v2 files by name */
	size_t unified_count;
};
void cgroup_limits_init(struct cgroup_limits *l);

struct cgroup_write {
	unsigned hierarchy; /* index into layout->h */
	const char *file, *value;
	enum cgroup_check check;
	bool optional; /* where the file is not there, nothing is lost */
	bool late; /* to be written after the container's set-up, before its command runs: CPU limits */
	bool usual; /* a new group has this value: looked at first, as the kernel visits every group of the host for a write */
};

struct cgroup_writes {
	struct cgroup_write *w;
	size_t n;
	bool device_program; /* devices go by BPF on the v2 hierarchy `device_hierarchy`, not by files */
	unsigned device_hierarchy;
};

/* cgroup_plan - the writes, in the order in which the kernel accepts them for a fresh group. Pure. Text lives in the
 * arena. "No limit" asks nothing of a host that lacks the controller.
 * -ENOTSUP: the host cannot enforce a limit; the text names it ("memory: no memory controller").
 * -EINVAL: the limits contradict each other or are out of the kernel's range. */
int cgroup_plan(const struct cgroup_layout *l, const struct cgroup_limits *want, struct arena *a,
		struct cgroup_writes *ret, struct err *e);

/* cgroup_file_check - may this file of v2 be written by name (unified)? -EINVAL: not the name of one, or one that moves
 * processes or changes the tree ("cgroup.procs"); -ENOTSUP: the host has no v2, or the file's controller is not there. */
int cgroup_file_check(const struct cgroup_layout *l, const char *file, struct err *e);

/* cgroup_weight - cpu.shares to cpu.weight by the new formula: 2 -> 1, 1024 -> 100, 262144 -> 10000. */
uint64_t cgroup_weight(uint64_t shares);

/* ---- a group ------------------------------------------------------------------------------------------------ */

struct cgroup;

/* What has no group of its own, as nobody gave its user one, has the path "". Every function here that takes a path refuses
 * that one with -ENOTSUP and this text; removing it is no work. */
#define CGROUP_NONE ""
#define CGROUP_NONE_TEXT \
	"it has no control group of its own; limits, pausing and accounting need a delegated one (" CGROUP_DELEGATE ")"
#define CGROUP_DELEGATE "`systemd-run --user --scope -p Delegate=yes COMMAND`, or an administrator's chown of a group"
static inline bool cgroup_is_none(const char *path)
{
	return !path || !*path;
}

/* cgroup_create - make path ("/tare/<id>") in every hierarchy, parents too: controllers enabled in the ancestors'
 * cgroup.subtree_control (v2), cpuset.cpus and cpuset.mems filled from the parent (v1), `tasks` opened for the join.
 * exclusive: -EEXIST when the leaf is there in any hierarchy. On failure, what this call made is removed. */
int cgroup_create(const struct host *h, const struct cgroup_layout *l, const char *path, bool exclusive,
		  struct cgroup **ret, struct err *e);
/* cgroup_open - an existing group. -ENOENT: in no hierarchy. */
int cgroup_open(const struct host *h, const struct cgroup_layout *l, const char *path, struct cgroup **ret,
		struct err *e);
/* cgroup_graft - from now on cg is where `other` is: in the hierarchies of v1 of these controllers ("cpu,memory"), or in all of them. It
 * takes `other`. -EINVAL: such a hierarchy is not there, or `other` is not in it. */
int cgroup_graft(struct cgroup *cg, struct cgroup *other, struct sv controllers, struct err *e);
void cgroup_free(struct cgroup *cg); /* closes, removes nothing; NULL is fine */
void cgroup_unmake(struct cgroup *cg); /* and removes what this handle made, as far as it is empty */

/* cgroup_apply - one write(2), then read back and compared. -EINVAL etc. from the kernel; -EIO: reads back otherwise,
 * and the text has both values. */
int cgroup_apply(struct cgroup *cg, const struct cgroup_write *w, struct err *e);
/* cgroup_read_back - what the file of an existing group says now, its first line without the newline, and whether that is
 * what was written. -ENOENT: the group or the file is gone; -EACCES; -ENOTSUP: it cannot be read. Text goes to a. */
int cgroup_read_back(const struct host *h, const struct cgroup_layout *l, const char *path,
		     const struct cgroup_write *w, struct arena *a, const char **ret_now, bool *ret_same,
		     struct err *e);
/* cgroup_change_plan - the writes that turn `from` (what the group's limits were planned as until now) into `to`: what
 * differs, or all of `to`; what only `from` has goes back to what a new group has, NULL as value meaning what the group
 * above has. Pure. -ENOTSUP: a file of which nobody here knows that. */
int cgroup_change_plan(const struct cgroup_writes *from, const struct cgroup_writes *to, bool all, struct arena *a,
		       struct cgroup_writes *ret, struct err *e);
/* cgroup_change - carry them out on a group in which processes run, memory and swap in the order in which the kernel takes
 * them. When one fails, those before it are undone. Errors as cgroup_apply(), and -EBUSY: more memory is in use than a
 * new limit leaves, and would have to be taken from processes by killing them. */
int cgroup_change(struct cgroup *cg, const struct cgroup_writes *change, struct arena *a, struct err *e);
/* cgroup_apply_devices - compile the rules to BPF and attach it (BPF_PROG_TYPE_CGROUP_DEVICE), in place of the one that
 * an earlier call attached. Needs CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN. */
int cgroup_apply_devices(struct cgroup *cg, unsigned hierarchy, const struct device_rule *rules, size_t n,
			 struct err *e);

/* cgroup_clone_fd - the v2 directory for CLONE_INTO_CGROUP, or -1 (pure v1, join_v2). Stays owned by cg. */
int cgroup_clone_fd(const struct cgroup *cg);
/* cgroup_make_threaded - below a threaded group the new one can hold no process until it is threaded as well: cgroups(7) of v2.
 * -EINVAL: it lies below no such group. */
int cgroup_make_threaded(struct cgroup *cg, struct err *e);
/* cgroup_open_member - the v2 directory that the process is in, in cg or below, for CLONE_INTO_CGROUP.
 * -ESRCH: no such process. -EXDEV: it is elsewhere. */
int cgroup_open_member(const struct cgroup *cg, const struct host *h, pid_t pid, struct err *e);
/* cgroup_join - called by the still single-threaded process that is to move: writes "0" to each v1 `tasks`, the
 * freezer's last. Callable after clone3(2): uses the descriptors that cg holds, or opens what cgroup_close_tasks()
 * closed. Of v2 only with the layout's join_v2. */
bool cgroup_layout_joins(const struct cgroup_layout *l); /* is there anything for cgroup_join() to do? */
int cgroup_join(const struct cgroup *cg, struct err *e);
/* cgroup_close_tasks - gives back the descriptors that cgroup_join() needs; who joins later opens them again. */
void cgroup_close_tasks(struct cgroup *cg);
/* cgroup_path - as given to create or open: "/tare/<id>" */
const char *cgroup_path(const struct cgroup *cg);

/* cgroup_kill - SIGKILL for every process in it and below; cgroup.kill where there is one, else freeze and kill by pid.
 * Never a process outside (on v1 a pid is signalled by pidfd, after its membership was seen again). Returns when the
 * signals are sent. */
int cgroup_kill(const struct cgroup *cg, struct err *e);
/* cgroup_pids - of all processes in it and below, as this pid namespace has them, in the order of the kernel's lists. Memory
 * belongs to a. */
int cgroup_pids(const struct cgroup *cg, struct arena *a, pid_t **ret, size_t *ret_n, struct err *e);
/* cgroup_is_populated - some process is in it or below */
bool cgroup_is_populated(const struct cgroup *cg);
/* cgroup_freeze - all of it and below stops, or goes on: cgroup.freeze, or freezer.state of v1. It takes a moment until
 * everything has stopped; a group of v1 to which processes were just added may need to be told again. -ENOTSUP: this
 * host has no freezer. */
int cgroup_freeze(const struct cgroup *cg, bool on, struct err *e);
bool cgroup_is_frozen(const struct cgroup *cg); /* everything has stopped */
/* cgroup_path_is_frozen - the same of a group that is not open, by one file or two: for lists of many */
bool cgroup_path_is_frozen(const struct host *h, const struct cgroup_layout *l, const char *path);
/* cgroup_remove - rmdir(2) in every hierarchy, children first; waits up to timeout_ms for exiting processes to leave.
 * A group that is gone already is success. -EBUSY: processes remain. */
int cgroup_remove(const struct host *h, const struct cgroup_layout *l, const char *path, unsigned timeout_ms,
		  struct err *e);

/* cgroup_dir - the group's directory in hierarchy i of its layout, relative to the host's root; NULL: not there. Owned by
 * cg. */
const char *cgroup_dir(const struct cgroup *cg, unsigned hierarchy);
