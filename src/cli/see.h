/* SPDX-License-Identifier: Apache-2.0 */
/* see.h - what the commands that look have in common: --format of words or JSON, and a host with or without an engine. */
#pragma once

#include "cli/session.h"
#include "kernel/cgroup.h"

/* A structure of options begins with this. */
struct see_options {
	bool json, no_trunc;
};

option_set_fn see_format; /* "table" or "text", "json" */
#define SEE_FORMAT(words_) \
	{ "format", 'f', "FORMAT", words_ " (default) or json", see_format, 0, .words = words_ " json" }

#define SEE_NO_TRUNC { "no-trunc", 0, NULL, "cut nothing, break no line", option_switch, \
		       offsetof(struct see_options, no_trunc) }

struct seeing {
	struct session session;
	struct engine *engine; /* NULL: containers are not known */
	struct cgroup_layout layout;
};

/* seeing_open - says on standard error why there is no engine, or that it is another one than root's. */
int seeing_open(struct seeing *s, const struct cli *cli, struct err *e);
void seeing_close(struct seeing *s);

/* see_print - the end of a command that looks: r if it failed, else what was put, its lines broken unless it is JSON */
int see_print(int r, const struct see_options *o, const struct buf *out, struct err *e);

#define scoped_seeing SCOPED(seeing_close) struct seeing
