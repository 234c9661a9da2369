/* SPDX-License-Identifier: Apache-2.0 */
/* ofd_lock.h - open-file-description write locks over a whole file: fcntl_locking(2), F_OFD_SETLK.
 *
 * Such a lock belongs to the open file, not to the process: it ends with the last descriptor that was duplicated or
 * inherited from it, so also with SIGKILL, and closing another descriptor of the same file does not lose it. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

#define OFD_LOCK_FOREVER (~0u)

/* ofd_lock_take - fd must be open for writing. Waits up to timeout_ms (0: not at all; OFD_LOCK_FOREVER).
 * -EAGAIN: another open file has it. The text has no operand: the caller wraps. */
int ofd_lock_take(int fd, unsigned timeout_ms, struct err *e);

/* process_lock_take - the same with a lock of the process (F_SETLK): no child has it, and it ends with the process, or when
 * that closes any descriptor of the file. It and locks of open files exclude each other. */
int process_lock_take(int fd, unsigned timeout_ms, struct err *e);

/* ofd_lock_is_held - does some other open file description hold a lock on fd's file? fd may be read-only.
 * An error of the kernel counts as "yes": nobody is robbed for it. */
bool ofd_lock_is_held(int fd);
