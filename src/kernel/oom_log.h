/* SPDX-License-Identifier: Apache-2.0 */
/* oom_log.h - what the kernel log says about processes that the OOM killer took: Documentation/ABI/testing/dev-kmsg, and
 * dump_oom_summary() of the kernel's mm/oom_kill.c (Linux 4.19), which alone says whose limit it was.
 *
 * The log is a ring: what is old is overwritten, and of many kills in a row the kernel describes only ten in five seconds.
 * Who needs to know that there was a kill asks cgroup_stat.h; the log only explains it. Names of groups and of processes
 * are chosen by those who are confined in them: the parser takes no group for another one's because of its name. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct host;

#define OOM_TASK_MAX 16 /* TASK_COMM_LEN: 15 bytes and a NUL */

struct oom_record {
	bool host_wide;      /* the host's memory, or that of the nodes that the process may use; no group's limit */
	struct sv owner;     /* of the limit: path in the memory hierarchy, as the host sees it; empty: host_wide */
	struct sv group;     /* of the victim; in the owner's or below it */
	struct sv task;      /* the victim's name, any bytes */
	pid_t pid;           /* in the host's pid namespace */
};

/* oom_record_parse - the text of one complete message, "oom-kill:constraint=…". false: it is something else. Pure. */
bool oom_record_parse(struct sv text, struct oom_record *ret);

/* One record of /dev/kmsg as read(2) gives it: "6,1161,2440020939,-;text\n KEY=value\n". */
struct kmsg_record {
	bool kernel;    /* the kernel's own, not written by a process */
	bool continued; /* goes on where an earlier record ended */
	uint64_t seq;
	uint64_t time_us; /* since boot */
	struct sv text; /* one line, \xNN undone */
};

/* kmsg_parse - undoes the escapes within raw. false: not a record. Pure. */
bool kmsg_parse(char *raw, size_t n, struct kmsg_record *ret);

/* oom_log_next - read on until the next kill is described. 1: *ret is it, its texts valid until the next call; 0: nothing
 * more for now. -errno of read(2) otherwise. */
struct oom_log {
	int fd;
	uint64_t seq;    /* of the record that was read last; 0: none */
	unsigned left;   /* records that may still be read: somebody may fill the log as fast as we read */
	uint64_t time_us; /* of the record that was read last */
	/* set after opening: gets each of the kernel's own records as it is read, before the kill that it may complete */
	void (*each)(void *context, const struct kmsg_record *r);
	void *context;
	size_t have;     /* of a description that came in parts */
	char raw[8192];  /* what one read(2) gives at the most */
	char text[8192];
};

/* oom_log_open - of this host, at the first record after `after` that is still there. -ENOENT, -EACCES, -EPERM: no log, or
 * not for us. */
int oom_log_open(const struct host *h, uint64_t after, struct oom_log *ret, struct err *e);
/* oom_log_init - of a descriptor that gives one record for each read(2), or -EAGAIN; owned from now on */
void oom_log_init(struct oom_log *l, int fd, uint64_t after);
int oom_log_next(struct oom_log *l, struct oom_record *ret, struct err *e);
void oom_log_close(struct oom_log *l);
