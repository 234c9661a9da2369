/* SPDX-License-Identifier: Apache-2.0 */
/* scratch.h - for tests that make files and mounts: a temporary directory, and mounts that nobody else sees. */
#pragma once

#include "base/io.h"
#include "base/scope.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* The whole test program leaves the mount namespace of the machine, once, in main(). false: not permitted. */
static inline bool scratch_own_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

#define SKIP_UNLESS(condition, why)                     \
	do {                                            \
		if (!(condition)) {                     \
			print_message("skip: " why "\n"); \
			skip();                         \
		}                                       \
	} while (0)

struct scratch {
	char path[64];
	int dir;
};

static inline struct scratch scratch_new_in(const char *parent)
{
	struct scratch s = { "", -1 };

	(void)snprintf(s.path, sizeof s.path, "%s/tare-scratch-XXXXXX", parent);
	if (mkdtemp(s.path))
		s.dir = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s.dir >= 0);
	return s;
}

static inline struct scratch scratch_new(void)
{
	return scratch_new_in("/tmp");
}

static inline void scratch_end(struct scratch *s)
{
	close(s->dir);
	if (io_remove_tree_at(AT_FDCWD, s->path, NULL) < 0)
		print_message("left behind: %s\n", s->path);
}

#define scoped_scratch SCOPED(scratch_end) struct scratch

static inline void scratch_file(int dir, const char *path, const char *text)
{
	scoped_fd fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal((ssize_t)strlen(text), write(fd, text, strlen(text)));
}

static inline bool scratch_has(int dir, const char *path)
{
	return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
