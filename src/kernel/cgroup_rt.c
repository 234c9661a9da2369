/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_rt.c - real-time runtime goes down the tree of v1's cpu hierarchy: Documentation/scheduler/sched-rt-group.rst.
 *
 * What the children of a group have together must fit into what it has itself, and a new group has none. So a first
 * container that asks for some needs the groups above it to have as much: they are raised, from the top, to what their
 * children then need, and no further. The root's own is the host's bound. */
#include "kernel/cgroup_priv.h"
#include "kernel/smallfile.h"

#include "base/scope.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#define ATTEMPTS 40
#define ATTEMPT_NS 5000000

struct rt {
	uint64_t runtime_us, period_us;
};

static int number_get(int dir, const char *file, uint64_t *ret)
{
	char text[64];
	struct sv value;
	int r = smallfile_read(dir, file, text, sizeof text, &value);

	return r < 0 ? r : sv_u64(sv_trim(value), ret);
}

static int rt_get(int dir, struct rt *ret)
{
	int r = number_get(dir, "cpu.rt_runtime_us", &ret->runtime_us);

	if (r == 0)
		r = number_get(dir, "cpu.rt_period_us", &ret->period_us);
	return r < 0 ? r : ret->period_us ? 0 : -EINVAL;
}

/* The runtime in a period of another length, rounded up. */
static uint64_t rt_scaled(const struct rt *rt, uint64_t period_us)
{
	return (uint64_t)(((unsigned __int128)rt->runtime_us * period_us + rt->period_us - 1) / rt->period_us);
}

/* What the groups in dir have together, without one of them. */
static int rt_of_others(int dir, const char *one, uint64_t period_us, uint64_t *ret)
{
	int fd = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	scoped_dir d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (!d)
		return -errno;
	*ret = 0;
	while ((ent = readdir(d))) {
		scoped_fd child = -1;
		struct rt rt;

		if (ent->d_type != DT_DIR || ent->d_name[0] == '.' || strcmp(ent->d_name, one) == 0)
			continue;
		child = openat(dir, ent->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (child >= 0 && rt_get(child, &rt) == 0)
			*ret += rt_scaled(&rt, period_us);
	}
	return 0;
}

/* Room for `need` in the group above path (a directory from the host's root), of which mount_len bytes are the mount. */
static bool room_above(const struct cgroup *cg, const char *path, size_t mount_len, const struct rt *need)
{
	const char *slash = strrchr(path, '/');
	char parent[CGROUP_DIR_MAX], text[32];
	struct rt has, want = { 0 };
	scoped_fd dir = -1, file = -1;
	int n;

	if (!slash || (size_t)(slash - path) <= mount_len) /* the root: what it has is all there is */
		return true;
	(void)sv_copy((struct sv){ path, (size_t)(slash - path) }, parent, sizeof parent);
	dir = openat(cg->root, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || rt_get(dir, &has) < 0 || rt_of_others(dir, slash + 1, has.period_us, &want.runtime_us) < 0)
		return false;
	want.period_us = has.period_us;
	want.runtime_us += rt_scaled(need, has.period_us);
	if (want.runtime_us <= has.runtime_us)
		return true;
	if (!room_above(cg, parent, mount_len, &want))
		return false;
	n = snprintf(text, sizeof text, "%llu", (unsigned long long)want.runtime_us);
	file = openat(dir, "cpu.rt_runtime_us", O_WRONLY | O_CLOEXEC | (cg->real ? 0 : O_TRUNC));
	return file >= 0 && write(file, text, (size_t)n) == n;
}

bool cgroup_rt_make_room(const struct cgroup *cg, const struct cgroup_part *p, const struct cgroup_write *w,
			 unsigned attempt)
{
	scoped_fd dir = -1;
	struct rt need;

	if (attempt == ATTEMPTS || strcmp(w->file, "cpu.rt_runtime_us") != 0 ||
	    sv_u64(sv_from(w->value), &need.runtime_us) < 0)
		return false;
	dir = openat(cg->root, p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || number_get(dir, "cpu.rt_period_us", &need.period_us) < 0 || !need.period_us)
		return false;
	if (attempt) /* a group that was removed just now still counts, until the kernel has cleaned up behind it */
		(void)nanosleep(&(struct timespec){ .tv_nsec = ATTEMPT_NS }, NULL);
	return room_above(cg, p->dir, p->mount_len, &need) || attempt + 1 < ATTEMPTS;
}
