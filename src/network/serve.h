/* SPDX-License-Identifier: Apache-2.0 */
/* serve.h - tare-net: the one process for all networks of a state folder.
 *
 * It answers names in each container that has a record (record.h). Whoever has such a container (its monitor) connects to
 * <state>/net/socket (SOCK_SEQPACKET), sends the container's id, and is told "ok" when names are answered there, or why not;
 * the connection then stays, and its end tells the monitor that it has to start another tare-net (watch.h). It ends when
 * there is no connection and no record any more.
 *
 * It keeps nothing that is not in the records or in the kernel, so it may be killed at any time. */
#pragma once

#include "base/err.h"

#define NET_DIR "net" /* below the state folder */
#define NET_SOCKET "socket"
#define NET_LOCK "lock" /* an OFD lock: who has it is the one process, or about to start it */
#define NET_OK "ok"
#define NET_HOLD "hold" /* instead of an id, with a descriptor: hand_over.h */
#define NET_REPLY_MAX 512
#define NET_LOCK_FD 3 /* where a starter hands the lock over, */
#define NET_LOCK_HANDED "handed" /* which this word says */

/* Whose networks they are, absolute paths: the folders, and the program that knows the database. */
struct net_site {
	const char *state_root, *data_root, *tare;
};

/* net_serve - until there is nothing to do. lock: a descriptor with the lock taken, -1: take it. -EAGAIN: another one serves
 * this folder. */
int net_serve(const struct net_site *site, int lock, struct err *e);
