/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_layout.c - which hierarchies this host has mounted: proc_pid_mountinfo(5), cgroups(7). */
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/cgroup.h"
#include "kernel/host.h"
#include "kernel/mountinfo_text.h"
#include "kernel/smallfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define V2_USUAL_MOUNT "sys/fs/cgroup"
#define V2_BUILT_IN (1u << CGROUP_DEVICES | 1u << CGROUP_FREEZER | 1u << CGROUP_CPUACCT | 1u << CGROUP_PERF_EVENT)

static const char *const controller_names[] = {
#define X(id, text) [CGROUP_##id] = text,
	CGROUP_CONTROLLERS(X)
#undef X
};

const char *cgroup_mode_name(enum cgroup_mode m)
{
	static const char *const names[] = { [CGROUP_MODE_NONE] = "none",
					     [CGROUP_MODE_V1] = "v1",
					     [CGROUP_MODE_V2] = "v2",
					     [CGROUP_MODE_HYBRID] = "hybrid" };

	return names[m];
}

const char *cgroup_controller_name(enum cgroup_controller c)
{
	return controller_names[c];
}

int cgroup_controller_from_name(struct sv name)
{
	if (sv_is(name, "io"))
		return CGROUP_BLKIO;
	for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		if (sv_is(name, controller_names[i]))
			return i;
	return -1;
}

int cgroup_layout_find(const struct cgroup_layout *l, enum cgroup_controller c)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->h[i].controllers >> c & 1)
			return (int)i;
	for (unsigned i = 0; i < l->n; i++)
		if (l->h[i].v2 && V2_BUILT_IN >> c & 1)
			return (int)i;
	return -1;
}

bool cgroup_layout_has(const struct cgroup_layout *l, enum cgroup_controller c)
{
	return cgroup_layout_find(l, c) >= 0;
}

static uint32_t controllers_parse(struct sv list)
{
	uint32_t set = 0;
	struct sv name;

	list = sv_trim(list);
	while (sv_next(&list, ' ', &name)) {
		int c = cgroup_controller_from_name(name);

		if (c >= 0)
			set |= 1u << c;
	}
	return set;
}

/* ---- v1: the mount's super options hold the controllers and the name among other words ------------------------ */

static bool is_plain_option(struct sv word)
{
	static const char *const words[] = { "rw",           "ro",      "none",           "all",
					     "noprefix",     "xattr",   "clone_children", "cpuset_v2_mode",
					     "favordynmods", "seclabel" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (sv_is(word, words[i]))
			return true;
	return sv_has_prefix(word, "release_agent=");
}

static bool name_append(struct cgroup_hierarchy *g, struct sv word)
{
	size_t len = strlen(g->name);

	if (len + word.n + 2 > sizeof g->name)
		return false;
	if (len)
		g->name[len++] = ',';
	memcpy(g->name + len, word.p, word.n);
	g->name[len + word.n] = '\0';
	return true;
}

static bool v1_from_options(struct sv options, struct cgroup_hierarchy *g)
{
	struct sv word;

	while (sv_next(&options, ',', &word)) {
		int c = cgroup_controller_from_name(word);

		if (is_plain_option(word))
			continue;
		if (!name_append(g, word))
			return false;
		if (c >= 0)
			g->controllers |= 1u << c;
	}
	return g->name[0] != '\0';
}

/* group: "/a" below the mount, or "" */
static int v2_read_controllers(const struct host *h, struct cgroup_hierarchy *g, const char *group)
{
	char path[4096], text[512];
	struct sv list;
	int r;

	if (snprintf(path, sizeof path, "%s%s/cgroup.controllers", g->mount, group) >= (int)sizeof path)
		return -ENAMETOOLONG;
	r = smallfile_read(h->root, path, text, sizeof text, &list);
	if (r == 0)
		g->controllers = controllers_parse(list);
	return r;
}

/* ---- the mount table ------------------------------------------------------------------------------------------ */

static struct cgroup_hierarchy *same_hierarchy(struct cgroup_layout *l, const struct cgroup_hierarchy *g)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->h[i].v2 == g->v2 && strcmp(l->h[i].name, g->name) == 0)
			return &l->h[i];
	return NULL;
}

/* The first mount that shows the hierarchy's root stays; of those that show a part of it, the last. */
static int layout_add(struct cgroup_layout *l, const struct cgroup_hierarchy *g, bool whole, uint32_t *whole_set,
		      struct err *e)
{
	struct cgroup_hierarchy *old = same_hierarchy(l, g);
	unsigned i = old ? (unsigned)(old - l->h) : l->n;

	if (old && *whole_set >> i & 1)
		return 0;
	if (!old && l->n == CGROUP_HIERARCHY_MAX)
		return err_set(e, EOVERFLOW, "more than %d cgroup hierarchies", CGROUP_HIERARCHY_MAX);
	l->n += !old;
	l->h[i] = *g;
	if (whole)
		*whole_set |= 1u << i;
	return 0;
}

static int mount_consider(struct cgroup_layout *l, const struct mountinfo_line *m, uint32_t *whole_set, struct err *e)
{
	struct cgroup_hierarchy g = { .v2 = sv_is(m->fstype, "cgroup2") };
	char path[256];

	if (!g.v2 && !sv_is(m->fstype, "cgroup"))
		return 0;
	if (mountinfo_unescape(m->mount_point, path, sizeof path) < 0 || path[0] != '/' ||
	    sv_copy(sv_from(path + 1), g.mount, sizeof g.mount) < 0)
		return err_set(e, ENAMETOOLONG, "cgroup mount " SV_FMT ": path too long", SV_ARG(m->mount_point));
	if (!g.v2 && !v1_from_options(m->super_options, &g))
		return 0;
	return layout_add(l, &g, sv_is(m->root, "/"), whole_set, e);
}

static int layout_from_mountinfo(const struct host *h, struct cgroup_layout *l, struct err *e)
{
	scoped_buf text = BUF(LIMIT_PROC_FILE);
	struct mountinfo_line m;
	struct sv rest, line;
	uint32_t whole = 0;
	int r = io_read_at(h->proc, "self/mountinfo", &text, e);

	if (r < 0)
		return r;
	rest = buf_sv(&text);
	while (sv_next(&rest, '\n', &line)) {
		r = mountinfo_line_parse(line, &m) ? mount_consider(l, &m, &whole, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* v2 first (it is entered by the clone), the v1 freezer last (a frozen group would stop the joins that follow). */
static void layout_order(struct cgroup_layout *l)
{
	struct cgroup_hierarchy sorted[CGROUP_HIERARCHY_MAX] = { 0 };
	unsigned n = 0;

	for (int pass = 0; pass < 3; pass++)
		for (unsigned i = 0; i < l->n; i++) {
			bool freezer = l->h[i].controllers >> CGROUP_FREEZER & 1;

			if (pass == (l->h[i].v2 ? 0 : freezer ? 2 : 1))
				sorted[n++] = l->h[i];
		}
	memcpy(l->h, sorted, n * sizeof *sorted);
}

static enum cgroup_mode layout_mode(const struct cgroup_layout *l)
{
	if (l->n == 0)
		return CGROUP_MODE_NONE;
	if (!l->h[0].v2)
		return CGROUP_MODE_V1;
	return l->n == 1 ? CGROUP_MODE_V2 : CGROUP_MODE_HYBRID;
}

/* ---- what the files allow ------------------------------------------------------------------------------------- */

static bool has_file(const struct host *h, const struct cgroup_hierarchy *g, const char *file)
{
	char path[192];

	(void)snprintf(path, sizeof path, "%s/%s", g->mount, file);
	return smallfile_exists(h->root, path);
}

/* The root of v2 has no memory.swap.max to look for; it is in every other group if the kernel has swap and was not,
 * before Linux 6.1, booted with swapaccount=0. */
static bool v2_swap(const struct host *h)
{
	char text[4096];
	struct sv line;

	if (!smallfile_exists(h->proc, "swaps"))
		return false;
	return smallfile_read(h->proc, "cmdline", text, sizeof text, &line) < 0 || !strstr(text, "swapaccount=0");
}

static void probe_files(const struct host *h, struct cgroup_layout *l)
{
	int memory = cgroup_layout_find(l, CGROUP_MEMORY), cpu = cgroup_layout_find(l, CGROUP_CPU);
	int blkio = cgroup_layout_find(l, CGROUP_BLKIO);

	if (memory >= 0)
		l->memory_swap =
			l->h[memory].v2 ? v2_swap(h) : has_file(h, &l->h[memory], "memory.memsw.limit_in_bytes");
	if (cpu >= 0) /* the sysctl is there when the kernel has bandwidth control; v2's root shows no cpu.max */
		l->cpu_cfs = l->h[cpu].v2 ? smallfile_exists(h->proc, "sys/kernel/sched_cfs_bandwidth_slice_us") :
					    has_file(h, &l->h[cpu], "cpu.cfs_quota_us");
	if (blkio < 0)
		return;
	/* the weights themselves are not shown at a root; these neighbours come with them */
	if (l->h[blkio].v2) {
		l->blkio_bfq = smallfile_exists(h->sys, "module/bfq");
		l->blkio_weight = l->blkio_bfq || has_file(h, &l->h[blkio], "io.cost.qos");
	} else {
		l->blkio_bfq = has_file(h, &l->h[blkio], "blkio.bfq.io_service_bytes");
		l->blkio_weight = l->blkio_bfq || has_file(h, &l->h[blkio], "blkio.leaf_weight");
	}
}

void cgroup_layout_probe_rare(const struct host *h, struct cgroup_layout *l)
{
	int cpu = cgroup_layout_find(l, CGROUP_CPU), blkio = cgroup_layout_find(l, CGROUP_BLKIO);

	l->cpu_rt = cpu >= 0 && !l->h[cpu].v2 && has_file(h, &l->h[cpu], "cpu.rt_runtime_us");
	/* v2's root shows no io.max */
	l->blkio_throttle =
		blkio >= 0 && (l->h[blkio].v2 || has_file(h, &l->h[blkio], "blkio.throttle.read_bps_device"));
}

int cgroup_layout_read(const struct host *h, struct cgroup_layout *ret, struct err *e)
{
	struct cgroup_layout l = { .n = 1, .h = { { .mount = V2_USUAL_MOUNT, .v2 = true } } };
	int r;

	if (v2_read_controllers(h, &l.h[0], "") < 0) {
		l = (struct cgroup_layout){ 0 };
		r = layout_from_mountinfo(h, &l, e);
		if (r < 0)
			return err_wrap(e, r, "cgroup mounts");
		layout_order(&l);
		if (l.n && l.h[0].v2)
			(void)v2_read_controllers(h, &l.h[0], ""); /* unreadable: no controller can be used there */
	}
	l.mode = layout_mode(&l);
	probe_files(h, &l);
	*ret = l;
	return 0;
}

/* ---- what may be changed ---------------------------------------------------------------------------------------- */

/* Its folder for new groups, its cgroup.procs for moves between those below it. */
static bool may_change(const struct host *h, const char *dir, bool v2)
{
	char procs[sizeof ((struct cgroup_hierarchy *)NULL)->mount + 16];

	(void)snprintf(procs, sizeof procs, "%s/%s", dir, v2 ? "cgroup.procs" : "tasks");
	return faccessat(h->root, dir, W_OK, AT_EACCESS) == 0 && faccessat(h->root, procs, W_OK, AT_EACCESS) == 0;
}

static bool own_v2_group(const struct host *h, char *text, size_t cap, struct sv *ret)
{
	struct sv rest, line;

	if (smallfile_read(h->proc, "self/cgroup", text, cap, &rest) < 0)
		return false;
	while (sv_next(&rest, '\n', &line))
		if (sv_has_prefix(line, "0::/")) {
			*ret = (struct sv){ line.p + strlen("0::"), line.n - strlen("0::") };
			return true;
		}
	return false;
}

/* The topmost of the own group and those above it. */
static bool delegated_v2(const struct host *h, struct cgroup_layout *l)
{
	char text[4096], dir[sizeof l->h[0].mount + sizeof l->base];
	struct sv group, last, best = { 0 };

	if (!own_v2_group(h, text, sizeof text, &group))
		return false;
	for (;;) {
		int n = snprintf(dir, sizeof dir, "%s" SV_FMT, l->h[0].mount, SV_ARG(group));

		if (n >= (int)sizeof dir)
			return false;
		if (may_change(h, dir, true))
			best = group;
		else if (best.n)
			break;
		if (group.n <= 1)
			break;
		sv_rcut(group, '/', &group, &last);
		if (!group.n)
			group = SV("/");
	}
	if (!best.n || sv_copy(best, l->base, sizeof l->base) < 0)
		return false;
	if (best.n == 1)
		l->base[0] = '\0';
	return v2_read_controllers(h, &l->h[0], l->base) == 0;
}

void cgroup_layout_delegated(const struct host *h, struct cgroup_layout *l)
{
	bool may = l->mode != CGROUP_MODE_NONE;

	if (l->mode == CGROUP_MODE_V2)
		may = delegated_v2(h, l);
	else
		for (unsigned i = 0; may && i < l->n; i++)
			may = may_change(h, l->h[i].mount, l->h[i].v2);
	if (!may)
		*l = (struct cgroup_layout){ .mode = CGROUP_MODE_NONE };
	else
		probe_files(h, l);
}

void cgroup_layout_within(const struct host *h, struct cgroup_layout *l, const char *path)
{
	if (l->n && l->h[0].v2)
		(void)v2_read_controllers(h, &l->h[0], path);
}

const char *cgroup_layout_group(const struct cgroup_layout *l, const char *path, struct arena *a)
{
	size_t n = strlen(l->base);

	if (!n || (strncmp(path, l->base, n) == 0 && path[n] == '/'))
		return path;
	return arena_fmt(a, "%s%s", l->base, path);
}
