/* SPDX-License-Identifier: Apache-2.0 */
#include "report/top.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "oci/list.h"
#include "engine/recover.h"
#include "kernel/cgroup.h"
#include "kernel/proc_use.h"
#include "kernel/procfs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* ---- which ones --------------------------------------------------------------------------------------------- */

int top_pids(struct engine *en, struct sv ref, struct arena *a, pid_t **ret, size_t *ret_n, struct err *e)
{
	const struct cgroup_layout *l;
	struct container_state s;
	struct container_row row;
	struct cgroup *cg;
	int r = container_find(en, ref, a, &row, e);

	if (r == 0)
		r = container_look(en, &row, &s, e);
	if (r < 0)
		return r;
	if (s.status == CONTAINER_RESTARTING)
		return err_set(e, ESRCH, "Container %s is restarting, wait until the container is running", row.id);
	if (!container_is_active(s.status))
		return err_set(e, ESRCH, "container %s is not running", row.id);
	if (cgroup_is_none(row.cgroup))
		return proc_use_pids(en->host, s.outcome.pid, a, ret, ret_n, e);
	r = engine_layout(en, &l, e);
	if (r == 0)
		r = cgroup_open(en->host, l, row.cgroup, &cg, e);
	if (r < 0)
		return r == -ENOENT ? err_set(e, ESRCH, "container %s is not running", row.id) : r;
	r = cgroup_pids(cg, a, ret, ret_n, e);
	cgroup_free(cg);
	return r;
}

/* ---- one process -------------------------------------------------------------------------------------------- */

struct machine {
	struct engine *en;
	struct arena *a;
	struct buf passwd;
	int64_t boot_ns; /* since 1970 */
	long ticks;      /* in a second */
};

static int64_t boot_time_ns(const struct host *h)
{
	scoped_buf b = BUF(LIMIT_PROC_FILE);
	struct sv all, line;
	uint64_t seconds;

	if (io_read_at(h->proc, "stat", &b, NULL) < 0)
		return 0;
	all = buf_sv(&b);
	while (sv_next(&all, '\n', &line))
		if (sv_has_prefix(line, "btime ") && sv_u64((struct sv){ line.p + 6, line.n - 6 }, &seconds) == 0)
			return (int64_t)seconds * 1000000000;
	return 0;
}

/* The name of a uid: the first field of the line whose third one it is. */
static const char *user_name(struct machine *m, uid_t uid)
{
	struct sv rest = buf_sv(&m->passwd), line, name, password, number;
	uint64_t n;

	while (sv_next(&rest, '\n', &line))
		if (sv_next(&line, ':', &name) && sv_next(&line, ':', &password) && sv_next(&line, ':', &number) &&
		    sv_u64(number, &n) == 0 && n == uid && name.n)
			return arena_sv(m->a, name);
	return arena_fmt(m->a, "%u", (unsigned)uid);
}

/* tty_nr of proc_pid_stat(5): the minor's parts are in bits 31 to 20 and 7 to 0. */
static const char *tty_name(struct arena *a, uint32_t nr)
{
	unsigned major = nr >> 8 & 0xff, minor = (unsigned)((nr & 0xff) | (nr >> 12 & 0xfff00));

	if (major >= 136 && major <= 143)
		return arena_fmt(a, "pts/%u", (major - 136) * 256 + minor);
	return major == 4 ? arena_fmt(a, minor < 64 ? "tty%u" : "ttyS%u", minor < 64 ? minor : minor - 64) : "?";
}

static const char *command_of(struct machine *m, pid_t pid, const char *name)
{
	scoped_buf b = BUF(LIMIT_PROC_FILE);
	char path[64];

	(void)snprintf(path, sizeof path, "%d/cmdline", (int)pid);
	if (io_read_at(m->en->host->proc, path, &b, NULL) < 0 || !b.len)
		return arena_fmt(m->a, "[%s]", name);
	for (size_t i = 0; i < b.len; i++)
		if (!b.p[i])
			b.p[i] = ' ';
	return arena_sv(m->a, sv_trim(buf_sv(&b)));
}

/* 1: read, 0: it has ended */
static int read_process(struct machine *m, pid_t pid, struct top_process *ret, struct err *e)
{
	uint64_t ticks = (uint64_t)m->ticks, used;
	struct procfs_stat p;
	char path[32];
	struct stat st;
	int64_t lived_ns;
	int r = procfs_stat_read(m->en->host, pid, &p, e);

	/* what is in the folder belongs to root once the process has given up being it (not dumpable) */
	(void)snprintf(path, sizeof path, "%d", (int)pid);
	if (r == -EINVAL)
		return r;
	if (r < 0 || fstatat(m->en->host->proc, path, &st, 0) < 0)
		return 0;
	*ret = (struct top_process){ .pid = pid,
				     .ppid = p.ppid,
				     .user = user_name(m, st.st_uid),
				     .tty = tty_name(m->a, p.tty),
				     .command = command_of(m, pid, p.name) };
	ret->started_ns = m->boot_ns +
			  (int64_t)(p.start_ticks / ticks * 1000000000 + p.start_ticks % ticks * (1000000000 / ticks));
	used = p.user_ticks + p.system_ticks;
	ret->cpu_seconds = used / ticks;
	lived_ns = clock_real_ns() - ret->started_ns;
	if (lived_ns >= 1000000000)
		ret->cpu_percent = (unsigned)(used * 100 / ticks / (uint64_t)(lived_ns / 1000000000));
	return ret->user && ret->tty && ret->command ? 1 : err_oom(e);
}

int top_read(struct engine *en, const pid_t *pids, size_t n, struct arena *a, struct top_processes *ret, struct err *e)
{
	struct machine m = { .en = en, .a = a, .passwd = BUF(LIMIT_PASSWD), .boot_ns = boot_time_ns(en->host),
			     .ticks = sysconf(_SC_CLK_TCK) };
	struct top_processes all = { .v = arena_array(a, n + 1, sizeof *all.v) };
	int r = all.v ? 0 : err_oom(e);

	(void)io_read_at(en->host->root, "etc/passwd", &m.passwd, NULL); /* without it there are numbers */
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = read_process(&m, pids[i], &all.v[all.n], e);
		all.n += r == 1;
	}
	buf_done(&m.passwd);
	if (r < 0)
		return r;
	*ret = all;
	return 0;
}
