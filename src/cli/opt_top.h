/* SPDX-License-Identifier: Apache-2.0 */
/* opt_top.h - the options of the full-screen `tare top`, for the command and for the program that it becomes. */
#pragma once

#include "cli/option.h"

struct opt_top {
	int64_t interval_ns;
	int by; /* place in the row's words */
	bool tree, no_trunc;
	const char *interval, *sort; /* as they were given; NULL */
};

extern const struct option_group opt_top; /* of a struct opt_top */
void opt_top_init(void *options);

/* The program's own before them. */
struct top_program_options {
	struct opt_top top;
	const char *root, *state, *config;
};
extern const struct option_group *const top_program_groups[];
void top_program_options_init(struct top_program_options *o);
