/* SPDX-License-Identifier: Apache-2.0 */
#include "systemd/property.h"

#include "base/scope.h"
#include "kernel/cpulist.h"

#include <string.h>

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static const char *const *copy_words(struct arena *a, const char *const *words, size_t n)
{
	const char **copy = arena_array(a, n + 1, sizeof *copy);

	for (size_t i = 0; copy && i < n; i++)
		if (!(copy[i] = arena_str(a, words[i])))
			return NULL;
	return copy;
}

static bool grow(struct unit_properties *l)
{
	size_t cap = l->cap ? 2 * l->cap : 16;
	struct unit_property *v;

	if (l->n < l->cap)
		return true;
	v = arena_array(l->arena, cap, sizeof *v);
	if (!v)
		return false;
	if (l->n)
		memcpy(v, l->v, l->n * sizeof *v);
	l->v = v;
	l->cap = cap;
	return true;
}

void unit_properties_add(struct unit_properties *l, const char *name, const char *signature, const char *const *words,
			 size_t n)
{
	struct unit_property p = { arena_str(l->arena, name), arena_str(l->arena, signature),
				   copy_words(l->arena, words, n) };

	if (!p.name || !p.signature || !p.words || !grow(l))
		l->failed = true;
	else
		l->v[l->n++] = p;
}

int unit_properties_status(const struct unit_properties *l, struct err *e)
{
	return l->failed ? err_oom(e) : 0;
}

static void add_text(struct unit_properties *l, const char *name, const char *signature, const char *text)
{
	unit_properties_add(l, name, signature, &text, 1);
}

static void add_number(struct unit_properties *l, const char *name, uint64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	add_text(l, name, "t", text);
}

void unit_properties_print(const struct unit_properties *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		buf_putf(out, "%s %s", l->v[i].name, l->v[i].signature);
		for (const char *const *w = l->v[i].words; *w; w++)
			buf_putf(out, " %s", *w);
		buf_puts(out, "\n");
	}
}

/* Is this controller's hierarchy v2? */
static bool unified(const struct cgroup_layout *layout, enum cgroup_controller c)
{
	int i = cgroup_layout_find(layout, c);

	return i >= 0 && layout->h[i].v2;
}

void unit_properties_base(struct unit_properties *l, const struct unit_name *u, const struct cgroup_layout *layout,
			  const char *description)
{
	add_text(l, "Description", "s", description);
	if (u->is_slice) {
		if (strcmp(u->slice, "-.slice") != 0)
			unit_properties_add(l, "Wants", "as", (const char *[]){ "1", u->slice }, 2);
	} else {
		add_text(l, "Slice", "s", u->slice);
		add_text(l, "Delegate", "b", "true");
	}
	add_text(l, "DefaultDependencies", "b", "false");
	add_text(l, "MemoryAccounting", "b", "true");
	add_text(l, "CPUAccounting", "b", "true");
	add_text(l, "TasksAccounting", "b", "true");
	add_text(l, unified(layout, CGROUP_BLKIO) ? "IOAccounting" : "BlockIOAccounting", "b", "true");
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

static bool number_or_max(struct sv text, uint64_t *ret)
{
	if (sv_is(text, "max") || sv_is(text, "-1")) {
		*ret = UINT64_MAX;
		return true;
	}
	return sv_u64(text, ret) == 0;
}

/* What several files have to say together. */
struct gathered {
	uint64_t quota, period;
	bool has_quota, has_period;
	struct {
		const char **words; /* of the elements */
		size_t n;
	} list[5];
};

enum list_property { IO_READ_BPS, IO_WRITE_BPS, IO_READ_IOPS, IO_WRITE_IOPS, IO_WEIGHT };

typedef void take_fn(struct unit_properties *l, struct gathered *g, const char *name, struct sv value);

static void take_number(struct unit_properties *l, struct gathered *g, const char *name, struct sv value)
{
	uint64_t v;

	(void)g;
	if (number_or_max(value, &v))
		add_number(l, name, v);
}

static void take_cpu_max(struct unit_properties *l, struct gathered *g, const char *name, struct sv value)
{
	struct sv quota, period;

	(void)l, (void)name;
	(void)sv_cut(value, ' ', &quota, &period);
	g->has_quota = number_or_max(quota, &g->quota);
	g->has_period = sv_u64(period, &g->period) == 0;
}

static void take_quota(struct unit_properties *l, struct gathered *g, const char *name, struct sv value)
{
	(void)l, (void)name;
	g->has_quota = number_or_max(value, &g->quota);
}

static void take_period(struct unit_properties *l, struct gathered *g, const char *name, struct sv value)
{
	(void)l, (void)name;
	g->has_period = sv_u64(value, &g->period) == 0;
}

/* 0 is how systemd says "idle". */
static void take_idle(struct unit_properties *l, struct gathered *g, const char *name, struct sv value)
{
	(void)g;
	if (sv_is(value, "1"))
		add_number(l, name, 0);
}

/* A bit for each, the lowest first. */
static void take_cpus(struct unit_properties *l, struct gathered *g, const char *name, struct sv value)
{
	const char *words[CPULIST_MAX / 8 + 1];
	struct cpulist set;
	size_t n = 0;

	(void)g;
	if (cpulist_parse(value, &set) < 0)
		return;
	for (size_t i = 0; i < CPULIST_MAX / 8; i++)
		if (set.bits[i / 8] >> i % 8 * 8 & 0xff)
			n = i + 1;
	words[0] = arena_fmt(l->arena, "%zu", n);
	for (size_t i = 0; i < n; i++)
		words[i + 1] = arena_fmt(l->arena, "%u", (unsigned)(set.bits[i / 8] >> i % 8 * 8 & 0xff));
	for (size_t i = 0; i <= n; i++)
		if (!words[i]) {
			l->failed = true;
			return;
		}
	unit_properties_add(l, name, "ay", words, n + 1);
}

static void list_add(struct unit_properties *l, struct gathered *g, enum list_property which, struct sv device,
		     uint64_t v)
{
	size_t n = g->list[which].n;
	const char **words = arena_array(l->arena, n + 2, sizeof *words);

	if (!words) {
		l->failed = true;
		return;
	}
	if (n)
		memcpy(words, g->list[which].words, n * sizeof *words);
	words[n] = arena_fmt(l->arena, "/dev/block/" SV_FMT, SV_ARG(device));
	words[n + 1] = arena_fmt(l->arena, "%llu", (unsigned long long)v);
	l->failed |= !words[n] || !words[n + 1];
	g->list[which].words = words;
	g->list[which].n = n + 2;
}

/* "8:0 rbps=1048576 wiops=max" */
static void take_io_max(struct unit_properties *l, struct gathered *g, const char *name, struct sv value)
{
	static const char *const keys[] = {
		[IO_READ_BPS] = "rbps=", [IO_WRITE_BPS] = "wbps=", [IO_READ_IOPS] = "riops=", [IO_WRITE_IOPS] = "wiops="
	};
	struct sv device, rest, word;
	uint64_t v;

	(void)name;
	(void)sv_cut(value, ' ', &device, &rest);
	while (sv_next(&rest, ' ', &word))
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (sv_has_prefix(word, keys[i]) &&
			    number_or_max((struct sv){ word.p + strlen(keys[i]), word.n - strlen(keys[i]) }, &v))
				list_add(l, g, (enum list_property)i, device, v);
}

/* "8:0 1048576" */
static void take_throttle(struct unit_properties *l, struct gathered *g, const char *name, struct sv value)
{
	struct sv device, number;
	uint64_t v;

	if (sv_cut(value, ' ', &device, &number) && sv_u64(number, &v) == 0)
		list_add(l, g, strstr(name, "Read") ? IO_READ_BPS : IO_WRITE_BPS, device, v);
}

/* "100", "default 100", "8:0 200". systemd has weights up to 10,000 and gives BFQ, which has up to 1,000, less. */
static uint64_t wide_weight(uint64_t bfq)
{
	return bfq <= 100 ? bfq : 100 + (bfq - 100) * 9900 / 900;
}

static void take_weight(struct unit_properties *l, struct gathered *g, bool bfq, struct sv value)
{
	struct sv device, number;
	uint64_t v;

	if (!sv_cut(value, ' ', &device, &number)) {
		number = value;
		device.n = 0;
	}
	if (sv_u64(number, &v) < 0)
		return;
	v = bfq ? wide_weight(v) : v;
	if (device.n && !sv_is(device, "default"))
		list_add(l, g, IO_WEIGHT, device, v);
	else
		add_number(l, "IOWeight", v);
}

static void take_io_weight(struct unit_properties *l, struct gathered *g, const char *name, struct sv value)
{
	(void)name;
	take_weight(l, g, false, value);
}

static void take_bfq_weight(struct unit_properties *l, struct gathered *g, const char *name, struct sv value)
{
	(void)name;
	take_weight(l, g, true, value);
}

static const struct file_property {
	bool v2;
	const char *file, *name;
	take_fn *take;
} file_properties[] = {
	{ true, "memory.max", "MemoryMax", take_number },
	{ true, "memory.high", "MemoryHigh", take_number },
	{ true, "memory.low", "MemoryLow", take_number },
	{ true, "memory.min", "MemoryMin", take_number },
	{ true, "memory.swap.max", "MemorySwapMax", take_number },
	{ true, "cpu.weight", "CPUWeight", take_number },
	{ true, "cpu.idle", "CPUWeight", take_idle },
	{ true, "cpu.max", "", take_cpu_max },
	{ true, "cpuset.cpus", "AllowedCPUs", take_cpus },
	{ true, "cpuset.mems", "AllowedMemoryNodes", take_cpus },
	{ true, "pids.max", "TasksMax", take_number },
	{ true, "io.weight", "IOWeight", take_io_weight },
	{ true, "io.bfq.weight", "IOWeight", take_bfq_weight },
	{ true, "io.max", "", take_io_max },
	{ false, "memory.limit_in_bytes", "MemoryLimit", take_number },
	{ false, "cpu.shares", "CPUShares", take_number },
	{ false, "cpu.cfs_quota_us", "", take_quota },
	{ false, "cpu.cfs_period_us", "", take_period },
	{ false, "pids.max", "TasksMax", take_number },
	{ false, "blkio.weight", "BlockIOWeight", take_number },
	{ false, "blkio.throttle.read_bps_device", "BlockIOReadBandwidth", take_throttle },
	{ false, "blkio.throttle.write_bps_device", "BlockIOWriteBandwidth", take_throttle },
};

/* systemd keeps whole percents of a CPU: rounded up, so that it never gives less than was asked for. */
static void put_cpu(struct unit_properties *l, const struct gathered *g)
{
	uint64_t period = g->has_period && g->period ? g->period : 100000, per_second;

	if (g->has_period && g->period)
		add_number(l, "CPUQuotaPeriodUSec", g->period);
	if (!g->has_quota)
		return;
	per_second = g->quota == UINT64_MAX || g->quota > UINT64_MAX / 1000000 ? UINT64_MAX :
										 g->quota * 1000000 / period;
	if (per_second != UINT64_MAX)
		per_second = (per_second + 9999) / 10000 * 10000;
	add_number(l, "CPUQuotaPerSecUSec", per_second);
}

static void put_lists(struct unit_properties *l, const struct gathered *g, bool v2)
{
	static const char *const names[][2] = {
		[IO_READ_BPS] = { "BlockIOReadBandwidth", "IOReadBandwidthMax" },
		[IO_WRITE_BPS] = { "BlockIOWriteBandwidth", "IOWriteBandwidthMax" },
		[IO_READ_IOPS] = { NULL, "IOReadIOPSMax" },
		[IO_WRITE_IOPS] = { NULL, "IOWriteIOPSMax" },
		[IO_WEIGHT] = { NULL, "IODeviceWeight" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t n = g->list[i].n;
		const char **words = n && names[i][v2] ? arena_array(l->arena, n + 1, sizeof *words) : NULL;

		if (!words)
			continue;
		words[0] = arena_fmt(l->arena, "%zu", n / 2);
		memcpy(words + 1, g->list[i].words, n * sizeof *words);
		if (words[0])
			unit_properties_add(l, names[i][v2], "a(st)", words, n + 1);
	}
}

void unit_properties_limits(struct unit_properties *l, const struct cgroup_layout *layout,
			    const struct cgroup_writes *w)
{
	struct gathered g = { 0 };

	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < ARRAY_LEN(file_properties); k++) {
			const struct file_property *f = &file_properties[k];

			if (f->v2 == layout->h[w->w[i].hierarchy].v2 && strcmp(f->file, w->w[i].file) == 0)
				f->take(l, &g, f->name, sv_trim(sv_from(w->w[i].value)));
		}
	put_cpu(l, &g);
	put_lists(l, &g, unified(layout, CGROUP_BLKIO));
}

/* ---- devices ----------------------------------------------------------------------------------------------------- */

/* How systemd names it: one by number, which need not exist; all of a major number; all of a type. NULL: it has no name
 * for "this minor of every major". */
static const char *device_name(struct arena *a, const struct device_rule *r)
{
	const char *type = r->type == 'b' ? "block" : "char";

	if (r->major == CG_MAX)
		return r->minor == CG_MAX ? arena_fmt(a, "%s-*", type) : NULL;
	if (r->minor == CG_MAX)
		return arena_fmt(a, "%s-%lld", type, (long long)r->major);
	return arena_fmt(a, "/dev/%s/%lld:%lld", type, (long long)r->major, (long long)r->minor);
}

static bool overlaps(const struct device_rule *a, const struct device_rule *b)
{
	return (a->type == 'a' || b->type == 'a' || a->type == b->type) &&
	       (a->major == CG_MAX || b->major == CG_MAX || a->major == b->major) &&
	       (a->minor == CG_MAX || b->minor == CG_MAX || a->minor == b->minor) && (a->access & b->access);
}

/* The last rule for everything decides what those after it stand on. */
static size_t after_everything(const struct device_rule *rules, size_t n, bool *ret_allowed)
{
	size_t first = 0;

	*ret_allowed = false;
	for (size_t i = 0; i < n; i++)
		if (rules[i].type == 'a') {
			first = i + 1;
			*ret_allowed = rules[i].allow;
		}
	return first;
}

/* An allowance that is wholly taken back later is none; one that is so in part stays, and our own program is stricter. */
static bool is_taken_back(const struct device_rule *rules, size_t n, size_t i)
{
	for (size_t k = i + 1; k < n; k++)
		if (!rules[k].allow && overlaps(&rules[i], &rules[k]) && rules[k].type == rules[i].type &&
		    (rules[k].major == CG_MAX || rules[k].major == rules[i].major) &&
		    (rules[k].minor == CG_MAX || rules[k].minor == rules[i].minor) &&
		    (rules[i].access & ~rules[k].access) == 0)
			return true;
	return false;
}

static size_t device_words(struct unit_properties *l, const struct device_rule *rules, size_t first, size_t n,
			   const char **words)
{
	size_t count = 0;

	for (size_t i = first; i < n; i++) {
		const struct device_rule *r = &rules[i];
		const char *name = r->allow && !is_taken_back(rules, n, i) ? device_name(l->arena, r) : NULL;
		const char *access =
			arena_fmt(l->arena, "%s%s%s", r->access & DEVICE_READ ? "r" : "",
				  r->access & DEVICE_WRITE ? "w" : "", r->access & DEVICE_MKNOD ? "m" : "");

		if (!name || !access)
			continue;
		words[1 + 2 * count] = name;
		words[2 + 2 * count++] = access;
	}
	words[0] = arena_fmt(l->arena, "%zu", count);
	return count;
}

void unit_properties_devices(struct unit_properties *l, const struct device_rule *rules, size_t n)
{
	bool allowed;
	size_t first = after_everything(rules, n, &allowed), count;
	const char **words = arena_array(l->arena, 2 * n + 2, sizeof *words);

	if (!words) {
		l->failed = true;
		return;
	}
	if (n == 0)
		return;
	add_text(l, "DevicePolicy", "s", allowed ? "auto" : "strict");
	/* an empty list first: what a unit of the same name had is forgotten */
	unit_properties_add(l, "DeviceAllow", "a(ss)", (const char *[]){ "0" }, 1);
	count = allowed ? 0 : device_words(l, rules, first, n, words);
	if (count && words[0])
		unit_properties_add(l, "DeviceAllow", "a(ss)", words, 1 + 2 * count);
}
