/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_apply.c - one limit of a group: written, read back and compared; refusals say what they mean. */
#include "kernel/cgroup_priv.h"

#include "base/limits.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>

/* What the errno of a control file means, where it is not plain. */
static const char *hint(int code, const char *file)
{
	static const struct {
		int code;
		const char *file, *text;
	} hints[] = {
		{ EBUSY, "memory.limit_in_bytes", " (more than that is in use)" },
		{ EBUSY, "memory.memsw.limit_in_bytes", " (more than that is in use)" },
		{ EINVAL, "cpu.cfs_quota_us", " (the group above may have less)" },
		{ EINVAL, "cpu.rt_runtime_us", " (the group above has no real-time runtime left)" },
		{ EOPNOTSUPP, "blkio.bfq.weight_device", " (the disk is not scheduled by BFQ)" },
		{ EOPNOTSUPP, "io.bfq.weight", " (the disk is not scheduled by BFQ)" },
		{ EOPNOTSUPP, "io.weight", " (io.cost is not switched on for the disk: io.cost.qos)" },
		{ ENODEV, "io.weight", " (no such block device; a partition has no weight of its own)" },
		{ EINVAL, "cpuset.cpus", " (not online, or not in the group above)" },
		{ EACCES, "cpuset.cpus", " (not in the group above)" },
		{ EINVAL, "cpuset.mems", " (not online, or not in the group above)" },
		{ EACCES, "cpuset.mems", " (not in the group above)" },
		{ ERANGE, "cpuset.cpus", " (no such cpu)" },
		{ ERANGE, "cpuset.mems", " (no such node)" },
		{ EPERM, "devices.allow", " (the group above denies it)" },
		{ ENODEV, "io.max", " (no such block device; a partition has no limit of its own)" },
	};

	for (size_t i = 0; i < ARRAY_LEN(hints); i++)
		if (hints[i].code == code && strcmp(hints[i].file, file) == 0)
			return hints[i].text;
	return "";
}

static int refused(const struct cgroup *cg, const struct cgroup_write *w, const char *what, struct err *e)
{
	int code = errno;

	if (code == ENOENT && cg->layout.h[w->hierarchy].v2 && cg->enable.code)
		return err_set(e, cg->enable.code, "%s: %s: %s", w->file, cg->enable.text, strerror(cg->enable.code));
	return err_set(e, code, "%s: %s \"%s\": %s%s", w->file, what, w->value, strerror(code), hint(code, w->file));
}

static int open_file(struct cgroup *cg, const struct cgroup_write *w)
{
	struct cgroup_part *p = &cg->part[w->hierarchy];
	/* O_TRUNC would do no harm on cgroupfs, but is a change of the inode there, with a lock */
	int flags =
		(w->check == CGROUP_CHECK_NONE ? O_WRONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW | (cg->real ? 0 : O_TRUNC);
	char path[CGROUP_DIR_MAX];
	int fd;

	if (!cgroup_file_path(path, p->dir, strlen(p->dir), w->file)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = openat(cg->root, path, flags);
	if (fd < 0 && errno == ENOENT && p->ops->enable_for) {
		bool again = p->ops->enable_for(cg, p, w->file);

		errno = ENOENT;
		fd = again ? openat(cg->root, path, flags) : -1;
	}
	return fd;
}

static ssize_t write_value(int fd, const char *value)
{
	ssize_t done;

	do
		done = write(fd, value, strlen(value));
	while (done < 0 && errno == EINTR);
	return done;
}

/* errno stays the write's. */
static bool may_retry(const struct cgroup *cg, const struct cgroup_write *w, unsigned attempt)
{
	const struct cgroup_part *p = &cg->part[w->hierarchy];
	bool again;

	if (errno != EINVAL || !p->ops->make_room)
		return false;
	again = p->ops->make_room(cg, p, w, attempt);
	errno = EINVAL;
	return again;
}

static int put_value(const struct cgroup *cg, int fd, const struct cgroup_write *w, struct err *e)
{
	size_t n = strlen(w->value);
	ssize_t done = write_value(fd, w->value);

	for (unsigned i = 0; done < 0 && may_retry(cg, w, i); i++)
		done = write_value(fd, w->value);
	if (done < 0)
		return refused(cg, w, "write", e);
	return (size_t)done == n ? 0 : err_set(e, EIO, "%s: write \"%s\": cut short", w->file, w->value);
}

/* Device rules: a dozen to one file that is never read. */
static int apply_write_only(struct cgroup *cg, const struct cgroup_write *w, struct err *e)
{
	if (cg->last.fd < 0 || cg->last.hierarchy != w->hierarchy || strcmp(cg->last.name, w->file) != 0) {
		int fd = open_file(cg, w);

		if (fd < 0)
			return refused(cg, w, "open to write", e);
		if (cg->last.fd >= 0)
			close(cg->last.fd);
		cg->last.fd = fd;
		cg->last.hierarchy = w->hierarchy;
		if (sv_copy(sv_from(w->file), cg->last.name, sizeof cg->last.name) < 0)
			cg->last.name[0] = '\0';
	}
	return put_value(cg, cg->last.fd, w, e);
}

/* 1: the kernel has what is wanted, 0: something else, which is *ret_now */
static int compare(int fd, const struct cgroup_write *w, char *text, size_t cap, struct sv *ret_now, struct err *e)
{
	ssize_t n;

	do
		n = pread(fd, text, cap, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "%s: read back", w->file);
	*ret_now = (struct sv){ text, (size_t)n };
	return cgroup_reads_as(w->value, *ret_now, w->check);
}

static int apply_and_compare(struct cgroup *cg, const struct cgroup_write *w, struct err *e)
{
	char text[4096];
	scoped_fd fd = open_file(cg, w);
	struct sv now = { 0 };
	int r;

	if (fd < 0 && errno == ENOENT && w->optional)
		return 0;
	if (fd < 0)
		return refused(cg, w, "open to write", e);
	if (w->usual && compare(fd, w, text, sizeof text, &now, NULL) > 0)
		return 0;
	r = put_value(cg, fd, w, e);
	if (r == 0)
		r = compare(fd, w, text, sizeof text, &now, e);
	if (r != 0)
		return r < 0 ? r : 0;
	return err_set(e, EIO, "%s: wrote \"%s\", the kernel has \"" SV_FMT "\"", w->file, w->value,
		       SV_ARG(sv_trim(now)));
}

int cgroup_apply(struct cgroup *cg, const struct cgroup_write *w, struct err *e)
{
	int r;

	if (w->hierarchy >= cg->layout.n || strchr(w->file, '/'))
		return err_set(e, EINVAL, "cgroup %s: no such file: %s", cg->path, w->file);
	r = (w->check == CGROUP_CHECK_NONE ? apply_write_only : apply_and_compare)(cg, w, e);
	return r < 0 ? err_wrap(e, r, "cgroup %s", cg->path) : 0;
}

int cgroup_apply_devices(struct cgroup *cg, unsigned hierarchy, const struct device_rule *rules, size_t n,
			 struct err *e)
{
	scoped_arena a = ARENA(LIMIT_CGROUP_FILE);
	struct bpf_insn *insns;
	struct device_list l;
	size_t count;
	int r;

	if (hierarchy >= cg->layout.n || !cg->layout.h[hierarchy].v2)
		return err_set(e, EINVAL, "cgroup %s: device programs are for cgroup v2", cg->path);
	r = device_list_make(rules, n, &a, &l, e);
	if (r == 0)
		r = device_program(&l, &a, &insns, &count, e);
	if (r == 0)
		r = device_program_attach(cg->part[hierarchy].fd, insns, count, e);
	return r < 0 ? err_wrap(e, r, "cgroup %s: devices", cg->path) : 0;
}
