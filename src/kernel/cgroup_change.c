/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_change.c - limits of a group in which processes run become others: all of them or none. */
#include "kernel/cgroup_priv.h"
#include "kernel/cgroup_stat.h"
#include "kernel/smallfile.h"

#include "base/limits.h"
#include "base/scope.h"

#include <errno.h>

/* ---- what is to be written: pure -------------------------------------------------------------------------------- */

/* What a new group has. PARENT: what the group above has. */
#define PARENT NULL
static const struct plain {
	const char *file, *value;
	enum cgroup_check check;
} plain[] = {
	{ "memory.limit_in_bytes", "-1", CGROUP_CHECK_PAGES },
	{ "memory.memsw.limit_in_bytes", "-1", CGROUP_CHECK_PAGES },
	{ "memory.soft_limit_in_bytes", "-1", CGROUP_CHECK_PAGES },
	{ "memory.swappiness", PARENT, CGROUP_CHECK_EXACT },
	{ "memory.oom_control", "0", CGROUP_CHECK_EXACT },
	{ "memory.max", "max", CGROUP_CHECK_PAGES },
	{ "memory.high", "max", CGROUP_CHECK_PAGES },
	{ "memory.low", "0", CGROUP_CHECK_PAGES },
	{ "memory.min", "0", CGROUP_CHECK_PAGES },
	{ "memory.swap.max", "max", CGROUP_CHECK_PAGES },
	{ "memory.swap.high", "max", CGROUP_CHECK_PAGES },
	{ "memory.zswap.max", "max", CGROUP_CHECK_PAGES },
	{ "memory.oom.group", "0", CGROUP_CHECK_EXACT },
	{ "cpu.shares", "1024", CGROUP_CHECK_EXACT },
	{ "cpu.cfs_quota_us", "-1", CGROUP_CHECK_EXACT },
	{ "cpu.cfs_period_us", "100000", CGROUP_CHECK_EXACT },
	{ "cpu.cfs_burst_us", "0", CGROUP_CHECK_EXACT },
	{ "cpu.rt_runtime_us", "0", CGROUP_CHECK_EXACT },
	{ "cpu.rt_period_us", "1000000", CGROUP_CHECK_EXACT },
	{ "cpu.weight", "100", CGROUP_CHECK_EXACT },
	{ "cpu.idle", "0", CGROUP_CHECK_EXACT },
	{ "cpu.max", "max 100000", CGROUP_CHECK_EXACT },
	{ "cpu.max.burst", "0", CGROUP_CHECK_EXACT },
	{ "cpuset.cpus", PARENT, CGROUP_CHECK_CPUS },
	{ "cpuset.mems", PARENT, CGROUP_CHECK_CPUS },
	{ "pids.max", "max", CGROUP_CHECK_EXACT },
	{ "blkio.weight", "500", CGROUP_CHECK_EXACT },
	{ "blkio.bfq.weight", "100", CGROUP_CHECK_EXACT },
	{ "io.weight", "default 100", CGROUP_CHECK_EXACT },
	{ "io.bfq.weight", "default 100", CGROUP_CHECK_EXACT },
	{ "cgroup.max.depth", "max", CGROUP_CHECK_EXACT },
	{ "cgroup.max.descendants", "max", CGROUP_CHECK_EXACT },
	{ "cgroup.pressure", "1", CGROUP_CHECK_EXACT },
};

/* Of "8:0 rbps=1048576" the part that says which limit it is: "8:0 rbps=". */
static struct sv device_key(const char *value)
{
	size_t n = strcspn(value, "=");

	return (struct sv){ value, value[n] ? n + 1 : strcspn(value, " ") };
}

static bool is_same_limit(const struct cgroup_write *a, const struct cgroup_write *b)
{
	if (a->hierarchy != b->hierarchy || strcmp(a->file, b->file) != 0)
		return false;
	if (a->check != CGROUP_CHECK_DEVICE || b->check != CGROUP_CHECK_DEVICE)
		return a->check != CGROUP_CHECK_DEVICE && b->check != CGROUP_CHECK_DEVICE;
	return sv_eq(device_key(a->value), device_key(b->value));
}

static const struct cgroup_write *find(const struct cgroup_writes *in, const struct cgroup_write *w)
{
	for (size_t i = in->n; i > 0; i--) /* of several the last one holds */
		if (is_same_limit(&in->w[i - 1], w))
			return &in->w[i - 1];
	return NULL;
}

/* "8:0 rbps=max", "8:0 default", "8:0 0": no limit for a device. */
static const char *device_plain(const struct cgroup_write *w, struct arena *a)
{
	struct sv key = device_key(w->value);

	if (key.n && key.p[key.n - 1] == '=')
		return arena_fmt(a, SV_FMT "max", SV_ARG(key));
	return arena_fmt(a, SV_FMT " %s", SV_ARG(key), strncmp(w->file, "io.", 3) == 0 ? "default" : "0");
}

static int plain_write(const struct cgroup_write *w, struct arena *a, struct cgroup_write *ret, struct err *e)
{
	*ret = *w;
	if (w->check == CGROUP_CHECK_DEVICE) {
		ret->value = device_plain(w, a);
		ret->check = strchr(w->value, '=') ? CGROUP_CHECK_DEVICE : CGROUP_CHECK_NONE;
		return ret->value ? 0 : err_oom(e);
	}
	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (strcmp(plain[i].file, w->file) != 0)
			continue;
		ret->value = plain[i].value;
		ret->check = plain[i].check;
		return 0;
	}
	return err_set(e, ENOTSUP, "%s: what it is without a limit is not known here; write a value", w->file);
}

/* Rules of devices are no limits, and stay. */
static bool is_limit(const struct cgroup_write *w)
{
	return strncmp(w->file, "devices.", 8) != 0;
}

int cgroup_change_plan(const struct cgroup_writes *from, const struct cgroup_writes *to, bool all, struct arena *a,
		       struct cgroup_writes *ret, struct err *e)
{
	struct cgroup_writes out = { .w = arena_array(a, from->n + to->n + 1, sizeof *out.w) };

	if (!out.w)
		return err_oom(e);
	for (size_t i = 0; i < from->n; i++) {
		int r;

		if (!is_limit(&from->w[i]) || find(to, &from->w[i]))
			continue;
		r = plain_write(&from->w[i], a, &out.w[out.n++], e);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < to->n; i++) {
		const struct cgroup_write *before = find(from, &to->w[i]);

		if (is_limit(&to->w[i]) && (all || !before || strcmp(before->value, to->w[i].value) != 0))
			out.w[out.n++] = to->w[i];
	}
	*ret = out;
	return 0;
}

/* ---- what is there ---------------------------------------------------------------------------------------------- */

static int read_file(const struct cgroup *cg, const struct cgroup_part *p, size_t n, const char *file, char *buf,
		     size_t cap, struct sv *ret, struct err *e)
{
	char path[CGROUP_DIR_MAX];
	int r = cgroup_file_path(path, p->dir, n, file) ? smallfile_read(cg->root, path, buf, cap, ret) : -ENAMETOOLONG;

	if (r < 0) {
		errno = -r;
		return err_sys(e, "cgroup %s: read %s", cg->path, file);
	}
	return 0;
}

/* The word of this device's line that says the limit, as it is to be written to have it again. */
static const char *device_now(const struct cgroup_write *w, struct sv text, struct arena *a)
{
	struct sv key = device_key(w->value), device, line, head, rest, word;

	(void)sv_cut(key, ' ', &device, &word);
	while (sv_next(&text, '\n', &line)) {
		if (!sv_cut(line, ' ', &head, &rest) || !sv_eq(head, device))
			continue;
		if (!word.n)
			return arena_fmt(a, SV_FMT " " SV_FMT, SV_ARG(device), SV_ARG(rest));
		while (sv_next(&rest, ' ', &head))
			if (head.n > word.n && memcmp(head.p, word.p, word.n) == 0)
				return arena_fmt(a, SV_FMT " " SV_FMT, SV_ARG(device), SV_ARG(head));
	}
	return device_plain(w, a);
}

/* What the group above gives. In v2 that is what its list comes to: an empty one would mean the same, but the kernel does
 * not let a group in which processes run become empty. */
static int parents_value(const struct cgroup *cg, const struct cgroup_write *w, struct arena *a, const char **ret,
			 struct err *e)
{
	const struct cgroup_part *p = &cg->part[w->hierarchy];
	size_t n = (size_t)(strrchr(p->dir, '/') - p->dir);
	char file[64], buf[4096];
	struct sv text;
	int r;

	(void)snprintf(file, sizeof file, "%s%s", w->file, cg->layout.h[w->hierarchy].v2 ? ".effective" : "");
	r = read_file(cg, p, n, file, buf, sizeof buf, &text, e);
	if (r < 0)
		return r;
	*ret = arena_sv(a, sv_trim(text));
	return *ret ? 0 : err_oom(e);
}

/* What has to be written to undo the write. */
static int value_now(const struct cgroup *cg, const struct cgroup_write *w, struct arena *a, const char **ret,
		     struct err *e)
{
	const struct cgroup_part *p = &cg->part[w->hierarchy];
	char buf[4096];
	struct sv text, line, rest;
	int r = read_file(cg, p, strlen(p->dir), w->file, buf, sizeof buf, &text, e);

	if (r < 0)
		return r;
	(void)sv_cut(text, '\n', &line, &rest);
	if (strcmp(w->file, "memory.oom_control") == 0) /* "oom_kill_disable 1" */
		(void)sv_rcut(line, ' ', &rest, &line);
	if (!line.n && w->check == CGROUP_CHECK_CPUS)
		return parents_value(cg, w, a, ret, e);
	if (w->check == CGROUP_CHECK_DEVICE || (line.n && strchr(w->value, ':')))
		*ret = device_now(w, text, a);
	else
		*ret = line.n ? arena_sv(a, line) : "\n";
	return *ret ? 0 : err_oom(e);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static uint64_t bytes(struct sv text)
{
	uint64_t v;

	return sv_u64(sv_trim(text), &v) < 0 ? UINT64_MAX : v; /* "max", "-1" */
}

static struct cgroup_write *find_file(const struct cgroup_writes *in, const char *file)
{
	for (size_t i = 0; i < in->n; i++)
		if (strcmp(in->w[i].file, file) == 0)
			return &in->w[i];
	return NULL;
}

/* The sum of memory and swap is never below the memory: more of it is given first, and taken last. */
static int order_memory(const struct cgroup *cg, const struct cgroup_writes *change, struct err *e)
{
	struct cgroup_write *limit = find_file(change, "memory.limit_in_bytes"), other;
	struct cgroup_write *sum = find_file(change, "memory.memsw.limit_in_bytes");
	const struct cgroup_part *p;
	char buf[64];
	struct sv now;
	bool more;
	int r;

	if (!limit || !sum)
		return 0;
	p = &cg->part[sum->hierarchy];
	r = read_file(cg, p, strlen(p->dir), sum->file, buf, sizeof buf, &now, e);
	if (r < 0)
		return r;
	more = bytes(sv_from(sum->value)) >= bytes(now);
	if (more == (sum < limit))
		return 0;
	other = *limit;
	*limit = *sum;
	*sum = other;
	return 0;
}

static int64_t swap_free(const struct cgroup *cg)
{
	char buf[4096];
	struct sv text;
	uint64_t kib;

	if (smallfile_read(cg->root, "proc/meminfo", buf, sizeof buf, &text) < 0)
		return 0;
	for (struct sv line; sv_next(&text, '\n', &line);)
		if (sv_has_prefix(line, "SwapFree:")) {
			line = sv_trim((struct sv){ line.p + 9, line.n - 9 });
			(void)sv_cut(line, ' ', &line, &text);
			return sv_u64(line, &kib) < 0 ? 0 : (int64_t)(kib << 10);
		}
	return 0;
}

static int read_usage(const struct cgroup *cg, struct cgroup_stat *ret)
{
	const struct host h = { .root = cg->root, .proc = -1, .sys = -1, .real = cg->real };

	return cgroup_stat_read(&h, &cg->layout, cg->path, CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_DETAIL, ret, NULL);
}

static int too_much(const struct cgroup_write *w, const struct cgroup_stat *s, struct err *e)
{
	return err_set(e, EBUSY, "unable to set memory limit to %s (current usage: %lld, peak usage: %lld)", w->value,
		       (long long)s->memory.usage_bytes, (long long)s->memory.peak_bytes);
}

static int64_t known(int64_t v)
{
	return v == CG_UNSET ? 0 : v;
}

/* Of what is used, that which cannot be taken back from the processes when `room` more bytes may be swapped out. Files in
 * memory (tmpfs, /dev/shm) are on the lists of anonymous memory: they have nowhere else to go. */
static int64_t needed(const struct cgroup_stat *s, int64_t room)
{
	int64_t files = known(s->memory.active_file) + known(s->memory.inactive_file);
	int64_t swappable = known(s->memory.active_anon) + known(s->memory.inactive_anon);

	return s->memory.usage_bytes - files - known(s->memory.slab_reclaimable) -
	       (swappable < room ? swappable : room);
}

/* v1's kernel refuses a limit below what is used; v2's would kill to reach it. */
static int check_usage(struct cgroup *cg, const struct cgroup_write *w, const struct cgroup_writes *change,
		       struct err *e)
{
	const struct cgroup_write *swap = find_file(change, "memory.swap.max");
	int64_t room, may, keeps;
	struct cgroup_stat s;

	if (strcmp(w->file, "memory.max") != 0 || strcmp(w->value, "max") == 0)
		return 0;
	if (read_usage(cg, &s) < 0 || s.memory.usage_bytes < 0)
		return 0;
	room = swap_free(cg);
	may = swap ? (int64_t)(bytes(sv_from(swap->value)) & INT64_MAX) : s.memory.swap_limit_bytes;
	if (may != CG_UNSET)
		may = may > known(s.memory.swap_bytes) ? may - known(s.memory.swap_bytes) : 0;
	if (may != CG_UNSET && may < room)
		room = may;
	keeps = needed(&s, room);
	return keeps > 0 && (uint64_t)keeps > bytes(sv_from(w->value)) ? too_much(w, &s, e) : 0;
}

/* ---- a limit below what is used (v2) ------------------------------------------------------------------------------ */

#define SHRINK_TRIES 8

static int write_value(struct cgroup *cg, const struct cgroup_write *w, const char *file, const char *value)
{
	struct cgroup_write other = {
		.hierarchy = w->hierarchy, .file = file, .value = value, .check = CGROUP_CHECK_NONE, .optional = true
	};

	return cgroup_apply(cg, &other, NULL);
}

/* What is above the limit is taken back. A kernel without memory.reclaim did as much as it could at memory.high. */
static int64_t reclaim(struct cgroup *cg, const struct cgroup_write *w, int64_t limit)
{
	struct cgroup_stat s = { .memory.usage_bytes = 0 };
	char text[32];

	for (int i = 0; i < SHRINK_TRIES; i++) {
		if (read_usage(cg, &s) < 0 || s.memory.usage_bytes <= limit)
			return 0;
		(void)snprintf(text, sizeof text, "%lld", (long long)(s.memory.usage_bytes - limit));
		(void)write_value(cg, w, "memory.reclaim", text);
	}
	return s.memory.usage_bytes > limit ? s.memory.usage_bytes - limit : 0;
}

/* The kernel would kill to reach a lower memory.max. So processes are first held back from taking more, by memory.high; what
 * they use too much is taken back; and only if that is enough the limit is written. */
static int shrink(struct cgroup *cg, const struct cgroup_write *w, struct arena *a, struct err *e)
{
	const struct cgroup_write high = { .hierarchy = w->hierarchy, .file = "memory.high", .value = w->value };
	int64_t limit = (int64_t)bytes(sv_from(w->value));
	struct cgroup_stat s;
	const char *before;
	int r = 0;

	if (read_usage(cg, &s) < 0 || s.memory.usage_bytes <= limit)
		return cgroup_apply(cg, w, e);
	if (value_now(cg, &high, a, &before, NULL) < 0 || write_value(cg, w, high.file, high.value) < 0)
		return cgroup_apply(cg, w, e);
	if (reclaim(cg, w, limit) > 0 && read_usage(cg, &s) == 0)
		r = too_much(w, &s, e);
	if (r == 0)
		r = cgroup_apply(cg, w, e);
	(void)write_value(cg, w, high.file, before);
	return r;
}

/* ---- all or none ------------------------------------------------------------------------------------------------- */

static int write_one(struct cgroup *cg, const struct cgroup_write *w, const struct cgroup_writes *change,
		     struct arena *a, struct err *e)
{
	bool may_kill = strcmp(w->file, "memory.max") == 0 && strcmp(w->value, "max") != 0;
	struct cgroup_stat s;
	int r = check_usage(cg, w, change, e);

	if (r == 0)
		r = may_kill ? shrink(cg, w, a, e) : cgroup_apply(cg, w, e);
	if (r == -EBUSY && strncmp(w->file, "memory.", 7) == 0 && strstr(w->file, "limit_in_bytes") &&
	    read_usage(cg, &s) == 0)
		return too_much(w, &s, e);
	return r;
}

static void undo(struct cgroup *cg, const struct cgroup_write *done, const char *const *before, size_t n)
{
	while (n-- > 0) {
		struct cgroup_write back = done[n];

		back.value = before[n];
		back.check = CGROUP_CHECK_NONE;
		(void)cgroup_apply(cg, &back, NULL);
	}
}

int cgroup_change(struct cgroup *cg, const struct cgroup_writes *change, struct arena *a, struct err *e)
{
	const char **before = arena_array(a, change->n + 1, sizeof *before);
	int r = before ? order_memory(cg, change, e) : err_oom(e);

	for (size_t i = 0; r == 0 && i < change->n; i++) {
		struct cgroup_write *w = &change->w[i];

		if (!w->value)
			r = parents_value(cg, w, a, &w->value, e);
		if (r == 0)
			r = value_now(cg, w, a, &before[i], e);
		if (r == 0)
			r = write_one(cg, w, change, a, e);
		if (r < 0)
			undo(cg, change->w, before, i);
	}
	return r;
}
