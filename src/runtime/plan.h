/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - a runtime-spec and facts about a host become an ordered list of steps. Pure: nothing is opened or made.
 *
 * Three actors carry it out, in this order: the host side before the clone, the child until it is ready, the host side
 * again ("release": what must not slow the set-up down), and the child to its execve(2). Hooks of the document are run by
 * the host side while the child waits for that ("hooks"), and after its execve(2) ("started"). With a user namespace the host
 * side goes on after the clone with what the child may not do, and hands over the descriptors that the child waits for. A
 * plan of runtime/exec.h has a fourth, the process that the child makes. The list prints as text for `tare run --plan`,
 * for `tare-runtime plan` and for golden files; runtime/container.c and runtime/init_proc.c apply it. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "kernel/capability.h"
#include "kernel/host.h"
#include "kernel/net_link.h"
#include "kernel/user_namespaces.h"
#include "oci/runtime_spec.h"
#include "runtime/hooks.h"
#include "systemd/client.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#define STEP_OPS(X)                                                                                                    \
	/* host, before the clone */                                                                                  \
	X(UNIT_START, "unit-start") X(CGROUP_MAKE, "cgroup-make") X(CGROUP_WRITE, "cgroup-write") X(CGROUP_DEVICES, "cgroup-devices")              \
	X(TIME_NS, "time-namespace") X(ROOT_OVERLAY, "root-overlay") X(ROOT_BIND, "root-bind") X(CLONE, "clone")                                    \
	/* host, after the clone */                                                                                   \
	X(UNIT_PROPERTIES, "unit-properties") X(NET_LINKS, "net-links")                                                                         \
	/* host, after a clone with a user namespace */                                                               \
	X(NET_DEVICE, "net-device") X(HOOK, "hook")                                                                                               \
	X(ID_MAP, "id-map") X(STDIO_OWNER, "stdio-owner") X(CGROUP_OWNER, "cgroup-owner") X(DEVICE_SOURCE, "device-source") X(HAND_OVER, "hand-over")  \
	/* child */                                                                                                    \
	X(CGROUP_JOIN, "cgroup-join") X(USERNS_ROOT, "userns-root") X(NS_JOIN, "ns-join") X(CGROUP_NS, "cgroup-namespace") X(SESSION, "session") X(LOOPBACK, "loopback")     \
	X(PROPAGATION, "propagation") X(BIND_SOURCE, "bind-source") X(ROOT_ATTACH, "root-attach") X(MOUNT, "mount") X(BIND, "bind")                  \
	X(MOUNT_CGROUP, "mount-cgroup") X(COPY_UP, "copy-up") X(DEVICE, "device") X(SYMLINK, "symlink") X(CONSOLE, "console")                \
	X(SYSCTL, "sysctl") X(MASK, "mask") X(READONLY, "readonly") X(AWAIT_HOOKS, "await-hooks") X(WORKDIR, "workdir")                              \
	X(ROOT_READONLY, "root-readonly") X(PIVOT_ROOT, "pivot-root") X(CHROOT, "chroot") X(HOSTNAME, "hostname")                          \
	X(PERSONALITY, "personality") X(SCHEDULER, "scheduler") X(IO_PRIORITY, "io-priority") X(MEMORY_POLICY, "memory-policy")  \
	X(AFFINITY, "cpu-affinity") X(APPARMOR, "apparmor") X(SELINUX, "selinux")                                       \
	X(DOMAINNAME, "domainname") X(OOM_SCORE_ADJ, "oom-score-adj") X(RLIMIT, "rlimit") X(FIND, "find") X(READY, "ready") X(HOLD, "hold")       \
	/* child, after the release */                                                                                 \
	X(NO_NEW_PRIVS, "no-new-privs") X(BOUNDING, "bounding-set") X(SECCOMP, "seccomp") X(USER, "user")              \
	X(CAPABILITIES, "capabilities") X(CHDIR, "chdir") X(UMASK, "umask") X(EXEC, "exec")                            \
	/* exec into a container (exec.h): the helper, then the process itself */                                      \
	X(NS_ENTER, "enter-namespaces") X(PROCESS, "process") X(LEAD, "lead-session")

enum step_op {
#define X(id, text) STEP_##id,
	STEP_OPS(X)
#undef X
	STEP_OP_COUNT
};

/* The ids of an idmapped bind, when they are not those of the container's user namespace. */
struct step_idmap {
	struct id_map uids, gids;
	struct userns_maps maps;
};

enum step_actor {
	ACTOR_HOST,
	ACTOR_CHILD,
	ACTOR_RELEASE,
	ACTOR_PROCESS,
	ACTOR_HOOKS,  /* the host side, while the child waits at AWAIT_HOOKS */
	ACTOR_STARTED /* the host side, after the child's execve(2) */
};

/* What a step needs; which members an operation reads is said in its row (plan_print.c) and its function. */
struct step {
	enum step_op op;
	enum step_actor actor;
	/* devices: set is 1 + the place of a bind of the host's own, 0: it is made */
	const char *path;    /* in the container, or the thing's name: cgroup path, sysctl key */
	const char *source;  /* host path, symbolic link's text, value */
	const char *fstype;  /* mounts: file system; devices: "c", "b", "p" */
	const char *options; /* mounts: what fsconfig(2) gets */
	uint64_t set, clear; /* MOUNT_ATTR_x; capability sets; clone flags */
	uint64_t set_recursive, clear_recursive;
	uint64_t propagation;
	int64_t n[4]; /* numbers: device major, minor, mode | limits soft, hard | uid, gid */
	bool recursive;
	const void *data; /* a list that belongs to the plan; BIND_SOURCE: struct step_idmap, NULL the container's */
};

/* The unit that the container is for systemd, when that manages the cgroups. */
struct plan_unit {
	const struct unit_manager *manager; /* NULL: there is no unit */
	struct unit_name name;
	struct unit_properties start, limits; /* what it is made with; what is set when the container is in it */
};

/* Where the root file system comes from: a path (the document's root.path) or overlay layers of the store. */
struct root_source {
	const char *path; /* absolute host path; NULL: overlay */
	bool idmap;       /* owners on the disk are those of the container's user namespace; else the host's */
	const char *layers_dir, *data_dir;
	const char *const *lower; /* relative to layers_dir, topmost first */
	size_t lower_count;
	const char *upper, *work; /* relative to data_dir */
	bool scratch; /* they are removed when the container ends; it did not run when the machine last went down */
};

/* A bind whose source the caller has: a detached mount, in the place of what the document names. */
struct handed_mount {
	const char *destination;
	int fd; /* the caller's; -1 in a plan that is only printed */
};

struct plan_inputs {
	const char *id;
	struct root_source root;
	const char *const
		*copy_up; /* destinations of mounts that get the image's files while they are empty: volumes */
	size_t copy_up_count;
	const struct handed_mount *handed;
	size_t handed_count;
	struct net_links links; /* interfaces that its own network namespace gets, beside the loopback */
	const char *bundle;   /* absolute; for hooks, NULL where a document has none */
	const struct unit_manager *systemd; /* it manages the cgroups; NULL: nobody does */
	bool without_cgroup;  /* none may be made here, and no limit was asked for */
	bool shares_keyring;  /* the process keeps the session keyring of the caller; else it has one of its own, "_ses.<id>" */
	bool die_with_parent; /* the first process gets SIGKILL when the process that started it ends */
	int start_socket;      /* the caller's, listening (SOCK_SEQPACKET): once ready, the process waits for who connects to
				* it (container_let_go()); 0: it has its parent's word */
	unsigned preserve_fds; /* of the caller's descriptors, from 3 on, that the process gets */
};

#define PLAN_WARNINGS 16 /* the seventeenth tells nothing new */

struct plan {
	const struct runtime_spec *spec;
	const struct host_facts *facts;
	const char *id, *cgroup_path, *bundle;
	struct hook_state hook_state; /* where the document has hooks */
	struct root_source root;
	struct cgroup_limits limits;
	struct cgroup_writes cgroup;
	struct plan_unit unit;
	uint64_t clone_flags; /* CLONE_NEWx */
	bool cgroup_ns, die_with_parent;
	const char *keyring; /* session keyring of the process, by name; NULL: the caller's */
	int start_socket;
	unsigned preserve_fds;
	const char *
		mount_ns_path; /* its mount namespace is somebody else's, whose processes keep their root; NULL: its own */
	bool userns; /* it has one of its own, with these maps: a new one, or somebody else's … */
	const char *userns_path; /* … whose file this is; NULL: new */
	struct id_map uids, gids;
	struct userns_maps maps;
	struct sock_fprog seccomp; /* none before plan_make_filter() */
	unsigned seccomp_flags;
	struct cap_sets caps;
	char *const *argv, *const *envp;
	const struct handed_mount *handed;
	size_t handed_count;
	struct net_links links;
	size_t device_binds; /* the first of those that are devices of the host's, where none can be made */
	bool without_cgroup;
	size_t bind_count; /* of BIND_SOURCE steps; the BIND of each has its place in n[2] */
	struct step *steps;
	size_t step_count, step_cap;
	const char *warnings[PLAN_WARNINGS]; /* what the specification wants ignored rather than refused */
	size_t warning_count;
	struct arena *arena;
};

/* plan_make - *ret points into spec, facts, in and a: they outlive it. -EINVAL with the JSON path for values that make
 * no sense, -ENOTSUP for what this host or tare cannot do. */
int plan_make(const struct runtime_spec *spec, const struct host_facts *facts, const struct plan_inputs *in,
	      struct arena *a, struct plan *ret, struct err *e);

/* plan_make_filter - what plan_make() leaves out: the program of linux.seccomp. To make it takes as long as a dozen mounts,
 * and nobody needs it before the child is ready: container_create() does it meanwhile. -EINVAL, -E2BIG. */
int plan_make_filter(struct plan *p, struct err *e);

/* plan_resources - the writes of limits alone, without devices: what plan_make() has of them. */
int plan_resources(const struct oci_resources *res, const struct cgroup_layout *l, struct arena *a,
		   struct cgroup_writes *ret, struct err *e);

/* plan_print - one line a step: "child mount  proc -> /proc  nosuid,nodev,noexec". No times, no pointers. */
int plan_print(const struct plan *p, struct buf *out, struct err *e);
/* plan_print_step - one such line without its newline, for traces */
void plan_print_step(const struct plan *p, const struct step *s, struct buf *out);

const char *step_op_name(enum step_op op);
