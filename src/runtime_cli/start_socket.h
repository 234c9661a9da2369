/* SPDX-License-Identifier: Apache-2.0 */
/* start_socket.h - where a process that was created waits: <root>/<id>/start, unix(7) SOCK_SEQPACKET.
 *
 * A path of a socket has at most 107 bytes, and a container's folder may be longer: it is reached through /proc/self/fd. */
#pragma once

#include "base/err.h"

/* To be replaced in a plan by the socket, which comes after it. */
#define START_SOCKET_COMES (-1)

/* start_socket_open - listening, under a name that nobody looks for. start_socket_publish - now it is found. */
int start_socket_open(int dir, int *ret_fd, struct err *e);
int start_socket_publish(int dir, struct err *e);

/* start_socket_connect - -ESRCH: nobody waits there (any more) */
int start_socket_connect(int dir, int *ret_fd, struct err *e);
