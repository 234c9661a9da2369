/* SPDX-License-Identifier: Apache-2.0 */
/* foreground.h - a command of the caller's own, without a monitor: clone3(2), execvp(3), waitpid(2). */
#pragma once

#include "base/err.h"

struct foreground {
	char *const *argv; /* argv[0] is looked for in PATH */
	int (*prepare)(void *context, struct err *e); /* in the child, last before the command; NULL */
	void *context;
	int cgroup; /* a group of v2 that the child is born into; -1 */
};

/* foreground_run - until it has ended. SIGINT and SIGQUIT of the terminal are the command's; SIGTERM and SIGHUP are handed
 * on. *ret_status is its own, or 128 + signal. On failure 126 or 127 when the command could not be executed or was not
 * found, else 1. */
int foreground_run(const struct foreground *f, int *ret_status, struct err *e);
