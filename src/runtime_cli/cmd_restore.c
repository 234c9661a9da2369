/* SPDX-License-Identifier: Apache-2.0 */
/* restore - a container again from what `checkpoint` wrote, by criu(8). */
#include "base/scope.h"
#include "kernel/sys.h"
#include "runtime_cli/checkpoint.h"
#include "runtime_cli/console.h"
#include "runtime_cli/make.h"

#include <sched.h>
#include <sys/mount.h>

struct restore_options {
	struct make_options make;
	struct checkpoint_options common;
	const char *lsm_profile, *lsm_mount_context;
	bool tcp_close;
};

static const struct option common_rows[] = { CHECKPOINT_ROWS(struct restore_options, common) };
static OPTION_GROUP(common_group, "Options of checkpoint and restore", common_rows);

static const struct option rows[] = {
	{ "detach", 'd', NULL, "do not wait for the end", option_switch,
	  offsetof(struct restore_options, make) + offsetof(struct make_options, detach) },
	{ "lsm-mount-context", 0, "CONTEXT", "SELinux context of mounts, in the place of the image's", option_text,
	  offsetof(struct restore_options, lsm_mount_context) },
	{ "lsm-profile", 0, "TYPE:NAME", "apparmor or selinux label, in the place of the image's", option_text,
	  offsetof(struct restore_options, lsm_profile) },
	{ "no-subreaper", 0, NULL, "has no effect: tare-runtime is none", option_switch,
	  offsetof(struct restore_options, make) + offsetof(struct make_options, no_subreaper) },
	{ "tcp-close", 0, NULL, "TCP connections come back closed", option_switch,
	  offsetof(struct restore_options, tcp_close) },
};
static OPTION_GROUP(group, "Options of restore", rows);
_Static_assert(offsetof(struct restore_options, make) == 0, "the rows of make_option_group fill it");

struct restoring {
	struct runtime *rt;
	const struct restore_options *options;
	struct making making;
	struct container *container; /* while criu works */
	const char *empty; /* directory that becomes an empty, read-only one where criu runs */
};

/* ---- in the process that becomes criu ---------------------------------------------------------------------------- */

/* criu needs a root that is a mount, and one that others can get their propagation from; nobody else shall see it. */
static int mounts_of_its_own(void *arg, struct err *e)
{
	const struct restoring *x = arg;
	const char *root = x->making.bundle.spec.root.path;

	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "unshare the mount namespace");
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(e, "propagation of /");
	if (mount("tmpfs", x->empty, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=555,nr_inodes=2") < 0)
		return err_sys(e, "mount a tmpfs at %s", x->empty);
	if (mount(root, root, NULL, MS_BIND | MS_REC, NULL) < 0 || mount(NULL, root, NULL, MS_SHARED, NULL) < 0)
		return err_sys(e, "bind %s", root);
	return 0;
}

/* ---- its questions ----------------------------------------------------------------------------------------------- */

static int hooks(struct restoring *x, pid_t pid, struct err *e)
{
	x->container->pid = pid;
	return container_adopt_hooks(x->container, e);
}

static int notified(void *arg, struct sv script, pid_t pid, int *fd, struct err *e)
{
	struct restoring *x = arg;

	if (sv_is(script, "setup-namespaces"))
		return hooks(x, pid, e);
	if (sv_is(script, "orphan-pts-master") && *fd >= 0 && x->container->console < 0)
		x->container->console = fd_take(fd);
	return 0;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int put_all(struct restoring *x, struct criu_call *call, struct err *e)
{
	const struct restore_options *o = x->options;
	scoped_buf root = BUF(8192);
	int r = checkpoint_call(x->rt, &o->common, &x->making.bundle.spec, false, call, e);

	if (r < 0)
		return r;
	call->before = mounts_of_its_own;
	call->notify = notified;
	call->arg = x;
	call->cgroup = x->container->cgroup;
	criu_switch(call, CRIU_RESTORE_SIBLING, true);
	criu_switch(call, CRIU_TCP_CLOSE, o->tcp_close);
	pb_text(&call->opts, CRIU_LSM_PROFILE, o->lsm_profile);
	pb_text(&call->opts, CRIU_LSM_MOUNT_CONTEXT, o->lsm_mount_context);
	if (call->cgroup) {
		pb_text(&root, 2, cgroup_path(call->cgroup));
		pb_bytes(&call->opts, CRIU_CGROUP_ROOT, buf_sv(&root));
	}
	return restore_externals(x->rt, &x->making.bundle, x->empty, call, e);
}

static int restore(struct container *c, void *arg, struct err *e)
{
	struct criu_call call = CRIU_CALL(CRIU_RESTORE);
	struct restoring *x = arg;
	pid_t pid = 0;
	int r;

	x->container = c;
	r = put_all(x, &call, e);
	if (r == 0)
		r = criu_run(&call, &pid, e);
	checkpoint_call_done(&call);
	c->pid = r == 0 ? pid : 0;
	if (r == 0)
		c->pidfd = sys_pidfd_open(pid, 0);
	return r == 0 && c->pidfd < 0 ? err_sys(e, "open process %d", (int)pid) : r;
}

static int bring_back(struct restoring *x, const char *id, struct restore_options *o, struct err *e)
{
	struct making *m = &x->making;
	int r = make_claim(x->rt, id, &o->make, false, m, e);

	if (r < 0)
		return r;
	m->entry.record.restored = true;
	x->empty = arena_fmt(x->rt->arena, "%s/%s", x->rt->root, id);
	r = x->empty ? container_adopt(&m->bundle.plan, &x->rt->host, restore, x, &m->container, e) : err_oom(e);
	if (r < 0)
		return r;
	m->made = true;
	r = make_written(m, e);
	return r < 0 ? r : container_adopted(&m->container, e);
}

static int run(struct runtime *rt, void *options, const struct operands *operands, int *ret_status, struct err *e)
{
	struct restore_options *o = options;
	struct restoring x = { .rt = rt, .options = o };
	sigset_t set;
	int r = o->make.detach ? 0 : foreground_block(&set, e);

	if (r == 0)
		r = checkpoint_paths(rt, &o->common, e);
	if (r < 0)
		return r;
	r = bring_back(&x, operands->v[0], o, e);
	if (r == 0 && !o->make.detach)
		r = make_wait(&x.making, &set, ret_status, e);
	if (r < 0)
		make_abort(&x.making);
	make_done(&x.making);
	return r;
}

static const struct option_group *const groups[] = { &make_option_group, &common_group, &group, NULL };

const struct runtime_command runtime_command_restore = {
	.name = "restore",
	.args = "[OPTIONS] ID",
	.summary = "bring a container back from what `checkpoint` wrote",
	.groups = groups,
	.options_size = sizeof(struct restore_options),
	.min_args = 1,
	.max_args = 1,
	.error_status = 125,
	.run = run,
};
