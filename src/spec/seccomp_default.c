/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_default.c - Docker's profile (moby 29, August 2026) as a table, its conditions evaluated for one container. */
#include "spec/seccomp_default.h"

#include "base/scope.h"

#include <linux/capability.h>

/* Docker's names of architectures, as its conditions have them. */
enum {
	ARCH_AMD64 = 1 << 0,
	ARCH_X32 = 1 << 1,
	ARCH_X86 = 1 << 2,
	ARCH_ARM64 = 1 << 3,
	ARCH_ARM = 1 << 4,
	ARCH_RISCV64 = 1 << 5,
	ARCH_S390X = 1 << 6,
	ARCH_S390 = 1 << 7,
	ARCH_PPC64LE = 1 << 8,
};

struct group {
	const char *names; /* each ends with a NUL, the list with one more */
	uint16_t if_arch, unless_arch;
	uint8_t if_cap, unless_cap; /* 1 + CAP_x; 0: whatever the capabilities */
	uint8_t errno_ret;          /* 0: allowed */
	struct oci_seccomp_arg arg; /* without op: none */
};

static const struct {
	uint16_t bit;
	char name[10];
	const char *archs[3];
} arches[SYSCALL_ARCHES] = {
	[SYSCALL_ARCH_X86_64] = { ARCH_AMD64, "amd64", { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32" } },
	[SYSCALL_ARCH_X32] = { ARCH_X32, "x32", { NULL } },
	[SYSCALL_ARCH_X86] = { ARCH_X86, "x86", { NULL } },
	[SYSCALL_ARCH_AARCH64] = { ARCH_ARM64, "arm64", { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM" } },
	[SYSCALL_ARCH_ARM] = { ARCH_ARM, "arm", { NULL } },
	[SYSCALL_ARCH_RISCV64] = { ARCH_RISCV64, "riscv64", { "SCMP_ARCH_RISCV64" } },
	[SYSCALL_ARCH_S390X] = { ARCH_S390X, "s390x", { "SCMP_ARCH_S390X", "SCMP_ARCH_S390" } },
	[SYSCALL_ARCH_S390] = { ARCH_S390, "s390", { NULL } },
	[SYSCALL_ARCH_PPC64LE] = { ARCH_PPC64LE, "ppc64le", { NULL } },
};

static const char always[] =
	"accept\0accept4\0access\0adjtimex\0alarm\0bind\0brk\0cachestat\0capget\0capset\0chdir\0chmod\0chown\0"
	"chown32\0clock_adjtime\0clock_adjtime64\0clock_getres\0clock_getres_time64\0clock_gettime\0"
	"clock_gettime64\0clock_nanosleep\0clock_nanosleep_time64\0close\0close_range\0connect\0copy_file_range\0"
	"creat\0dup\0dup2\0dup3\0epoll_create\0epoll_create1\0epoll_ctl\0epoll_ctl_old\0epoll_pwait\0"
	"epoll_pwait2\0epoll_wait\0epoll_wait_old\0eventfd\0eventfd2\0execve\0execveat\0exit\0exit_group\0"
	"faccessat\0faccessat2\0fadvise64\0fadvise64_64\0fallocate\0fanotify_mark\0fchdir\0fchmod\0fchmodat\0"
	"fchmodat2\0fchown\0fchown32\0fchownat\0fcntl\0fcntl64\0fdatasync\0fgetxattr\0flistxattr\0flock\0fork\0"
	"fremovexattr\0fsetxattr\0fstat\0fstat64\0fstatat64\0fstatfs\0fstatfs64\0fsync\0ftruncate\0ftruncate64\0"
	"futex\0futex_requeue\0futex_time64\0futex_wait\0futex_waitv\0futex_wake\0futimesat\0getcpu\0getcwd\0"
	"getdents\0getdents64\0getegid\0getegid32\0geteuid\0geteuid32\0getgid\0getgid32\0getgroups\0getgroups32\0"
	"getitimer\0getpeername\0getpgid\0getpgrp\0getpid\0getppid\0getpriority\0getrandom\0getresgid\0"
	"getresgid32\0getresuid\0getresuid32\0getrlimit\0get_robust_list\0getrusage\0getsid\0getsockname\0"
	"getsockopt\0get_thread_area\0gettid\0gettimeofday\0getuid\0getuid32\0getxattr\0getxattrat\0"
	"inotify_add_watch\0inotify_init\0inotify_init1\0inotify_rm_watch\0io_cancel\0ioctl\0io_destroy\0"
	"io_getevents\0io_pgetevents\0io_pgetevents_time64\0ioprio_get\0ioprio_set\0io_setup\0io_submit\0ipc\0"
	"kill\0landlock_add_rule\0landlock_create_ruleset\0landlock_restrict_self\0lchown\0lchown32\0lgetxattr\0"
	"link\0linkat\0listen\0listmount\0listxattr\0listxattrat\0llistxattr\0_llseek\0lremovexattr\0lseek\0"
	"lsetxattr\0lstat\0lstat64\0madvise\0map_shadow_stack\0membarrier\0memfd_create\0memfd_secret\0mincore\0"
	"mkdir\0mkdirat\0mknod\0mknodat\0mlock\0mlock2\0mlockall\0mmap\0mmap2\0mprotect\0mq_getsetattr\0"
	"mq_notify\0mq_open\0mq_timedreceive\0mq_timedreceive_time64\0mq_timedsend\0mq_timedsend_time64\0"
	"mq_unlink\0mremap\0mseal\0msgctl\0msgget\0msgrcv\0msgsnd\0msync\0munlock\0munlockall\0munmap\0"
	"name_to_handle_at\0nanosleep\0newfstatat\0_newselect\0open\0openat\0openat2\0pause\0pidfd_open\0"
	"pidfd_send_signal\0pipe\0pipe2\0pkey_alloc\0pkey_free\0pkey_mprotect\0poll\0ppoll\0ppoll_time64\0prctl\0"
	"pread64\0preadv\0preadv2\0prlimit64\0process_mrelease\0pselect6\0pselect6_time64\0pwrite64\0pwritev\0"
	"pwritev2\0read\0readahead\0readlink\0readlinkat\0readv\0recv\0recvfrom\0recvmmsg\0recvmmsg_time64\0"
	"recvmsg\0remap_file_pages\0removexattr\0removexattrat\0rename\0renameat\0renameat2\0restart_syscall\0"
	"riscv_hwprobe\0rmdir\0rseq\0rt_sigaction\0rt_sigpending\0rt_sigprocmask\0rt_sigqueueinfo\0rt_sigreturn\0"
	"rt_sigsuspend\0rt_sigtimedwait\0rt_sigtimedwait_time64\0rt_tgsigqueueinfo\0sched_getaffinity\0"
	"sched_getattr\0sched_getparam\0sched_get_priority_max\0sched_get_priority_min\0sched_getscheduler\0"
	"sched_rr_get_interval\0sched_rr_get_interval_time64\0sched_setaffinity\0sched_setattr\0sched_setparam\0"
	"sched_setscheduler\0sched_yield\0seccomp\0select\0semctl\0semget\0semop\0semtimedop\0semtimedop_time64\0"
	"send\0sendfile\0sendfile64\0sendmmsg\0sendmsg\0sendto\0setfsgid\0setfsgid32\0setfsuid\0setfsuid32\0"
	"setgid\0setgid32\0setgroups\0setgroups32\0setitimer\0setpgid\0setpriority\0setregid\0setregid32\0"
	"setresgid\0setresgid32\0setresuid\0setresuid32\0setreuid\0setreuid32\0setrlimit\0set_robust_list\0"
	"setsid\0setsockopt\0set_thread_area\0set_tid_address\0setuid\0setuid32\0setxattr\0setxattrat\0shmat\0"
	"shmctl\0shmdt\0shmget\0shutdown\0sigaltstack\0signalfd\0signalfd4\0sigprocmask\0sigreturn\0socketcall\0"
	"socketpair\0splice\0stat\0stat64\0statfs\0statfs64\0statmount\0statx\0symlink\0symlinkat\0sync\0"
	"sync_file_range\0syncfs\0sysinfo\0tee\0tgkill\0time\0timer_create\0timer_delete\0timer_getoverrun\0"
	"timer_gettime\0timer_gettime64\0timer_settime\0timer_settime64\0timerfd_create\0timerfd_gettime\0"
	"timerfd_gettime64\0timerfd_settime\0timerfd_settime64\0times\0tkill\0truncate\0truncate64\0ugetrlimit\0"
	"umask\0uname\0unlink\0unlinkat\0uretprobe\0utime\0utimensat\0utimensat_time64\0utimes\0vfork\0vmsplice\0"
	"wait4\0waitid\0waitpid\0write\0writev\0";

/* Docker asks for Linux 4.8 before it allows the second group; tare needs a later one anyway. */
static const struct group groups[] = {
	{ always },
	{ "process_vm_readv\0process_vm_writev\0ptrace\0" },
	{ "socket\0", .arg = { 0, 0x26, 0, "SCMP_CMP_LT" } },
	{ "socket\0", .arg = { 0, 0x27, 0, "SCMP_CMP_EQ" } },
	{ "socket\0", .arg = { 0, 0x28, 0, "SCMP_CMP_GT" } },
	{ "personality\0", .arg = { 0, 0x0, 0, "SCMP_CMP_EQ" } },
	{ "personality\0", .arg = { 0, 0x8, 0, "SCMP_CMP_EQ" } },
	{ "personality\0", .arg = { 0, 0x20000, 0, "SCMP_CMP_EQ" } },
	{ "personality\0", .arg = { 0, 0x20008, 0, "SCMP_CMP_EQ" } },
	{ "personality\0", .arg = { 0, 0xffffffff, 0, "SCMP_CMP_EQ" } },
	{ "sync_file_range2\0swapcontext\0", .if_arch = ARCH_PPC64LE },
	{ "arm_fadvise64_64\0arm_sync_file_range\0sync_file_range2\0breakpoint\0cacheflush\0set_tls\0",
	  .if_arch = ARCH_ARM | ARCH_ARM64 },
	{ "arch_prctl\0", .if_arch = ARCH_AMD64 | ARCH_X32 },
	{ "modify_ldt\0", .if_arch = ARCH_AMD64 | ARCH_X32 | ARCH_X86 },
	{ "s390_pci_mmio_read\0s390_pci_mmio_write\0s390_runtime_instr\0", .if_arch = ARCH_S390 | ARCH_S390X },
	{ "riscv_flush_icache\0", .if_arch = ARCH_RISCV64 },
	{ "open_by_handle_at\0", .if_cap = 1 + CAP_DAC_READ_SEARCH },
	{ "bpf\0clone\0clone3\0fanotify_init\0fsconfig\0fsmount\0fsopen\0fspick\0lookup_dcookie\0"
	  "lsm_get_self_attr\0lsm_list_modules\0lsm_set_self_attr\0mount\0mount_setattr\0move_mount\0"
	  "open_tree\0perf_event_open\0quotactl\0quotactl_fd\0setdomainname\0sethostname\0setns\0syslog\0"
	  "umount\0umount2\0unshare\0",
	  .if_cap = 1 + CAP_SYS_ADMIN },
	{ "clone\0",
	  .unless_cap = 1 + CAP_SYS_ADMIN,
	  .unless_arch = ARCH_S390 | ARCH_S390X,
	  .arg = { 0, 0x7e020000, 0, "SCMP_CMP_MASKED_EQ" } },
	{ "clone\0", /* there the flags are the second argument */
	  .if_arch = ARCH_S390 | ARCH_S390X,
	  .unless_cap = 1 + CAP_SYS_ADMIN,
	  .arg = { 1, 0x7e020000, 0, "SCMP_CMP_MASKED_EQ" } },
	{ "clone3\0", .errno_ret = ENOSYS, .unless_cap = 1 + CAP_SYS_ADMIN },
	{ "reboot\0", .if_cap = 1 + CAP_SYS_BOOT },
	{ "chroot\0", .if_cap = 1 + CAP_SYS_CHROOT },
	{ "delete_module\0init_module\0finit_module\0", .if_cap = 1 + CAP_SYS_MODULE },
	{ "acct\0", .if_cap = 1 + CAP_SYS_PACCT },
	{ "kcmp\0pidfd_getfd\0process_madvise\0process_vm_readv\0process_vm_writev\0ptrace\0",
	  .if_cap = 1 + CAP_SYS_PTRACE },
	{ "iopl\0ioperm\0", .if_cap = 1 + CAP_SYS_RAWIO },
	{ "settimeofday\0stime\0clock_settime\0clock_settime64\0", .if_cap = 1 + CAP_SYS_TIME },
	{ "vhangup\0", .if_cap = 1 + CAP_SYS_TTY_CONFIG },
	{ "get_mempolicy\0mbind\0set_mempolicy\0set_mempolicy_home_node\0", .if_cap = 1 + CAP_SYS_NICE },
	{ "syslog\0", .if_cap = 1 + CAP_SYSLOG },
	{ "bpf\0", .if_cap = 1 + CAP_BPF },
	{ "perf_event_open\0", .if_cap = 1 + CAP_PERFMON },
};

static bool applies(const struct group *g, uint16_t arch, uint64_t caps)
{
	if ((g->if_arch && !(g->if_arch & arch)) || g->unless_arch & arch)
		return false;
	if (g->if_cap && !(caps >> (g->if_cap - 1) & 1))
		return false;
	return !g->unless_cap || !(caps >> (g->unless_cap - 1) & 1);
}

static int take_names(const char *names, struct arena *a, struct oci_strings *ret)
{
	size_t n = 0;

	for (const char *p = names; *p; p += strlen(p) + 1)
		n++;
	ret->v = arena_array(a, n, sizeof *ret->v);
	if (!ret->v)
		return -ENOMEM;
	for (const char *p = names; *p; p += strlen(p) + 1)
		ret->v[ret->n++] = p;
	return 0;
}

static int take_group(const struct group *g, struct arena *a, struct oci_syscall *ret)
{
	*ret = (struct oci_syscall){ .action = g->errno_ret ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW",
				     .errno_ret = g->errno_ret ? g->errno_ret : OCI_UNSET };
	if (g->arg.op) {
		ret->args.v = arena_alloc(a, sizeof *ret->args.v);
		if (!ret->args.v)
			return -ENOMEM;
		ret->args.v[ret->args.n++] = g->arg;
	}
	return take_names(g->names, a, &ret->names);
}

static int take_archs(enum syscall_arch arch, struct arena *a, struct oci_strings *ret)
{
	size_t n = 0;

	while (n < ARRAY_LEN(arches[arch].archs) && arches[arch].archs[n])
		n++;
	ret->v = arena_array(a, n, sizeof *ret->v);
	if (!ret->v)
		return -ENOMEM;
	while (ret->n < n) {
		ret->v[ret->n] = arches[arch].archs[ret->n];
		ret->n++;
	}
	return 0;
}

int seccomp_default_for(enum syscall_arch arch, uint64_t bounding_caps, struct arena *a, struct oci_seccomp *ret,
			struct err *e)
{
	struct oci_seccomp s = { .present = true, .default_action = "SCMP_ACT_ERRNO", .default_errno_ret = EPERM };
	int r = take_archs(arch, a, &s.architectures);

	s.syscalls.v = arena_array(a, ARRAY_LEN(groups), sizeof *s.syscalls.v);
	if (!s.syscalls.v)
		return err_oom(e);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(groups); i++)
		if (applies(&groups[i], arches[arch].bit, bounding_caps))
			r = take_group(&groups[i], a, &s.syscalls.v[s.syscalls.n++]);
	if (r < 0)
		return err_oom(e);
	*ret = s;
	return 0;
}

int seccomp_default(uint64_t bounding_caps, struct arena *a, struct oci_seccomp *ret, struct err *e)
{
	int arch = syscall_arch_native();

	if (arch < 0)
		return err_set(e, ENOTSUP, "seccomp: no syscall table for this architecture");
	return seccomp_default_for((enum syscall_arch)arch, bounding_caps, a, ret, e);
}

const char *seccomp_docker_arch(enum syscall_arch arch)
{
	return arches[arch].name;
}
