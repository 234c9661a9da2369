/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/oom.h"

#include "kernel/cgroup_stat.h"
#include "kernel/host.h"
#include "kernel/oom_log.h"

#include <string.h>

/* ---- what there is to know --------------------------------------------------------------------------------------- */

static bool is_writable_cgroup(const struct oci_mount *m)
{
	bool cgroup = m->type && (strcmp(m->type, "cgroup") == 0 || strcmp(m->type, "cgroup2") == 0);

	if (!cgroup && !(m->source && strncmp(m->source, "/sys/fs/cgroup", 14) == 0))
		return false;
	for (size_t i = 0; i < m->options.n; i++)
		if (strcmp(m->options.v[i], "ro") == 0)
			return false;
	return true;
}

bool oom_may_nest(const struct cgroup_layout *l, const struct oci_mount *mounts, size_t n)
{
	int h = cgroup_layout_find(l, CGROUP_MEMORY);

	for (size_t i = 0; h >= 0 && !l->h[h].v2 && i < n; i++)
		if (is_writable_cgroup(&mounts[i]))
			return true;
	return false;
}

void oom_forget(struct outcome *o)
{
	o->oom_killed = false;
	o->oom_kills = o->oom_limit_bytes = 0;
	o->oom_owner[0] = o->oom_victim[0] = '\0';
	o->oom_victim_pid = 0;
	o->oom_samples[0] = '\0';
}

static bool is_in(struct sv group, const char *top)
{
	size_t n = strlen(top);

	return sv_has_prefix(group, top) && (group.n == n || group.p[n] == '/');
}

/* Names of groups and processes may be any bytes, and are printed to terminals. */
static void copy_plain(struct sv s, char *ret, size_t cap)
{
	if (sv_copy(s, ret, cap) < 0)
		ret[0] = '\0'; /* too long: half a path would name another group */
	for (; *ret; ret++)
		if (*ret < ' ' || *ret > '~')
			*ret = '?';
}

/* Of the group at this moment: the log has it only in another line. */
static int64_t limit_of(const struct host *h, const struct cgroup_layout *l, const char *cgroup)
{
	struct cgroup_stat st;

	if (cgroup_stat_read(h, l, cgroup, CGROUP_STAT_MEMORY, &st, NULL) < 0)
		return 0;
	return st.memory.limit_bytes == CG_UNSET || st.memory.limit_bytes == CG_MAX ? 0 : st.memory.limit_bytes;
}

static void set_owner(const struct host *h, const struct cgroup_layout *l, struct sv owner, struct outcome *o)
{
	char path[sizeof o->oom_owner];

	o->oom_limit_bytes = sv_copy(owner, path, sizeof path) == 0 ? limit_of(h, l, path) : 0;
	copy_plain(owner, o->oom_owner, sizeof o->oom_owner);
}

/* Returns how many it tells of. The first process is told of rather than others, then the last one. */
static int64_t read_log(const struct host *h, const struct cgroup_layout *l, const char *cgroup, struct outcome *o)
{
	struct oom_log log;
	struct oom_record r;
	int64_t n = 0;

	if (oom_log_open(h, o->oom_log_seq, &log, NULL) < 0)
		return 0;
	while (oom_log_next(&log, &r, NULL) == 1) {
		if (!is_in(r.group, cgroup))
			continue;
		n++;
		if (o->pid > 0 && o->oom_victim_pid == o->pid)
			continue;
		set_owner(h, l, r.host_wide ? SV("/") : r.owner, o);
		copy_plain(r.task, o->oom_victim, sizeof o->oom_victim);
		o->oom_victim_pid = r.pid;
	}
	o->oom_log_seq = log.seq;
	oom_log_close(&log);
	return n;
}

/* Nothing was killed since: the log was read on, or has lost by now what it told then. */
static void keep(struct outcome *o, const struct outcome *before)
{
	if (before->oom_victim_pid || before->oom_owner[0]) {
		memcpy(o->oom_owner, before->oom_owner, sizeof o->oom_owner);
		memcpy(o->oom_victim, before->oom_victim, sizeof o->oom_victim);
		o->oom_limit_bytes = before->oom_limit_bytes;
		o->oom_victim_pid = before->oom_victim_pid;
	}
	memcpy(o->oom_samples, before->oom_samples, sizeof o->oom_samples);
}

void oom_look(const struct host *h, const struct cgroup_layout *l, const char *cgroup, bool nested, struct outcome *o)
{
	const struct outcome before = *o;
	struct cgroup_stat st;
	int64_t known = before.oom_killed ? before.oom_kills : 0, told;

	if (cgroup_stat_read(h, l, cgroup, CGROUP_STAT_EVENTS, &st, NULL) < 0)
		return;
	oom_forget(o);
	o->oom_kills = st.memory_events.oom_kill == CG_UNSET ? 0 : st.memory_events.oom_kill;
	told = o->oom_kills || nested ? read_log(h, l, cgroup, o) : 0;
	if (nested && known + told > o->oom_kills) /* the log is read on from where it was */
		o->oom_kills = known + told;
	o->oom_killed = o->oom_kills > 0;
	/* no log for us, or too many kills for it: v2 counts in the owner's group, too */
	if (o->oom_killed && !o->oom_owner[0] &&
	    cgroup_stat_read(h, l, cgroup, CGROUP_STAT_EVENTS_LOCAL, &st, NULL) == 0 && st.memory_events_local.oom > 0)
		set_owner(h, l, sv_from(cgroup), o);
	if (o->oom_killed && before.oom_killed && before.oom_kills == o->oom_kills)
		keep(o, &before);
}

/* ---- what is said ------------------------------------------------------------------------------------------------ */

static void print_size(int64_t bytes, char *ret, size_t cap)
{
	bool mib = bytes % (1 << 20) == 0;

	(void)snprintf(ret, cap, "%lld %s", (long long)(bytes >> (mib ? 20 : 10)), mib ? "MiB" : "KiB");
}

void oom_tell(const struct outcome *o, const char *cgroup, struct err *ret)
{
	char victim[64] = "", size[32] = "", limit[64] = "the limit";

	if (o->oom_victim_pid)
		(void)snprintf(victim, sizeof victim, ": process %d (%s)", (int)o->oom_victim_pid, o->oom_victim);
	if (o->oom_limit_bytes) {
		print_size(o->oom_limit_bytes, size, sizeof size);
		(void)snprintf(limit, sizeof limit, "the memory limit of %s", size);
	}
	if (!o->oom_owner[0])
		(void)err_set(ret, ENOMEM, "killed for lack of memory%s", victim);
	else if (strcmp(o->oom_owner, "/") == 0)
		(void)err_set(ret, ENOMEM, "killed for lack of memory%s, the host ran out of it", victim);
	else if (strcmp(o->oom_owner, cgroup) == 0)
		(void)err_set(ret, ENOMEM, "killed for lack of memory%s, at %s of the container", victim, limit);
	else
		(void)err_set(ret, ENOMEM, "killed for lack of memory%s, at %s of cgroup %s", victim, limit,
			      o->oom_owner);
}
