/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/fd_run.h"

#include "base/scope.h"
#include "kernel/sys.h"

#include <unistd.h>

static void close_run(int first, int last)
{
	if (first == last || sys_close_range((unsigned)first, (unsigned)last, 0) < 0)
		for (int fd = first; fd <= last; fd++)
			close(fd);
}

void fd_run_close(struct fd_run *r)
{
	unsigned first = 0;

	for (unsigned i = 1; i <= r->n; i++) {
		if (i < r->n && r->fd[i] == r->fd[i - 1] + 1)
			continue;
		close_run(r->fd[first], r->fd[i - 1]);
		first = i;
	}
	r->n = 0;
}

void fd_run_add(struct fd_run *r, int fd)
{
	unsigned at;

	if (r->n == ARRAY_LEN(r->fd))
		fd_run_close(r);
	at = r->n++;
	for (; at && r->fd[at - 1] > fd; at--)
		r->fd[at] = r->fd[at - 1];
	r->fd[at] = fd;
}
