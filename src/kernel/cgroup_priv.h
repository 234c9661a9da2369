/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_priv.h - what the files of cgroup share among themselves and with their tests; nobody else includes it.
 *
 * A group is one directory in each hierarchy, its part there; cgroup1.c and cgroup2.c say what a part can do. Parts are
 * reached by paths from the host's root: most of them are touched twice in their life, and a path of five names is
 * cheaper than a descriptor that is opened and closed. */
#pragma once

#include "base/buf.h"
#include "kernel/bpf_abi.h"
#include "kernel/cgroup.h"
#include "kernel/host.h"

struct cgroup_ops;

struct cgroup_part {
	const struct cgroup_ops *ops;
	char *dir;     /* from the host's root: "sys/fs/cgroup/memory/tare/<id>" */
	size_t mount_len; /* of that, the mount */
	int fd;        /* v1: `tasks`, for writing; v2: the directory; -1: not there, or closed */
	bool present;  /* the directory exists in this hierarchy */
	unsigned made;   /* how many directories this handle made, each in the one before */
	size_t made_len; /* of dir, up to the last of these */
};

struct cgroup {
	struct cgroup_layout layout;
	struct cgroup_part part[CGROUP_HIERARCHY_MAX]; /* as layout.h */
	struct cgroup *graft; /* whose parts some of ours are; owned */
	int root;   /* own duplicate of the host's */
	bool real;  /* not a captured tree */
	char *path; /* "/tare/<id>" */
	/* the file that the last write-only write went to: device rules come a dozen in a row */
	struct {
		unsigned hierarchy;
		char name[64];
		int fd;
	} last;
	/* why a v2 controller is missing here, to be told when a limit needs it */
	struct {
		int code;
		char text[128];
	} enable;
};

struct cgroup_ops {
	const char *name;
	/* the directory `dir` (the leaf or one above it) was made just now; inner: others will be made in it */
	int (*made)(struct cgroup *cg, struct cgroup_part *p, const char *dir, bool inner, struct err *e);
	/* a file is missing; true: its controller was told to be there, look again. NULL: cannot be */
	bool (*enable_for)(struct cgroup *cg, struct cgroup_part *p, const char *file);
	/* the kernel took a value for -EINVAL; true: the groups above were given what it needs, write again; attempt
	 * counts from 0. NULL: cannot be */
	bool (*make_room)(const struct cgroup *cg, const struct cgroup_part *p, const struct cgroup_write *w,
			  unsigned attempt);
	int (*open)(struct cgroup *cg, struct cgroup_part *p, struct err *e); /* -ENOENT: no such group */
	int (*kill)(const struct cgroup *cg, const struct cgroup_part *p, struct err *e);
	bool (*is_populated)(const struct cgroup *cg, const struct cgroup_part *p);
	int (*freeze)(const struct cgroup *cg, const struct cgroup_part *p, bool on); /* 0 or -errno */
	int (*frozen)(const struct cgroup *cg, const struct cgroup_part *p);          /* 1: all of it, 0 or -errno */
};

extern const struct cgroup_ops cgroup1_ops, cgroup2_ops;

int cgroup1_open_tasks(const struct cgroup *cg, const struct cgroup_part *p, struct err *e); /* for writing */
int cgroup2_make_threaded(const struct cgroup_part *p, struct err *e);
int cgroup2_open_procs(const struct cgroup_part *p, struct err *e);                          /* likewise */

#define CGROUP_DIR_MAX 4096 /* a path below the root, with a file's name */
#define CGROUP_DEPTH_MAX 128 /* of groups below ours that are walked */

/* cgroup_file_path - "DIR/FILE" of the first n bytes of dir. false: does not fit. */
bool cgroup_file_path(char ret[static CGROUP_DIR_MAX], const char *dir, size_t n, const char *file);

/* cgroup_rt.c: cpu.rt_runtime_us of the groups above, v1 */
bool cgroup_rt_make_room(const struct cgroup *cg, const struct cgroup_part *p, const struct cgroup_write *w,
			 unsigned attempt);

/* cgroup_tree.c: whole subtrees, by descriptor */

/* cgroup_tree_kill - SIGKILL for the members of dir and below that are seen. Returns how many were signalled, or -errno. */
int cgroup_tree_kill(int dir, unsigned depth, struct err *e);
/* cgroup_tree_pids - append the lines of every cgroup.procs of dir and below */
int cgroup_tree_pids(int dir, unsigned depth, struct buf *text, struct err *e);
bool cgroup_tree_is_populated(int dir, unsigned depth);
/* cgroup_tree_remove - rmdir(2), what is below first. -ENOENT counts as done. -EBUSY: a process is in one of them. */
int cgroup_tree_remove(int root, const char *dir, struct err *e);

/* cgroup_check.c: pure */
bool cgroup_reads_as(const char *wrote, struct sv got, enum cgroup_check check);
/* cgroup_counter - the number after `key` at the start of a line: "oom_kill 3" */
bool cgroup_counter(struct sv text, const char *key, uint64_t *ret);

/* cgroup_devices.c: pure, but for attach */

/* Rules reduced to what they leave: what happens to a device that none names, then rules for 'b' and 'c' only. */
struct device_list {
	bool allow;
	struct device_rule *v;
	size_t n;
};
int device_list_make(const struct device_rule *rules, size_t n, struct arena *a, struct device_list *ret,
		     struct err *e);
/* device_list_v1 - the same as the exceptions of v1's devices controller: all of v are the opposite of `allow`.
 * -EINVAL: a rule takes away a part of what an earlier one gives; v1 has no way to say it. */
int device_list_v1(const struct device_list *l, struct arena *a, struct device_list *ret, struct err *e);
#define DEVICE_RULE_TEXT 64
const char *device_rule_print(const struct device_rule *r, char ret[DEVICE_RULE_TEXT]); /* "c 1:3 rwm" */
int device_program(const struct device_list *l, struct arena *a, struct bpf_insn **ret, size_t *ret_n, struct err *e);
int device_program_attach(int dir, const struct bpf_insn *insns, size_t n, struct err *e);
