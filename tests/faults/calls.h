/* SPDX-License-Identifier: Apache-2.0 */
/* calls.h - the calls that the fault build can make to fail. tests/faults/meson.build takes the names from here for the
 * linker's --wrap; tests/faults/coverage says which calls of src/ are in no list.
 *
 * X(name, type, value on failure, errno to give when none is asked for, parameters, arguments). Variadic calls are written
 * with their further arguments as longs: on x86-64 and AArch64 those arrive in the same registers. Under glibc's names for
 * 64-bit offsets (open64 …), as Meson always asks for them. close(2) is not here: its failure closes all the same. */
#pragma once

#define FAULT_CALLS(X) \
	X(open, int, -1, EMFILE, (const char *p, int f, long m), (p, f, m)) \
	X(open64, int, -1, EMFILE, (const char *p, int f, long m), (p, f, m)) \
	X(openat, int, -1, EMFILE, (int d, const char *p, int f, long m), (d, p, f, m)) \
	X(openat64, int, -1, EMFILE, (int d, const char *p, int f, long m), (d, p, f, m)) \
	X(opendir, void *, NULL, EMFILE, (const char *p), (p)) \
	X(fdopendir, void *, NULL, ENOMEM, (int d), (d)) \
	X(sys_getdents, ssize_t, -1, EIO, (int d, void *b, size_t n), (d, b, n)) \
	X(readdir64, void *, NULL, EIO, (void *d), (d)) \
	X(read, ssize_t, -1, EIO, (int fd, void *b, size_t n), (fd, b, n)) \
	X(pread64, ssize_t, -1, EIO, (int fd, void *b, size_t n, off_t o), (fd, b, n, o)) \
	X(write, ssize_t, -1, ENOSPC, (int fd, const void *b, size_t n), (fd, b, n)) \
	X(writev, ssize_t, -1, ENOSPC, (int fd, const void *v, int n), (fd, v, n)) \
	X(pwrite64, ssize_t, -1, ENOSPC, (int fd, const void *b, size_t n, off_t o), (fd, b, n, o)) \
	X(ftruncate64, int, -1, ENOSPC, (int fd, off_t n), (fd, n)) \
	X(fallocate64, int, -1, ENOSPC, (int fd, int m, off_t o, off_t n), (fd, m, o, n)) \
	X(fsync, int, -1, EIO, (int fd), (fd)) \
	X(syncfs, int, -1, EIO, (int fd), (fd)) \
	X(fdatasync, int, -1, EIO, (int fd), (fd)) \
	X(fstat64, int, -1, EIO, (int fd, void *st), (fd, st)) \
	X(fstatat64, int, -1, ENOMEM, (int d, const char *p, void *st, int f), (d, p, st, f)) \
	X(stat64, int, -1, ENOMEM, (const char *p, void *st), (p, st)) \
	X(lstat64, int, -1, ENOMEM, (const char *p, void *st), (p, st)) \
	X(statx, int, -1, ENOMEM, (int d, const char *p, int f, unsigned m, void *st), (d, p, f, m, st)) \
	X(fstatfs64, int, -1, EIO, (int fd, void *st), (fd, st)) \
	X(fstatvfs64, int, -1, EIO, (int fd, void *st), (fd, st)) \
	X(statvfs64, int, -1, EIO, (const char *p, void *st), (p, st)) \
	X(statfs64, int, -1, EIO, (const char *p, void *st), (p, st)) \
	X(mkdir, int, -1, ENOSPC, (const char *p, mode_t m), (p, m)) \
	X(mkdirat, int, -1, ENOSPC, (int d, const char *p, mode_t m), (d, p, m)) \
	X(mknodat, int, -1, ENOSPC, (int d, const char *p, mode_t m, dev_t dev), (d, p, m, dev)) \
	X(mkfifoat, int, -1, ENOSPC, (int d, const char *p, mode_t m), (d, p, m)) \
	X(unlink, int, -1, EROFS, (const char *p), (p)) \
	X(unlinkat, int, -1, EROFS, (int d, const char *p, int f), (d, p, f)) \
	X(rmdir, int, -1, EBUSY, (const char *p), (p)) \
	X(rename, int, -1, ENOSPC, (const char *a, const char *b), (a, b)) \
	X(renameat, int, -1, ENOSPC, (int d, const char *a, int n, const char *b), (d, a, n, b)) \
	X(rename_new_at, int, -1, ENOSPC, (int d, const char *a, int n, const char *b), (d, a, n, b)) \
	X(rename_swap_at, int, -1, EINVAL, (int d, const char *a, const char *b), (d, a, b)) \
	X(linkat, int, -1, ENOSPC, (int d, const char *a, int n, const char *b, int f), (d, a, n, b, f)) \
	X(symlink, int, -1, ENOSPC, (const char *a, const char *b), (a, b)) \
	X(symlinkat, int, -1, ENOSPC, (const char *a, int d, const char *b), (a, d, b)) \
	X(readlink, ssize_t, -1, ENOMEM, (const char *p, char *b, size_t n), (p, b, n)) \
	X(readlinkat, ssize_t, -1, ENOMEM, (int d, const char *p, char *b, size_t n), (d, p, b, n)) \
	X(fchmod, int, -1, EROFS, (int fd, mode_t m), (fd, m)) \
	X(fchmodat, int, -1, EROFS, (int d, const char *p, mode_t m, int f), (d, p, m, f)) \
	X(fchown, int, -1, EROFS, (int fd, uid_t u, gid_t g), (fd, u, g)) \
	X(fchownat, int, -1, EROFS, (int d, const char *p, uid_t u, gid_t g, int f), (d, p, u, g, f)) \
	X(utimensat, int, -1, EROFS, (int d, const char *p, const void *t, int f), (d, p, t, f)) \
	X(futimens, int, -1, EROFS, (int fd, const void *t), (fd, t)) \
	X(fsetxattr, int, -1, ENOSPC, (int fd, const char *k, const void *v, size_t n, int f), (fd, k, v, n, f)) \
	X(lsetxattr, int, -1, ENOSPC, (const char *p, const char *k, const void *v, size_t n, int f), (p, k, v, n, f)) \
	X(setxattr, int, -1, ENOSPC, (const char *p, const char *k, const void *v, size_t n, int f), (p, k, v, n, f)) \
	X(fgetxattr, ssize_t, -1, ENOMEM, (int fd, const char *k, void *v, size_t n), (fd, k, v, n)) \
	X(getxattr, ssize_t, -1, ENOMEM, (const char *p, const char *k, void *v, size_t n), (p, k, v, n)) \
	X(lgetxattr, ssize_t, -1, ENOMEM, (const char *p, const char *k, void *v, size_t n), (p, k, v, n)) \
	X(flistxattr, ssize_t, -1, ENOMEM, (int fd, char *v, size_t n), (fd, v, n)) \
	X(copy_file_range, ssize_t, -1, ENOSPC, (int a, off_t *i, int b, off_t *o, size_t n, unsigned f), (a, i, b, o, n, f)) \
	X(sendfile64, ssize_t, -1, ENOSPC, (int o, int i, off_t *at, size_t n), (o, i, at, n)) \
	X(splice, ssize_t, -1, ENOMEM, (int a, off_t *i, int b, off_t *o, size_t n, unsigned f), (a, i, b, o, n, f)) \
	X(ioctl, int, -1, EIO, (int fd, unsigned long c, long a), (fd, c, a)) \
	X(dup, int, -1, EMFILE, (int a), (a)) \
	X(dup2, int, -1, EMFILE, (int a, int b), (a, b)) \
	X(dup3, int, -1, EMFILE, (int a, int b, int f), (a, b, f)) \
	X(pipe2, int, -1, EMFILE, (int *p, int f), (p, f)) \
	X(memfd_create, int, -1, EMFILE, (const char *p, unsigned f), (p, f)) \
	X(flock, int, -1, ENOLCK, (int fd, int o), (fd, o)) \
	X(access, int, -1, EIO, (const char *p, int m), (p, m)) \
	X(faccessat, int, -1, EIO, (int d, const char *p, int m, int f), (d, p, m, f)) \
	X(chdir, int, -1, EIO, (const char *p), (p)) \
	X(fchdir, int, -1, EIO, (int fd), (fd)) \
	X(chroot, int, -1, EPERM, (const char *p), (p)) \
	X(getcwd, char *, NULL, ENOENT, (char *b, size_t n), (b, n)) \
	X(realpath, char *, NULL, EIO, (const char *p, char *b), (p, b)) \
	X(mmap64, void *, -1, ENOMEM, (void *a, size_t n, int p, int f, int fd, off_t o), (a, n, p, f, fd, o)) \
	X(fork, pid_t, -1, EAGAIN, (void), ()) \
	X(waitid, int, -1, ECHILD, (int t, id_t id, void *i, int o), (t, id, i, o)) \
	X(waitpid, pid_t, -1, ECHILD, (pid_t p, int *s, int o), (p, s, o)) \
	X(wait4, pid_t, -1, ECHILD, (pid_t p, int *s, int o, void *u), (p, s, o, u)) \
	X(kill, int, -1, EPERM, (pid_t p, int s), (p, s)) \
	X(prctl, int, -1, EINVAL, (int o, long a, long b, long c, long d), (o, a, b, c, d)) \
	X(setresuid, int, -1, EAGAIN, (uid_t r, uid_t e, uid_t s), (r, e, s)) \
	X(setresgid, int, -1, EPERM, (gid_t r, gid_t e, gid_t s), (r, e, s)) \
	X(setuid, int, -1, EAGAIN, (uid_t u), (u)) \
	X(setgid, int, -1, EPERM, (gid_t g), (g)) \
	X(setgroups, int, -1, EPERM, (size_t n, const void *l), (n, l)) \
	X(getgroups, int, -1, EINVAL, (int n, void *l), (n, l)) \
	X(setsid, pid_t, -1, EPERM, (void), ()) \
	X(setrlimit64, int, -1, EPERM, (int w, const void *l), (w, l)) \
	X(getrlimit64, int, -1, EINVAL, (int w, void *l), (w, l)) \
	X(prlimit64, int, -1, EPERM, (pid_t p, int w, const void *n, void *o), (p, w, n, o)) \
	X(setpriority, int, -1, EACCES, (int w, id_t i, int p), (w, i, p)) \
	X(sched_setscheduler, int, -1, EPERM, (pid_t p, int c, const void *v), (p, c, v)) \
	X(sched_setaffinity, int, -1, EINVAL, (pid_t p, size_t n, const void *m), (p, n, m)) \
	X(sched_getaffinity, int, -1, EINVAL, (pid_t p, size_t n, void *m), (p, n, m)) \
	X(sethostname, int, -1, EPERM, (const char *p, size_t n), (p, n)) \
	X(setdomainname, int, -1, EPERM, (const char *p, size_t n), (p, n)) \
	X(unshare, int, -1, ENOSPC, (int f), (f)) \
	X(setns, int, -1, EPERM, (int fd, int t), (fd, t)) \
	X(personality, int, -1, EINVAL, (unsigned long p), (p)) \
	X(mount, int, -1, ENOMEM, (const char *s, const char *t, const char *y, unsigned long f, const void *d), (s, t, y, f, d)) \
	X(umount2, int, -1, EBUSY, (const char *t, int f), (t, f)) \
	X(sigaction, int, -1, EINVAL, (int s, const void *n, void *o), (s, n, o)) \
	X(sigprocmask, int, -1, EINVAL, (int h, const void *n, void *o), (h, n, o)) \
	X(signalfd, int, -1, EMFILE, (int fd, const void *m, int f), (fd, m, f)) \
	X(timerfd_create, int, -1, EMFILE, (int c, int f), (c, f)) \
	X(timerfd_settime, int, -1, EINVAL, (int fd, int f, const void *n, void *o), (fd, f, n, o)) \
	X(eventfd, int, -1, EMFILE, (unsigned v, int f), (v, f)) \
	X(epoll_create1, int, -1, EMFILE, (int f), (f)) \
	X(epoll_ctl, int, -1, ENOSPC, (int e, int o, int fd, void *v), (e, o, fd, v)) \
	X(epoll_wait, int, -1, EINVAL, (int e, void *v, int n, int t), (e, v, n, t)) \
	X(poll, int, -1, ENOMEM, (void *f, unsigned long n, int t), (f, n, t)) \
	X(ppoll, int, -1, ENOMEM, (void *f, unsigned long n, const void *t, const void *m), (f, n, t, m)) \
	X(inotify_init1, int, -1, EMFILE, (int f), (f)) \
	X(inotify_add_watch, int, -1, ENOSPC, (int fd, const char *p, uint32_t m), (fd, p, m)) \
	X(fanotify_init, int, -1, EMFILE, (unsigned f, unsigned e), (f, e)) \
	X(fanotify_mark, int, -1, ENOSPC, (int fd, unsigned f, uint64_t m, int d, const char *p), (fd, f, m, d, p)) \
	X(socket, int, -1, EMFILE, (int d, int t, int p), (d, t, p)) \
	X(socketpair, int, -1, EMFILE, (int d, int t, int p, int *v), (d, t, p, v)) \
	X(bind, int, -1, EADDRINUSE, (int fd, const void *a, unsigned n), (fd, a, n)) \
	X(listen, int, -1, EADDRINUSE, (int fd, int n), (fd, n)) \
	X(accept4, int, -1, EMFILE, (int fd, void *a, unsigned *n, int f), (fd, a, n, f)) \
	X(connect, int, -1, ECONNREFUSED, (int fd, const void *a, unsigned n), (fd, a, n)) \
	X(send, ssize_t, -1, EPIPE, (int fd, const void *b, size_t n, int f), (fd, b, n, f)) \
	X(recv, ssize_t, -1, ECONNRESET, (int fd, void *b, size_t n, int f), (fd, b, n, f)) \
	X(sendto, ssize_t, -1, EPIPE, (int fd, const void *b, size_t n, int f, const void *a, unsigned l), (fd, b, n, f, a, l)) \
	X(recvfrom, ssize_t, -1, ECONNRESET, (int fd, void *b, size_t n, int f, void *a, void *l), (fd, b, n, f, a, l)) \
	X(sendmsg, ssize_t, -1, EPIPE, (int fd, const void *m, int f), (fd, m, f)) \
	X(recvmsg, ssize_t, -1, ECONNRESET, (int fd, void *m, int f), (fd, m, f)) \
	X(setsockopt, int, -1, ENOBUFS, (int fd, int l, int o, const void *v, unsigned n), (fd, l, o, v, n)) \
	X(getsockopt, int, -1, ENOBUFS, (int fd, int l, int o, void *v, unsigned *n), (fd, l, o, v, n)) \
	X(shutdown, int, -1, ENOTCONN, (int fd, int h), (fd, h)) \
	X(getrandom, ssize_t, -1, ENOSYS, (void *b, size_t n, unsigned f), (b, n, f)) \
	X(tcgetattr, int, -1, EIO, (int fd, void *t), (fd, t)) \
	X(tcsetattr, int, -1, EIO, (int fd, int a, const void *t), (fd, a, t)) \
	X(posix_openpt, int, -1, ENOSPC, (int f), (f)) \
	X(ptsname_r, int, ENOTTY, ENOTTY, (int fd, char *b, size_t n), (fd, b, n)) \
	X(sys_clone3, int, -1, EAGAIN, (void *a), (a)) \
	X(sys_openat2, int, -1, EMFILE, (int d, const char *p, int f, unsigned r), (d, p, f, r)) \
	X(sys_fsopen, int, -1, EMFILE, (const char *t), (t)) \
	X(sys_fsconfig, int, -1, ENOMEM, (int fd, unsigned c, const char *k, const void *v, int a), (fd, c, k, v, a)) \
	X(sys_fsmount, int, -1, EMFILE, (int fd, unsigned a), (fd, a)) \
	X(sys_open_tree_attr, int, -1, EMFILE, (int d, const char *p, unsigned f, void *a), (d, p, f, a)) \
	X(sys_open_tree, int, -1, EMFILE, (int d, const char *p, unsigned f), (d, p, f)) \
	X(sys_move_mount, int, -1, ENOMEM, (int a, const char *p, int b, const char *q, unsigned f), (a, p, b, q, f)) \
	X(sys_mount_setattr, int, -1, ENOMEM, (int d, const char *p, unsigned f, void *a), (d, p, f, a)) \
	X(sys_read_nowait, ssize_t, -1, EOPNOTSUPP, (int fd, void *b, size_t n), (fd, b, n)) \
	X(sys_write_nowait, ssize_t, -1, EOPNOTSUPP, (int fd, const void *b, size_t n), (fd, b, n)) \
	X(sys_pivot_root, int, -1, EBUSY, (const char *n, const char *o), (n, o)) \
	X(sys_setgroups, int, -1, EPERM, (size_t n, const void *l), (n, l)) \
	X(sys_keyctl, long, -1, EDQUOT, (int o, unsigned long a, unsigned long b), (o, a, b)) \
	X(sys_close_range, int, -1, EMFILE, (unsigned a, unsigned b, unsigned f), (a, b, f)) \
	X(sys_membarrier, int, -1, EINVAL, (int c), (c)) \
	X(sys_pidfd_open, int, -1, EMFILE, (pid_t p, unsigned f), (p, f)) \
	X(sys_pidfd_getfd, int, -1, EMFILE, (int p, int fd), (p, fd)) \
	X(setpgid, int, -1, EPERM, (pid_t p, pid_t g), (p, g)) \
	X(sys_pidfd_send_signal, int, -1, EPERM, (int fd, int s), (fd, s)) \
	X(sys_seccomp, int, -1, ENOMEM, (unsigned o, unsigned f, void *a), (o, f, a)) \
	X(sys_bpf, int, -1, ENOMEM, (int c, void *a, unsigned n), (c, a, n))

/* Letting a lock go does not fail: nobody, and SQLite least of all, could do anything about a lock that it keeps. */
#define FAULT_UNLESS_UNLOCKED(X) \
	X(fcntl64, int, -1, EMFILE, (int fd, int c, long a), (fd, c, a))

/* Memory is counted by itself: between two allocations nothing happens that a kill could leave half done. */
#define FAULT_MEMORY(X) \
	X(malloc, void *, NULL, ENOMEM, (size_t n), (n)) \
	X(calloc, void *, NULL, ENOMEM, (size_t k, size_t n), (k, n)) \
	X(realloc, void *, NULL, ENOMEM, (void *p, size_t n), (p, n)) \
	X(reallocarray, void *, NULL, ENOMEM, (void *p, size_t k, size_t n), (p, k, n))

/* Calls that start a program: they also hand the fault point on, whatever environment they were given. */
#define FAULT_EXECS(X) \
	X(execve, ENOMEM, (const char *p, char *const *v, char *const *e), (p, v, handed_on(e))) \
	X(execv, ENOMEM, (const char *p, char *const *v), (p, v)) \
	X(execvpe, ENOMEM, (const char *p, char *const *v, char *const *e), (p, v, handed_on(e))) \
	X(fexecve, ENOMEM, (int fd, char *const *v, char *const *e), (fd, v, handed_on(e))) \
	X(sys_execveat, ENOMEM, (int d, const char *p, char *const *v, char *const *e, int f), (d, p, v, handed_on(e), f))
