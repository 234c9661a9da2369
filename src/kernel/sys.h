/* SPDX-License-Identifier: Apache-2.0 */
/* sys.h - the system calls that glibc 2.36 does not wrap, one function each, errno as usual.
 *
 * Real functions, not inlines: the fault build replaces them (and libc's own wrappers) with the linker's --wrap.
 * Structures that Debian 12's headers lack are restated here with size assertions. */
#pragma once

#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int sys_clone3(struct clone_args *args);
int sys_openat2(int dir, const char *path, int flags, unsigned resolve); /* O_CLOEXEC is added; mode 0 */
int sys_fsopen(const char *fstype);                                       /* FSOPEN_CLOEXEC */
int sys_fsconfig(int fs, unsigned cmd, const char *key, const void *value, int aux);
int sys_fsmount(int fs, unsigned attr); /* FSMOUNT_CLOEXEC */
int sys_open_tree(int dir, const char *path, unsigned flags); /* OPEN_TREE_CLOEXEC is added */
int sys_open_tree_attr(int dir, const char *path, unsigned flags, struct mount_attr *attr); /* likewise */
int sys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags);
int sys_mount_setattr(int dir, const char *path, unsigned flags, struct mount_attr *attr);
ssize_t sys_getdents(int dir, void *buf, size_t n); /* of struct dirent, from where it is: lseek(2) */
ssize_t sys_read_nowait(int fd, void *buf, size_t n); /* preadv2(2), RWF_NOWAIT: EAGAIN; EOPNOTSUPP */
ssize_t sys_write_nowait(int fd, const void *buf, size_t n); /* likewise */
int sys_pivot_root(const char *new_root, const char *put_old);
int sys_close_range(unsigned first, unsigned last, unsigned flags);
int sys_membarrier(int command);
int sys_pidfd_open(pid_t pid, unsigned flags);
int sys_pidfd_send_signal(int pidfd, int signo);
int sys_pidfd_getfd(int pidfd, int fd); /* the new descriptor is O_CLOEXEC */
int sys_seccomp(unsigned op, unsigned flags, void *args);
int sys_setgroups(size_t n, const gid_t *list); /* of this thread alone: libc's asks all of them */
long sys_keyctl(int op, unsigned long a, unsigned long b);
int sys_bpf(int cmd, void *attr, unsigned size);
int sys_execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags);
