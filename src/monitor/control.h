/* SPDX-License-Identifier: Apache-2.0 */
/* control.h - what a monitor and its clients say to each other: unix(7) SOCK_SEQPACKET, one message a packet.
 *
 * The client that starts a monitor hands it one end of a socket pair as descriptor CONTROL_FD; others connect to
 * <state>/<id>/control (directory 0700, and the peer must have the monitor's own user id). Messages have one fixed size
 * and carry a version, since monitors outlive upgrades: a monitor answers what it does not know with CONTROL_REFUSED. Version
 * and type stay the first eight bytes in every version, so each side can say what the other one speaks.
 *
 * A pod's monitor has one more such socket, <state>/pods/<uid>/control, for the pod as a whole: it tells CREATED when it has
 * taken all its containers over, STARTED when nothing more can be started for now, EXITED when the pod has ended; it is told STOP
 * (value: seconds of grace, < 0: the pod's own) and AWAIT_READY.
 *
 * A message is about one session: 0 is the container's first process, any other number an exec session, chosen by the
 * client that asks for it. A client's requests are answered in their order, each by one message unless said otherwise;
 * what happens is told to every client that has attached, started or just connected.
 *
 * An attached client's descriptors travel with CONTROL_ATTACH; they are dropped when its connection ends, so a client
 * that dies is detached and the container does not notice. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define CONTROL_VERSION 2
#define CONTROL_FD 3
#define CONTROL_SOCKET "control"
#define CONTROL_LOCK "monitor.lock" /* held (F_OFD_SETLK) as long as the monitor lives */

enum control_type {
	/* client to monitor */
	CONTROL_START = 1, /* let the command run: STARTED or FAILED */
	CONTROL_ATTACH,    /* value: bits of CONTROL_STDx; the descriptors follow in that order (SCM_RIGHTS); a container
	                      with a terminal takes STDIN and STDOUT only. No answer */
	CONTROL_SIGNAL,    /* value: to the session's process; most mean that an end is wanted, so no restart: DONE */
	CONTROL_REAPED,    /* what comes after the end is done: no `tare _reap` needed. flag: but for the two folders of
	                      the container, which the monitor is to remove now that nobody waits. No answer */
	CONTROL_STOP,      /* value: seconds until SIGKILL, 0: at once, < 0: never; flag: the signal to begin with (0: the
	                      charter's) and perhaps CONTROL_KEEP. EXITED, like every end; no restart follows */
	CONTROL_PAUSE,     /* DONE */
	CONTROL_UNPAUSE,   /* DONE */
	CONTROL_RESIZE,    /* value: CONTROL_SIZE(rows, columns) of the session's terminal: DONE */
	CONTROL_EXEC,      /* one more process, described by <state>/<id>/exec-<session>.json; value and descriptors as
	                      ATTACH; flag: CONTROL_EXEC_x. EXEC_STARTED or EXEC_FAILED, then EXEC_EXITED */
	CONTROL_RELOAD,    /* charter and config.json were written anew: DONE */
	CONTROL_PROCEED,   /* the first word of the client that starts a monitor: the state directory is there, with charter
	                      and config.json. No answer */
	CONTROL_CHARTER,   /* before that: the charter is there, and the folders that it names, so that the root file system
	                      can be put together meanwhile. No answer */
	CONTROL_AWAIT_READY, /* to a pod's monitor: DONE when all its containers are ready, or EXITED */
	/* monitor to client */
	CONTROL_CREATED = 64, /* value: pid of the first process, as the host sees it */
	CONTROL_STARTED,
	CONTROL_FAILED,  /* it could not be created or started. value: exit status (125, 126, 127), text: why */
	CONTROL_EXITED,  /* value: exit status; flag: CONTROL_OOM, CONTROL_KEEP; text: what could not be cleaned up */
	CONTROL_REFUSED, /* text: why. flag: CONTROL_FINAL, and then value: exit status */
	CONTROL_DONE,
	CONTROL_RESTARTING,  /* it ended and will run again. value: exit status, flag: milliseconds until then */
	CONTROL_EXEC_STARTED, /* value: pid as the host sees it */
	CONTROL_EXEC_EXITED, /* value: exit status */
	CONTROL_EXEC_FAILED, /* value: 125, 126 or 127; text: why */
	CONTROL_WARNING,     /* text: a line for whoever runs it in the foreground; flag: CONTROL_LOST */
};

enum { CONTROL_STDIN = 1, CONTROL_STDOUT = 2, CONTROL_STDERR = 4 };

#define CONTROL_KEEP 0x100 /* the container stays after this end, --rm or not: somebody starts it again */
#define CONTROL_OOM 1      /* a process of it was killed for memory */
#define CONTROL_LOST 1     /* it is about output that this client did not get */
#define CONTROL_FINAL 1    /* what the client came for cannot be: it is let go */

enum {
	CONTROL_EXEC_DETACHED = 1,   /* its output goes nowhere */
	CONTROL_EXEC_PRIVILEGED = 2, /* all capabilities, no filter, no noNewPrivileges */
};

#define CONTROL_SIGNAL_BITS 0xff
#define CONTROL_SIZE(rows, columns) ((int32_t)((uint32_t)(rows) << 16 | (uint32_t)(columns)))
#define CONTROL_ROWS(value) ((uint16_t)((uint32_t)(value) >> 16))
#define CONTROL_COLUMNS(value) ((uint16_t)((uint32_t)(value) & 0xffff))

#define CONTROL_EXEC_FILE "exec-%u.json" /* the process of an exec session, in the state directory */

struct control_message {
	uint32_t version, type; /* version: control_send() knows it */
	int32_t value, flag;
	uint32_t session;
	struct err err; /* FAILED, EXITED, REFUSED, EXEC_FAILED, WARNING */
};

/* control_send - fds: up to three, passed along. -EPIPE: the other side is gone. Never blocks for long: a full queue is
 * -EAGAIN. */
int control_send(int sock, const struct control_message *m, const int *fds, int nfds, struct err *e);
/* control_tell - one without text and descriptors, about the first process */
int control_tell(int sock, enum control_type type, int value, int flag, struct err *e);
/* control_receive - waits. 1: a message; ret_fds[3] filled with what came along (-1: none), owned by the caller.
 * 0: the other side closed. -EPROTO: not a message of this protocol's version; the connection is as it was. */
int control_receive(int sock, struct control_message *ret, int ret_fds[3], struct err *e);

/* control_connect - to the monitor of the container whose state directory this is. -ENOENT, -ECONNREFUSED: no monitor. */
int control_connect(int state_dir, struct err *e);
/* control_listen - bind and listen in the current directory; a stale socket is replaced */
int control_listen(struct err *e);
/* control_accept - with the peer's user checked. -EPERM: somebody else's */
int control_accept(int listener, struct err *e);
