/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - the commands of `tare-runtime` are rows, one file each (cmd_*.c); command.c lists them and runs one.
 *
 * Names, options and output forms are runc's, since engines call them. Exit statuses: 0 done; 1 failed, or the command
 * line was wrong; `run` and `exec` end as their command did, and say 127 and 126 when it was not found or could not be
 * executed, and 125 (exec: 255, as runc) for everything else. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "kernel/host.h"
#include "kernel/procfs.h"
#include "options/option.h"
#include "systemd/client.h"

#include <stdbool.h>

/* What the options before the command said, and what is looked at once. */
struct runtime {
	struct arena *arena;
	const char *root;       /* directory of the containers' states, absolute */
	const char *log, *log_format;
	const char *rootless;   /* "true", "false", "auto" */
	const char *criu;
	bool debug, systemd_cgroup, version;
	char **argv;
	int start_dir;  /* the working directory that we were started in, when that may be needed again; -1 */
	int64_t caller; /* uid of who called, in the user namespace that they called in */
	bool entered;   /* executed again in the user namespace of the document: rootless.h */
	struct unit_manager *manager; /* with systemd_cgroup */
	struct host host;
	struct host_facts facts;
	bool has_facts;
	char boot_id[BOOT_ID_SIZE]; /* once it was asked for */
	const char *owner; /* name of the user owner_uid, once it was asked for */
	int64_t owner_uid;
};

struct entry; /* state.h */

struct runtime_command {
	const char *name, *args, *summary;
	const struct option_group *const *groups; /* ends with NULL; NULL: takes no options */
	size_t options_size;                      /* of the structure that the options fill; it starts zeroed */
	void (*init)(void *options);
	int min_args, max_args; /* -1: any number */
	bool stops;             /* the first operand ends the options: what follows it is another's command line */
	bool hidden;
	bool enters;            /* brings a process into a container: runs from a read-only mount of itself (self_exe.h) */
	int error_status;       /* exit status of a failure; 0: 1 */
	int (*run)(struct runtime *rt, void *options, const struct operands *operands, int *ret_status, struct err *e);
	/* in the place of run: with the container of which the first operand is the id; locked when lock_ms, the time to wait */
	int (*on)(struct runtime *rt, struct entry *c, void *options, const struct operands *operands, int *ret_status,
		  struct err *e);
	unsigned lock_ms;
};
#define LOCK_TIMEOUT_MS 10000

/* One line each, as they are many people's. */
extern const struct runtime_command runtime_command_checkpoint;
extern const struct runtime_command runtime_command_completion;
extern const struct runtime_command runtime_command_create;
extern const struct runtime_command runtime_command_delete;
extern const struct runtime_command runtime_command_doctor;
extern const struct runtime_command runtime_command_events;
extern const struct runtime_command runtime_command_exec;
extern const struct runtime_command runtime_command_features;
extern const struct runtime_command runtime_command_kill;
extern const struct runtime_command runtime_command_list;
extern const struct runtime_command runtime_command_man;
extern const struct runtime_command runtime_command_mounts;
extern const struct runtime_command runtime_command_pause;
extern const struct runtime_command runtime_command_plan;
extern const struct runtime_command runtime_command_ps;
extern const struct runtime_command runtime_command_restore;
extern const struct runtime_command runtime_command_resume;
extern const struct runtime_command runtime_command_run;
extern const struct runtime_command runtime_command_spec;
extern const struct runtime_command runtime_command_start;
extern const struct runtime_command runtime_command_state;
extern const struct runtime_command runtime_command_update;
extern const struct runtime_command runtime_command_validate;

/* runtime_commands - all of them, sorted by name; hidden ones too. */
const struct runtime_command *const *runtime_commands(size_t *ret_n);
extern const struct option_group *const runtime_global_groups[];

/* runtime_main - argv of the program. Returns the exit status; errors were written to standard error, one line each. */
int runtime_main(int argc, char **argv);

/* runtime_facts - of this host, read at the first call */
int runtime_facts(struct runtime *rt, struct err *e);

/* runtime_manager - how systemd is reached: the user's own when `user`. -ENOENT: no tare-systemd. */
int runtime_manager(struct runtime *rt, bool user, struct unit_manager **ret, struct err *e);

/* runtime_print - the whole buffer to standard output */
int runtime_print(const struct buf *out, struct err *e);

/* runtime_path - absolute: a relative one counts from the working directory. NULL stays. -ENOMEM. */
int runtime_path(struct runtime *rt, const char **path, struct err *e);

#define RUNTIME_OUTPUT_MAX (64u << 20) /* of one command: `list` of tens of thousands of containers */
