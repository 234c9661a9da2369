/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/capability.h"

#include "base/protection.h"
#include "base/scope.h"

#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CAP_MAX 64 /* bits of a set; the kernel's ABI has no more */

/* linux/capability.h; the index is the number */
static const char *const names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

static_assert(ARRAY_LEN(names) == CAP_CHECKPOINT_RESTORE + 1, "a name for each capability");

int cap_from_name(struct sv name)
{
	if (name.n > 4 && strncasecmp(name.p, "CAP_", 4) == 0)
		name = (struct sv){ name.p + 4, name.n - 4 };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (name.n == strlen(names[i] + 4) && strncasecmp(name.p, names[i] + 4, name.n) == 0)
			return (int)i;
	return -1;
}

const char *cap_name(unsigned cap)
{
	return cap < ARRAY_LEN(names) ? names[cap] : NULL;
}

uint64_t cap_all(void)
{
	return (UINT64_C(1) << ARRAY_LEN(names)) - 1;
}

static bool kernel_knows(unsigned cap)
{
	return prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0;
}

/* Newer ones than the table has do not count: nobody can name them here. */
uint64_t cap_last_of_kernel(struct err *e)
{
	unsigned n = ARRAY_LEN(names);

	while (n > 0 && !kernel_knows(n - 1))
		n--;
	if (n == 0)
		(void)err_sys(e, "prctl PR_CAPBSET_READ");
	return n ? (UINT64_C(1) << n) - 1 : 0;
}

/* One that is refused because it is not in the set any more is no harm. */
int cap_drop_bounding(uint64_t held, uint64_t keep, struct err *e)
{
	for (unsigned cap = 0; cap < CAP_MAX; cap++) {
		if (!(held >> cap & 1) || keep >> cap & 1 || prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL && cap)
			return 0; /* the kernel's last was before */
		if (errno != EPERM || prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 0) {
			errno = EPERM;
			return err_sys(e, "prctl PR_CAPBSET_DROP %d", (int)cap);
		}
	}
	return 0;
}

/* EPERM alone does not say which one is missing. */
static int refused(const struct cap_sets *want, struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct now[2];
	int code = errno;
	uint64_t lacks;

	if (code == EPERM && syscall(SYS_capget, &head, now) == 0) {
		lacks = want->permitted & ~(now[0].permitted | (uint64_t)now[1].permitted << 32);
		for (unsigned cap = 0; cap < CAP_MAX; cap++)
			if (lacks >> cap & 1)
				return err_set(e, EPERM, "capset: %s is not held by the caller",
					       cap_name(cap) ? cap_name(cap) : "an unknown capability");
	}
	errno = code;
	return err_sys(e, "capset");
}

static int raise_ambient(uint64_t set, struct err *e)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return set ? err_sys(e, "prctl PR_CAP_AMBIENT_CLEAR_ALL") : 0;
	for (unsigned cap = 0; cap < CAP_MAX; cap++)
		if (set >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return err_sys(e, "prctl PR_CAP_AMBIENT_RAISE %d", (int)cap);
	return 0;
}

int cap_apply(const struct cap_sets *s, struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint64_t inheritable = protects(PROTECT_INHERITABLE) ? s->inheritable : s->permitted; /* as Docker had it */

	for (unsigned i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){ .effective = (uint32_t)(s->effective >> 32 * i),
							   .permitted = (uint32_t)(s->permitted >> 32 * i),
							   .inheritable = (uint32_t)(inheritable >> 32 * i) };
	if (syscall(SYS_capset, &head, data) < 0)
		return refused(s, e);
	return raise_ambient(s->ambient, e);
}
