/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/host.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/capability.h"
#include "kernel/cpulist.h"
#include "kernel/old_kernel.h"
#include "kernel/smallfile.h"
#include "kernel/user_namespaces.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/sysinfo.h>

static int open_dir(int dir, const char *path, int *ret_fd, struct err *e)
{
	int fd = openat(dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	*ret_fd = fd;
	return 0;
}

int host_open(struct host *h, const char *root, struct err *e)
{
	struct host new = { -1, -1, -1, strcmp(root, "/") == 0 };
	int r = open_dir(AT_FDCWD, root, &new.root, e);

	if (r == 0)
		r = open_dir(new.root, "proc", &new.proc, e);
	if (r == 0)
		r = open_dir(new.root, "sys", &new.sys, e);
	if (r < 0) {
		host_close(&new);
		return err_wrap(e, r, "host %s", root);
	}
	if (new.real)
		sys_old_kernel(&(struct old_kernel){ .proc = new.proc });
	*h = new;
	return 0;
}

void host_close(struct host *h)
{
	int *fds[] = { &h->root, &h->proc, &h->sys };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* ---- facts: each reader fills its own fields ------------------------------------------------------------------ */

/* "MemTotal:       16307392 kB" */
static bool meminfo_line(struct sv line, const char *key, uint64_t *ret_bytes)
{
	struct sv name, rest, number;
	uint64_t kib;

	if (!sv_cut(line, ':', &name, &rest) || !sv_is(name, key))
		return false;
	(void)sv_cut(sv_trim(rest), ' ', &number, &rest);
	if (sv_u64(number, &kib) < 0)
		return false;
	*ret_bytes = kib * 1024;
	return true;
}

int host_memory(const struct host *h, uint64_t *ret_total, uint64_t *ret_swap, struct err *e)
{
	uint64_t total = 0, swap = 0;
	char buf[8192];
	struct sysinfo info;
	struct sv text, line;
	bool found = false;
	int r;

	if (h->real && sysinfo(&info) == 0) { /* the same numbers without printing sixty lines */
		*ret_total = (uint64_t)info.totalram * info.mem_unit;
		*ret_swap = (uint64_t)info.totalswap * info.mem_unit;
		return 0;
	}
	r = smallfile_read(h->proc, "meminfo", buf, sizeof buf, &text);
	if (r < 0)
		return err_set(e, -r, "proc/meminfo: %s", strerror(-r));
	while (sv_next(&text, '\n', &line)) {
		found |= meminfo_line(line, "MemTotal", &total);
		(void)meminfo_line(line, "SwapTotal", &swap);
	}
	if (!found)
		return err_set(e, EINVAL, "proc/meminfo: no MemTotal");
	*ret_total = total;
	*ret_swap = swap;
	return 0;
}

int host_oom_kills(const struct host *h, uint64_t *ret, struct err *e)
{
	scoped_buf text = BUF(LIMIT_PROC_FILE);
	struct sv rest, line, name, value;
	int r = io_read_at(h->proc, "vmstat", &text, e);

	rest = buf_sv(&text);
	while (r == 0 && sv_next(&rest, '\n', &line))
		if (sv_cut(line, ' ', &name, &value) && sv_is(name, "oom_kill"))
			return sv_u64(value, ret) < 0 ? err_set(e, EINVAL, "proc/vmstat: oom_kill is no number") : 0;
	return r < 0 ? r : err_set(e, ENOENT, "proc/vmstat: no oom_kill");
}

/* The first of the files that holds a non-empty list. */
static const char *first_list(const struct host *h, struct arena *a, const char *const paths[], size_t n)
{
	char buf[4096];
	struct sv text;

	for (size_t i = 0; i < n; i++)
		if (smallfile_read(h->root, paths[i], buf, sizeof buf, &text) == 0 && (text = sv_trim(text)).n)
			return arena_sv(a, text);
	return NULL;
}

/* What a new group below the root of the cpuset hierarchy may have; without one, what is online. */
static const char *cpuset_list(const struct host *h, const struct cgroup_layout *l, struct arena *a, const char *what,
			       const char *online)
{
	int i = cgroup_layout_find(l, CGROUP_CPUSET);
	const char *mount = i < 0 ? "" : l->h[i].mount;
	char effective[192], plain[192];
	const char *paths[3] = { effective, plain, online };

	if (i < 0)
		return first_list(h, a, paths + 2, 1);
	if (l->h[i].v2)
		(void)snprintf(effective, sizeof effective, "%s/cpuset.%s.effective", mount, what);
	else
		(void)snprintf(effective, sizeof effective, "%s/cpuset.effective_%s", mount, what);
	(void)snprintf(plain, sizeof plain, "%s/cpuset.%s", mount, what);
	return first_list(h, a, paths, 3);
}

static int read_cpus(const struct host *h, struct arena *a, struct host_facts *f, struct err *e)
{
	static const char online[] = "sys/devices/system/cpu/online";
	char buf[4096];
	struct cpulist set;
	struct sv text;
	int r = smallfile_read(h->root, online, buf, sizeof buf, &text);

	if (r == 0)
		r = cpulist_parse(sv_trim(text), &set);
	if (r < 0)
		return err_set(e, -r, "%s: %s", online, strerror(-r));
	f->cpus_online = cpulist_count(&set);
	f->cpus = cpuset_list(h, &f->cgroup, a, "cpus", online);
	f->mems = cpuset_list(h, &f->cgroup, a, "mems", "sys/devices/system/node/online");
	if (!f->mems)
		f->mems = "0"; /* a kernel without NUMA has no node directory */
	return f->cpus ? 0 : err_set(e, ENOENT, "no list of usable cpus");
}

static uint64_t hex_u64(struct sv text)
{
	uint64_t v = 0;

	for (size_t i = 0; i < text.n && isxdigit((unsigned char)text.p[i]); i++) {
		int c = tolower((unsigned char)text.p[i]);

		v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return v;
}

/* One read: prctl(2) and sigaction(2) would have to be asked for each capability and each signal. */
static int read_own_status(const struct host *h, struct host_facts *f, struct err *e)
{
	char buf[8192];
	struct sv text, line, name, value;

	if (smallfile_read(h->proc, "self/status", buf, sizeof buf, &text) == 0)
		while (sv_next(&text, '\n', &line)) {
			if (!sv_cut(line, ':', &name, &value))
				continue;
			if (sv_is(name, "SigIgn"))
				f->signals_ignored = hex_u64(sv_trim(value));
			if (!sv_is(name, "CapBnd"))
				continue;
			f->capabilities = hex_u64(sv_trim(value)); /* stands after SigIgn */
			return 0;
		}
	return err_set(e, ENOENT, "proc/self/status: no CapBnd");
}

static void read_oom_score_adj(const struct host *h, struct host_facts *f)
{
	char buf[32];
	struct sv text;
	int64_t v;

	if (smallfile_read(h->proc, "self/oom_score_adj", buf, sizeof buf, &text) == 0 &&
	    sv_i64(sv_trim(text), &v) == 0)
		f->oom_score_adj = (int)v;
}

static bool has_throttle(const struct host *h, unsigned cpu)
{
	char path[80];

	(void)snprintf(path, sizeof path, "devices/system/cpu/cpu%u/thermal_throttle", cpu);
	return smallfile_exists(h->sys, path);
}

/* All cpus have it or none; so the first and the last are asked, and the others only when these disagree. */
static unsigned read_thermal_throttle(const struct host *h, unsigned cpus)
{
	unsigned n = 1;

	if (cpus == 0 || !has_throttle(h, 0))
		return 0;
	if (has_throttle(h, cpus - 1))
		return cpus;
	while (n < cpus && has_throttle(h, n))
		n++;
	return n;
}

/* A captured tree says in `kfeat` what its kernel lacks. */
static int read_kernel(const struct host *h, struct kfeat *ret, struct err *e)
{
	char buf[2048];
	struct sv text, line, name, value;
	struct kfeat k = kfeat_all();

	if (h->real)
		return kfeat_probe(h, ret, e);
	if (smallfile_read(h->root, "kfeat", buf, sizeof buf, &text) < 0)
		text = sv_from("");
	while (sv_next(&text, '\n', &line)) {
		if (line.n == 0)
			continue;
		if (!sv_cut(line, ' ', &name, &value) || !(sv_is(value, "0") || sv_is(value, "1")) ||
		    !kfeat_set(&k, name, sv_is(value, "1")))
			return err_set(e, EINVAL, "kfeat: not \"name 0|1\": " SV_FMT, SV_ARG(line));
	}
	*ret = k;
	return 0;
}

/* From 0 on without a gap, whatever they are outside. 0: not known */
static uint32_t read_ids(const struct host *h, const char *map)
{
	struct id_extent v[ID_MAP_EXTENTS];
	char text[ID_MAP_TEXT + 1];
	struct sv lines;
	uint64_t next = 0;
	size_t n;

	if (smallfile_read(h->proc, map, text, sizeof text, &lines) < 0 ||
	    id_map_parse(lines, v, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n && v[i].inside == next; i++) /* the kernel sorts them from six on, newgidmap before */
		next += v[i].count;
	return (uint32_t)next;
}

static void read_user_namespace(const struct host *h, struct host_facts *f)
{
	char link[32], text[16];
	ssize_t n = h->real ? readlinkat(h->proc, "self/ns/user", link, sizeof link - 1) : -1;
	struct sv word;

	if (n <= 0)
		return;
	link[n] = '\0';
	f->user_namespace = !userns_is_first(link);
	if (f->user_namespace && smallfile_read(h->proc, "self/setgroups", text, sizeof text, &word) == 0)
		f->setgroups_denied = sv_is(sv_trim(word), "deny");
	if (!f->user_namespace)
		return;
	f->users = read_ids(h, "self/uid_map");
	f->groups = read_ids(h, "self/gid_map");
}

int host_facts_read_plan(const struct host *h, struct host_facts *ret, struct err *e)
{
	struct host_facts f = { 0 };
	int r = cgroup_layout_read(h, &f.cgroup, e);

	if (r == 0)
		r = read_kernel(h, &f.kernel, e);
	f.cgroup.join_v2 = r == 0 && !f.kernel.clone_into_cgroup;
	if (r == 0)
		r = read_own_status(h, &f, e);
	if (r < 0)
		return err_wrap(e, r, "host facts");
	read_oom_score_adj(h, &f);
	read_user_namespace(h, &f);
	*ret = f;
	return 0;
}

int host_facts_read(const struct host *h, struct arena *a, struct host_facts *ret, struct err *e)
{
	struct host_facts f;
	int r = host_facts_read_plan(h, &f, e);

	if (r < 0)
		return r;
	if (f.user_namespace)
		cgroup_layout_delegated(h, &f.cgroup);
	if (h->real)
		kfeat_probe_overlay(h, &f.kernel);
	r = read_cpus(h, a, &f, e);
	if (r == 0)
		r = host_memory(h, &f.mem_total_bytes, &f.swap_total_bytes, e);
	if (r < 0)
		return err_wrap(e, r, "host facts");
	f.thermal_throttle = read_thermal_throttle(h, f.cpus_online);
	*ret = f;
	return 0;
}
