/* SPDX-License-Identifier: Apache-2.0 */
/* scm_rights.h - descriptors that go along with data: unix(7) SCM_RIGHTS, sendmsg(2), recvmsg(2). Callable after clone3(2). */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define SCM_FDS_MAX 64 /* of one message here; the kernel takes 253 */

/* scm_send - n > 0 bytes and with them nfds descriptors, which stay the caller's; none: the bytes alone. As sendmsg(2), with
 * MSG_NOSIGNAL besides flags, and not ended by a signal. */
ssize_t scm_send(int sock, const void *data, size_t n, const int *fds, size_t nfds, int flags);

/* scm_receive - as recvmsg(2), not ended by a signal. ret_fds[max] are the caller's, close-on-exec, and -1 where none came,
 * also when it fails; of more than max, all are closed, and as if none had come. ret_sender: NULL, or of a socket with SO_PASSCRED
 * the sender's pid, else 0. */
ssize_t scm_receive(int sock, void *data, size_t n, int *ret_fds, size_t max, pid_t *ret_sender, int flags);
