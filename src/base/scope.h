/* SPDX-License-Identifier: Apache-2.0 */
/* scope.h - scopes release what they hold; ownership moves by name (fd_take, ptr_take). */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SCOPED(fn) __attribute__((cleanup(fn), unused))
#define ARRAY_LEN(a) (sizeof(a) / sizeof(*(a)))

static inline void fd_scope_end(int *fd)
{
	int keep = errno;

	if (*fd >= 0)
		close(*fd);
	errno = keep;
}

static inline int fd_take(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

static inline void free_scope_end(void *p)
{
	free(*(void **)p);
}

static inline void dir_scope_end(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define scoped_fd SCOPED(fd_scope_end) int
#define scoped_free SCOPED(free_scope_end)
#define scoped_dir SCOPED(dir_scope_end) DIR *

/* PTR_TAKE(p) - the value of p, which becomes NULL */
#define PTR_TAKE(p)                         \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})
