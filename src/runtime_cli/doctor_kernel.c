/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/doctor.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/capability.h"
#include "kernel/smallfile.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define MANY_MOUNTS 1000
#define SLOW_GRACE_NS 5000000
#define TMPFS_MAGIC_NUMBER 0x01021994

/* ---- features ---------------------------------------------------------------------------------------------------- */

static void features(struct runtime *rt, struct findings *l)
{
	const struct kfeat *k = &rt->facts.kernel;
	const struct {
		const char *check;
		bool there;
		enum finding_state otherwise;
		const char *consequence, *remedy;
	} rows[] = {
		{ "clone into a cgroup", k->clone_into_cgroup, FINDING_SLOW,
		  "each start waits for an RCU grace period to move its process", "Linux 5.7" },
		{ "mounts by descriptor", k->new_mount_api && k->mount_setattr, FINDING_WEAK,
		  "a mount gets its options once it is there, one below another none, and owners cannot be mapped",
		  "Linux 5.12" },
		{ "openat2", k->openat2, FINDING_WEAK, "targets of mounts are resolved step by step", "Linux 5.6" },
		{ "close_range", k->close_range, FINDING_SLOW, "descriptors are closed one by one", "Linux 5.9" },
		{ "pidfd", k->pidfd, FINDING_WEAK, "a process is known by a number that another may get", "Linux 5.4" },
		{ "cgroup.kill", k->cgroup_kill, FINDING_SLOW, "a container is frozen to be killed", "Linux 5.14" },
		{ "overlayfs", k->overlay, FINDING_MISSING, "images cannot be used without copying them",
		  "modprobe overlay" },
		{ "time namespaces", k->time_namespace, FINDING_WEAK, "linux.timeOffsets is an error",
		  "a kernel with CONFIG_TIME_NS (Linux 5.6)" },
		{ "cgroup namespaces", k->cgroup_namespace, FINDING_WEAK,
		  "a container sees where its group is on the host", "Linux 4.6" },
		{ "seccomp", k->seccomp_filter, FINDING_MISSING, "system calls are not limited; profiles are errors",
		  "a kernel with CONFIG_SECCOMP_FILTER" },
		{ "device programs", k->bpf_cgroup_device || rt->facts.cgroup.mode != CGROUP_MODE_V2, FINDING_WEAK,
		  "on cgroup v2 nothing limits which devices a container opens",
		  "a kernel with CONFIG_CGROUP_BPF, and the right to load programs" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		finding_add(l, rows[i].there ? FINDING_OK : rows[i].otherwise, rows[i].check, rows[i].consequence,
			    rows[i].remedy, "%s", rows[i].there ? "there" : "not there");
}

static void seccomp_actions(struct runtime *rt, struct findings *l)
{
	static const char *const wanted[] = { "kill_process", "kill_thread", "trap", "errno",
					      "user_notif",   "trace",       "log",  "allow" };
	scoped_buf missing = BUF(256);
	char text[256];
	struct sv have, word;

	if (smallfile_read(rt->host.proc, "sys/kernel/seccomp/actions_avail", text, sizeof text, &have) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		struct sv rest = sv_trim(have);
		bool found = false;

		while (!found && sv_next(&rest, ' ', &word))
			found = sv_is(word, wanted[i]);
		if (!found)
			buf_putf(&missing, "%s%s", missing.len ? " " : "", wanted[i]);
	}
	finding_add(l, missing.len ? FINDING_WEAK : FINDING_OK, "seccomp actions", "profiles that use these are errors",
		    "a newer kernel (user_notif: Linux 5.0, kill_process: 4.14)", "%s%s",
		    missing.len ? "not there: " : "all", missing.len ? missing.p : "");
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

static bool sysctl_number(struct runtime *rt, const char *path, int64_t *ret)
{
	char text[64];
	struct sv v;

	return smallfile_read(rt->host.proc, path, text, sizeof text, &v) == 0 && sv_i64(sv_trim(v), ret) == 0;
}

static void settings(struct runtime *rt, struct findings *l)
{
	static const struct {
		const char *path, *check;
		int64_t least;
		enum finding_state below;
		const char *consequence, *remedy;
	} rows[] = {
		{ "sys/net/core/bpf_jit_enable", "BPF compiler", 1, FINDING_SLOW,
		  "seccomp filters are interpreted at every system call", "sysctl net.core.bpf_jit_enable=1" },
		{ "sys/kernel/unprivileged_bpf_disabled", "BPF for everybody", 1, FINDING_WEAK,
		  "any process may load programs into the kernel", "sysctl kernel.unprivileged_bpf_disabled=1" },
		{ "sys/kernel/pid_max", "process ids", 65536, FINDING_WEAK,
		  "some thousand threads of all containers together use up the host's ids",
		  "sysctl kernel.pid_max=4194304" },
		{ "sys/fs/protected_symlinks", "protected links", 1, FINDING_WEAK,
		  "links in shared folders such as /tmp lead others' programs astray",
		  "sysctl fs.protected_symlinks=1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t v;

		if (sysctl_number(rt, rows[i].path, &v))
			finding_add(l, v >= rows[i].least ? FINDING_OK : rows[i].below, rows[i].check,
				    rows[i].consequence, rows[i].remedy, "%lld", (long long)v);
	}
}

static void capabilities(struct runtime *rt, struct findings *l)
{
	static const char *const wanted[] = { "CAP_SYS_ADMIN", "CAP_NET_ADMIN",  "CAP_MKNOD",	"CAP_SETUID",
					      "CAP_SETGID",    "CAP_SETPCAP",	 "CAP_SYS_RESOURCE", "CAP_DAC_OVERRIDE",
					      "CAP_CHOWN",     "CAP_SYS_CHROOT", "CAP_KILL" };
	scoped_buf missing = BUF(1024);

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		int c = cap_from_name(sv_from(wanted[i]));

		if (c >= 0 && !(rt->facts.capabilities >> c & 1))
			buf_putf(&missing, "%s%s", missing.len ? " " : "", wanted[i]);
	}
	finding_add(
		l, missing.len ? FINDING_WEAK : FINDING_OK, "capabilities",
		"what needs them is an error: CAP_SYS_RESOURCE higher limits and a lower OOM score, CAP_MKNOD devices, "
		"CAP_SYS_ADMIN everything",
		"start tare-runtime with them in the bounding set", "%s%s",
		missing.len ? "missing: " : "all that are needed", missing.len ? missing.p : "");
}

/* ---- what takes time --------------------------------------------------------------------------------------------- */

static void mount_count(struct runtime *rt, struct findings *l)
{
	scoped_buf text = BUF(LIMIT_PROC_FILE);
	size_t n = 0;

	if (io_read_at(rt->host.proc, "self/mountinfo", &text, NULL) < 0)
		return;
	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] == '\n';
	finding_add(l, n > MANY_MOUNTS ? FINDING_SLOW : FINDING_OK, "mounts",
		    "each start copies the whole table: about a third slower with a thousand",
		    "unmount what is not needed, or start engines in a mount namespace of their own", "%zu", n);
}

/* membarrier(2) of all processes waits for just that. */
static void grace_period(struct findings *l)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < 3; i++) {
		int64_t start = clock_monotonic_ns(), took;

		if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
			return;
		took = clock_monotonic_ns() - start;
		best = took < best ? took : best;
	}
	finding_add(
		l, best > SLOW_GRACE_NS ? FINDING_SLOW : FINDING_OK, "RCU grace period",
		"whoever writes a process id to cgroup.procs waits as long (other runtimes at every start; tare-runtime "
		"clones into the group instead), and unmounting takes longer",
		"boot with rcupdate.rcu_expedited=1, or mount cgroup2 with favordynmods", "%lld.%lld ms",
		(long long)best / 1000000, (long long)best / 100000 % 10);
}

/* The folder itself may not be there yet. */
static void state_folder(struct runtime *rt, struct findings *l)
{
	char path[4096], *slash;
	struct statfs fs;

	if (sv_copy(sv_from(rt->root), path, sizeof path) < 0)
		return;
	while (statfs(path, &fs) < 0) {
		slash = strrchr(path, '/');
		if (errno != ENOENT || !slash || slash == path)
			return;
		*slash = '\0';
	}
	finding_add(l, fs.f_type == TMPFS_MAGIC_NUMBER ? FINDING_OK : FINDING_SLOW, "state folder",
		    "each start, pause and delete writes to a disk; after a boot records of what is gone remain",
		    "give a folder on a tmpfs as --root", "%s: %s", rt->root,
		    fs.f_type == TMPFS_MAGIC_NUMBER ? "tmpfs" : "not on a tmpfs");
}

static void security_modules(struct runtime *rt, struct findings *l)
{
	char text[256];
	struct sv list;
	bool known = smallfile_read(rt->host.sys, "kernel/security/lsm", text, sizeof text, &list) == 0;
	bool there = known && (strstr(text, "apparmor") || strstr(text, "selinux"));

	if (!known)
		there = smallfile_exists(rt->host.sys, "module/apparmor") ||
			smallfile_exists(rt->host.sys, "fs/selinux/enforce");
	finding_add(l, there ? FINDING_OK : FINDING_WEAK, "security module",
		    "AppArmor profiles and SELinux labels are errors; nothing stands behind the namespaces",
		    "boot with lsm=…,apparmor and load profiles", "%s",
		    there ? "AppArmor or SELinux" : "neither AppArmor nor SELinux");
}

void doctor_kernel(struct runtime *rt, struct findings *l)
{
	features(rt, l);
	seccomp_actions(rt, l);
	security_modules(rt, l);
	settings(rt, l);
	capabilities(rt, l);
	mount_count(rt, l);
	grace_period(l);
	state_folder(rt, l);
}
