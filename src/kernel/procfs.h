/* SPDX-License-Identifier: Apache-2.0 */
/* procfs.h - what proc(5) says about a process and about this boot, through a struct host.
 *
 * A pid alone names nobody for long: pid, start time and boot id together do. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct host;

#define BOOT_ID_SIZE 40 /* 36 characters of a UUID, a NUL, and room */

/* procfs_boot_id - proc/sys/kernel/random/boot_id. -EINVAL: not a UUID. */
int procfs_boot_id(const struct host *h, char ret[BOOT_ID_SIZE], struct err *e);

/* Of proc_pid_stat(5): what a process is doing, and since when. */
struct procfs_stat {
	char state;           /* 'R', 'S', 'Z' … */
	bool executed;        /* has called execve(2) since it was forked */
	uint64_t start_ticks; /* clock ticks from boot to its start */
	int exit_status;      /* of a zombie: as wait(2) has it; 0 also when we may not know */
	pid_t ppid;
	uint32_t tty;         /* the terminal's number; 0: none */
	uint64_t user_ticks, system_ticks;
	uint64_t child_user_ticks, child_system_ticks; /* of children that have ended and were waited for */
	uint64_t threads, resident_pages;
	char name[65];        /* without the parentheses; "" when it is longer than the kernel's are */
};

/* procfs_stat_parse - the line of proc_pid_stat(5). -EINVAL: it is none */
int procfs_stat_parse(struct sv line, struct procfs_stat *ret);

/* procfs_stat_read - errors as procfs_start_ticks() */
int procfs_stat_read(const struct host *h, pid_t pid, struct procfs_stat *ret, struct err *e);

/* procfs_start_ticks - field 22 of proc_pid_stat(5): clock ticks from boot to the start of the process.
 * -ESRCH: no such process (a zombie still is one). -EINVAL: the line is not what proc_pid_stat(5) says. */
int procfs_start_ticks(const struct host *h, pid_t pid, uint64_t *ret_ticks, struct err *e);

/* procfs_is_process - is pid still the process that started at start_ticks of this boot? A zombie is. */
bool procfs_is_process(const struct host *h, pid_t pid, uint64_t start_ticks);
