/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/proc_use.h"

#include "base/limits.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROWS_BY 256

struct process {
	pid_t pid;
	struct procfs_stat st;
	bool member;
};

struct processes {
	struct process *v;
	size_t n, room;
};

static ino_t pid_namespace(const struct host *h, const char *process)
{
	char path[32];
	struct stat st;

	if (snprintf(path, sizeof path, "%s/ns/pid", process) >= (int)sizeof path)
		return 0;
	return fstatat(h->proc, path, &st, 0) < 0 ? 0 : st.st_ino;
}

static struct process *one_more(struct processes *l, struct arena *a)
{
	if (l->n == l->room) {
		struct process *v = arena_array(a, l->room + GROWS_BY, sizeof *v);

		if (!v)
			return NULL;
		if (l->n)
			memcpy(v, l->v, l->n * sizeof *v);
		l->v = v;
		l->room += GROWS_BY;
	}
	return &l->v[l->n++];
}

static int read_all(const struct host *h, pid_t first, struct arena *a, struct processes *ret, struct err *e)
{
	int copy = openat(h->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped_dir d = copy < 0 ? NULL : fdopendir(copy);
	char number[16];
	const struct dirent *ent;
	ino_t theirs;

	if (!d) {
		int r = err_sys(e, "proc");

		if (copy >= 0)
			close(copy);
		return r;
	}
	(void)snprintf(number, sizeof number, "%d", (int)first);
	theirs = pid_namespace(h, number);
	if (theirs == pid_namespace(h, "self"))
		theirs = 0;
	while ((ent = readdir(d))) {
		struct procfs_stat st;
		struct process *p;
		uint64_t pid;

		if (sv_u64(sv_from(ent->d_name), &pid) < 0 || pid > INT32_MAX ||
		    procfs_stat_read(h, (pid_t)pid, &st, NULL) < 0)
			continue;
		p = one_more(ret, a);
		if (!p)
			return err_oom(e);
		*p = (struct process){ (pid_t)pid, st,
				       (pid_t)pid == first || (theirs && pid_namespace(h, ent->d_name) == theirs) };
	}
	return 0;
}

static bool is_child_of_member(const struct processes *l, const struct process *p)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].member && l->v[i].pid == p->st.ppid)
			return true;
	return false;
}

static void add_descendants(struct processes *l)
{
	bool more;

	do {
		more = false;
		for (size_t i = 0; i < l->n; i++)
			if (!l->v[i].member && is_child_of_member(l, &l->v[i]))
				l->v[i].member = more = true;
	} while (more);
}

static int find(const struct host *h, pid_t first, struct arena *a, struct processes *ret, struct err *e)
{
	struct processes all = { .n = 0 };
	size_t n = 0;
	bool there = false;
	int r = read_all(h, first, a, &all, e);

	if (r < 0)
		return r;
	add_descendants(&all);
	for (size_t i = 0; i < all.n; i++) {
		there |= all.v[i].pid == first;
		if (all.v[i].member)
			all.v[n++] = all.v[i];
	}
	all.n = n;
	if (!there)
		return err_set(e, ESRCH, "process %d: no such process", (int)first);
	*ret = all;
	return 0;
}

int proc_use_pids(const struct host *h, pid_t first, struct arena *a, pid_t **ret, size_t *ret_n, struct err *e)
{
	struct processes all;
	pid_t *pids;
	int r = find(h, first, a, &all, e);

	if (r < 0)
		return r;
	pids = arena_array(a, all.n, sizeof *pids);
	if (!pids)
		return err_oom(e);
	for (size_t i = 0; i < all.n; i++)
		pids[i] = all.v[i].pid;
	*ret = pids;
	*ret_n = all.n;
	return 0;
}

int proc_use_read(const struct host *h, pid_t first, struct cgroup_stat *ret, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	int64_t tick_ns = INT64_C(1000000000) / sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);
	uint64_t user = 0, kernel = 0, pages = 0, threads = 0;
	struct processes all;
	int r = find(h, first, &a, &all, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < all.n; i++) {
		const struct procfs_stat *p = &all.v[i].st;

		user += p->user_ticks + p->child_user_ticks;
		kernel += p->system_ticks + p->child_system_ticks;
		pages += p->resident_pages;
		threads += p->threads;
	}
	cgroup_stat_init(ret);
	ret->cpu.user_ns = (int64_t)user * tick_ns;
	ret->cpu.system_ns = (int64_t)kernel * tick_ns;
	ret->cpu.usage_ns = ret->cpu.user_ns + ret->cpu.system_ns;
	ret->memory.usage_bytes = (int64_t)pages * page;
	ret->pids.current = (int64_t)threads;
	return 0;
}
