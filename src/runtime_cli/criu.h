/* SPDX-License-Identifier: Apache-2.0 */
/* criu.h - criu(8) as a child of ours, `criu swrk FD`: one request over a socket pair of SOCK_SEQPACKET, in the messages of
 * criu's rpc.proto, and its questions on the way. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "kernel/cgroup.h"
#include "runtime_cli/protobuf.h"

#include <stdbool.h>
#include <sys/types.h>

enum criu_type { CRIU_DUMP = 1, CRIU_RESTORE = 2, CRIU_PRE_DUMP = 4, CRIU_NOTIFY = 6 };

/* Fields of criu_opts that are set here; the other numbers stand in rpc.proto too. */
enum criu_field {
	CRIU_IMAGES_DIR_FD = 1,
	CRIU_PID = 2,
	CRIU_LEAVE_RUNNING = 3,
	CRIU_EXT_UNIX_SK = 4,
	CRIU_TCP_ESTABLISHED = 5,
	CRIU_EVASIVE_DEVICES = 6,
	CRIU_SHELL_JOB = 7,
	CRIU_FILE_LOCKS = 8,
	CRIU_LOG_LEVEL = 9,
	CRIU_LOG_FILE = 10,
	CRIU_PAGE_SERVER = 11,
	CRIU_NOTIFY_SCRIPTS = 12,
	CRIU_ROOT = 13,
	CRIU_PARENT_IMAGE = 14,
	CRIU_TRACK_MEM = 15,
	CRIU_AUTO_DEDUP = 16,
	CRIU_WORK_DIR_FD = 17,
	CRIU_LINK_REMAP = 18,
	CRIU_MANAGE_CGROUPS = 24,
	CRIU_CGROUP_ROOT = 25,
	CRIU_RESTORE_SIBLING = 26,
	CRIU_INHERIT_FD = 27,
	CRIU_MANAGE_CGROUPS_MODE = 34,
	CRIU_EXTERNAL = 37,
	CRIU_EMPTY_NS = 38,
	CRIU_FREEZE_CGROUP = 44,
	CRIU_TCP_SKIP_IN_FLIGHT = 46,
	CRIU_LAZY_PAGES = 48,
	CRIU_STATUS_FD = 49,
	CRIU_ORPHAN_PTS_MASTER = 50,
	CRIU_CONFIG_FILE = 51,
	CRIU_TCP_CLOSE = 52,
	CRIU_LSM_PROFILE = 53,
	CRIU_LSM_MOUNT_CONTEXT = 63,
	CRIU_NETWORK_LOCK = 64,
};

struct criu_call {
	const char *program; /* path, or a name that is found by PATH */
	enum criu_type type;
	struct buf opts;     /* criu_opts */
	int images, work;    /* directories: of the image, of the log */
	const char *images_name, *work_name; /* their paths, absolute: criu's process may have mounts of its own */
	int held[2];         /* namespaces that it has too, from CRIU_HELD_FROM on; -1: none */
	int status_fd;       /* becomes criu's descriptor CRIU_STATUS_AT; -1: none */
	struct cgroup *cgroup; /* that it runs in, with what it restores; NULL: the caller's */
	/* before - in the process that becomes criu. notify - criu's script, and of orphan-pts-master the terminal's master in
	 * *fd, which may be taken. Both may be NULL. */
	int (*before)(void *arg, struct err *e);
	int (*notify)(void *arg, struct sv script, pid_t pid, int *fd, struct err *e);
	void *arg;
};
#define CRIU_STATUS_AT 4
#define CRIU_HELD_FROM 10
#define CRIU_CALL(t)                                                                                                \
	((struct criu_call){ .type = (t), .opts = BUF(256u << 10), .images = -1, .work = -1, .held = { -1, -1 },     \
			     .status_fd = -1 })

const char *criu_log_name(enum criu_type type); /* "dump.log", "restore.log" */

/* criu_switch - a switch of criu_opts, when it is on */
static inline void criu_switch(struct criu_call *c, enum criu_field field, bool on)
{
	if (on)
		pb_number(&c->opts, field, 1);
}

/* criu_inherit - what has this name in the image becomes this descriptor of criu's; criu_external - "mnt[/etc/hosts]:NAME" */
void criu_inherit(struct criu_call *c, const char *key, int fd);
void criu_external(struct criu_call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* criu_run - until it has answered and ended. Of a restore *ret_pid, which is a child of the caller's. -ENOENT: no criu.
 * What criu failed with is the first error in its log: one line, with the log's name. */
int criu_run(struct criu_call *c, pid_t *ret_pid, struct err *e);
