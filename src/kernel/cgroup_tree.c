/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_tree.c - a group and those below it in one hierarchy: killed, looked at, removed; alike in v1 and v2.
 *
 * What is below was made by the container. Every step is by a descriptor of the directory above, so nothing outside of
 * the subtree is reached; cgroupfs has no links. */
#include "kernel/cgroup_priv.h"
#include "kernel/smallfile.h"
#include "kernel/sys.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#define KILL_BATCH 64

static int open_subgroup(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_subgroup(const struct dirent *d)
{
	return d->d_type == DT_DIR && strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static DIR *open_listing(int dir)
{
	int fd = open_subgroup(dir, ".");
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

static struct dirent *next_subgroup(DIR *d)
{
	struct dirent *entry;

	do
		entry = readdir(d);
	while (entry && !is_subgroup(entry));
	return entry;
}

/* ---- kill ----------------------------------------------------------------------------------------------------- */

struct victim {
	pid_t pid;
	int pidfd;
	bool member; /* listed again after the pidfd was opened */
};

static int read_members(int dir, struct buf *text, struct err *e)
{
	int r;

	buf_reset(text);
	r = io_read_at(dir, "cgroup.procs", text, e);
	return r == -ENODEV || r == -ENOENT || r == -EOPNOTSUPP ? 0 : r; /* removed; or a threaded group of v2 */
}

static bool next_pid(struct sv *list, pid_t *ret)
{
	struct sv line;
	uint64_t pid;

	while (sv_next(list, '\n', &line))
		if (sv_u64(line, &pid) == 0 && pid > 0 && pid <= INT32_MAX) { /* 0: of another pid namespace */
			*ret = (pid_t)pid;
			return true;
		}
	return false;
}

static size_t open_victims(struct sv *list, struct victim v[KILL_BATCH])
{
	size_t n = 0;
	pid_t pid;

	while (n < KILL_BATCH && next_pid(list, &pid)) {
		int fd = sys_pidfd_open(pid, 0);

		if (fd >= 0)
			v[n++] = (struct victim){ pid, fd, false };
	}
	return n;
}

static void mark_members(struct sv list, struct victim *v, size_t n)
{
	pid_t pid;

	while (next_pid(&list, &pid))
		for (size_t i = 0; i < n; i++)
			v[i].member |= v[i].pid == pid;
}

/* A pid may have passed to a process outside between the list and the pidfd. If it is listed once more after that, then
 * the pidfd holds a member, or a process that is gone. */
static int kill_members(int dir, struct err *e)
{
	scoped_buf text = BUF(LIMIT_CGROUP_FILE), again = BUF(LIMIT_CGROUP_FILE);
	struct victim v[KILL_BATCH];
	struct sv list;
	int killed = 0, r = read_members(dir, &text, e);

	list = buf_sv(&text);
	while (r == 0 && list.n) {
		size_t n = open_victims(&list, v);

		r = n ? read_members(dir, &again, e) : 0;
		if (r == 0)
			mark_members(buf_sv(&again), v, n);
		for (size_t i = 0; i < n; i++) {
			killed += v[i].member && sys_pidfd_send_signal(v[i].pidfd, SIGKILL) == 0;
			close(v[i].pidfd);
		}
	}
	return r < 0 ? r : killed;
}

int cgroup_tree_kill(int dir, unsigned depth, struct err *e)
{
	scoped_dir listing = open_listing(dir);
	struct dirent *entry;
	int killed = kill_members(dir, e);

	if (killed < 0)
		return killed;
	if (!listing || depth == 0)
		return listing ? err_set(e, ELOOP, "more than %d groups deep", CGROUP_DEPTH_MAX) : killed;
	while ((entry = next_subgroup(listing))) {
		scoped_fd sub = open_subgroup(dir, entry->d_name);
		int n = sub < 0 ? 0 : cgroup_tree_kill(sub, depth - 1, e);

		if (n < 0)
			return n;
		killed += n;
	}
	return killed;
}

bool cgroup_tree_is_populated(int dir, unsigned depth)
{
	scoped_dir listing = NULL;
	struct dirent *entry;
	char text[32];
	struct sv list;

	if (smallfile_read(dir, "cgroup.procs", text, sizeof text, &list) == 0 && list.n)
		return true;
	listing = open_listing(dir);
	while (depth && listing && (entry = next_subgroup(listing))) {
		scoped_fd sub = open_subgroup(dir, entry->d_name);

		if (sub >= 0 && cgroup_tree_is_populated(sub, depth - 1))
			return true;
	}
	return false;
}

/* ---- remove --------------------------------------------------------------------------------------------------- */

/* First name of a group below dir. */
static bool first_subgroup(int dir, char ret[static 256])
{
	scoped_dir listing = open_listing(dir);
	struct dirent *entry = listing ? next_subgroup(listing) : NULL;

	return entry && sv_copy(sv_from(entry->d_name), ret, 256) == 0;
}

/* Descends always into the first group until one has none below it, and removes that. Two descriptors at any depth.
 * 1: removed one; 0: dir has none below. */
static int remove_deepest(int dir)
{
	scoped_fd parent = -1, at = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	char name[256], below[256];

	if (at < 0 || !first_subgroup(at, name))
		return at < 0 ? -errno : 0;
	for (;;) {
		if (parent >= 0)
			close(parent);
		parent = fd_take(&at);
		at = open_subgroup(parent, name);
		if (at < 0)
			return errno == ENOENT ? 1 : -errno;
		if (!first_subgroup(at, below))
			break;
		memcpy(name, below, sizeof name);
	}
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -errno;
	return 1;
}

int cgroup_tree_remove(int root, const char *dir, struct err *e)
{
	for (;;) {
		scoped_fd fd = -1;
		int r;

		if (unlinkat(root, dir, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY && errno != ENOTEMPTY) /* the latter on a captured tree */
			return err_sys(e, "rmdir %s", dir);
		fd = open_subgroup(root, dir);
		r = fd < 0 ? -errno : remove_deepest(fd);
		if (r == -ENOENT)
			continue;
		if (r == 0)
			r = -EBUSY;
		if (r < 0)
			return err_set(e, -r, "rmdir %s: %s", dir, strerror(-r));
	}
}

/* ---- members -------------------------------------------------------------------------------------------------- */

int cgroup_tree_pids(int dir, unsigned depth, struct buf *text, struct err *e)
{
	scoped_dir listing = open_listing(dir);
	scoped_buf own = BUF(LIMIT_CGROUP_FILE);
	struct dirent *entry;
	int r = read_members(dir, &own, e);

	if (r < 0)
		return r;
	buf_put(text, own.p, own.len);
	while (r == 0 && listing && depth && (entry = next_subgroup(listing))) {
		scoped_fd sub = open_subgroup(dir, entry->d_name);

		r = sub < 0 ? 0 : cgroup_tree_pids(sub, depth - 1, text, e);
	}
	return r < 0 ? r : buf_status(text, e);
}
