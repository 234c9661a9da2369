/* SPDX-License-Identifier: Apache-2.0 */
/* exec.h - one more process in a running container: `tare exec`.
 *
 * The engine makes the process's document: what the container's configuration says of a process (its charter has it), what
 * was asked for, the user as the container's files have it now. The container's monitor runs it. No lock is taken: who
 * exec's into a container that is just ending hears so from its monitor. */
#pragma once

#include "base/err.h"
#include "engine/engine.h"
#include "oci/runtime_spec.h"

#include <stdbool.h>

struct exec_config {
	const char *container; /* name, id, or the beginning of one */
	struct oci_strings command, env; /* env: "NAME=VALUE"; "NAME" takes a variable of the container away */
	const char *user, *workdir; /* NULL: the container's */
	bool tty, open_stdin, detach, privileged;
	const char *detach_keys; /* NULL: Docker's */
};

/* engine_exec - *ret_status is that of the command; detached: 0 when it runs. On failure 127 when the
 * command is not there, 126 when the process could not be made for another reason, else 1 (detached: always); *e has
 * Docker's text. -ENOENT: no such container. -ESRCH: it does not run. -EBUSY: it is paused, or waits to run again. */
int engine_exec(struct engine *en, const struct exec_config *c, int *ret_status, struct err *e);
