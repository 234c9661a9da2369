/* SPDX-License-Identifier: Apache-2.0 */
/* tmpdir.h - a folder for one test case, removed at its end. */
#pragma once

#include "base/io.h"
#include "base/scope.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tmpdir {
	char path[64];
	int fd;
};

static inline struct tmpdir tmpdir_new(void)
{
	struct tmpdir t = { .path = "/tmp/tare-test-XXXXXX" };

	if (!mkdtemp(t.path))
		abort();
	t.fd = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return t;
}

static inline void tmpdir_done(struct tmpdir *t)
{
	close(t->fd);
	(void)io_remove_tree_at(AT_FDCWD, t->path, NULL);
}

#define scoped_tmpdir SCOPED(tmpdir_done) struct tmpdir

/* tmpdir_path - "<path>/<name>", good until the next call */
static inline const char *tmpdir_path(const struct tmpdir *t, const char *name)
{
	static char text[256];

	(void)snprintf(text, sizeof text, "%s/%s", t->path, name);
	return text;
}
