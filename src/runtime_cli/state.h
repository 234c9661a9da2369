/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - what is known of a container between two commands: <root>/<id>/
 *
 * | file        | what                                                                                           |
 * |-------------|------------------------------------------------------------------------------------------------|
 * | lock        | has a lock of fcntl(2) that belongs to a process: who makes, changes or removes the container. It   |
 * |             | ends with the process, and no child has it. In it: the record as it was before anything was made    |
 * | config.json | as it was when the container was created; whole once there is a `state`                        |
 * | state       | the record, with the pid, as soon as there is one, and with the end if somebody was there to see it |
 * | start       | the socket in which a process that was created waits for its start; there when all of it is made |
 *
 * The folder is the claim of an id: whoever could make it has the id. A command may be killed between any two of its
 * system calls: what there is then has a status, and can be deleted. Nothing of what the kernel knows better is written
 * down: whether the process lives, has executed its command, or is frozen is looked at. */
#pragma once

#include "base/err.h"
#include "oci/runtime_spec.h"
#include "runtime_cli/command.h"

#define STATE_VERSION 1
#define STATE_LOCK "lock"
#define STATE_RECORD "state"
#define STATE_CONFIG "config.json"
#define STATE_START "start"

#define CONTAINER_STATUSES(X)                                                                                          \
	X(CREATING, "creating") X(CREATED, "created") X(RUNNING, "running") X(PAUSED, "paused") X(STOPPED, "stopped")
enum container_status {
#define X(id, text) STATUS_##id,
	CONTAINER_STATUSES(X)
#undef X
};
const char *container_status_name(enum container_status s);

/* How it ended, when somebody saw it. */
struct record_end {
	bool present;
	int64_t exit_code, signal; /* signal: 0 when it exited */
	bool oom_killed;
	int64_t time_ns; /* since 1970; 0: not known */
};

struct record {
	int64_t version;
	const char *id, *oci_version, *bundle, *rootfs;
	const char *cgroup; /* "/tare/<id>"; NULL: none */
	const char *unit;   /* of systemd's, "tare-<id>.scope"; NULL: none */
	bool unit_user;     /* of the user's own manager */
	int64_t pid;        /* the first process; 0: none yet */
	uint64_t start_ticks;
	const char *boot_id; /* pids mean nothing after a boot */
	int64_t created_ns;
	int64_t owner; /* uid of who created it */
	bool shares_keyring; /* --no-new-keyring */
	const char *rdt; /* its class of service; NULL: none */
	bool rdt_made, rdt_monitoring; /* what of that is its own */
	int64_t root_mount; /* id of its root in a mount namespace of others; 0: there is none */
	bool restored; /* from a checkpoint: it never called execve(2) */
	struct oci_pairs annotations;
	struct record_end end;
};

/* One container's folder. */
struct entry {
	const char *id;
	int dir, lock; /* -1: none */
	bool has_record;
	struct record record;
};
#define ENTRY ((struct entry){ .dir = -1, .lock = -1 })

/* entry_check_id - -EINVAL: no name for a folder and a control group */
int entry_check_id(const char *id, struct err *e);

/* entry_claim - a new container: its folder and its lock. -EEXIST: there is one of this id. */
int entry_claim(struct runtime *rt, const char *id, struct entry *ret, struct err *e);

/* entry_open - an existing one, and its record if it has one. -ENOENT: there is none. -EINVAL: the record is damaged.
 * entry_list_open - likewise, of ids that were read from the folder itself. */
int entry_open(struct runtime *rt, const char *id, struct entry *ret, struct err *e);

/* entry_lock - then nobody else changes it, and what was read before is read again. -EAGAIN: not within the time. -ENOENT:
 * it was removed meanwhile. */
int entry_lock(struct runtime *rt, struct entry *c, unsigned timeout_ms, struct err *e);

/* entry_write_first - the record into the lock file of a new container; entry_write - as `state`, by rename(2). The first
 * `state` takes no other's place: on a disk, a file system makes sure then that what comes after it is there (ext4). */
int entry_write_first(const struct entry *c, struct err *e);
int entry_write(const struct entry *c, struct err *e);

/* entry_remove - the folder. The caller has the lock. */
int entry_remove(struct runtime *rt, struct entry *c, struct err *e);
void entry_close(struct entry *c);
#define scoped_entry SCOPED(entry_close) struct entry

/* entry_status - what it is now. For a zombie also *ret_end, how it ended (NULL: not wanted). An error: it cannot be found
 * out; nobody may take that for stopped. */
int entry_status(struct runtime *rt, const struct entry *c, enum container_status *ret, struct record_end *ret_end,
		 struct err *e);

/* entry_pidfd - its first process. -ESRCH: there is none (any more): "container not running", which engines look for. */
int entry_pidfd(struct runtime *rt, const struct entry *c, int *ret_pidfd, struct err *e);

/* entries_each - call for each container, sorted by id, those of which the record is damaged too */
int entries_each(struct runtime *rt, int (*call)(struct runtime *rt, struct entry *c, void *arg, struct err *e),
		 void *arg, struct err *e);
