/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_host.c - files of a host that are read and parsed in one function: a tree in which one file has any text, and all that
 * read it. The first byte chooses the file; what is parsed apart from reading has harnesses of its own. */
#include "base/io.h"
#include "base/scope.h"
#include "insight/namespace_view.h"
#include "kernel/cgroup_priv.h"
#include "kernel/cgroup_stat.h"
#include "kernel/cpulist.h"
#include "kernel/host.h"
#include "kernel/mountinfo_text.h"
#include "kernel/net_dev.h"
#include "kernel/procfs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MOUNTS                                                                                                         \
	"30 1 0:28 / /cg/memory rw - cgroup cgroup rw,memory\n31 1 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"   \
	"32 1 0:30 / /cg/unified rw - cgroup2 cgroup2 rw\n"

static const struct {
	const char *path, *text; /* what is there when it is not chosen */
} files[] = {
	{ "proc/self/mountinfo", MOUNTS },
	{ "proc/self/status", "Name:\tx\nSigIgn:\t0\nCapBnd:\t000001ffffffffff\n" },
	{ "proc/self/oom_score_adj", "0\n" },
	{ "proc/self/uid_map", "0 0 4294967295\n" },
	{ "proc/meminfo", "MemTotal: 1024 kB\nSwapTotal: 0 kB\n" },
	{ "proc/cmdline", "root=/dev/sda\n" },
	{ "proc/sys/kernel/random/boot_id", "01234567-89ab-cdef-0123-456789abcdef\n" },
	{ "proc/7/stat", "7 (x y) S 1 7 7 0 -1 4194304 1 0 0 0 1 1 0 0 20 0 1 0 100 0 0\n" },
	{ "proc/7/cgroup", "2:memory:/a\n1:cpu,cpuacct:/a\n0::/a\n" },
	{ "proc/7/mountinfo", MOUNTS },
	{ "proc/7/net/dev", "" },
	{ "proc/7/status", "NSpid:\t7\t1\n" },
	{ "proc/7/uid_map", "0 0 1\n" },
	{ "proc/7/timens_offsets", "monotonic 0 0\n" },
	{ "sys/devices/system/cpu/online", "0-1\n" },
	{ "cg/unified/cgroup.controllers", "pids io\n" },
	{ "cg/unified/a/cgroup.controllers", "pids io\n" },
	{ "cg/unified/a/pids.current", "1\n" },
	{ "cg/unified/a/cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n" },
	{ "cg/memory/a/memory.stat", "cache 0\n" },
	{ "cg/memory/a/memory.oom_control", "oom_kill 0\n" },
	{ "cg/cpu/a/cpu.stat", "nr_periods 0\n" },
};

static char folder[] = "/tmp/fuzz_host.XXXXXX";
static int tree = -1;

static void clean_up(void)
{
	(void)io_remove_tree_at(AT_FDCWD, folder, NULL);
}

static void put(const char *path, const void *text, size_t n)
{
	int fd = openat(tree, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		abort();
	close(fd);
}

static void put_file(size_t i)
{
	char part[128];

	for (const char *slash = files[i].path; (slash = strchr(slash, '/')); slash++) {
		(void)snprintf(part, sizeof part, "%.*s", (int)(slash - files[i].path), files[i].path);
		(void)mkdirat(tree, part, 0700);
	}
	put(files[i].path, files[i].text, strlen(files[i].text));
}

static void make_tree(void)
{
	if (!mkdtemp(folder) || atexit(clean_up) != 0)
		abort();
	tree = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		put_file(i);
}

/* ---- who reads ----------------------------------------------------------------------------------------------------- */

static void read_groups(const struct host *h, struct arena *a)
{
	struct cgroup_layout l;
	struct cgroup_place place;
	struct cgroup_stat st;

	if (cgroup_layout_read(h, &l, NULL) < 0)
		return;
	if (cgroup_place_of(h, &l, 7, a, &place, NULL) == 0)
		(void)cgroup_stat_read_place(h, &l, &place, CGROUP_STAT_ALL, &st, NULL);
	(void)cgroup_stat_read(h, &l, "/a", CGROUP_STAT_LINE | CGROUP_STAT_BRIEF, &st, NULL);
}

static void read_process(const struct host *h, struct arena *a)
{
	static const enum namespace_type types[] = { NAMESPACE_MNT, NAMESPACE_USER, NAMESPACE_CGROUP, NAMESPACE_NET,
						     NAMESPACE_TIME };
	const pid_t pid = 7;
	struct procfs_stat stat;
	struct net_interfaces net;
	struct net_own own;
	struct oci_strings lines;

	(void)procfs_stat_read(h, pid, &stat, NULL);
	net_own_init(&own, h);
	(void)net_dev_read_list(h, &own, pid, &net, NULL);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		(void)namespace_view(h, pid, types[i], a, &lines, NULL);
}

static void read_host(const struct host *h, struct arena *a)
{
	struct host_facts facts;
	char boot[BOOT_ID_SIZE];
	uint64_t memory, swap;

	(void)host_memory(h, &memory, &swap, NULL);
	(void)host_facts_read(h, a, &facts, NULL);
	(void)procfs_boot_id(h, boot, NULL);
}

/* Parsers that want no file. */
static void parse(struct sv text)
{
	static struct cpulist cpus;
	struct mountinfo_line m;
	struct sv line;
	uint64_t n;

	(void)cpulist_parse(text, &cpus);
	(void)cgroup_counter(text, "oom_kill", &n);
	while (sv_next(&text, '\n', &line)) {
		char path[64];

		if (mountinfo_line_parse(line, &m) && mountinfo_unescape(m.mount_point, path, sizeof path) == 0 &&
		    strlen(path) >= sizeof path)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena a = ARENA(64u << 20);
	struct host h;
	size_t i;

	if (!size)
		return 0;
	if (tree < 0)
		make_tree();
	i = data[0] % ARRAY_LEN(files);
	parse((struct sv){ (const char *)data + 1, size - 1 });
	put(files[i].path, data + 1, size - 1);
	if (host_open(&h, folder, NULL) < 0)
		abort();
	read_host(&h, &a);
	read_groups(&h, &a);
	read_process(&h, &a);
	host_close(&h);
	put(files[i].path, files[i].text, strlen(files[i].text));
	return 0;
}
