/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_names.c - the runtime-spec's words for actions, comparisons and flags. */
#include "kernel/seccomp.h"

#include "base/scope.h"
#include "kernel/syscalls.h"

#include <linux/seccomp.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

struct word {
	char name[40];
	uint32_t value;
};

static const struct word actions[] = {
	{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
	{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO },
	{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE },
	{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
	{ "SCMP_ACT_LOG", SECCOMP_RET_LOG },
	{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF },
};

static const struct word ops[] = {
	{ "SCMP_CMP_NE", SECCOMP_CMP_NE },
	{ "SCMP_CMP_LT", SECCOMP_CMP_LT },
	{ "SCMP_CMP_LE", SECCOMP_CMP_LE },
	{ "SCMP_CMP_EQ", SECCOMP_CMP_EQ },
	{ "SCMP_CMP_GE", SECCOMP_CMP_GE },
	{ "SCMP_CMP_GT", SECCOMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SECCOMP_CMP_MASKED_EQ },
};

static const struct word flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_NEW_LISTENER", SECCOMP_FILTER_FLAG_NEW_LISTENER },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

/* Besides those of kernel/syscalls.h. */
static const char other_archs[][24] = {
	"SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",
	"SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",	      "SCMP_ARCH_PPC64",
	"SCMP_ARCH_PARISC",   "SCMP_ARCH_PARISC64",    "SCMP_ARCH_M68K",      "SCMP_ARCH_LOONGARCH64",
	"SCMP_ARCH_SH",	      "SCMP_ARCH_SHEB",
};

static const struct word *find(const struct word *words, size_t n, const char *name)
{
	for (size_t i = 0; name && i < n; i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

static int unknown(const char *kind, const char *name, struct err *e)
{
	return err_set(e, EINVAL, "unknown seccomp %s %s", kind, name ? name : "(none)");
}

int seccomp_action_from_name(const char *name, int64_t errno_ret, uint32_t *ret, struct err *e)
{
	const struct word *w = find(actions, ARRAY_LEN(actions), name);
	bool takes_errno = w && (w->value == SECCOMP_RET_ERRNO || w->value == SECCOMP_RET_TRACE);

	if (!w)
		return unknown("action", name, e);
	if (errno_ret >= 0 && !takes_errno)
		return err_set(e, EINVAL, "seccomp action %s takes no errno", name);
	if (errno_ret > (int64_t)SECCOMP_RET_DATA)
		return err_set(e, EINVAL, "seccomp action %s: errno %lld is above %u", name, (long long)errno_ret,
			       SECCOMP_RET_DATA);
	*ret = w->value | (!takes_errno ? 0 : errno_ret < 0 ? EPERM : (uint32_t)errno_ret);
	return 0;
}

int seccomp_op_from_name(const char *name, enum seccomp_op *ret, struct err *e)
{
	const struct word *w = find(ops, ARRAY_LEN(ops), name);

	if (!w)
		return unknown("comparison", name, e);
	*ret = (enum seccomp_op)w->value;
	return 0;
}

int seccomp_flag_from_name(const char *name, unsigned *ret, struct err *e)
{
	const struct word *w = find(flags, ARRAY_LEN(flags), name);

	if (!w)
		return unknown("flag", name, e);
	*ret = w->value;
	return 0;
}

bool seccomp_arch_is_known(struct sv name)
{
	if (syscall_arch_from_name(name) >= 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(other_archs); i++)
		if (sv_is(name, other_archs[i]))
			return true;
	return false;
}

const char *seccomp_action_name(size_t i)
{
	return i < ARRAY_LEN(actions) ? actions[i].name : NULL;
}

const char *seccomp_op_name(size_t i)
{
	return i < ARRAY_LEN(ops) ? ops[i].name : NULL;
}

const char *seccomp_flag_name(size_t i)
{
	return i < ARRAY_LEN(flags) ? flags[i].name : NULL;
}
