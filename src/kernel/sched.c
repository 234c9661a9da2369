/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/sched.h"

#include "base/scope.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>

#define MODE_PREFERRED_MANY 5      /* MPOL_PREFERRED_MANY, Linux 5.15 */
#define MODE_WEIGHTED_INTERLEAVE 6 /* MPOL_WEIGHTED_INTERLEAVE, Linux 6.9 */

_Static_assert(sizeof(struct sched_attr_v1) == 56, "sched_setattr(2): SCHED_ATTR_SIZE_VER1");

struct name {
	const char *text;
	uint64_t value;
};

static int find(const struct name *v, size_t n, const char *text, uint64_t *ret, struct err *e)
{
	for (size_t i = 0; text && i < n; i++)
		if (strcmp(text, v[i].text) == 0) {
			*ret = v[i].value;
			return 0;
		}
	return err_set(e, EINVAL, "\"%s\" is not known", text ? text : "");
}

/* ---- scheduler ------------------------------------------------------------------------------------------------- */

int sched_policy_from_name(const char *name, uint32_t *ret, struct err *e)
{
	static const struct name names[] = {
		{ "SCHED_OTHER", 0 }, { "SCHED_FIFO", 1 }, { "SCHED_RR", 2 },	    { "SCHED_BATCH", 3 },
		{ "SCHED_ISO", 4 },   { "SCHED_IDLE", 5 }, { "SCHED_DEADLINE", 6 },
	};
	uint64_t v;
	int r = find(names, ARRAY_LEN(names), name, &v, e);

	if (r == 0)
		*ret = (uint32_t)v;
	return r;
}

int sched_flag_from_name(const char *name, uint64_t *ret, struct err *e)
{
	static const struct name names[] = {
		{ "SCHED_FLAG_RESET_ON_FORK", 0x01 }, { "SCHED_FLAG_RECLAIM", 0x02 },
		{ "SCHED_FLAG_DL_OVERRUN", 0x04 },    { "SCHED_FLAG_KEEP_POLICY", 0x08 },
		{ "SCHED_FLAG_KEEP_PARAMS", 0x10 },   { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
		{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 },
	};

	return find(names, ARRAY_LEN(names), name, ret, e);
}

int sched_apply(const struct sched_attr_v1 *attr, struct err *e)
{
	struct sched_attr_v1 a = *attr;

	a.size = sizeof a;
	return syscall(SYS_sched_setattr, 0, &a, 0) < 0 ? err_sys(e, "sched_setattr") : 0;
}

/* ---- input and output ------------------------------------------------------------------------------------------- */

int ioprio_from_name(const char *class, int64_t priority, int *ret, struct err *e)
{
	static const struct name names[] = {
		{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
		{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
		{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	};
	uint64_t v;
	int r = find(names, ARRAY_LEN(names), class, &v, e);

	if (r < 0)
		return err_wrap(e, r, "class");
	if (priority < 0 || priority > 7)
		return err_set(e, EINVAL, "priority: %lld: allowed are 0 to 7", (long long)priority);
	*ret = (int)(v << IOPRIO_CLASS_SHIFT) | (int)priority;
	return 0;
}

int ioprio_apply(int ioprio, struct err *e)
{
	return syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, ioprio) < 0 ? err_sys(e, "ioprio_set") : 0;
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

int mempolicy_mode_from_name(const char *name, int *ret, struct err *e)
{
	static const struct name names[] = {
		{ "MPOL_DEFAULT", MPOL_DEFAULT },
		{ "MPOL_PREFERRED", MPOL_PREFERRED },
		{ "MPOL_BIND", MPOL_BIND },
		{ "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
		{ "MPOL_LOCAL", MPOL_LOCAL },
		{ "MPOL_PREFERRED_MANY", MODE_PREFERRED_MANY },
		{ "MPOL_WEIGHTED_INTERLEAVE", MODE_WEIGHTED_INTERLEAVE },
	};
	uint64_t v;
	int r = find(names, ARRAY_LEN(names), name, &v, e);

	if (r == 0)
		*ret = (int)v;
	return r;
}

int mempolicy_flag_from_name(const char *name, int *ret, struct err *e)
{
	static const struct name names[] = {
		{ "MPOL_F_STATIC_NODES", 1 << 15 },
		{ "MPOL_F_RELATIVE_NODES", 1 << 14 },
		{ "MPOL_F_NUMA_BALANCING", 1 << 13 },
	};
	uint64_t v;
	int r = find(names, ARRAY_LEN(names), name, &v, e);

	if (r == 0)
		*ret = (int)v;
	return r;
}

int mempolicy_apply(int mode_and_flags, const struct cpulist *nodes, struct err *e)
{
	bool some = cpulist_count(nodes) > 0;

	if (syscall(SYS_set_mempolicy, mode_and_flags, some ? nodes->bits : NULL, some ? MEMPOLICY_NODES + 1 : 0) < 0)
		return err_sys(e, "set_mempolicy");
	return 0;
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

int personality_from_name(const char *domain, unsigned long *ret, struct err *e)
{
	static const struct name names[] = { { "LINUX", PER_LINUX }, { "LINUX32", PER_LINUX32 } };
	uint64_t v;
	int r = find(names, ARRAY_LEN(names), domain, &v, e);

	if (r == 0)
		*ret = (unsigned long)v;
	return r;
}

int personality_apply(unsigned long domain, struct err *e)
{
	return personality(domain) < 0 ? err_sys(e, "personality") : 0;
}

int affinity_apply(const struct cpulist *cpus, struct err *e)
{
	if (syscall(SYS_sched_setaffinity, 0, sizeof cpus->bits, cpus->bits) < 0)
		return err_sys(e, "sched_setaffinity");
	return 0;
}
