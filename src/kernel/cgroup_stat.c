/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_stat.c - the files of a group's statistics as rows: which file says what, by which key. Pure. */
#include "kernel/cgroup_stat_priv.h"

#include "base/scope.h"

#include <string.h>

#define NS_PER_TICK 10000000        /* USER_HZ is 100 wherever tare runs */
#define NO_LIMIT (INT64_C(1) << 62) /* v1 prints "no limit" as INT64_MAX, rounded down to pages, small or huge */

/* ---- the rows ------------------------------------------------------------------------------------------------- */

#define AT(field) offsetof(struct cgroup_stat, field)
#define KEY(line, field) { line, NULL, AT(field), 1, sizeof(line) - 1 }
#define TIMES(line, field, factor) { line, NULL, AT(field), factor, sizeof(line) - 1 }

static const struct stat_key cpu_usage_v2[] = {
	TIMES("usage_usec", cpu.usage_ns, 1000),
	TIMES("user_usec", cpu.user_ns, 1000),
	TIMES("system_usec", cpu.system_ns, 1000),
};
static const struct stat_key cpu_quota_v2[] = {
	KEY("nr_periods", cpu.periods),
	KEY("nr_throttled", cpu.throttled_periods),
	TIMES("throttled_usec", cpu.throttled_ns, 1000),
	KEY("nr_bursts", cpu.bursts),
	TIMES("burst_usec", cpu.burst_ns, 1000),
};
static const struct stat_key cpu_quota_v1[] = {
	KEY("nr_periods", cpu.periods),
	KEY("nr_throttled", cpu.throttled_periods),
	KEY("throttled_time", cpu.throttled_ns),
	KEY("nr_bursts", cpu.bursts),
	KEY("burst_time", cpu.burst_ns),
};
static const struct stat_key cpuacct_usage[] = { KEY("", cpu.usage_ns) };
/* scaled to the exact sum, as v2's are (Linux 5.17); cpuacct.usage_user and _sys only count ticks */
static const struct stat_key cpuacct_stat[] = {
	TIMES("user", cpu.user_ns, NS_PER_TICK),
	TIMES("system", cpu.system_ns, NS_PER_TICK),
};

/* What both versions call alike, but for a prefix. */
#define MEMORY_STAT(prefix)                                                                                            \
	KEY(prefix "shmem", memory.shmem), KEY(prefix "inactive_anon", memory.inactive_anon),                          \
	KEY(prefix "active_anon", memory.active_anon), KEY(prefix "inactive_file", memory.inactive_file),              \
	KEY(prefix "active_file", memory.active_file), KEY(prefix "unevictable", memory.unevictable),                  \
	KEY(prefix "pgfault", memory.pgfault), KEY(prefix "pgmajfault", memory.pgmajfault)
static const struct stat_key cpu_period_v1[] = { KEY("", cpu.period_us) };
static const struct stat_key cpu_max[] = { KEY("", cpu.quota_us), KEY("", cpu.period_us) };

static const struct stat_key memory_stat_v2[] = {
	KEY("anon", memory.anon),
	KEY("file", memory.file),
	KEY("kernel", memory.kernel),
	KEY("kernel_stack", memory.kernel_stack),
	KEY("pagetables", memory.pagetables),
	KEY("sock", memory.sock),
	KEY("file_mapped", memory.mapped_file),
	KEY("file_dirty", memory.dirty),
	KEY("file_writeback", memory.writeback),
	KEY("slab_reclaimable", memory.slab_reclaimable),
	KEY("slab", memory.slab),
	MEMORY_STAT(""),
};
/* without "total_" they leave out the groups below */
static const struct stat_key memory_stat_v1[] = {
	KEY("total_rss", memory.anon),
	KEY("total_cache", memory.file),
	KEY("total_mapped_file", memory.mapped_file),
	KEY("total_dirty", memory.dirty),
	KEY("total_writeback", memory.writeback),
	KEY("total_swap", memory.swap_bytes),
	KEY("hierarchical_memory_limit", memory.limit_in_force_bytes),
	KEY("hierarchical_memsw_limit", memory.both_in_force_bytes),
	MEMORY_STAT("total_"),
};

static const struct stat_key memory_failcnt[] = { KEY("", memory_events_local.max) };
static const struct stat_key memory_usage[] = { KEY("", memory.usage_bytes) };

#define MEMORY_EVENTS(where)                                                                                           \
	{ KEY("low", where.low), KEY("high", where.high), KEY("max", where.max),                                       \
	  KEY("oom", where.oom), KEY("oom_kill", where.oom_kill), KEY("oom_group_kill", where.oom_group_kill) }
static const struct stat_key memory_events_v2[] = MEMORY_EVENTS(memory_events);
static const struct stat_key memory_events_local_v2[] = MEMORY_EVENTS(memory_events_local);
static const struct stat_key oom_control[] = { KEY("oom_kill", memory_events.oom_kill) };
static const struct stat_key oom_control_local[] = { KEY("oom_kill", memory_events_local.oom_kill) };
static const struct stat_key pids_events[] = { KEY("max", pids.limit_hits) };

#define PSI_WORD(line, word, field) { line, word, AT(field), 1, sizeof(line) - 1 }
#define PSI_LINE(line, where)                                                                                          \
	PSI_WORD(line, "avg10", where.avg10), PSI_WORD(line, "avg60", where.avg60),                                    \
	PSI_WORD(line, "avg300", where.avg300), PSI_WORD(line, "total", where.total_us)
#define PSI(where) { PSI_LINE("some", where.some), PSI_LINE("full", where.full) }
static const struct stat_key cpu_pressure[] = PSI(cpu.pressure);
static const struct stat_key memory_pressure[] = PSI(memory.pressure);
static const struct stat_key io_pressure[] = PSI(io.pressure);

#define DEVICE(word, field) { NULL, word, offsetof(struct cgroup_device_io, field), 1, 0 }
static const struct stat_key io_stat[] = {
	DEVICE("rbytes", read_bytes),   DEVICE("wbytes", write_bytes), DEVICE("rios", reads),
	DEVICE("wios", writes),	        DEVICE("dbytes", discard_bytes), DEVICE("dios", discards),
};
static const struct stat_key io_bytes_v1[] = { DEVICE("Read", read_bytes), DEVICE("Write", write_bytes),
					       DEVICE("Discard", discard_bytes) };
static const struct stat_key io_counts_v1[] = { DEVICE("Read", reads), DEVICE("Write", writes),
						DEVICE("Discard", discards) };

static const struct stat_key io_max[] = { DEVICE("rbps", read_bps), DEVICE("wbps", write_bps),
					  DEVICE("riops", read_iops), DEVICE("wiops", write_iops) };
static const struct stat_key read_bps_v1[] = { DEVICE("", read_bps) }, write_bps_v1[] = { DEVICE("", write_bps) };
static const struct stat_key read_iops_v1[] = { DEVICE("", read_iops) }, write_iops_v1[] = { DEVICE("", write_iops) };

#define HUGE(line, field) { { line, NULL, offsetof(struct cgroup_hugepages, field), 1, sizeof(line) - 1 } }
static const struct stat_key huge_usage[] = HUGE("", usage_bytes), huge_limit[] = HUGE("", limit_bytes);
static const struct stat_key huge_peak[] = HUGE("", peak_bytes), huge_failures[] = HUGE("", limit_hits);
static const struct stat_key huge_events[] = HUGE("max", limit_hits);

#define FILE_ROW(version, what, controller, form, name, keys)                                                          \
	{ version, CGROUP_STAT_##what, controller, STAT_##form, name, keys, ARRAY_LEN(keys), 0, STAT_ANY_MOMENT }
#define KEYED(version, what, controller, name, keys)                                                                   \
	FILE_ROW(version, what, CGROUP_##controller, PLAIN, name, keys)
#define VALUE(version, what, controller, name, field)                                                                  \
	{ version, CGROUP_STAT_##what, CGROUP_##controller, STAT_PLAIN, name, (const struct stat_key[]){ KEY("", field) }, 1, 0, STAT_ANY_MOMENT }
#define LIMIT(version, what, controller, name, field)                                                                  \
	{ version, CGROUP_STAT_##what, CGROUP_##controller, STAT_PLAIN, name, (const struct stat_key[]){ KEY("", field) }, 1, 0, STAT_WRITE }
#define UNTIL(until, version, what, controller, form, name, keys)                                                      \
	{ version, CGROUP_STAT_##what, CGROUP_##controller, STAT_##form, name, keys, ARRAY_LEN(keys), 0, STAT_##until }
#define STALLS(name, keys)                                                                                             \
	{ 2, CGROUP_STAT_PRESSURE, STAT_ANY_V2, STAT_PLAIN, name, keys, ARRAY_LEN(keys), 0, STAT_STALL }
/* only where another field, which a row above fills, is a number and not zero */
#define KEYED_IF(version, what, controller, name, keys, field)                                                         \
	{ version, CGROUP_STAT_##what, CGROUP_##controller, STAT_PLAIN, name, keys, ARRAY_LEN(keys), AT(field), STAT_ANY_MOMENT }
#define LIMIT_IF(version, what, controller, name, keys, field)                                                         \
	{ version, CGROUP_STAT_##what, CGROUP_##controller, STAT_PLAIN, name, keys, ARRAY_LEN(keys), AT(field), STAT_WRITE }

/* of those files that BRIEF reads, too */
enum {
	CGROUP_STAT_CPU_BRIEF = CGROUP_STAT_CPU | CGROUP_STAT_BRIEF | CGROUP_STAT_LINE,
	CGROUP_STAT_CPU_LINE = CGROUP_STAT_CPU | CGROUP_STAT_LINE,
	CGROUP_STAT_BRIEF_TROUBLES = CGROUP_STAT_BRIEF | CGROUP_STAT_TROUBLES,
	CGROUP_STAT_CPU_AT_LIMITS = CGROUP_STAT_CPU | CGROUP_STAT_AT_LIMITS,
	CGROUP_STAT_CPU_BRIEF_AT_LIMITS = CGROUP_STAT_CPU_BRIEF | CGROUP_STAT_AT_LIMITS,
	CGROUP_STAT_CPU_LIMIT_AT_LIMITS = CGROUP_STAT_CPU_LIMIT | CGROUP_STAT_AT_LIMITS,
	CGROUP_STAT_BRIEF_TROUBLES_AT_LIMITS = CGROUP_STAT_BRIEF_TROUBLES | CGROUP_STAT_AT_LIMITS,
	CGROUP_STAT_CPU_LIMIT_BRIEF = CGROUP_STAT_CPU_LIMIT | CGROUP_STAT_BRIEF_TROUBLES_AT_LIMITS,
	CGROUP_STAT_MEMORY_AND_PEAK = CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_PEAK,
	CGROUP_STAT_MEMORY_DETAIL_OR_STAT = CGROUP_STAT_MEMORY_DETAIL | CGROUP_STAT_MEMORY_STAT | CGROUP_STAT_LINE,
	CGROUP_STAT_MEMORY_BRIEF = CGROUP_STAT_MEMORY | CGROUP_STAT_BRIEF,
	CGROUP_STAT_MEMORY_LINE = CGROUP_STAT_MEMORY_BRIEF | CGROUP_STAT_LINE,
	CGROUP_STAT_MEMORY_LIMIT = CGROUP_STAT_MEMORY_BRIEF | CGROUP_STAT_TROUBLES,
	CGROUP_STAT_MEMORY_LIMIT_LINE = CGROUP_STAT_MEMORY_LIMIT | CGROUP_STAT_LINE,
	CGROUP_STAT_EVENTS_TROUBLES = CGROUP_STAT_EVENTS | CGROUP_STAT_TROUBLES,
	CGROUP_STAT_PIDS_BRIEF = CGROUP_STAT_PIDS | CGROUP_STAT_BRIEF_TROUBLES,
	CGROUP_STAT_PIDS_LINE = CGROUP_STAT_PIDS_BRIEF | CGROUP_STAT_LINE,
	CGROUP_STAT_IO_BRIEF = CGROUP_STAT_IO | CGROUP_STAT_BRIEF | CGROUP_STAT_LINE,
};

/* Neighbours of one name are read once. The first row that fills a field wins. */
const struct stat_file stat_files[] = {
	KEYED(2, CPU_BRIEF_AT_LIMITS, CPUACCT, "cpu.stat", cpu_usage_v2),
	KEYED(2, CPU_BRIEF_AT_LIMITS, CPU, "cpu.stat", cpu_quota_v2),
	KEYED(1, CPU_LINE, CPU, "cpu.stat", cpu_quota_v1),
	KEYED(1, CPU_BRIEF_AT_LIMITS, CPUACCT, "cpuacct.usage", cpuacct_usage),
	UNTIL(RUN, 1, CPU_AT_LIMITS, CPUACCT, PLAIN, "cpuacct.stat", cpuacct_stat),

	UNTIL(WRITE, 2, CPU_LIMIT_BRIEF, CPU, WORDS, "cpu.max", cpu_max),
	LIMIT(2, CPU_LIMIT_AT_LIMITS, CPU, "cpu.weight", cpu.weight),
	LIMIT(1, CPU_LIMIT_BRIEF, CPU, "cpu.cfs_quota_us", cpu.quota_us),
	LIMIT(1, CPU_LIMIT, CPU, "cpu.cfs_period_us", cpu.period_us),
	LIMIT_IF(1, BRIEF_TROUBLES_AT_LIMITS, CPU, "cpu.cfs_period_us", cpu_period_v1, cpu.quota_us),
	KEYED_IF(1, BRIEF_TROUBLES_AT_LIMITS, CPU, "cpu.stat", cpu_quota_v1, cpu.quota_us),
	KEYED_IF(2, TROUBLES, CPU, "cpu.stat", cpu_quota_v2, cpu.quota_us),
	LIMIT(1, CPU_LIMIT_AT_LIMITS, CPU, "cpu.shares", cpu.shares),

	VALUE(2, MEMORY_LINE, MEMORY, "memory.current", memory.usage_bytes),
	VALUE(2, MEMORY_AND_PEAK, MEMORY, "memory.peak", memory.peak_bytes), /* Linux 5.19 */
	LIMIT(2, MEMORY_LIMIT_LINE, MEMORY, "memory.max", memory.limit_bytes),
	LIMIT(2, MEMORY, MEMORY, "memory.high", memory.high_bytes),
	LIMIT(2, MEMORY, MEMORY, "memory.low", memory.reservation_bytes),
	VALUE(2, MEMORY, MEMORY, "memory.swap.current", memory.swap_bytes),
	LIMIT(2, MEMORY, MEMORY, "memory.swap.max", memory.swap_limit_bytes),
	KEYED(1, MEMORY_DETAIL_OR_STAT, MEMORY, "memory.stat", memory_stat_v1),
	VALUE(1, MEMORY_LINE, MEMORY, "memory.usage_in_bytes", memory.usage_bytes),
	VALUE(1, MEMORY_AND_PEAK, MEMORY, "memory.max_usage_in_bytes", memory.peak_bytes),
	LIMIT(1, MEMORY_LIMIT, MEMORY, "memory.limit_in_bytes", memory.limit_bytes),
	LIMIT(1, MEMORY, MEMORY, "memory.soft_limit_in_bytes", memory.reservation_bytes),
	LIMIT(1, MEMORY, MEMORY, "memory.memsw.limit_in_bytes", memory.both_limit_bytes),
	KEYED(2, MEMORY_DETAIL_OR_STAT, MEMORY, "memory.stat", memory_stat_v2),
	KEYED_IF(2, TROUBLES, MEMORY, "memory.current", memory_usage, memory.limit_bytes),
	KEYED_IF(2, TROUBLES, MEMORY, "memory.stat", memory_stat_v2, memory.limit_bytes),
	KEYED_IF(1, TROUBLES, MEMORY, "memory.usage_in_bytes", memory_usage, memory.limit_bytes),
	KEYED_IF(1, TROUBLES, MEMORY, "memory.stat", memory_stat_v1, memory.limit_bytes),
	VALUE(1, MEMORY_DETAIL, MEMORY, "memory.kmem.usage_in_bytes", memory.kernel),
	VALUE(1, MEMORY_DETAIL, MEMORY, "memory.kmem.tcp.usage_in_bytes", memory.sock),

	UNTIL(KILL, 2, EVENTS_TROUBLES, MEMORY, PLAIN, "memory.events", memory_events_v2),
	UNTIL(KILL, 1, EVENTS_TROUBLES, MEMORY, PLAIN, "memory.oom_control", oom_control), /* Linux 4.13 */
	KEYED(2, EVENTS_LOCAL, MEMORY, "memory.events.local", memory_events_local_v2), /* Linux 5.2 */
	KEYED_IF(2, TROUBLES, MEMORY, "memory.events.local", memory_events_local_v2, memory_events.oom_kill),
	KEYED(1, EVENTS_LOCAL, MEMORY, "memory.oom_control", oom_control_local),
	VALUE(1, EVENTS_LOCAL, MEMORY, "memory.failcnt", memory_events_local.max),
	KEYED_IF(2, AT_LIMITS, MEMORY, "memory.events.local", memory_events_local_v2, memory.limit_bytes),
	KEYED_IF(1, AT_LIMITS, MEMORY, "memory.failcnt", memory_failcnt, memory.limit_bytes),

	VALUE(2, PIDS_LINE, PIDS, "pids.current", pids.current),
	VALUE(2, PIDS, PIDS, "pids.peak", pids.peak), /* Linux 6.6, and some before */
	LIMIT(2, PIDS_BRIEF, PIDS, "pids.max", pids.limit),
	KEYED(2, PIDS, PIDS, "pids.events", pids_events),
	KEYED_IF(2, TROUBLES, PIDS, "pids.events", pids_events, pids.limit),
	VALUE(1, PIDS_LINE, PIDS, "pids.current", pids.current),
	VALUE(1, PIDS, PIDS, "pids.peak", pids.peak),
	LIMIT(1, PIDS_BRIEF, PIDS, "pids.max", pids.limit),
	KEYED(1, PIDS, PIDS, "pids.events", pids_events),
	KEYED_IF(1, TROUBLES, PIDS, "pids.events", pids_events, pids.limit),

	/* on v1 each kind of scheduler counts for itself; the throttle counts for the disks that it was ever asked for */
	FILE_ROW(2, IO_BRIEF, CGROUP_BLKIO, DEVICES, "io.stat", io_stat),
	FILE_ROW(1, IO_BRIEF, CGROUP_BLKIO, DEVICES, "blkio.bfq.io_service_bytes_recursive", io_bytes_v1),
	FILE_ROW(1, IO, CGROUP_BLKIO, DEVICES, "blkio.bfq.io_serviced_recursive", io_counts_v1),
	FILE_ROW(1, IO_BRIEF, CGROUP_BLKIO, DEVICES, "blkio.io_service_bytes_recursive", io_bytes_v1), /* CFQ */
	FILE_ROW(1, IO, CGROUP_BLKIO, DEVICES, "blkio.io_serviced_recursive", io_counts_v1),
	FILE_ROW(1, IO_BRIEF, CGROUP_BLKIO, DEVICES, "blkio.throttle.io_service_bytes_recursive", io_bytes_v1),
	FILE_ROW(1, IO, CGROUP_BLKIO, DEVICES, "blkio.throttle.io_serviced_recursive", io_counts_v1),

	FILE_ROW(2, IO_LIMIT, CGROUP_BLKIO, DEVICES, "io.max", io_max),
	FILE_ROW(1, IO_LIMIT, CGROUP_BLKIO, DEVICES, "blkio.throttle.read_bps_device", read_bps_v1),
	FILE_ROW(1, IO_LIMIT, CGROUP_BLKIO, DEVICES, "blkio.throttle.write_bps_device", write_bps_v1),
	FILE_ROW(1, IO_LIMIT, CGROUP_BLKIO, DEVICES, "blkio.throttle.read_iops_device", read_iops_v1),
	FILE_ROW(1, IO_LIMIT, CGROUP_BLKIO, DEVICES, "blkio.throttle.write_iops_device", write_iops_v1),

	FILE_ROW(2, HUGETLB, CGROUP_HUGETLB, HUGEPAGES, "hugetlb.*.current", huge_usage),
	FILE_ROW(2, HUGETLB, CGROUP_HUGETLB, HUGEPAGES, "hugetlb.*.max", huge_limit),
	FILE_ROW(2, HUGETLB, CGROUP_HUGETLB, HUGEPAGES, "hugetlb.*.events", huge_events),
	FILE_ROW(1, HUGETLB, CGROUP_HUGETLB, HUGEPAGES, "hugetlb.*.usage_in_bytes", huge_usage),
	FILE_ROW(1, HUGETLB, CGROUP_HUGETLB, HUGEPAGES, "hugetlb.*.max_usage_in_bytes", huge_peak),
	FILE_ROW(1, HUGETLB, CGROUP_HUGETLB, HUGEPAGES, "hugetlb.*.limit_in_bytes", huge_limit),
	FILE_ROW(1, HUGETLB, CGROUP_HUGETLB, HUGEPAGES, "hugetlb.*.failcnt", huge_failures),

	FILE_ROW(2, PRESSURE, STAT_ANY_V2, PLAIN, "cpu.pressure", cpu_pressure),
	STALLS("memory.pressure", memory_pressure),
	STALLS("io.pressure", io_pressure),
};
const size_t stat_file_count = ARRAY_LEN(stat_files);
_Static_assert(ARRAY_LEN(stat_files) <= CGROUP_STAT_FILES, "struct cgroup_stat_reader has room for each");

/* ---- values --------------------------------------------------------------------------------------------------- */

static int64_t *field(void *base, size_t at)
{
	return (int64_t *)(void *)((char *)base + at);
}

static int64_t number(const struct cgroup_stat *st, size_t at)
{
	return *(const int64_t *)(const void *)((const char *)st + at);
}

/* "1.50" in hundredths: 150 */
static bool parse_hundredths(struct sv text, uint64_t *ret)
{
	struct sv whole, part;
	uint64_t a, b;

	if (!sv_cut(text, '.', &whole, &part) || part.n != 2 || sv_u64(whole, &a) < 0 || sv_u64(part, &b) < 0)
		return false;
	return !__builtin_mul_overflow(a, 100u, &a) && !__builtin_add_overflow(a, b, ret);
}

static bool parse_number(struct sv text, unsigned factor, int64_t *ret)
{
	uint64_t v;

	if (sv_is(text, "max") || sv_is(text, "-1")) { /* -1: cpu.cfs_quota_us */
		*ret = CG_MAX;
		return true;
	}
	if (sv_u64(text, &v) < 0 && !parse_hundredths(text, &v))
		return false;
	*ret = __builtin_mul_overflow(v, (uint64_t)factor, &v) || v >= NO_LIMIT ? CG_MAX : (int64_t)v;
	return true;
}

static void fill(void *base, const struct stat_key *k, struct sv text)
{
	int64_t *to = field(base, k->at), v;

	if (*to == CG_UNSET && parse_number(sv_trim(text), k->factor, &v))
		*to = v;
}

/* ---- texts ---------------------------------------------------------------------------------------------------- */

/* "word=value" among words */
static bool find_word(struct sv words, const char *name, struct sv *ret)
{
	struct sv word, key;

	while (sv_next(&words, ' ', &word))
		if (sv_cut(word, '=', &key, ret) && sv_is(key, name))
			return true;
	return false;
}

static void parse_line(void *base, const struct stat_file *f, struct sv line)
{
	struct sv name, rest, value;

	if (!sv_cut(line, ' ', &name, &rest))
		return;
	for (size_t i = 0; i < f->n; i++) {
		const struct stat_key *k = &f->keys[i];

		if (name.n != k->line_length || memcmp(name.p, k->line, name.n) != 0)
			continue;
		if (!k->word)
			fill(base, k, rest);
		else if (find_word(rest, k->word, &value))
			fill(base, k, value);
	}
}

static void parse_words(void *base, const struct stat_file *f, struct sv text)
{
	struct sv word;

	text = sv_trim(text);
	for (size_t i = 0; i < f->n && sv_next(&text, ' ', &word); i++)
		fill(base, &f->keys[i], word);
}

static void parse_plain(void *base, const struct stat_file *f, struct sv text)
{
	struct sv line;

	if (!*f->keys[0].line) {
		fill(base, &f->keys[0], text);
		return;
	}
	while (sv_next(&text, '\n', &line))
		parse_line(base, f, line);
}

static bool parse_device(struct sv text, uint32_t *ret_major, uint32_t *ret_minor)
{
	struct sv a, b;
	uint64_t major, minor;

	if (!sv_cut(text, ':', &a, &b) || sv_u64(a, &major) < 0 || sv_u64(b, &minor) < 0 || major > UINT32_MAX ||
	    minor > UINT32_MAX)
		return false;
	*ret_major = (uint32_t)major;
	*ret_minor = (uint32_t)minor;
	return true;
}

static struct cgroup_device_io *device_entry(struct cgroup_stat *st, uint32_t major, uint32_t minor)
{
	for (size_t i = 0; i < st->io.n; i++)
		if (st->io.device[i].major == major && st->io.device[i].minor == minor)
			return &st->io.device[i];
	if (st->io.n == CGROUP_STAT_DEVICES) {
		st->io.more = true;
		return NULL;
	}
	st->io.device[st->io.n] =
		(struct cgroup_device_io){ major,    minor,    CG_UNSET, CG_UNSET, CG_UNSET, CG_UNSET,
					   CG_UNSET, CG_UNSET, CG_UNSET, CG_UNSET, CG_UNSET, CG_UNSET };
	return &st->io.device[st->io.n++];
}

static void parse_device_line(struct cgroup_stat *st, const struct stat_file *f, struct sv line)
{
	struct sv name, rest, op, value;
	struct cgroup_device_io *d;
	uint32_t major, minor;

	if (!sv_cut(line, ' ', &name, &rest) || !parse_device(name, &major, &minor))
		return;
	d = device_entry(st, major, minor);
	for (size_t i = 0; d && i < f->n; i++)
		if (!*f->keys[i].word)
			fill(d, &f->keys[i], rest);
		else if (f->version == 2 ? find_word(rest, f->keys[i].word, &value) :
					   sv_cut(rest, ' ', &op, &value) && sv_is(op, f->keys[i].word))
			fill(d, &f->keys[i], value);
}

static struct cgroup_hugepages *hugepages_entry(struct cgroup_stat *st, struct sv size)
{
	struct cgroup_hugepages *h = &st->hugetlb.size[st->hugetlb.n];

	for (size_t i = 0; i < st->hugetlb.n; i++)
		if (sv_is(size, st->hugetlb.size[i].size))
			return &st->hugetlb.size[i];
	if (st->hugetlb.n == CGROUP_STAT_HUGEPAGES || sv_copy(size, h->size, sizeof h->size) < 0)
		return NULL;
	h->usage_bytes = h->peak_bytes = h->limit_bytes = h->limit_hits = CG_UNSET;
	st->hugetlb.n++;
	return h;
}

bool stat_hugepages_size(const struct stat_file *f, struct sv file, struct sv *ret)
{
	struct sv prefix, suffix, size;

	(void)sv_cut(sv_from(f->name), '*', &prefix, &suffix);
	if (file.n <= prefix.n + suffix.n || memcmp(file.p, prefix.p, prefix.n) != 0 ||
	    memcmp(file.p + file.n - suffix.n, suffix.p, suffix.n) != 0)
		return false;
	size = (struct sv){ file.p + prefix.n, file.n - prefix.n - suffix.n };
	if (memchr(size.p, '.', size.n)) /* hugetlb.2MB.rsvd.current: what is reserved, not used */
		return false;
	*ret = size;
	return true;
}

bool stat_file_is_needed(const struct cgroup_stat *st, const struct stat_file *f)
{
	int64_t v = number(st, f->needs);

	return !f->needs || (v != CG_UNSET && v != CG_MAX && v != 0);
}

/* Where no limit is in force up to the root, the group itself has none. */
static void settle_limits(struct cgroup_stat *st)
{
	if (st->memory.limit_in_force_bytes == CG_MAX && st->memory.limit_bytes == CG_UNSET)
		st->memory.limit_bytes = CG_MAX;
	if (st->memory.both_in_force_bytes == CG_MAX && st->memory.both_limit_bytes == CG_UNSET)
		st->memory.both_limit_bytes = CG_MAX;
}

bool stat_file_is_known(const struct cgroup_stat *st, const struct stat_file *f)
{
	if (f->form != STAT_PLAIN && f->form != STAT_WORDS)
		return false;
	for (size_t i = 0; i < f->n; i++)
		if (number(st, f->keys[i].at) == CG_UNSET)
			return false;
	return true;
}

static bool key_is_wanted(const bool *wanted, const struct stat_key *k)
{
	return !wanted || wanted[k->at / sizeof(int64_t)];
}

static bool has_not_run(const struct cgroup_stat *st, const struct cgroup_stat *before)
{
	return st->cpu.usage_ns != CG_UNSET && st->cpu.usage_ns == before->cpu.usage_ns;
}

static bool stalls_are_same(const struct psi *a, const struct psi *b)
{
	return a->some.total_us == b->some.total_us && a->full.total_us == b->full.total_us;
}

bool cgroup_stat_rests(const struct cgroup_stat *st, const struct cgroup_stat *later)
{
	return has_not_run(later, st) && stalls_are_same(&st->memory.pressure, &later->memory.pressure) &&
	       stalls_are_same(&st->io.pressure, &later->io.pressure);
}

static bool is_until_now(const struct cgroup_stat *st, enum stat_until until, const struct cgroup_stat *before,
			 unsigned same)
{
	switch (until) {
	case STAT_WRITE:
		return same & CGROUP_STAT_SAME_LIMITS;
	case STAT_KILL:
		return same & CGROUP_STAT_SAME_KILLS;
	case STAT_RUN:
		return has_not_run(st, before);
	case STAT_STALL:
		return same & CGROUP_STAT_SAME_STALLS && has_not_run(st, before);
	case STAT_ANY_MOMENT:
		break;
	}
	return false;
}

static bool key_is_same(const struct stat_file *f, const struct stat_key *k, const struct cgroup_stat *before)
{
	return (f->until != STAT_KILL || k->at == AT(memory_events.oom_kill)) && number(before, k->at) != CG_UNSET;
}

bool stat_file_is_same(struct cgroup_stat *st, const struct stat_file *f, const bool *wanted,
		       const struct cgroup_stat *before, unsigned same)
{
	if (!is_until_now(st, f->until, before, same))
		return false;
	for (const struct stat_key *k = f->keys; k < f->keys + f->n; k++)
		if (key_is_wanted(wanted, k) && !key_is_same(f, k, before))
			return false;
	for (const struct stat_key *k = f->keys; k < f->keys + f->n; k++)
		if (key_is_wanted(wanted, k) && number(st, k->at) == CG_UNSET)
			*field(st, k->at) = number(before, k->at);
	return true;
}

bool stat_file_is_wanted(const bool *wanted, const struct stat_file *f)
{
	if (!wanted || (f->form != STAT_PLAIN && f->form != STAT_WORDS))
		return true;
	for (size_t i = 0; i < f->n; i++)
		if (key_is_wanted(wanted, &f->keys[i]))
			return true;
	return false;
}

void stat_file_parse(struct cgroup_stat *st, const struct stat_file *f, struct sv size, struct sv text)
{
	struct sv line;
	struct cgroup_hugepages *h;

	switch (f->form) {
	case STAT_PLAIN:
		parse_plain(st, f, text);
		if (f->keys == memory_stat_v1)
			settle_limits(st);
		break;
	case STAT_WORDS:
		parse_words(st, f, text);
		break;
	case STAT_DEVICES:
		while (sv_next(&text, '\n', &line))
			parse_device_line(st, f, line);
		break;
	case STAT_HUGEPAGES:
		h = hugepages_entry(st, size);
		if (h)
			parse_plain(h, f, text);
		break;
	}
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

/* Its keys are places in struct cgroup_stat itself. */
static bool is_direct(const struct stat_file *f)
{
	return f->form == STAT_PLAIN || f->form == STAT_WORDS;
}

void cgroup_stat_init(struct cgroup_stat *st)
{
	memset(st, 0, sizeof *st);
	for (const struct stat_file *f = stat_files; f < stat_files + stat_file_count; f++)
		for (size_t i = 0; is_direct(f) && i < f->n; i++)
			*field(st, f->keys[i].at) = CG_UNSET;
}

const struct cgroup_stat *cgroup_stat_keep(struct arena *a, const struct cgroup_stat *st)
{
	size_t size = offsetof(struct cgroup_stat, io.device) + st->io.n * sizeof st->io.device[0];
	void *copy = arena_alloc(a, size);

	return copy ? memcpy(copy, st, size) : NULL;
}

void cgroup_stat_parse(struct cgroup_stat *st, unsigned version, const char *file, struct sv text)
{
	for (const struct stat_file *f = stat_files; f < stat_files + stat_file_count; f++) {
		struct sv size = { 0 };

		if (f->version == version && (f->form == STAT_HUGEPAGES ? stat_hugepages_size(f, sv_from(file), &size) :
									  strcmp(f->name, file) == 0))
			stat_file_parse(st, f, size, text);
	}
}

/* v1 limits the sum of memory and swap, and has shares */
void stat_derive(struct cgroup_stat *st)
{
	int64_t both = st->memory.both_limit_bytes, limit = st->memory.limit_bytes;

	if (st->cpu.weight == CG_UNSET && st->cpu.shares > 0)
		st->cpu.weight = (int64_t)cgroup_weight((uint64_t)st->cpu.shares);
	if (both == CG_UNSET || limit == CG_UNSET || st->memory.swap_limit_bytes != CG_UNSET)
		return;
	st->memory.swap_limit_bytes = both == CG_MAX ? CG_MAX : both > limit ? both - limit : 0;
}
