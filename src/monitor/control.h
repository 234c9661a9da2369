/* SPDX-License-Identifier: Apache-2.0 */
/* control.h - what a monitor and its clients say to each other: unix(7) SOCK_SEQPACKET, one message a packet.
 *
 * The client that starts a monitor hands it one end of a socket pair as descriptor CONTROL_FD; others connect to
 * <state>/<id>/control (directory 0700, and the peer must have the monitor's own user id). Messages have one fixed size
 * and carry a version, since monitors outlive upgrades: a monitor answers what it does not know with CONTROL_REFUSED.
 *
 * An attached client's descriptors travel with CONTROL_ATTACH; they are dropped when its connection ends, so a client
 * that dies is detached and the container does not notice. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define CONTROL_VERSION 1
#define CONTROL_FD 3
#define CONTROL_SOCKET "control"
#define CONTROL_LOCK "monitor.lock" /* held (F_OFD_SETLK) as long as the monitor lives */

enum control_type {
	/* client to monitor */
	CONTROL_START = 1, /* let the command run */
	CONTROL_ATTACH,    /* value: bits of CONTROL_STDx; the descriptors follow in that order (SCM_RIGHTS) */
	CONTROL_SIGNAL,    /* value: to the first process */
	CONTROL_REAPED,    /* what comes after the end is done: no `tare _reap` needed. flag: but for the two folders of
	                      the container, which the monitor is to remove now that nobody waits */
	CONTROL_STOP,      /* kill everything, end */
	/* monitor to client */
	CONTROL_CREATED = 64, /* value: pid of the first process, as the host sees it */
	CONTROL_STARTED,
	CONTROL_FAILED,  /* it could not be created or started. value: exit status (125, 126, 127), text: why */
	CONTROL_EXITED,  /* value: exit status; flag: a process was killed for memory; text: what could not be cleaned up */
	CONTROL_REFUSED, /* text: why */
};

enum { CONTROL_STDIN = 1, CONTROL_STDOUT = 2, CONTROL_STDERR = 4 };

struct control_message {
	uint32_t version, type;
	int32_t value, flag;
	struct err err; /* FAILED, EXITED, REFUSED */
};

/* control_send - fds: up to three, passed along. -EPIPE: the other side is gone. Never blocks for long: a full queue is
 * -EAGAIN. */
int control_send(int sock, enum control_type type, int value, int flag, const struct err *why, const int *fds, int nfds,
		 struct err *e);
/* control_receive - waits. 1: a message; ret_fds[3] filled with what came along (-1: none), owned by the caller.
 * 0: the other side closed. -EPROTO: not a message of this protocol's version. */
int control_receive(int sock, struct control_message *ret, int ret_fds[3], struct err *e);

/* control_connect - to the monitor of the container whose state directory this is. -ENOENT, -ECONNREFUSED: no monitor. */
int control_connect(int state_dir, struct err *e);
/* control_listen - bind and listen in the current directory; a stale socket is replaced */
int control_listen(struct err *e);
/* control_accept - with the peer's user checked. -EPERM: somebody else's */
int control_accept(int listener, struct err *e);
