/* SPDX-License-Identifier: Apache-2.0 */
/* lock.h - one lock per object: an open-file-description lock on the file `lock` in the object's folder.
 *
 * The holder writes what it is about to do into the file (the intent). The kernel lets go of the lock when the holder
 * dies, at whatever instruction; whoever takes it next reads what was being done and finishes it (recover.h). A record
 * is written by one pwrite(2) of LOCK_RECORD_SIZE bytes: there is the old one or the new one, never half. */
#pragma once

#include "base/err.h"
#include "engine/engine.h"
#include "kernel/ofd_lock.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LOCK_FILE "lock"
#define LOCK_RECORD_SIZE 256
#define LOCK_OP_SIZE 24

struct intent {
	char op[LOCK_OP_SIZE]; /* "create", "remove", …; "" = nothing was being done */
	pid_t pid;
	uint64_t start_ticks; /* with pid and boot_id: which process (procfs.h) */
	char boot_id[BOOT_ID_SIZE];
};

struct lock {
	int fd; /* -1: not held */
};

#define LOCK_NONE ((struct lock){ .fd = -1 })

/* lock_take - wait up to timeout_ms for dir/lock (made when missing), then write the intent `op`; but an intent that the
 * last holder did not come to the end of stays, now under this process's name, until somebody releases the lock.
 * ret_before (may be NULL): what the last holder left; op "" when it came to an end.
 * -EAGAIN: held; the text names process and operation of the holder. -ENOENT: the object was removed meanwhile. */
int lock_take(struct engine *en, int dir, const char *op, unsigned timeout_ms, struct lock *ret,
	      struct intent *ret_before, struct err *e);

/* lock_intend - the holder turns to something else. */
int lock_intend(struct engine *en, const struct lock *l, const char *op, struct err *e);

/* lock_release - done: the intent is cleared. lock_abandon - failed half way: the intent stays for the next holder.
 * Both are fine on LOCK_NONE. */
void lock_release(struct lock *l);
void lock_abandon(struct lock *l);

/* lock_is_held - by anybody but this descriptor's own open file; false too when there is no lock file. */
bool lock_is_held(int dir);

/* lock_peek - both without taking it: is the lock at dir/path (a folder's LOCK_FILE) held, and for what. An intent that
 * cannot be read is none. -ENOENT: no file. */
int lock_peek(int dir, const char *path, bool *ret_held, struct intent *ret, struct err *e);

#define scoped_lock SCOPED(lock_release) struct lock
