/* SPDX-License-Identifier: Apache-2.0 */
/* namespaces.h - the namespaces of a host: namespaces(7), proc_pid_ns(5), ioctl_ns(2).
 *
 * A namespace is its type and its inode number. It lives by processes, by bind mounts and open descriptors that pin it, and
 * by namespaces below it. What a caller without privileges may not see of others is counted in `hidden`. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct host;

#define NAMESPACE_TYPES(X)                                                                          \
	X(CGROUP, "cgroup", 0x02000000) X(IPC, "ipc", 0x08000000) X(MNT, "mnt", 0x00020000)         \
	X(NET, "net", 0x40000000) X(PID, "pid", 0x20000000) X(TIME, "time", 0x00000080)             \
	X(USER, "user", 0x10000000) X(UTS, "uts", 0x04000000)
enum namespace_type {
#define X(id, text, flag) NAMESPACE_##id,
	NAMESPACE_TYPES(X)
#undef X
		NAMESPACE_TYPE_COUNT
};
const char *namespace_type_name(enum namespace_type t);
int namespace_type_flag(enum namespace_type t); /* CLONE_NEW… */
int namespace_type_from_name(struct sv name);   /* -1: none; "mount" and "network" too */

/* namespace_parse_link - "net:[4026531840]", as a link of proc/PID/ns or proc/PID/fd says. false: it is none. Pure. */
bool namespace_parse_link(struct sv text, enum namespace_type *ret_type, uint64_t *ret_ino);

struct namespace
{
	enum namespace_type type;
	uint64_t ino;
	unsigned processes;
	pid_t first;      /* the process with the lowest number in it; 0: none */
	uint64_t owner;   /* inode number of the user namespace that owns it; 0: not known */
	uint64_t parent;  /* of pid and user namespaces; 0: none, or not to be seen from here */
	int64_t owner_uid; /* of user namespaces; -1: not known */
	const char *mount; /* a bind mount that pins it; NULL */
	pid_t holder;      /* a process that has it open, 0 */
	int holder_fd;
};

struct namespaces {
	struct namespace *v;
	size_t n;
	unsigned processes, hidden; /* looked at; not to be seen */
};

enum {
	NAMESPACES_RELATIONS = 1, /* owner, parent, owner_uid: opens each of them once */
	NAMESPACES_HOLDERS = 2,   /* looks at every open descriptor of every process */
};

/* namespaces_read - of all processes that can be seen. A process that ends while it is looked at is not counted. Memory
 * belongs to a. */
int namespaces_read(const struct host *h, unsigned what, struct arena *a, struct namespaces *ret, struct err *e);

/* namespaces_of - inode numbers of one process's; 0: not there, or not to be seen. -ESRCH, -EACCES */
int namespaces_of(const struct host *h, pid_t pid, uint64_t ret[NAMESPACE_TYPE_COUNT], struct err *e);
