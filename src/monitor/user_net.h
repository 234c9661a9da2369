/* SPDX-License-Identifier: Apache-2.0 */
/* user_net.h - an ordinary user's container's way out: pasta(1), slirp4netns(1), beside the container from before its command
 * runs to its end.
 *
 * The helper is in a pid namespace whose first process ends with its parent (PR_SET_PDEATHSIG): whatever becomes of us, none
 * outlives us. The helper itself could not promise that, as it changes its ids and capabilities. The words of the charter name
 * files of the state folder, where it starts: USER_NET_NETNS, bound there while it begins; it may not look into /proc of who
 * has more capabilities than it kept. */
#pragma once

#include "base/err.h"

#include <sys/types.h>

#define USER_NET_NETNS "./netns"
#define USER_NET_READY "./net-ready" /* a fifo, open as descriptor USER_NET_READY_FD, too: a word there says that it is ready */
#define USER_NET_READY_FD 3
#define USER_NET_SOCKET "./net-socket" /* where requests go; one line of JSON each, and one as answer */
#define USER_NET_SAID "./net-said"     /* its standard error */

struct user_net {
	int pidfd; /* -1: there is none */
};

/* user_net_begin - argv, the path first, ends with NULL; state: the working directory as well; pid: whose network namespace it is.
 * requests: lines, ends with NULL. It is ready when this returns 0; else nothing is left, and the text is the helper's last line. */
int user_net_begin(struct user_net *n, int proc, pid_t pid, const char *const *argv, const char *const *requests,
		   struct err *e);
void user_net_end(struct user_net *n);
