/* SPDX-License-Identifier: Apache-2.0 */
/* ahead.h - blocks are made by a thread of their own while those before them are used: pthreads(7). A megabyte at most
 * waits to be used. */
#pragma once

#include "base/err.h"

#include <sys/types.h>

struct ahead;

/* The next block, valid until the next call: bytes, 0 at the end, or -errno. It is not called again after these two. */
typedef ssize_t ahead_make_fn(void *arg, const void **ret_block, struct err *e);

/* ahead_new - from now on `make` is called by the thread alone. -EAGAIN: there is no thread to be had. */
int ahead_new(ahead_make_fn *make, void *arg, struct ahead **ret, struct err *e);
/* ahead_next - what make gave, in its order and with its bounds on what it returns; perhaps in smaller blocks. */
ssize_t ahead_next(struct ahead *a, const void **ret_block, struct err *e);
/* ahead_free - waits until the call of make that is under way comes back. */
void ahead_free(struct ahead *a);
