/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.h - what happened to a container: one versioned record, containers/<id>/outcome, replaced by rename(2).
 *
 * The monitor alone writes it while it lives; afterwards whoever holds the container's lock may finish it. Text, one
 * "key value" line each, the first one "tare-outcome 1"; unknown keys are skipped, so that an older tare reads a newer
 * monitor's record. */
#pragma once

#include "base/err.h"
#include "monitor/memory_use.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define OUTCOME_FILE "outcome"

#define OUTCOME_STATES(X)     \
	X(CREATED, "created") \
	X(RUNNING, "running") \
	X(PAUSED, "paused") \
	X(RESTARTING, "restarting") /* ended, and waits to run again */ \
	X(EXITED, "exited")
enum outcome_state {
#define X(id, text) OUTCOME_##id,
	OUTCOME_STATES(X)
#undef X
};

struct outcome {
	enum outcome_state state;
	char boot_id[40];         /* proc/sys/kernel/random/boot_id when it was written: pids mean nothing after a boot */
	pid_t monitor_pid, pid;   /* pid: the container's first process; 0 = none */
	uint64_t pid_start_ticks; /* its start time, field 22 of proc_pid_stat(5) */
	int64_t created_ns, started_ns, finished_ns; /* since 1970; 0 = not yet */
	int exit_code;            /* 0..255, 128+signal; meaningful when EXITED or RESTARTING */
	int restart_count;        /* automatic restarts since it was last started by somebody */
	bool stopped_by_user;     /* the end was asked for: `unless-stopped` does not bring it back */
	bool oom_killed;          /* some process of the container was taken by the OOM killer */
	int64_t oom_kills;        /* how many */
	char oom_owner[512];      /* whose limit it was: path of the group, "/" the whole host; "": not known */
	int64_t oom_limit_bytes;  /* that limit; 0: not known, or none */
	char oom_victim
		[16]; /* name of the process: of the first one if that was taken, else of the last; "": not known */
	pid_t oom_victim_pid;     /* as the host sees it; 0: not known */
	char oom_samples[MEMORY_SAMPLES_TEXT]; /* use of memory before it, memory_use.h; "": nothing was seen */
	uint64_t oom_log_seq;     /* of the kernel log, up to here it was read */
	bool ready, begun; /* in a pod: it serves; it has started, as its probe says */
	int last_exit_code; /* in a pod: of its last life that has ended */
	char error[496];          /* why it could not start, or how it was lost; "" otherwise */
};

/* outcome_write - replace dir/outcome. Mode 0600. */
int outcome_write(int dir, const struct outcome *o, struct err *e);
/* outcome_read - -ENOENT: no record; -EINVAL: not ours or damaged, the text names the line. */
int outcome_read(int dir, struct outcome *ret, struct err *e);
int outcome_read_at(int dir, const char *path, struct outcome *ret, struct err *e);

/* outcome_check_exec - may one more process be started in a container in this state? If not, Docker's text.
 * -ESRCH: it does not run. -EBUSY: it is paused, or waits to run again. */
int outcome_check_exec(enum outcome_state s, const char *id, struct err *e);

/* The same record of an exec session, in the state directory while the container runs: EXEC_OUTCOME_FILE with the session's
 * number. Its states are running and exited; there is no word of a monitor, a boot or a restart in it. */
#define EXEC_OUTCOME_FILE "exec-%u.outcome"
int outcome_write_exec(int state_dir, uint32_t session, const struct outcome *o, struct err *e);
int outcome_read_exec(int state_dir, uint32_t session, struct outcome *ret, struct err *e);
