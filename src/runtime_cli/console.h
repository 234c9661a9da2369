/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - the terminal of a container's process: handed to an engine over its --console-socket, or shown on ours. */
#pragma once

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* console_connect - to the engine's socket (AF_UNIX, SOCK_STREAM), which `option` names */
int console_connect(const char *option, const char *path, int *ret_fd, struct err *e);
/* console_send - the master of the terminal, by SCM_RIGHTS */
int console_send(int sock, int master, struct err *e);

/* pidfd_socket_send - a descriptor of the process, to who listens there; NULL: nobody does */
int pidfd_socket_send(const char *path, pid_t pid, struct err *e);

/* console_check - a terminal needs --console-socket when nobody stays to show it, and no socket else. */
int console_check(bool terminal, bool detach, const char *socket, struct err *e);

/* What a foreground command does until its process ends: signals of `set` (all blocked) go to the process, the terminal,
 * if there is one, is ours. */
struct foreground {
	int pidfd;
	int console; /* master; -1: none */
	const sigset_t *set;
	int notify; /* notify.h; -1 */
	const char *notify_to;
};

/* foreground_block - every signal but those that tell of a fault */
int foreground_block(sigset_t *ret, struct err *e);
/* foreground_wait - until the process has ended; it is not reaped. Our terminal is as before then. */
int foreground_wait(const struct foreground *f, struct err *e);
