/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup1.c - a group's part in a hierarchy of version 1: Documentation/admin-guide/cgroup-v1/cgroups.rst. */
#include "kernel/cgroup_priv.h"
#include "kernel/smallfile.h"

#include "base/clock.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#define FREEZE_WAIT_MS 200
#define KILL_ROUNDS 64

static const struct cgroup_hierarchy *hierarchy(const struct cgroup *cg, const struct cgroup_part *p)
{
	return &cg->layout.h[p - cg->part];
}

static int file_put(const struct cgroup *cg, const char *dir, const char *file, const char *value)
{
	char path[CGROUP_DIR_MAX];
	scoped_fd fd = -1;

	if (!cgroup_file_path(path, dir, strlen(dir), file))
		return -ENAMETOOLONG;
	fd = openat(cg->root, path, O_WRONLY | O_CLOEXEC | (cg->real ? 0 : O_TRUNC));
	if (fd < 0)
		return -errno;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

static int file_get(const struct cgroup *cg, const char *dir, const char *file, char *buf, size_t cap, struct sv *ret)
{
	char path[CGROUP_DIR_MAX];
	struct sv text = { 0 };
	int r;

	if (!cgroup_file_path(path, dir, strlen(dir), file))
		return -ENAMETOOLONG;
	r = smallfile_read(cg->root, path, buf, cap, &text);
	*ret = sv_trim(text);
	return r;
}

/* ---- cpuset: a new group has no cpus and no nodes, and nothing can enter it ------------------------------------ */

static const char *const cpuset_files[] = { "cpuset.cpus", "cpuset.mems" };

/* Copies from the parent what dir lacks; where the parent lacks it too (somebody is just making it), from further up. */
static int cpuset_fill_one(const struct cgroup *cg, const char *dir, size_t mount_len, const char *file, struct err *e)
{
	char parent[CGROUP_DIR_MAX], text[4096];
	size_t n = strlen(dir);
	struct sv list;
	int r = file_get(cg, dir, file, text, sizeof text, &list);

	if (r < 0)
		return err_set(e, -r, "%s/%s: %s", dir, file, strerror(-r));
	if (list.n || n <= mount_len)
		return 0;
	memcpy(parent, dir, n + 1);
	*strrchr(parent, '/') = '\0';
	r = cpuset_fill_one(cg, parent, mount_len, file, e);
	if (r < 0)
		return r;
	r = file_get(cg, parent, file, text, sizeof text, &list);
	if (r == 0) {
		text[list.p - text + (ptrdiff_t)list.n] = '\0';
		r = file_put(cg, dir, file, list.p);
	}
	return r < 0 ? err_set(e, -r, "%s/%s: write \"%s\": %s", dir, file, text, strerror(-r)) : 0;
}

static int cpuset_fill(const struct cgroup *cg, const struct cgroup_part *p, const char *dir, struct err *e)
{
	char text[4096];
	struct sv list;

	/* a parent of ours has clone_children set, and the kernel has done it: one look instead of six calls */
	if (file_get(cg, dir, "cpuset.mems", text, sizeof text, &list) == 0 && list.n)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(cpuset_files); i++) {
		int r = cpuset_fill_one(cg, dir, p->mount_len, cpuset_files[i], e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int cgroup1_made(struct cgroup *cg, struct cgroup_part *p, const char *dir, bool inner, struct err *e)
{
	int r;

	if (!(hierarchy(cg, p)->controllers >> CGROUP_CPUSET & 1))
		return 0;
	r = cpuset_fill(cg, p, dir, e);
	if (r == 0 && inner)
		(void)file_put(cg, dir, "cgroup.clone_children", "1"); /* an old kernel without it: copied each time */
	return r;
}

int cgroup1_open_tasks(const struct cgroup *cg, const struct cgroup_part *p, struct err *e)
{
	char path[CGROUP_DIR_MAX];
	int fd;

	(void)cgroup_file_path(path, p->dir, strlen(p->dir), "tasks");
	fd = openat(cg->root, path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open %s", path) : fd;
}

static int cgroup1_open(struct cgroup *cg, struct cgroup_part *p, struct err *e)
{
	p->fd = cgroup1_open_tasks(cg, p, e);
	return p->fd < 0 ? p->fd : 0;
}

/* ---- freeze and kill ------------------------------------------------------------------------------------------ */

static int cgroup1_freeze(const struct cgroup *cg, const struct cgroup_part *p, bool on)
{
	return file_put(cg, p->dir, "freezer.state", on ? "FROZEN" : "THAWED");
}

static int cgroup1_frozen(const struct cgroup *cg, const struct cgroup_part *p)
{
	char text[64];
	struct sv state;
	int r = file_get(cg, p->dir, "freezer.state", text, sizeof text, &state);

	return r < 0 ? r : sv_is(state, "FROZEN");
}

/* While they are frozen they cannot fork. A group that does not freeze in time (a process in the kernel) is killed in
 * rounds all the same. */
static bool freeze(const struct cgroup *cg, const struct cgroup_part *p)
{
	int64_t deadline = clock_monotonic_ns() + FREEZE_WAIT_MS * INT64_C(1000000);

	if (cgroup1_freeze(cg, p, true) < 0)
		return false;
	while (cgroup1_frozen(cg, p) == 0 && clock_monotonic_ns() < deadline)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return true;
}

static int kill_rounds(int dir, bool frozen, struct err *e)
{
	int r;

	for (int round = 0; round < KILL_ROUNDS; round++) {
		r = cgroup_tree_kill(dir, CGROUP_DEPTH_MAX, e);
		if (r <= 0 || frozen)
			return r < 0 ? r : 0;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
	}
	return 0; /* what is still listed has its signal and is about to leave */
}

static int cgroup1_kill(const struct cgroup *cg, const struct cgroup_part *p, struct err *e)
{
	scoped_fd dir = openat(cg->root, p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool frozen;
	int r;

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", p->dir);
	frozen = freeze(cg, p);
	r = kill_rounds(dir, frozen, e);
	if (frozen) /* only a thawed process can die */
		(void)cgroup1_freeze(cg, p, false);
	return r;
}

static bool cgroup1_is_populated(const struct cgroup *cg, const struct cgroup_part *p)
{
	scoped_fd dir = openat(cg->root, p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir >= 0 && cgroup_tree_is_populated(dir, CGROUP_DEPTH_MAX);
}

const struct cgroup_ops cgroup1_ops = {
	.name = "v1",
	.made = cgroup1_made,
	.make_room = cgroup_rt_make_room,
	.open = cgroup1_open,
	.kill = cgroup1_kill,
	.is_populated = cgroup1_is_populated,
	.freeze = cgroup1_freeze,
	.frozen = cgroup1_frozen,
};
