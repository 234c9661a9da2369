/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - the commands of `tare` are rows, one file each (cmd_*.c); command.c lists them and runs one.
 *
 * Exit statuses, as Docker's: 0 done; 1 failed, or operands are missing; 125 an option is unknown or its value cannot be
 * read. `run` says 125 for every failure of the engine. 126 and 127 of `run` and `exec`: the command could not be executed
 * or was not found; their other statuses are the command's own (128 + N: killed by signal N). */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/option.h"

#include <stdbool.h>

#define EXIT_ENGINE 125 /* what `run` says when it was not the command that failed */
#define EXIT_OPTION 125 /* what all say of wrong options */

/* What the options before the command said; every command gets it. */
struct cli {
	struct arena *arena;
	const char *root, *state; /* directories; NULL: the engine's defaults */
	const char *config;       /* file; NULL: the default */
	const char *host;         /* a captured host tree; NULL: this host */
	const char *log_level;
	bool version;
};

struct command {
	const char *name;    /* "run", or with its family: "image inspect" */
	const char *const *also; /* further names, ends with NULL: "image ls"; a family lists the first one in it */
	const char *args;    /* of the usage line: "[OPTIONS] IMAGE [COMMAND [ARG...]]" */
	const char *summary; /* one line, no full stop */
	const struct option_group *const *groups; /* ends with NULL; NULL: takes no options */
	size_t options_size; /* of the structure that the options fill; it starts zeroed */
	void (*init)(void *options);
	const char *complete;   /* what its operands are, for completion: "container", "command" or a list of words */
	int min_args, max_args; /* -1: any number */
	bool hidden;            /* for other programs of tare, or for building it */
	bool family;            /* only the first word of others; run is NULL */
	bool stops;             /* the first operand ends the options */
	bool takes_host;        /* knows what to do with a captured host (--host) */
	int error_status;       /* exit status of a failure */
	bool (*needs_root)(const void *options); /* NULL: anyone may */
	int (*run)(struct cli *cli, void *options, const struct operands *operands, int *ret_status, struct err *e);
};

/* One line each, as they are many people's. */
extern const struct command command_attach;
extern const struct command command_cgroup;
extern const struct command command_commit;
extern const struct command command_completion;
extern const struct command command_container;
extern const struct command command_container_inspect;
extern const struct command command_container_prune;
extern const struct command command_cp;
extern const struct command command_create;
extern const struct command command_diff;
extern const struct command command_enter;
extern const struct command command_exec;
extern const struct command command_explain;
extern const struct command command_export;
extern const struct command command_help;
extern const struct command command_history;
extern const struct command command_image;
extern const struct command command_image_inspect;
extern const struct command command_image_prune;
extern const struct command command_images;
extern const struct command command_import;
extern const struct command command_info;
extern const struct command command_inspect;
extern const struct command command_kill;
extern const struct command command_kube;
extern const struct command command_kube_advise;
extern const struct command command_kube_apply;
extern const struct command command_kube_delete;
extern const struct command command_kube_describe;
extern const struct command command_kube_exec;
extern const struct command command_kube_get;
extern const struct command command_kube_logs;
extern const struct command command_kube_quantity;
extern const struct command command_kube_resize;
extern const struct command command_kube_top;
extern const struct command command_kube_tree;
extern const struct command command_kube_wait;
extern const struct command command_kube_who_dies_first;
extern const struct command command_lint;
extern const struct command command_load;
extern const struct command command_login;
extern const struct command command_logout;
extern const struct command command_logs;
extern const struct command command_man;
extern const struct command command_cni;
extern const struct command command_firewall;
extern const struct command command_network;
extern const struct command command_network_connect;
extern const struct command command_network_create;
extern const struct command command_network_disconnect;
extern const struct command command_network_doctor;
extern const struct command command_network_inspect;
extern const struct command command_network_ls;
extern const struct command command_network_prune;
extern const struct command command_network_rm;
extern const struct command command_ns;
extern const struct command command_oom;
extern const struct command command_pause;
extern const struct command command_port;
extern const struct command command_ps;
extern const struct command command_pull;
extern const struct command command_push;
extern const struct command command_reap;
extern const struct command command_kube_settle;
extern const struct command command_kube_wait_due;
extern const struct command command_rename;
extern const struct command command_restart;
extern const struct command command_rm;
extern const struct command command_rmi;
extern const struct command command_run;
extern const struct command command_save;
extern const struct command command_scope;
extern const struct command command_start;
extern const struct command command_stats;
extern const struct command command_stop;
extern const struct command command_system;
extern const struct command command_system_df;
extern const struct command command_system_prune;
extern const struct command command_tag;
extern const struct command command_top;
extern const struct command command_unpause;
extern const struct command command_unshare;
extern const struct command command_update;
extern const struct command command_version;
extern const struct command command_volume;
extern const struct command command_volume_create;
extern const struct command command_volume_inspect;
extern const struct command command_volume_ls;
extern const struct command command_volume_prune;
extern const struct command command_volume_rm;
extern const struct command command_wait;
extern const struct command command_watch;

#define ALSO(...) ((const char *const[]){ __VA_ARGS__, NULL })

extern const struct option_group opt_global; /* the options before the command */
extern const struct option_group *const global_groups[];

/* commands - all of them, sorted by name; hidden ones too. */
const struct command *const *commands(size_t *ret_n);
/* command_find - by the first of n words; a family takes the second one along, unless that is an option. *ret_used
 * counts them. -EINVAL "unknown command imgae; did you mean image?" */
int command_find(char *const *words, int n, const struct command **ret, int *ret_used, struct err *e);

/* command_usage - that it was called with operands that it has not, or without: -EINVAL, and Docker's status */
int command_usage(const struct command *c, int *ret_status, struct err *e);

/* A name of a command inside a family: "ls" of "image ls". */
struct command_member {
	const char *name;
	const struct command *command;
};

/* command_members - the names that a family lists, sorted; NULL: those outside of any family. Returns how many there are,
 * at most COMMANDS_MAX. */
#define COMMANDS_MAX 128
size_t command_members(const struct command *family, struct command_member ret[COMMANDS_MAX]);

/* command_main - argv of the program. Returns the exit status; errors were written to standard error, one line each. */
int command_main(int argc, char **argv);

/* cli_print - the whole buffer to standard output. */
int cli_print(const struct buf *out, struct err *e);

/* ---- help.c ------------------------------------------------------------------------------------------------- */

#define CLI_OUTPUT_MAX (4u << 20) /* of one command's tables or texts */

void help_overview(struct buf *out);
void help_command(const struct command *c, struct buf *out);
/* help_man - the options of a command as mdoc(7) source; NULL: the options before the command. */
void help_man(const struct command *c, struct buf *out);
