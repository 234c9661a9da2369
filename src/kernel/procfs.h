/* SPDX-License-Identifier: Apache-2.0 */
/* procfs.h - what proc(5) says about a process and about this boot, through a struct host.
 *
 * A pid alone names nobody for long: pid, start time and boot id together do. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct host;

#define BOOT_ID_SIZE 40 /* 36 characters of a UUID, a NUL, and room */

/* procfs_boot_id - proc/sys/kernel/random/boot_id. -EINVAL: not a UUID. */
int procfs_boot_id(const struct host *h, char ret[BOOT_ID_SIZE], struct err *e);

/* procfs_start_ticks - field 22 of proc_pid_stat(5): clock ticks from boot to the start of the process.
 * -ESRCH: no such process (a zombie still is one). -EINVAL: the line is not what proc_pid_stat(5) says. */
int procfs_start_ticks(const struct host *h, pid_t pid, uint64_t *ret_ticks, struct err *e);

/* procfs_is_process - is pid still the process that started at start_ticks of this boot? A zombie is. */
bool procfs_is_process(const struct host *h, pid_t pid, uint64_t start_ticks);
