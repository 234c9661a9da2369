/* SPDX-License-Identifier: Apache-2.0 */
/* notify.h - NOTIFY_SOCKET: who started us, systemd mostly, waits to hear that the service is ready: sd_notify(3).
 *
 * The container gets a socket of its own at /run/notify/notify.sock, and that name in its environment. What it says there is
 * passed on if it says that it is ready, with the process to watch (MAINPID=) unless that is us, and a barrier: nobody else is heard, and
 * nothing else. */
#pragma once

#include "oci/runtime_spec.h"
#include "runtime_cli/command.h"

#include <sys/types.h>

/* notify_asked - the caller's socket, unless the document's process has one by itself; NULL: none */
const char *notify_asked(const struct runtime_spec *spec);

/* notify_plan - the container `id` shows the socket: a mount and a variable more. notify_make - its folder in the container's
 * own, which must be there when the mount is made. */
int notify_plan(struct runtime *rt, const char *id, struct runtime_spec *spec, struct err *e);
int notify_make(int dir, struct err *e);

/* notify_listen - -1: the container has none, or another start listens. notify_remove - files and folder; nothing there is no error: errno. */
int notify_listen(int dir, int *ret_sock, struct err *e);
int notify_remove(int dir);

/* notify_pass - what has come to sock; true: it was ready, and `to` knows. pid 0: the process to watch is us. */
bool notify_pass(int sock, const char *to, pid_t pid);
/* notify_wait - until then, or until the process has ended */
int notify_wait(int sock, const char *to, pid_t pid, int pidfd, struct err *e);
