/* SPDX-License-Identifier: Apache-2.0 */
/* fake_tree.h - a host made of plain files in a mkdtemp(3) directory, removed at the end of its scope. */
#pragma once

#include "base/io.h"
#include "base/scope.h"
#include "kernel/host.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct fake_tree {
	char path[32];
	int fd;
};

static inline void fake_tree_dir(const struct fake_tree *t, const char *path)
{
	char part[512];

	for (size_t i = 1; i <= strlen(path); i++)
		if (path[i] == '/' || path[i] == '\0') {
			memcpy(part, path, i);
			part[i] = '\0';
			assert_true(mkdirat(t->fd, part, 0755) == 0 || errno == EEXIST);
		}
}

static inline void fake_tree_put(const struct fake_tree *t, const char *path, const char *text)
{
	char dir[512];
	const char *slash = strrchr(path, '/');
	int fd;

	if (slash) {
		assert_true((size_t)(slash - path) < sizeof dir);
		memcpy(dir, path, (size_t)(slash - path));
		dir[slash - path] = '\0';
		fake_tree_dir(t, dir);
	}
	fd = openat(t->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	close(fd);
}

/* The text of a file, in a buffer that the next call overwrites; "" when it is missing. */
static inline const char *fake_tree_get(const struct fake_tree *t, const char *path)
{
	static char text[4096];
	int fd = openat(t->fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

static inline struct fake_tree fake_tree_new(void)
{
	struct fake_tree t = { "/tmp/tare-test-XXXXXX", -1 };

	assert_non_null(mkdtemp(t.path));
	t.fd = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(t.fd >= 0);
	fake_tree_dir(&t, "proc/self");
	fake_tree_dir(&t, "sys");
	return t;
}

static inline struct host fake_tree_host(const struct fake_tree *t)
{
	struct host h;
	struct err e = { 0 };

	if (host_open(&h, t->path, &e) < 0)
		fail_msg("%s", e.msg);
	return h;
}

static inline void fake_tree_end(struct fake_tree *t)
{
	struct err e = { 0 };

	close(t->fd);
	if (io_remove_tree_at(AT_FDCWD, t->path, &e) < 0)
		fail_msg("%s", e.msg);
}

#define scoped_tree SCOPED(fake_tree_end) struct fake_tree
#define scoped_host SCOPED(host_close) struct host
