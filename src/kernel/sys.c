/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/sys.h"

#include "kernel/old_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

static struct old_kernel old = { .proc = -1 };

/* The call is not there: from now on without it. */
static bool is_missing(int r, bool *lacks)
{
	if (r < 0 && errno == ENOSYS)
		*lacks = true;
	return *lacks;
}

void sys_old_kernel(const struct old_kernel *k)
{
	old = *k;
}

bool sys_lacks_mount_setattr(void)
{
	return old.no_mount_setattr;
}

/* A kernel that does not know the last fields refuses a structure that has them, unless they are zero and it looks. */
int sys_clone3(struct clone_args *args)
{
	return (int)syscall(SYS_clone3, args, args->cgroup ? sizeof *args : CLONE_ARGS_SIZE_VER0);
}

int sys_openat2(int dir, const char *path, int flags, unsigned resolve)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC, .resolve = resolve };

	int fd = old.no_openat2 ? -1 : (int)syscall(SYS_openat2, dir, path, &how, sizeof how);

	return is_missing(fd, &old.no_openat2) ? old_openat2(dir, path, flags | O_CLOEXEC, resolve) : fd;
}

int sys_fsopen(const char *fstype)
{
	return (int)syscall(SYS_fsopen, fstype, FSOPEN_CLOEXEC);
}

int sys_fsconfig(int fs, unsigned cmd, const char *key, const void *value, int aux)
{
	return (int)syscall(SYS_fsconfig, fs, cmd, key, value, aux);
}

int sys_fsmount(int fs, unsigned attr)
{
	return (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attr);
}

int sys_open_tree(int dir, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC);
}

int sys_open_tree_attr(int dir, const char *path, unsigned flags, struct mount_attr *attr)
{
	return (int)syscall(SYS_open_tree_attr, dir, path, flags | OPEN_TREE_CLOEXEC, attr, sizeof *attr);
}

int sys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags)
{
	return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}

int sys_mount_setattr(int dir, const char *path, unsigned flags, struct mount_attr *attr)
{
	int r = old.no_mount_setattr ? -1 : (int)syscall(SYS_mount_setattr, dir, path, flags, attr, sizeof *attr);

	return is_missing(r, &old.no_mount_setattr) ? old_mount_setattr(dir, path, flags, attr) : r;
}

ssize_t sys_getdents(int dir, void *buf, size_t n)
{
	return syscall(SYS_getdents64, dir, buf, n);
}

/* At the file's own position, -1 in both halves of the offset. */
ssize_t sys_read_nowait(int fd, void *buf, size_t n)
{
	const struct iovec v = { buf, n };

	return syscall(SYS_preadv2, fd, &v, 1UL, -1L, -1L, RWF_NOWAIT);
}

ssize_t sys_write_nowait(int fd, const void *buf, size_t n)
{
	const struct iovec v = { (void *)(uintptr_t)buf, n };

	return syscall(SYS_pwritev2, fd, &v, 1UL, -1L, -1L, RWF_NOWAIT);
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

int sys_membarrier(int command)
{
	return (int)syscall(SYS_membarrier, command, 0, 0);
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	int r = old.no_close_range ? -1 : (int)syscall(SYS_close_range, first, last, flags);

	return is_missing(r, &old.no_close_range) ? old_close_range(old.proc, first, last, flags) : r;
}

int sys_pidfd_open(pid_t pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

int sys_pidfd_send_signal(int pidfd, int signo)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0);
}

int sys_pidfd_getfd(int pidfd, int fd)
{
	return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}

int sys_seccomp(unsigned op, unsigned flags, void *args)
{
	return (int)syscall(SYS_seccomp, op, flags, args);
}

int sys_setgroups(size_t n, const gid_t *list)
{
	return (int)syscall(SYS_setgroups, n, list);
}

long sys_keyctl(int op, unsigned long a, unsigned long b)
{
	return syscall(SYS_keyctl, op, a, b);
}

int sys_bpf(int cmd, void *attr, unsigned size)
{
	return (int)syscall(SYS_bpf, cmd, attr, size);
}

int sys_execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)syscall(SYS_execveat, dir, path, argv, envp, flags);
}
