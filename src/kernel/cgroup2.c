/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup2.c - a group's part in the unified hierarchy: Documentation/admin-guide/cgroup-v2.rst. */
#include "kernel/cgroup_priv.h"
#include "kernel/smallfile.h"

#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>

/* Those that limits, statistics and OOM events of an ordinary container come from. Each costs at every mkdir(2) and
 * rmdir(2); hugetlb, rdma and misc are enabled when a limit first names one of their files. */
#define USUAL_CONTROLLERS                                                                                              \
	(1u << CGROUP_CPU | 1u << CGROUP_CPUSET | 1u << CGROUP_MEMORY | 1u << CGROUP_BLKIO | 1u << CGROUP_PIDS)

static const char *name_in_v2(unsigned c)
{
	return c == CGROUP_BLKIO ? "io" : cgroup_controller_name((enum cgroup_controller)c);
}

static uint32_t read_controllers(const struct cgroup *cg, const char *dir, size_t len, const char *file)
{
	char path[CGROUP_DIR_MAX], text[512];
	struct sv list, name;
	uint32_t set = 0;

	if (!cgroup_file_path(path, dir, len, file) || smallfile_read(cg->root, path, text, sizeof text, &list) < 0)
		return 0;
	list = sv_trim(list);
	while (sv_next(&list, ' ', &name)) {
		int c = cgroup_controller_from_name(name);

		if (c >= 0)
			set |= 1u << c;
	}
	return set;
}

/* The first refusal is kept: it explains later why a limit finds no file. Without limits nobody need hear of it. */
static void note_refusal(struct cgroup *cg, const struct cgroup_part *p, size_t len, unsigned c, int code)
{
	if (cg->enable.code)
		return;
	cg->enable.code = code;
	(void)snprintf(cg->enable.text, sizeof cg->enable.text, "controller %s cannot be enabled below group %.*s%s",
		       name_in_v2(c), len > p->mount_len ? (int)(len - p->mount_len) : 1, p->dir + p->mount_len,
		       code == EBUSY ? ", in which processes are" : "");
}

static bool path_exists(const struct cgroup *cg, const struct cgroup_part *p, size_t len, const char *file)
{
	char path[CGROUP_DIR_MAX];

	return cgroup_file_path(path, p->dir, len, file) && smallfile_exists(cg->root, path);
}

/* A group with processes must not give controllers on. The kernel refuses it for memory and io; but asked for cpu or
 * pids (Linux 6.1) it makes the group "threaded", and the groups below can then not be entered at all. Only the true
 * root, which has no type, may have both. */
static bool has_inner_processes(const struct cgroup *cg, const struct cgroup_part *p, size_t len)
{
	char path[CGROUP_DIR_MAX], text[32];
	struct sv list;

	return path_exists(cg, p, len, "cgroup.type") && cgroup_file_path(path, p->dir, len, "cgroup.procs") &&
	       smallfile_read(cg->root, path, text, sizeof text, &list) == 0 && list.n;
}

/* One controller a write: together, one that is refused would take the others with it. */
static void enable_at(struct cgroup *cg, const struct cgroup_part *p, size_t len, uint32_t missing)
{
	bool busy = has_inner_processes(cg, p, len);
	char path[CGROUP_DIR_MAX], word[32];
	scoped_fd fd = -1;

	(void)cgroup_file_path(path, p->dir, len, "cgroup.subtree_control");
	fd = busy ? -1 : openat(cg->root, path, O_WRONLY | O_CLOEXEC);
	for (unsigned c = 0; c < CGROUP_CONTROLLER_COUNT; c++) {
		int n;

		if (!(missing >> c & 1))
			continue;
		n = snprintf(word, sizeof word, "+%s", name_in_v2(c));
		if (fd < 0 || write(fd, word, (size_t)n) < 0)
			note_refusal(cg, p, len, c, busy ? EBUSY : errno);
	}
}

static uint32_t available(const struct cgroup *cg, const struct cgroup_part *p)
{
	return cg->layout.h[p - cg->part].controllers;
}

static void enable_above(struct cgroup *cg, const struct cgroup_part *p, const char *dir, uint32_t want)
{
	size_t n = strlen(dir);

	for (size_t i = p->mount_len; i < n; i++) {
		uint32_t missing;

		if (i != p->mount_len && dir[i] != '/')
			continue;
		missing = want & ~read_controllers(cg, dir, i, "cgroup.subtree_control");
		if (missing)
			enable_at(cg, p, i, missing);
	}
}

/* Usually every group above has them enabled since the first container, and one look is all. */
static int cgroup2_made(struct cgroup *cg, struct cgroup_part *p, const char *dir, bool inner, struct err *e)
{
	uint32_t want = USUAL_CONTROLLERS & available(cg, p);

	(void)e;
	if (!inner && want && want & ~read_controllers(cg, dir, strlen(dir), "cgroup.controllers"))
		enable_above(cg, p, dir, want);
	return 0;
}

/* "hugetlb.2MB.max" */
static bool cgroup2_enable_for(struct cgroup *cg, struct cgroup_part *p, const char *file)
{
	struct sv controller, rest;
	int c = sv_cut(sv_from(file), '.', &controller, &rest) ? cgroup_controller_from_name(controller) : -1;

	if (c < 0 || !(available(cg, p) >> c & 1))
		return false;
	enable_above(cg, p, p->dir, 1u << c);
	return true;
}

static int cgroup2_open(struct cgroup *cg, struct cgroup_part *p, struct err *e)
{
	p->fd = openat(cg->root, p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->fd < 0 ? err_sys(e, "open %s", p->dir) : 0;
}

int cgroup2_open_procs(const struct cgroup_part *p, struct err *e)
{
	int fd = openat(p->fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open %s/cgroup.procs", p->dir) : fd;
}

static int file_put(const struct cgroup_part *p, const char *file, const char *value)
{
	scoped_fd fd = openat(p->fd, file, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

int cgroup2_make_threaded(const struct cgroup_part *p, struct err *e)
{
	int r = file_put(p, "cgroup.type", "threaded");

	return r < 0 ? err_set(e, -r, "%s/cgroup.type: %s", p->dir, strerror(-r)) : 0;
}

static int cgroup2_freeze(const struct cgroup *cg, const struct cgroup_part *p, bool on)
{
	(void)cg;
	return file_put(p, "cgroup.freeze", on ? "1" : "0");
}

static int cgroup2_frozen(const struct cgroup *cg, const struct cgroup_part *p)
{
	char text[256];
	struct sv lines;
	uint64_t v = 0;
	int r = smallfile_read(p->fd, "cgroup.events", text, sizeof text, &lines);

	(void)cg;
	return r < 0 ? r : cgroup_counter(lines, "frozen", &v) && v;
}

/* Before Linux 5.14 there is no cgroup.kill. A frozen group of v2 dies of SIGKILL without being thawed. */
static int kill_frozen(const struct cgroup_part *p, struct err *e)
{
	bool frozen = cgroup2_freeze(NULL, p, true) == 0;
	int r;

	do
		r = cgroup_tree_kill(p->fd, CGROUP_DEPTH_MAX, e);
	while (r > 0 && !frozen && cgroup_tree_is_populated(p->fd, CGROUP_DEPTH_MAX));
	if (frozen)
		(void)cgroup2_freeze(NULL, p, false);
	return r < 0 ? r : 0;
}

static int cgroup2_kill(const struct cgroup *cg, const struct cgroup_part *p, struct err *e)
{
	int r = file_put(p, "cgroup.kill", "1");

	if (r == 0 || r == -ENODEV) /* ENODEV: the group was removed */
		return 0;
	if (r == -ENOENT)
		return kill_frozen(p, e);
	return err_set(e, -r, "%s/cgroup.kill: %s", p->dir, strerror(-r));
}

static bool cgroup2_is_populated(const struct cgroup *cg, const struct cgroup_part *p)
{
	char text[256];
	struct sv lines;
	uint64_t v = 0;

	return smallfile_read(p->fd, "cgroup.events", text, sizeof text, &lines) == 0 &&
	       cgroup_counter(lines, "populated", &v) && v;
}

const struct cgroup_ops cgroup2_ops = {
	.name = "v2",
	.made = cgroup2_made,
	.enable_for = cgroup2_enable_for,
	.open = cgroup2_open,
	.kill = cgroup2_kill,
	.is_populated = cgroup2_is_populated,
	.freeze = cgroup2_freeze,
	.frozen = cgroup2_frozen,
};
