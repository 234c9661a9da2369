/* SPDX-License-Identifier: Apache-2.0 */
/* top.h - the processes of a running container as the host sees them: proc_pid_stat(5) of those in its cgroup. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"
#include "engine/engine.h"

#include <stdint.h>
#include <sys/types.h>

struct top_process {
	const char *user; /* of the host's passwd(5), else the number */
	pid_t pid, ppid;
	unsigned cpu_percent;  /* of its life */
	int64_t started_ns;    /* since 1970 */
	const char *tty;       /* "pts/0", "?" */
	uint64_t cpu_seconds;
	const char *command;   /* its arguments, "[name]" when it has none */
};

struct top_processes {
	struct top_process *v;
	size_t n;
};

/* top_pids - of all processes of the container. -ESRCH, with Docker's texts: it does not run. */
int top_pids(struct engine *en, struct sv ref, struct arena *a, pid_t **ret, size_t *ret_n, struct err *e);

/* top_read - those of them that are still there, as ps -ef would tell. Text belongs to a. */
int top_read(struct engine *en, const pid_t *pids, size_t n, struct arena *a, struct top_processes *ret,
	     struct err *e);
