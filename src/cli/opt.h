/* SPDX-License-Identifier: Apache-2.0 */
/* opt.h - the option groups of `tare run`, one file each (opt_*.c), and the structure that they fill. */
#pragma once

#include "cli/option.h"
#include "spec/config.h"
#include "engine/run.h"

struct run_options {
	struct container_config config;
	struct run_flags flags;
	struct oci_strings file_env;  /* of --env-file; -e comes after them, wherever it stood */
	struct oci_pairs file_labels; /* of --label-file, likewise */
	struct network_config first_network; /* --ip and its like, wherever they stood */
	bool changes;                 /* of a container that is there: -1 takes a limit away */
	bool attach_given;            /* -a: only the streams that it names */
	const char *called;           /* in messages: "tare create"; NULL: tare run */
	bool misused;                 /* by run_options_finish(): with what Docker's client ends with 1, not 125 */
};

#define RUN_FIELD(name) offsetof(struct run_options, name)

/* opt_run: those that `tare create` does not take; opt_limit: those that `tare update` takes as well. */
extern const struct option_group opt_container, opt_mount, opt_namespace, opt_process, opt_refused, opt_limit,
	opt_network, opt_cgroup, opt_run, opt_security;

/* option_restart - "on-failure:3"; for those whose structure begins with a struct run_options. */
option_set_fn option_restart;

/* opt_network_finish - called by run_options_finish() */
int opt_network_finish(struct run_options *o, struct arena *a, struct err *e);

void run_options_init(void *options); /* of struct run_options; command.h */
/* run_options_finish - after the last option: files before single settings, the last of a name wins, operands become
 * image and command, options that exclude each other are refused. */
int run_options_finish(struct run_options *o, struct arena *a, const struct operands *operands, struct err *e);
