/* SPDX-License-Identifier: Apache-2.0 */
/* file_queue.h - small files that are made already get their bytes, owner, mode and times by a thread of their own, while
 * their tree goes on: a layer of many small files is system calls, half of which are these. */
#pragma once

#include "base/err.h"
#include "image/tree.h"

#define FILE_QUEUE_BYTES (128u << 10) /* of one file */

struct file_queue;

/* file_queue_new - o is borrowed. -EAGAIN: there is no thread to be had. */
int file_queue_new(const struct tree_options *o, struct file_queue **ret, struct err *e);
/* file_queue_add - rest->fd is the queue's now. data: rest->written bytes, FILE_QUEUE_BYTES at most, copied. The file has no
 * extended attributes. A failure is told by the next _check, with the entry's name. */
void file_queue_add(struct file_queue *q, const char *name, const struct tree_rest *rest, const void *data);
int file_queue_check(struct file_queue *q, struct err *e);
/* file_queue_end - all that was added is done. */
int file_queue_end(struct file_queue *q, struct err *e);
/* file_queue_free - what is not done yet is left so. */
void file_queue_free(struct file_queue *q);
