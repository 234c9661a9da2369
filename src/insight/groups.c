/* SPDX-License-Identifier: Apache-2.0 */
#include "insight/groups.h"

#include "insight/limits.h"

#include "base/parallel.h"
#include "base/scope.h"
#include "kernel/host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 64

struct reader {
	struct cgroup_stat_reader files; /* of the group that was entered */
	struct cgroup_stat_reader further[PARALLEL_MAX - 1]; /* where several look at its many children */
	struct arena *arena;
	unsigned what;
	unsigned left; /* groups that may still be read */
	bool more;
};

/* ---- names ------------------------------------------------------------------------------------------------------ */

/* A hierarchy that has some of the numbers; the others only repeat the tree. */
static bool has_numbers(const struct cgroup_layout *l, unsigned h)
{
	static const enum cgroup_controller ours[] = { CGROUP_CPU, CGROUP_CPUACCT, CGROUP_MEMORY, CGROUP_PIDS,
						       CGROUP_BLKIO };

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (cgroup_layout_find(l, ours[i]) == (int)h)
			return true;
	return l->h[h].v2 || strcmp(l->h[h].name, "name=systemd") == 0;
}

struct names {
	const char **v;
	size_t n, cap;
};

static int add_name(struct reader *rd, struct names *l, const char *name, struct err *e)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		const char **v = arena_array(rd->arena, cap, sizeof *v);

		if (!v)
			return err_oom(e);
		if (l->n)
			memcpy(v, l->v, l->n * sizeof *v);
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n] = arena_str(rd->arena, name);
	return l->v[l->n++] ? 0 : err_oom(e);
}

/* Of the group that was entered. */
static int list_in(struct reader *rd, unsigned h, struct names *l, struct err *e)
{
	struct dirent *entry;
	scoped_dir d = NULL;
	int fd = openat(rd->files.dir[h], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d && fd >= 0)
		close(fd);
	while (r == 0 && d && (entry = readdir(d)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = add_name(rd, l, entry->d_name, e);
	return r;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the groups below g, which was entered, each once, sorted. */
static int list_all(struct reader *rd, const struct group *g, struct names *l, struct err *e)
{
	size_t n = 0;
	int r = 0;

	for (unsigned h = 0; r == 0 && h < rd->files.layout->n; h++)
		if (g->below & 1u << h)
			r = list_in(rd, h, l, e);
	if (r < 0 || !l->n)
		return r;
	qsort(l->v, l->n, sizeof *l->v, by_text);
	for (size_t i = 0; i < l->n; i++)
		if (i == 0 || strcmp(l->v[i], l->v[n - 1]) != 0)
			l->v[n++] = l->v[i];
	l->n = n;
	return 0;
}

/* In which of these hierarchies a group has some below: its folder has more links than "." and the name above. `name` is in
 * the group that was entered. */
static unsigned look_below(const struct cgroup_stat_reader *files, unsigned in, const char *name)
{
	unsigned below = 0;
	struct stat st;

	for (unsigned h = 0; h < files->layout->n; h++)
		if (in & 1u << h && files->dir[h] >= 0 && has_numbers(files->layout, h) &&
		    fstatat(files->dir[h], name, &st, 0) == 0 && st.st_nlink != 2)
			below |= 1u << h;
	return below;
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

static int read_use(struct cgroup_stat_reader *files, unsigned what, const char *path, struct group_use *u,
		    struct err *e)
{
	struct cgroup_stat st;
	int r = cgroup_stat_reader_read(files, path, CGROUP_STAT_BRIEF | what, &st, e);

	if (r < 0)
		return r;
	*u = (struct group_use){ .cpu_ns = st.cpu.usage_ns, .periods = st.cpu.periods,
				 .throttled_periods = st.cpu.throttled_periods, .throttled_ns = st.cpu.throttled_ns,
				 .cpu_milli = limit_cpu_of(&st), .memory_bytes = st.memory.usage_bytes,
				 .memory_limit_bytes = st.memory.limit_bytes, .memory_peak_bytes = st.memory.peak_bytes,
				 .pids = st.pids.current, .pids_limit = st.pids.limit };
	for (size_t i = 0; i < st.io.n; i++) {
		u->read_bytes += st.io.device[i].read_bytes > 0 ? st.io.device[i].read_bytes : 0;
		u->write_bytes += st.io.device[i].write_bytes > 0 ? st.io.device[i].write_bytes : 0;
	}
	return 0;
}

/* The children of a group, in the making. */
struct children {
	struct reader *rd;
	const struct group *above;
	size_t n;
	struct child {
		struct group *group;
		int rc;
		struct err err;
	} *v;
};

static void read_child(void *context, unsigned worker, size_t i)
{
	struct children *l = context;
	struct child *c = &l->v[i];
	struct cgroup_stat_reader *files = worker ? &l->rd->further[worker - 1] : &l->rd->files;

	c->rc = read_use(files, l->rd->what, c->group->path, &c->group->use, &c->err);
	if (c->rc == 0)
		c->group->below = look_below(files, l->above->below, c->group->name);
}

static int name_child(struct reader *rd, struct group *above, const char *name, struct child *ret, struct err *e)
{
	struct group *c = arena_alloc(rd->arena, sizeof *c);

	if (c)
		c->path = arena_fmt(rd->arena, "%s/%s", above->path[1] ? above->path : "", name);
	if (!c || !c->path)
		return err_oom(e);
	c->name = c->path + strlen(c->path) - strlen(name);
	c->parent = above;
	c->depth = above->depth + 1;
	ret->group = c;
	return 0;
}

/* What is gone, or not for us, is left out. */
static int read_children(struct reader *rd, struct group *g, const struct names *names, struct err *e)
{
	struct children l = { .rd = rd, .above = g, .n = names->n < rd->left ? names->n : rd->left };
	struct group **end = &g->child;
	int r = 0;

	rd->more |= l.n < names->n;
	rd->left -= (unsigned)l.n;
	l.v = calloc(l.n + 1, sizeof *l.v);
	if (!l.v)
		return err_oom(e);
	for (size_t i = 0; r == 0 && i < l.n; i++)
		r = name_child(rd, g, names->v[i], &l.v[i], e);
	if (r == 0)
		parallel_for(l.n, parallel_workers(l.n), read_child, &l);
	for (size_t i = 0; r == 0 && i < l.n; i++) {
		if (l.v[i].rc < 0 && l.v[i].rc != -ENOENT && l.v[i].rc != -EACCES)
			r = err_set(e, -l.v[i].rc, "%s", l.v[i].err.msg);
		if (l.v[i].rc < 0)
			continue;
		*end = l.v[i].group;
		end = &l.v[i].group->next;
	}
	free(l.v);
	return r;
}

/* All neighbours first, then what is below each: so the folders that are held open change once for each group that has some
 * below. */
static int read_below(struct reader *rd, struct group *g, unsigned depth, struct err *e)
{
	struct names l = { 0 };
	int r = 0;

	if (!depth || !g->below)
		return 0;
	r = cgroup_stat_reader_enter(&rd->files, sv_from(g->path), e);
	if (r == 0)
		r = list_all(rd, g, &l, e);
	if (r == 0)
		r = read_children(rd, g, &l, e);
	for (struct group *c = g->child; r == 0 && c; c = c->next)
		r = read_below(rd, c, depth - 1, e);
	return r;
}

static int read_top(struct reader *rd, struct group *top, unsigned depth, struct err *e)
{
	int r = read_use(&rd->files, rd->what, top->path, &top->use, e);

	if (r == 0)
		r = cgroup_stat_reader_enter(&rd->files, sv_from(top->path), e);
	if (r < 0)
		return r;
	top->below = look_below(&rd->files, ~0u, ".");
	return read_below(rd, top, depth < DEPTH_MAX ? depth : DEPTH_MAX, e);
}

int groups_read(const struct host *h, const struct cgroup_layout *l, const char *path, unsigned depth, bool peak,
		struct arena *a, struct group **ret, bool *ret_more, struct err *e)
{
	struct reader rd = { .arena = a, .what = peak ? CGROUP_STAT_MEMORY_PEAK : 0, .left = GROUPS_MAX };
	struct group *top = arena_alloc(a, sizeof *top);
	int r;

	if (top)
		top->path = top->name = arena_str(a, path);
	if (!top || !top->path)
		return err_oom(e);
	cgroup_stat_reader_init(&rd.files, h, l);
	for (size_t i = 0; i < ARRAY_LEN(rd.further); i++)
		cgroup_stat_reader_init(&rd.further[i], h, l);
	r = read_top(&rd, top, depth, e);
	cgroup_stat_reader_done(&rd.files);
	for (size_t i = 0; i < ARRAY_LEN(rd.further); i++)
		cgroup_stat_reader_done(&rd.further[i]);
	if (r < 0)
		return r;
	*ret = top;
	*ret_more = rd.more;
	return 0;
}

/* ---- the tree --------------------------------------------------------------------------------------------------- */

struct group *groups_next(const struct group *g)
{
	unsigned top = 0;

	if (g->child)
		return g->child;
	while (g->depth > top && !g->next)
		g = g->parent;
	return g->depth > top ? g->next : NULL;
}

const struct group *groups_find(const struct group *top, const char *path)
{
	const struct group *g = top;

	while (g && strcmp(g->path, path) != 0) {
		size_t n = strlen(g->path);
		bool above = g->path[1] == '\0' || (strncmp(path, g->path, n) == 0 && path[n] == '/');

		g = above && g->child ? g->child : g->next; /* neither above nor equal: a neighbour may be */
	}
	return g;
}

static int64_t known(int64_t v)
{
	return v == CG_UNSET || v == CG_MAX ? 0 : v;
}

static int64_t weight(const struct group *g, enum group_order by, const struct group *before)
{
	const struct group *old = before ? groups_find(before, g->path) : NULL;

	switch (by) {
	case GROUP_BY_NAME:
		break;
	case GROUP_BY_CPU:
		return known(g->use.cpu_ns) - (old ? known(old->use.cpu_ns) : 0);
	case GROUP_BY_MEMORY:
		return known(g->use.memory_bytes);
	case GROUP_BY_PIDS:
		return known(g->use.pids);
	case GROUP_BY_IO:
		return g->use.read_bytes + g->use.write_bytes - (old ? old->use.read_bytes + old->use.write_bytes : 0);
	}
	return 0;
}

/* Merge sort of a list: neighbours with the same weight stay as they are. */
static struct group *merge(struct group *a, struct group *b, enum group_order by, const struct group *before)
{
	struct group *first = NULL, **end = &first;

	while (a && b) {
		struct group **from = weight(b, by, before) > weight(a, by, before) ? &b : &a;

		*end = *from;
		end = &(*end)->next;
		*from = *end;
	}
	*end = a ? a : b;
	return first;
}

static struct group *sort_list(struct group *l, enum group_order by, const struct group *before)
{
	struct group *half = l, *fast = l ? l->next : NULL, *second;

	if (!fast)
		return l;
	for (; fast && fast->next; fast = fast->next->next)
		half = half->next;
	second = half->next;
	half->next = NULL;
	return merge(sort_list(l, by, before), sort_list(second, by, before), by, before);
}

void groups_sort(struct group *top, enum group_order by, const struct group *before)
{
	if (by == GROUP_BY_NAME)
		return;
	for (struct group *g = top; g; g = groups_next(g))
		g->child = sort_list(g->child, by, before);
}
