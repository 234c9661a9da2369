/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/metrics.h"

#include "base/scope.h"

#include <inttypes.h>
#include <string.h>

enum unit { COUNT, BYTES, NS, US, LIMIT /* bytes; none is 0 */, SET /* no sample when it is none */ };

struct row {
	const char *name, *help;
	bool counter;
	const char *labels; /* further ones; NULL */
	size_t at;          /* in struct cgroup_stat */
	enum unit unit;
};

#define COUNTER(name, help, labels, field, unit) \
	{ "container_" name, help, true, labels, offsetof(struct cgroup_stat, field), unit }
#define GAUGE(name, help, labels, field, unit) \
	{ "container_" name, help, false, labels, offsetof(struct cgroup_stat, field), unit }

#define PRESSURE(word, resource, field)                                                                                \
	COUNTER("pressure_" word "_waiting_seconds_total",                                                             \
		"Total time duration tasks in the container have waited due to " resource " congestion.", NULL,        \
		field.pressure.some.total_us, US),                                                                     \
	COUNTER("pressure_" word "_stalled_seconds_total",                                                             \
		"Total time duration no tasks in the container could make progress due to " resource " congestion.",   \
		NULL, field.pressure.full.total_us, US)

/* Neighbours with one name are one metric. */
static const struct row rows[] = {
	COUNTER("cpu_usage_seconds_total", "Cumulative cpu time consumed in seconds.", "cpu=\"total\"", cpu.usage_ns,
		NS),
	COUNTER("cpu_user_seconds_total", "Cumulative user cpu time consumed in seconds.", NULL, cpu.user_ns, NS),
	COUNTER("cpu_system_seconds_total", "Cumulative system cpu time consumed in seconds.", NULL, cpu.system_ns, NS),
	COUNTER("cpu_cfs_periods_total", "Number of elapsed enforcement period intervals.", NULL, cpu.periods, COUNT),
	COUNTER("cpu_cfs_throttled_periods_total", "Number of throttled period intervals.", NULL, cpu.throttled_periods,
		COUNT),
	COUNTER("cpu_cfs_throttled_seconds_total", "Total time duration the container has been throttled.", NULL,
		cpu.throttled_ns, NS),
	COUNTER("cpu_cfs_burst_periods_total", "Number of periods when burst occurs.", NULL, cpu.bursts, COUNT),
	COUNTER("cpu_cfs_burst_seconds_total", "Total time duration the container has been bursted.", NULL,
		cpu.burst_ns, NS),
	GAUGE("spec_cpu_period", "CPU period of the container.", NULL, cpu.period_us, SET),
	GAUGE("spec_cpu_quota", "CPU quota of the container.", NULL, cpu.quota_us, SET),
	GAUGE("spec_cpu_shares", "CPU share of the container.", NULL, cpu.shares, SET),
	GAUGE("spec_cpu_weight", "CPU weight of the container (cgroup v2).", NULL, cpu.weight, SET),

	GAUGE("memory_usage_bytes",
	      "Current memory usage in bytes, including all memory regardless of when it was accessed.", NULL,
	      memory.usage_bytes, BYTES),
	GAUGE("memory_max_usage_bytes", "Maximum memory usage recorded in bytes.", NULL, memory.peak_bytes, BYTES),
	GAUGE("memory_rss", "Size of RSS in bytes.", NULL, memory.anon, BYTES),
	GAUGE("memory_cache", "Number of bytes of page cache memory.", NULL, memory.file, BYTES),
	GAUGE("memory_mapped_file", "Size of memory mapped files in bytes.", NULL, memory.mapped_file, BYTES),
	GAUGE("memory_shmem", "Size of tmpfs and shared memory in bytes.", NULL, memory.shmem, BYTES),
	GAUGE("memory_kernel_usage", "Size of kernel memory allocated in bytes.", NULL, memory.kernel, BYTES),
	GAUGE("memory_swap", "Container swap usage in bytes.", NULL, memory.swap_bytes, BYTES),
	GAUGE("memory_total_active_file_bytes", "Current total active file in bytes.", NULL, memory.active_file, BYTES),
	GAUGE("memory_total_inactive_file_bytes", "Current total inactive file in bytes.", NULL, memory.inactive_file,
	      BYTES),
	COUNTER("memory_failcnt", "Number of memory usage hits limits.", NULL, memory_events_local.max, COUNT),
	COUNTER("memory_failures_total", "Cumulative count of memory allocation failures.",
		"failure_type=\"pgfault\",scope=\"hierarchy\"", memory.pgfault, COUNT),
	COUNTER("memory_failures_total", "", "failure_type=\"pgmajfault\",scope=\"hierarchy\"", memory.pgmajfault,
		COUNT),
	COUNTER("oom_events_total", "Count of out of memory events observed for the container.", NULL,
		memory_events.oom_kill, COUNT),
	GAUGE("spec_memory_limit_bytes", "Memory limit for the container.", NULL, memory.limit_bytes, LIMIT),
	GAUGE("spec_memory_swap_limit_bytes", "Memory swap limit for the container.", NULL, memory.swap_limit_bytes,
	      LIMIT),
	GAUGE("spec_memory_reservation_limit_bytes", "Memory reservation limit for the container.", NULL,
	      memory.reservation_bytes, LIMIT),

	GAUGE("threads", "Number of threads running inside the container.", NULL, pids.current, COUNT),
	GAUGE("threads_max", "Maximum number of threads allowed inside the container, infinity if value is zero.", NULL,
	      pids.limit, LIMIT),

	PRESSURE("cpu", "CPU", cpu),
	PRESSURE("memory", "memory", memory),
	PRESSURE("io", "IO", io),
};

static const struct {
	const char *name, *help;
	size_t at; /* in struct cgroup_device_io */
} device_rows[] = {
	{ "container_fs_reads_bytes_total", "Cumulative count of bytes read",
	  offsetof(struct cgroup_device_io, read_bytes) },
	{ "container_fs_reads_total", "Cumulative count of reads completed", offsetof(struct cgroup_device_io, reads) },
	{ "container_fs_writes_bytes_total", "Cumulative count of bytes written",
	  offsetof(struct cgroup_device_io, write_bytes) },
	{ "container_fs_writes_total", "Cumulative count of writes completed",
	  offsetof(struct cgroup_device_io, writes) },
};

static const struct {
	const char *name, *help;
	size_t at; /* in struct net_totals */
} net_rows[] = {
#define NET(way, what, field, help) \
	{ "container_network_" way "_" what "_total", "Cumulative count of " help, offsetof(struct net_totals, field) }
	NET("receive", "bytes", rx_bytes, "bytes received"),
	NET("receive", "errors", rx_errors, "errors encountered while receiving"),
	NET("receive", "packets_dropped", rx_dropped, "packets dropped while receiving"),
	NET("receive", "packets", rx_packets, "packets received"),
	NET("transmit", "bytes", tx_bytes, "bytes transmitted"),
	NET("transmit", "errors", tx_errors, "errors encountered while transmitting"),
	NET("transmit", "packets_dropped", tx_dropped, "packets dropped while transmitting"),
	NET("transmit", "packets", tx_packets, "packets transmitted"),
};

/* ---- text ---------------------------------------------------------------------------------------------------------- */

void metrics_label(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			buf_puts(out, "\\n");
		else if (*text == '\\' || *text == '"')
			buf_putf(out, "\\%c", *text);
		else
			buf_put(out, text, 1);
	}
}

static void put_label(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_putf(out, "%s%s=\"", out->len ? "," : "", name);
	metrics_label(out, value);
	buf_puts(out, "\"");
}

/* Made once for each subject: most of the text is labels. */
static const char *labels_of(const struct metrics_subject *s, struct arena *a)
{
	scoped_buf out = BUF(64u << 10);

	put_label(&out, "container", s->container);
	put_label(&out, "id", s->id);
	put_label(&out, "image", s->image);
	put_label(&out, "name", s->name);
	put_label(&out, "namespace", s->namespace);
	put_label(&out, "pod", s->pod);
	return out.failed ? NULL : arena_sv(a, buf_sv(&out));
}

static void put_head(struct buf *out, const char *name, const char *help, bool counter)
{
	buf_putf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, counter ? "counter" : "gauge");
}

/* "123" or, with `places` digits behind the point, "1.230000000": there are 35 such numbers of each container. */
static void put_decimal(struct buf *out, int64_t v, unsigned places)
{
	char text[32], *p = text + sizeof text;
	uint64_t n = v > 0 ? (uint64_t)v : 0;

	*--p = '\n';
	for (unsigned i = 0; n || !i || i <= places; i++) {
		if (places && i == places)
			*--p = '.';
		*--p = (char)('0' + n % 10);
		n /= 10;
	}
	buf_put(out, p, (size_t)(text + sizeof text - p));
}

static void put_value(struct buf *out, int64_t v, enum unit unit)
{
	put_decimal(out, v == CG_MAX ? 0 : v, unit == NS ? 9 : unit == US ? 6 : 0);
}

static void put_sample(struct buf *out, const char *name, const char *labels, const char *more)
{
	buf_puts(out, name);
	buf_puts(out, "{");
	buf_puts(out, labels);
	if (more)
		buf_putf(out, "%s%s", *labels ? "," : "", more);
	buf_puts(out, "} ");
}

static bool has_sample(const struct row *row, int64_t v)
{
	return v != CG_UNSET && v >= 0 && (v != CG_MAX || row->unit != SET);
}

/* ---- parts --------------------------------------------------------------------------------------------------------- */

static void put_row(const struct metrics_text *t, size_t i, struct buf *out)
{
	const struct metrics *m = t->metrics;
	const struct row *row = &rows[i];

	if (!i || strcmp(row[-1].name, row->name) != 0)
		put_head(out, row->name, row->help, row->counter);
	for (size_t k = 0; k < m->n; k++) {
		const char *st = (const char *)m->subjects[k].st;
		int64_t v = *(const int64_t *)(const void *)(st + row->at);

		if (!has_sample(row, v))
			continue;
		put_sample(out, row->name, t->labels[k], row->labels);
		put_value(out, v, row->unit);
	}
}

/* What follows from several fields, or from none. CG_UNSET: no sample. */
static int64_t working_set(const struct metrics *m, const struct metrics_subject *s)
{
	int64_t used = s->st->memory.usage_bytes, idle = s->st->memory.inactive_file;

	if (used == CG_UNSET)
		return CG_UNSET;
	idle = idle > 0 ? idle : 0;
	return used > idle ? used - idle : 0;
}

static int64_t started(const struct metrics *m, const struct metrics_subject *s)
{
	return s->started_ns > 0 ? s->started_ns : CG_UNSET;
}

static int64_t last_seen(const struct metrics *m, const struct metrics_subject *s)
{
	return m->now_ns / 1000000000;
}

static const struct {
	const char *name, *help;
	int64_t (*value)(const struct metrics *m, const struct metrics_subject *s);
	enum unit unit;
} derived[] = {
	{ "container_memory_working_set_bytes", "Current working set in bytes.", working_set, BYTES },
	{ "container_start_time_seconds", "Start time of the container since unix epoch in seconds.", started, NS },
	{ "container_last_seen", "Last time a container was seen by the exporter", last_seen, COUNT },
};

static void put_derived(const struct metrics_text *t, size_t i, struct buf *out)
{
	put_head(out, derived[i].name, derived[i].help, false);
	for (size_t k = 0; k < t->metrics->n; k++) {
		int64_t v = derived[i].value(t->metrics, &t->metrics->subjects[k]);

		if (v == CG_UNSET)
			continue;
		put_sample(out, derived[i].name, t->labels[k], NULL);
		put_value(out, v, derived[i].unit);
	}
}

static void device_label(const struct metrics *m, const struct cgroup_device_io *d, char ret[96])
{
	for (size_t i = 0; i < m->n_devices; i++)
		if (m->devices[i].major == d->major && m->devices[i].minor == d->minor) {
			(void)snprintf(ret, 96, "device=\"%s\"", m->devices[i].name);
			return;
		}
	(void)snprintf(ret, 96, "device=\"%u:%u\"", d->major, d->minor);
}

static void put_device_row(const struct metrics_text *t, size_t row, struct buf *out)
{
	const struct metrics *m = t->metrics;

	put_head(out, device_rows[row].name, device_rows[row].help, true);
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->subjects[i].st->io.n; k++) {
			const struct cgroup_device_io *d = &m->subjects[i].st->io.device[k];
			int64_t v = *(const int64_t *)(const void *)((const char *)d + device_rows[row].at);
			char label[96];

			if (v < 0)
				continue;
			device_label(m, d, label);
			put_sample(out, device_rows[row].name, t->labels[i], label);
			put_value(out, v, COUNT);
		}
}

static void put_net_row(const struct metrics_text *t, size_t row, struct buf *out)
{
	const struct metrics *m = t->metrics;

	put_head(out, net_rows[row].name, net_rows[row].help, true);
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; m->subjects[i].net && k < m->subjects[i].net->n; k++) {
			const struct net_interface *n = &m->subjects[i].net->v[k];
			const char *totals = (const char *)&n->totals;
			scoped_buf label = BUF(128);

			put_label(&label, "interface", n->name);
			put_sample(out, net_rows[row].name, t->labels[i], label.p);
			buf_putf(out, "%" PRIu64 "\n",
				 *(const uint64_t *)(const void *)(totals + net_rows[row].at));
		}
}

static void put_host(const struct metrics_text *t, size_t part, struct buf *out)
{
	const struct metrics *m = t->metrics;
	const struct {
		const char *name, *help;
		int64_t value;
	} host[] = {
		{ "container_scrape_error", "1 if there was an error while getting container metrics, 0 otherwise",
		  m->failed },
		{ "machine_cpu_cores", "Number of logical CPU cores.", m->cpus },
		{ "machine_memory_bytes", "Amount of memory installed on the machine.", m->memory_bytes },
		{ "machine_swap_bytes", "Amount of swap memory available on the machine.", m->swap_bytes },
	};

	for (size_t i = 0; i < ARRAY_LEN(host); i++) {
		put_head(out, host[i].name, host[i].help, false);
		buf_putf(out, "%s %" PRId64 "\n", host[i].name, host[i].value);
	}
	put_head(out, "tare_build_info", "Version of tare.", false);
	buf_puts(out, "tare_build_info{version=\"" TARE_VERSION "\"} 1\n");
}

void metrics_wants(bool ret[CGROUP_STAT_FIELDS])
{
	memset(ret, false, CGROUP_STAT_FIELDS * sizeof *ret);
	for (const struct row *row = rows; row < rows + ARRAY_LEN(rows); row++)
		ret[row->at / sizeof(int64_t)] = true;
	ret[offsetof(struct cgroup_stat, memory.both_limit_bytes) / sizeof(int64_t)] = true; /* v1's limit of swap */
}

/* In the order in which they are told. */
static const struct {
	size_t n; /* pieces */
	void (*put)(const struct metrics_text *t, size_t i, struct buf *out);
} parts[] = {
	{ ARRAY_LEN(rows), put_row },
	{ ARRAY_LEN(derived), put_derived },
	{ ARRAY_LEN(device_rows), put_device_row },
	{ ARRAY_LEN(net_rows), put_net_row },
	{ 1, put_host },
};

int metrics_text_init(struct metrics_text *t, const struct metrics *m, struct arena *a, struct err *e)
{
	const char **labels = arena_array(a, m->n + 1, sizeof *labels);

	if (!labels)
		return err_oom(e);
	for (size_t i = 0; i < m->n; i++) {
		labels[i] = labels_of(&m->subjects[i], a);
		if (!labels[i])
			return err_oom(e);
	}
	*t = (struct metrics_text){ .metrics = m, .labels = labels };
	return 0;
}

bool metrics_text_next(struct metrics_text *t, struct buf *out)
{
	size_t i = t->next;

	for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
		if (i < parts[part].n) {
			parts[part].put(t, i, out);
			t->next++;
			return true;
		}
		i -= parts[part].n;
	}
	return false;
}

int metrics_print(const struct metrics *m, struct arena *a, struct buf *out, struct err *e)
{
	struct metrics_text t;
	int r = metrics_text_init(&t, m, a, e);

	while (r == 0 && metrics_text_next(&t, out))
		;
	return r < 0 ? r : buf_status(out, e);
}
