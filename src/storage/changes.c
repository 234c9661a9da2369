/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/changes.h"

#include "base/dir_names.h"
#include "base/scope.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define INSIDE (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV)
#define BELOW (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)

struct walk {
	int upper, below;
	changes_fn *fn;
	void *arg;
	char path[PATH_MAX]; /* of the directory at hand, without the first slash */
};

/* Gone meanwhile: no names. */
static int sorted_names(const struct walk *w, struct dir_names *ret, struct err *e)
{
	scoped_fd fd = sys_openat2(w->upper, w->path[0] ? w->path : ".", O_RDONLY | O_DIRECTORY, INSIDE);

	if (fd >= 0)
		return dir_names_read(fd, ret, e);
	*ret = (struct dir_names){ NULL, 0 };
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : err_sys(e, "open /%s", w->path);
}

static bool is_below(const struct walk *w)
{
	scoped_fd fd = sys_openat2(w->below, w->path, O_PATH | O_NOFOLLOW, BELOW);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && !(S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0));
}

static int tell(const struct walk *w, enum change change, struct err *e)
{
	char path[PATH_MAX + 1];

	(void)snprintf(path, sizeof path, "/%s", w->path);
	return w->fn(w->arg, change, path, e);
}

static int walk_dir(struct walk *w, struct err *e);

static int walk_entry(struct walk *w, struct err *e)
{
	scoped_fd fd = sys_openat2(w->upper, w->path, O_PATH | O_NOFOLLOW, INSIDE);
	struct stat st;
	bool below = is_below(w);
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0; /* gone meanwhile */
	close(fd_take(&fd));
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
		return below ? tell(w, CHANGE_DELETED, e) : 0;
	r = tell(w, below ? CHANGE_CHANGED : CHANGE_ADDED, e);
	return r == 0 && S_ISDIR(st.st_mode) ? walk_dir(w, e) : r;
}

static int walk_dir(struct walk *w, struct err *e)
{
	size_t end = strlen(w->path);
	struct dir_names list;
	int r = sorted_names(w, &list, e);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		int n = snprintf(w->path + end, sizeof w->path - end, "%s%s", end ? "/" : "", list.v[i]);

		if (n < 0 || (size_t)n >= sizeof w->path - end)
			r = err_set(e, ENAMETOOLONG, "a path in it is longer than %d bytes", PATH_MAX);
		else
			r = walk_entry(w, e);
		w->path[end] = '\0';
	}
	dir_names_done(&list);
	return r;
}

int changes_list(int upper, int below, changes_fn *fn, void *arg, struct err *e)
{
	struct walk *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return err_oom(e);
	*w = (struct walk){ .upper = upper, .below = below, .fn = fn, .arg = arg };
	r = walk_dir(w, e);
	free(w);
	return r;
}
