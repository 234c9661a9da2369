/* SPDX-License-Identifier: Apache-2.0 */
/* floor.c - the least that starting a Docker-like container can cost on this kernel, from the command line.
 *
 * usage: floor ROOTFS PROGRAM        (as root; ROOTFS holds PROGRAM and the empty folders proc sys dev)
 *
 * One clone3(2) with pid, mount, uts, ipc, network and cgroup namespaces, into its cgroup: on v2 with CLONE_INTO_CGROUP;
 * on v1 the child, still single-threaded, writes "0" to each `tasks` file. Both avoid the RCU grace period (about 10 ms
 * on an idle machine) that a write of a pid to cgroup.procs waits for. Then the mounts that Docker makes (proc, dev,
 * devpts, shm, mqueue, sysfs), six device nodes, one mask, one read-only path, pivot_root(2), capabilities untouched,
 * execve(2), wait, remove the cgroup. No configuration is parsed, no state is kept, no seccomp filter is installed: a
 * runtime does more, and is measured by how little more it takes. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS_NOSUID_ 2
#define MS_NODEV_ 4
#define MS_NOEXEC_ 8

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

static int new_fs(const char *type, const char *key, const char *value, unsigned attr)
{
	int fs = (int)syscall(SYS_fsopen, type, 0);

	if (fs < 0)
		die(type);
	if (key)
		syscall(SYS_fsconfig, fs, 1 /* SET_STRING */, key, value, 0);
	if (syscall(SYS_fsconfig, fs, 6 /* CREATE */, NULL, NULL, 0) < 0)
		die(type);
	int mnt = (int)syscall(SYS_fsmount, fs, 0, attr);
	if (mnt < 0)
		die(type);
	close(fs);
	return mnt;
}

static void place(int mnt, int dir, const char *at)
{
	if (syscall(SYS_move_mount, mnt, "", dir, at, 4 /* F_EMPTY_PATH */) < 0)
		die(at);
	close(mnt);
}

static void child(const char *rootfs, const char *program)
{
	static const struct {
		const char *name;
		unsigned minor;
	} nodes[] = { { "null", 3 }, { "zero", 5 }, { "full", 7 }, { "random", 8 }, { "urandom", 9 } };
	struct mount_attr slave = { .propagation = 1 << 19 /* MS_SLAVE */ };
	struct mount_attr ro = { .attr_set = 1 /* RDONLY */ };
	int root, dev, mask;

	syscall(SYS_mount_setattr, AT_FDCWD, "/", 0x8000 /* AT_RECURSIVE */, &slave, sizeof slave);
	root = (int)syscall(SYS_open_tree, AT_FDCWD, rootfs, 1 /* CLONE */ | O_CLOEXEC);
	if (root < 0)
		die(rootfs);
	if (syscall(SYS_move_mount, root, "", AT_FDCWD, rootfs, 4) < 0 || fchdir(root) < 0)
		die("attach root");
	place(new_fs("proc", NULL, NULL, MS_NOSUID_ | MS_NODEV_ | MS_NOEXEC_), root, "proc");
	dev = new_fs("tmpfs", "mode", "755", MS_NOSUID_);
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(1, nodes[i].minor));
	mknodat(dev, "tty", S_IFCHR | 0666, makedev(5, 0));
	mkdirat(dev, "pts", 0755);
	mkdirat(dev, "shm", 01777);
	mkdirat(dev, "mqueue", 0755);
	place(dup(dev), root, "dev");
	place(new_fs("devpts", "ptmxmode", "0666", MS_NOSUID_ | MS_NOEXEC_), dev, "pts");
	place(new_fs("tmpfs", "size", "65536k", MS_NOSUID_ | MS_NODEV_ | MS_NOEXEC_), dev, "shm");
	place(new_fs("mqueue", NULL, NULL, MS_NOSUID_ | MS_NODEV_ | MS_NOEXEC_), dev, "mqueue");
	place(new_fs("sysfs", NULL, NULL, 1 | MS_NOSUID_ | MS_NODEV_ | MS_NOEXEC_), root, "sys");
	mask = (int)syscall(SYS_open_tree, dev, "null", 1 | O_CLOEXEC);
	place(mask, root, "proc/timer_list");
	mask = (int)syscall(SYS_open_tree, root, "proc/sys", 1 | O_CLOEXEC);
	syscall(SYS_mount_setattr, mask, "", 0x1000 /* AT_EMPTY_PATH */, &ro, sizeof ro);
	place(mask, root, "proc/sys");
	if (syscall(SYS_pivot_root, ".", ".") < 0 || syscall(SYS_umount2, ".", 2 /* MNT_DETACH */) < 0)
		die("pivot_root");
	sethostname("floor", 5);
	syscall(SYS_close_range, 3, ~0u, 0);
	execve(program, (char *[]){ (char *)program, NULL }, (char *[]){ NULL });
	die(program);
}

/* v1 hierarchies of this host, mounted under /sys/fs/cgroup; on v2 only the unified one. */
static const char *hier[] = { "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids" };

static void put(int dir, const char *file, const char *text)
{
	int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, text, strlen(text)) < 0 && strcmp(file, "tasks") == 0)
			die(file);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	struct clone_args args = { .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET,
				   .exit_signal = SIGCHLD };
	char path[128];
	int dirs[8] = { 0 }, n = 0, status;
	int v2 = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;

	if (argc != 3) {
		fprintf(stderr, "usage: floor ROOTFS PROGRAM\n");
		return 125;
	}
	for (size_t i = 0; i < (v2 ? 1 : sizeof hier / sizeof *hier); i++) {
		snprintf(path, sizeof path, "/sys/fs/cgroup/%s%sfloor.%d", v2 ? "" : hier[i], v2 ? "" : "/", getpid());
		if (mkdir(path, 0755) < 0)
			continue;
		dirs[n] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		put(dirs[n], "cpuset.cpus", "0");
		put(dirs[n], "cpuset.mems", "0");
		put(dirs[n], v2 ? "memory.max" : "memory.limit_in_bytes", "67108864");
		put(dirs[n], v2 ? "cpu.max" : "cpu.cfs_quota_us", "100000");
		put(dirs[n], "pids.max", "100");
		n++;
	}
	if (v2 && n) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)dirs[0];
	}
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0)
		die("clone3");
	if (pid == 0) {
		for (int i = 0; !v2 && i < n; i++)
			put(dirs[i], "tasks", "0");
		unshare(CLONE_NEWCGROUP); /* after the move, or its root would be the parent */
		child(argv[1], argv[2]);
	}
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	for (size_t i = 0; i < (v2 ? 1 : sizeof hier / sizeof *hier); i++) {
		snprintf(path, sizeof path, "/sys/fs/cgroup/%s%sfloor.%d", v2 ? "" : hier[i], v2 ? "" : "/", getpid());
		rmdir(path);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
