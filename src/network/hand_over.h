/* SPDX-License-Identifier: Apache-2.0 */
/* hand_over.h - a descriptor that tare-net closes after a while, as its end makes whoever closes it wait (nft_close()): a
 * connection to its socket, and one message with it. */
#pragma once

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

/* net_hand_over - state: the state folder. -ENOENT, -ECONNREFUSED: there is no tare-net. The caller still closes its own. */
int net_hand_over(int state, int fd, struct err *e);
/* net_hand_receive - recv(2) with MSG_DONTWAIT, and the descriptor that came along: -1: none. */
ssize_t net_hand_receive(int sock, char *text, size_t size, int *ret_fd);
