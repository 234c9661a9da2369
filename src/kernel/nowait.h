/* SPDX-License-Identifier: Apache-2.0 */
/* nowait.h - reading and writing without ever waiting, on descriptors that others have too: O_NONBLOCK would be theirs as
 * well, and what poll(2) found ready another reader may have emptied, another writer filled. preadv2(2) RWF_NOWAIT,
 * recv(2) MSG_DONTWAIT, and for pipes of kernels before 6.4 and FIFOs a description of our own, proc_pid_fd(5). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum nowait {
	NOWAIT_PLAIN,  /* read(2) and write(2) do not wait: O_NONBLOCK, a regular file, /dev/null */
	NOWAIT_PIPE,   /* asked each time */
	NOWAIT_SOCKET, /* likewise */
	NOWAIT_POLL,   /* a terminal, and what cannot be asked: when poll(2) says so, a little */
};

/* nowait_of - how it is with a descriptor that came from somewhere else; one of somebody else's FIFO or pipe, that perhaps
 * could not be opened anew, counts as NOWAIT_POLL. It becomes no other when it is used but by these functions. */
enum nowait nowait_of(int fd);

/* nowait_read, nowait_write - as read(2) and write(2). EAGAIN: not now. Where that is needed, fd becomes a description of our own under
 * the same number, close-on-exec, and *how another one. */
ssize_t nowait_read(int fd, enum nowait *how, void *to, size_t n);
ssize_t nowait_write(int fd, enum nowait *how, const void *from, size_t n);
