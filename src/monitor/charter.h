/* SPDX-License-Identifier: Apache-2.0 */
/* charter.h - what a monitor is told at its birth, beside the bundle's config.json: one versioned record in the
 * container's state directory, <state>/<id>/charter.
 *
 * NUL-terminated fields "key=value", the first one "tare-charter=1"; a key that occurs several times is a list. Written
 * by the engine, read by the monitor (again at each restart of the container). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "runtime/plan.h"

#include <stdbool.h>

#define CHARTER_VERSION 1
#define CHARTER_FILE "charter"
#define CONFIG_FILE "config.json"
#define TRACE_FILE "trace"

struct charter {
	const char *id;
	const char *container_dir;           /* absolute: where the outcome goes */
	struct root_source root;
	const char **copy_up;                /* destinations of volumes to fill while they are empty */
	size_t copy_up_count;
	bool auto_remove, open_stdin, trace;
	const char *program, *data_root, *state_root; /* PROGRAM --root DATA_ROOT --state STATE_ROOT _reap ID */
};

/* charter_write - state_dir/charter, mode 0600. */
int charter_write(int state_dir, const struct charter *c, struct err *e);
/* charter_read - -ENOENT, -EINVAL: not a charter, or of a newer version. Memory belongs to a. */
int charter_read(int state_dir, struct arena *a, struct charter *ret, struct err *e);
