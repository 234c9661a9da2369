/* SPDX-License-Identifier: Apache-2.0 */
/* init_proc.h - the child between clone3(2) and execve(2): included by runtime/container.c, exec.c, plan_exec.c
 * and init_*.c only.
 *
 * Its contract stands at the head of init_proc.c. */
#pragma once

#include "kernel/cgroup.h"
#include "kernel/fd_run.h"
#include "runtime/plan.h"
#include "runtime/trace.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* What the child tells over the sync socket: one of these, whole. */
struct init_message {
	enum init_kind {
		INIT_READY = 1,
		INIT_FAILED,
		INIT_CONSOLE, /* with the master of its terminal */
		INIT_HOOKS,   /* waits until the host side has run its hooks */
		INIT_HELD,    /* of a process that was held: it goes on now, for who is told so */
		INIT_PROCESS, /* of exec: the sender is the process, its pid as SCM_CREDENTIALS has it */
		INIT_LISTENER, /* err.code is the number of its filter's listener; waits until somebody has fetched it */
	} kind;
	struct err err;
};

/* Everything the child has in hand; descriptors were opened before the clone. */
struct init {
	const struct plan *plan;
	const struct cgroup *cgroup;
	struct trace *trace;
	int sync;      /* our end of the socket pair */
	int target;    /* of exec: pidfd of the container's first process */
	int stdio[3];  /* become 0, 1, 2; -1: stays as it is */
	int host_proc; /* the host's /proc, O_PATH */
	int root_mount; /* detached mount of the root */
	int anchor;     /* where it is attached, O_PATH, in the child's mount namespace; -1: the child opens it */
	/* made on the way */
	int root;      /* the attached root */
	int proc, sys; /* the mounts at /proc and /sys, -1 while there are none */
	int *binds;    /* the plan's bind_count detached mounts, from BIND_SOURCE to BIND */
	int mask;      /* our tmpfs with `null` and an empty directory `dir`, for masks; from the host side also with the
			* nodes of the plan's devices, each by the number of its step */
	int dev;       /* directory that the last device went into … */
	char dev_path[64]; /* … and its path */
	struct fd_run done; /* opened on the way and not needed any more: init_drop() */
	bool deaf;     /* a hook: nobody listens to what its filter asks */
	char program[PATH_MAX]; /* what FIND found */
	struct sock_fprog filter; /* the plan's, or what came with the word to go on */
};

_Noreturn void init_main(struct init *in); /* init_proc.c */
/* init_run - the steps of this actor, which ends in execve(2); what fails is told, and the process exits */
_Noreturn void init_run(struct init *in, enum step_actor actor);
/* init_leave - nobody waits for us any more */
_Noreturn void init_leave(const struct init *in);
/* init_step_run - one step */
int init_step_run(struct init *in, const struct step *s, struct err *e);

/* init_tell - one message, with a descriptor unless fd is -1. init_receive - n as recvmsg(2); *ret_fd: -1 or the
 * caller's; *ret_sender: 0 unless the socket has SO_PASSCRED. init_message.c */
bool init_tell(int sync, enum init_kind kind, const struct err *e, int fd);
ssize_t init_receive(int sync, struct init_message *ret, int *ret_fd, pid_t *ret_sender);

/* The descriptors that the host side hands over with a user namespace; -1 where there is none. */
static inline size_t init_slots(const struct init *in)
{
	return 3 + in->plan->bind_count;
}
static inline int *init_slot(struct init *in, size_t i)
{
	int *const first[] = { &in->anchor, &in->root_mount, &in->mask };

	return i < 3 ? first[i] : &in->binds[i - 3];
}
/* Where exec's helper and process have their end of the socket pair: next to what the process shall have. */
static inline unsigned exec_sync_fd(const struct plan *p)
{
	return 3 + p->preserve_fds;
}

/* init_drop - a descriptor that this process needs no more. It goes with the next ones, or at execve(2). -1 is fine. */
static inline void init_drop(struct init *in, int fd)
{
	if (fd >= 0)
		fd_run_add(&in->done, fd);
}

/* One function per step, called in the plan's order: init_mounts.c, init_cgroup.c, init_devices.c, init_paths.c, init_process.c */
typedef int init_step(struct init *in, const struct step *s, struct err *e);

init_step init_propagation, init_bind_source, init_root_attach, init_mount, init_bind, init_mount_cgroup, init_copy_up,
	init_device, init_symlink, init_sysctl, init_mask, init_readonly, init_workdir, init_root_readonly,
	init_pivot_root, init_chroot;
init_step init_personality, init_scheduler, init_io_priority, init_memory_policy, init_affinity, init_apparmor,
	init_selinux; /* init_attributes.c */
init_step init_console;                         /* init_console.c */
init_step init_hold;                             /* init_hold.c */
init_step init_ns_enter, init_process, init_lead; /* init_exec.c */
init_step init_await_hooks, init_hook;           /* init_hooks.c */
init_step init_userns_root;                      /* init_userns.c */
init_step init_cgroup_join, init_stdio_owner, init_cgroup_ns, init_ns_join, init_session, init_loopback, init_hostname,
	init_domainname, init_oom_score_adj, init_rlimit, init_no_new_privs, init_bounding, init_user, init_chdir,
	init_umask, init_find, init_seccomp, init_capabilities, init_exec;

/* The node of a device step, for a child that may not make one: a bind of the host side's, onto dir/name. */
int init_bind_device(struct init *in, const struct step *s, int dir, const char *name,
		     struct err *e); /* init_userns.c */

/* Of init_mounts.c, for its other parts. init_open_path - what is at a path: below /proc and /sys from the mounts that we made
 * ourselves, where no link is followed. init_change_mount - what a mount is like, when it has its place. init_mounted - gives it its
 * place; *mnt is taken where it stays open for what comes later (/proc, /sys, /dev), else to be dropped. */
int init_open_path(struct init *in, const char *path, struct err *e);
int init_change_mount(int mnt, const struct step *s, uint64_t propagation, struct err *e);
int init_mounted(struct init *in, int *mnt, const struct step *s, bool directory, struct err *e);
int init_make_null(const struct plan *p, int dir); /* init_mounts.c: the source of what is masked; errno */
int init_keyring(const char *name, struct err *e); /* NULL: nothing is done; init_process.c */
int init_become_root(struct err *e); /* of the user namespace that the process is in; init_userns.c */
int init_join_failed(const struct step *s, struct err *e); /* of errno after setns(2); init_process.c */
int init_own_stdio(const int fds[3], uid_t uid, bool terminal, struct err *e); /* init_process.c */
