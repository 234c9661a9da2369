/* SPDX-License-Identifier: Apache-2.0 */
/* fd_run.h - descriptors that are not needed any more, closed many in one call: close_range(2).
 *
 * Numbers that follow each other are a run; while they are kept, those that come after them follow, too. Callable after
 * clone3(2). */
#pragma once

struct fd_run {
	int fd[60]; /* so many at once need no more of RLIMIT_NOFILE */
	unsigned n;
};
#define FD_RUN ((struct fd_run){ 0 })

/* fd_run_add - it is closed now, or at fd_run_close(): whatever else becomes of the process, it is not used any more */
void fd_run_add(struct fd_run *r, int fd);
void fd_run_close(struct fd_run *r);
