/* SPDX-License-Identifier: Apache-2.0 */
/* The host side for a child in a user namespace of its own: joins before the clone, and after it all that needs a right
 * of the host's. Nothing is opened for the child by a path that the image could have changed. */
#include "runtime/apply.h"

#include "base/io.h"
#include "base/scope.h"
#include "kernel/cgroup.h"
#include "kernel/mount.h"
#include "kernel/scm_rights.h"
#include "kernel/smallfile.h"
#include "kernel/sys.h"
#include "runtime/mount_options.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* ---- before the clone ------------------------------------------------------------------------------------------- */

static const char *namespace_file(uint64_t flag)
{
	switch (flag) {
	case CLONE_NEWNET:
		return "net";
	case CLONE_NEWIPC:
		return "ipc";
	case CLONE_NEWUTS:
		return "uts";
	case CLONE_NEWPID:
		return "pid";
	case CLONE_NEWTIME:
		return "time";
	default:
		return "cgroup";
	}
}

/* Not from a user namespace: what this process was born in belongs to the host's, over which it has no right. */
static bool may_return(int own)
{
	scoped_fd owner = ioctl(own, NS_GET_USERNS);

	return owner >= 0 || errno != EPERM;
}

int host_ns_join(struct apply *a, const struct step *s, struct err *e)
{
	scoped_fd to = open(s->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), own = -1;
	char path[24];

	if (to < 0)
		return err_sys(e, "%s namespace: open %s", s->path, s->source);
	if (ioctl(to, NS_GET_NSTYPE) != (int)s->set) {
		errno = EINVAL;
		return init_join_failed(s, e);
	}
	if (s->set == CLONE_NEWUSER) { /* there is no way back from it: host_clone() has somebody go there */
		a->userns = fd_take(&to);
		return 0;
	}
	(void)snprintf(path, sizeof path, "self/ns/%s", namespace_file(s->set));
	own = openat(a->c->host->proc, path, O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return err_sys(e, "%s namespace: open %s", s->path, path);
	if (a->left_count == ARRAY_LEN(a->left) || a->there_count == ARRAY_LEN(a->there))
		return err_set(e, EINVAL, "%s namespace: too many to join", s->path);
	if (!may_return(own)) {
		a->there[a->there_count].to = fd_take(&to);
		a->there[a->there_count++].flag = (int)s->set;
		return 0;
	}
	if (setns(to, (int)s->set) < 0)
		return init_join_failed(s, e);
	a->left[a->left_count].own = fd_take(&own);
	a->left[a->left_count++].flag = (int)s->set;
	return 0;
}

/* unshare(2) leaves this process where it is: only what it makes from now on is in the new one. */
int host_time_ns(struct apply *a, const struct step *s, struct err *e)
{
	scoped_fd own = openat(a->c->host->proc, "self/ns/time", O_RDONLY | O_CLOEXEC), fd = -1;
	int r;

	if (own < 0)
		return err_sys(e, "time namespace: open self/ns/time");
	if (a->left_count == ARRAY_LEN(a->left))
		return err_set(e, EINVAL, "time namespace: too many to leave");
	if (unshare(CLONE_NEWTIME) < 0)
		return err_sys(e, "time namespace: unshare");
	a->left[a->left_count].own = fd_take(&own);
	a->left[a->left_count++].flag = CLONE_NEWTIME;
	fd = openat(a->c->host->proc, "self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "linux.timeOffsets: open timens_offsets");
	r = io_write_all(fd, s->source, strlen(s->source), e);
	if (r == -ERANGE)
		return err_set(e, ERANGE, "linux.timeOffsets: a clock would be before 0 or after the year 2112");
	return r < 0 ? err_wrap(e, r, "linux.timeOffsets") : 0;
}

int host_ns_return(struct apply *a, struct err *e)
{
	int r = 0;

	while (a->left_count) {
		typeof(a->left[0]) *left = &a->left[--a->left_count];

		if (setns(left->own, left->flag) < 0)
			r = err_sys(e, "return to the %s namespace", namespace_file((uint64_t)left->flag));
		close(left->own);
	}
	return r;
}

/* ---- after it --------------------------------------------------------------------------------------------------- */

int host_id_map(struct apply *a, const struct step *s, struct err *e)
{
	struct container *c = a->c;
	int r = userns_write(c->host->proc, c->pid, &c->plan->maps, e);

	(void)s;
	if (r == 0)
		r = userns_open(c->host->proc, c->pid, e);
	if (r < 0)
		return r;
	a->userns = r;
	return 0;
}

/* In the child's place, which may not do it for what belongs to the host's root. */
int host_stdio_owner(struct apply *a, const struct step *s, struct err *e)
{
	int fds[3];

	for (int i = 0; i < 3; i++)
		fds[i] = a->init.stdio[i] >= 0 ? a->init.stdio[i] : i;
	return init_own_stdio(fds, (uid_t)s->n[0], false, e);
}

/* What the kernel says may be handed on: cgroups(7), "Cgroups delegation". A file that this kernel lacks is no loss. */
int host_cgroup_owner(struct apply *a, const struct step *s, struct err *e)
{
	scoped_fd dir = openat(a->c->host->root, cgroup_dir(a->c->cgroup, 0), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[1024];
	struct sv rest = SV("cgroup.procs\ncgroup.threads\ncgroup.subtree_control"), word;

	if (dir < 0 || fchown(dir, (uid_t)s->n[0], (gid_t)-1) < 0)
		return err_sys(e, "change the owner of the cgroup");
	(void)smallfile_read(a->c->host->sys, "kernel/cgroup/delegate", text, sizeof text, &rest);
	while (sv_next(&rest, '\n', &word)) {
		char name[64];

		if (word.n == 0 || sv_copy(word, name, sizeof name) < 0)
			continue;
		if (fchownat(dir, name, (uid_t)s->n[0], (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
			return err_sys(e, "change the owner of %s", name);
	}
	return 0;
}

static int idmap_bind(struct apply *a, const struct step *s, int mnt, struct err *e)
{
	const struct step_idmap *own = s->data;
	scoped_fd ns = -1;
	int r = 0;

	if (own)
		r = userns_new(a->c->host->proc, &own->maps, &ns, e);
	return r < 0 ? r : mount_idmap(mnt, own ? ns : a->userns, s->n[3] == IDMAP_TREE, e);
}

static int handed(const struct step *s, struct err *e)
{
	int fd = fcntl((int)s->n[0], F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? err_sys(e, "duplicate a descriptor") : fd;
}

int host_bind_source(struct apply *a, const struct step *s, struct err *e)
{
	scoped_fd mnt = s->n[0] >= 0 ? handed(s, e) : mount_clone(AT_FDCWD, s->path, s->recursive, e);
	int r = mnt < 0 ? mnt : 0;

	if (r == 0 && s->n[3] != IDMAP_NONE)
		r = idmap_bind(a, s, mnt, e);
	if (r < 0)
		return err_wrap(e, r, "bind %s", s->path);
	a->init.binds[s->n[2]] = fd_take(&mnt);
	return 0;
}

/* ---- devices: a tmpfs of the host's, whose nodes are bound into the container -------------------------------------- */

static int own_file(const struct plan *p, int dir, const char *name, uint64_t owner, struct err *e)
{
	uid_t uid = id_map_outside(&p->uids, (uint32_t)(owner >> 32));
	gid_t gid = id_map_outside(&p->gids, (uint32_t)owner);

	return fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ? err_sys(e, "chown %s", name) : 0;
}

static int make_node(const struct plan *p, int dir, size_t step, struct err *e)
{
	const struct step *s = &p->steps[step];
	mode_t type = *s->fstype == 'b' ? S_IFBLK : S_IFCHR;
	char name[24];
	int r;

	(void)snprintf(name, sizeof name, "%zu", step);
	if (mknodat(dir, name, type | (mode_t)s->n[2], makedev((unsigned)s->n[0], (unsigned)s->n[1])) < 0)
		return err_sys(e, "device %s: mknod", s->path);
	r = own_file(p, dir, name, (uint64_t)s->n[3], e);
	return r < 0 ? err_wrap(e, r, "device %s", s->path) : 0;
}

static int fill_source(const struct plan *p, int dir, struct err *e)
{
	int r = 0;

	if (init_make_null(p, dir) < 0 || mkdirat(dir, "dir", 0555) < 0)
		return err_sys(e, "make the masks' source");
	r = own_file(p, dir, "null", 0, e);
	if (r == 0)
		r = own_file(p, dir, "dir", 0, e);
	for (size_t i = 0; r == 0 && i < p->step_count; i++)
		if (p->steps[i].op == STEP_DEVICE && *p->steps[i].fstype != 'p' && !p->steps[i].set)
			r = make_node(p, dir, i, e);
	return r;
}

int host_device_source(struct apply *a, const struct step *s, struct err *e)
{
	const struct plan *p = a->c->plan;
	scoped_fd mnt = -1;
	char options[64];
	mode_t mask;
	int r;

	(void)s;
	(void)snprintf(options, sizeof options, "mode=755,size=0,nr_inodes=%zu", p->step_count + 4);
	mnt = mount_new("tmpfs", NULL, options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e);
	if (mnt < 0)
		return err_wrap(e, mnt, "devices");
	mask = umask(0);
	r = fill_source(p, mnt, e);
	(void)umask(mask);
	if (r == 0)
		r = mount_change(mnt, MOUNT_ATTR_RDONLY, 0, 0, false, e);
	if (r < 0)
		return r;
	a->init.mask = fd_take(&mnt);
	return 0;
}

/* ---- handing over ----------------------------------------------------------------------------------------------- */

/* The place of the root, opened with the host side's rights but in the child's mount namespace. */
static int open_anchor(struct apply *a, struct err *e)
{
	const struct plan *p = a->c->plan;
	const char *place = p->root.path ? p->root.path : p->root.layers_dir;
	scoped_fd root = -1;
	char path[32];

	(void)snprintf(path, sizeof path, "%d/root", (int)a->c->pid);
	root = openat(a->c->host->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, "open the root directory of process %d", (int)a->c->pid);
	/* a link on the way is followed in its mount namespace, too */
	a->init.anchor = sys_openat2(root, place, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);
	return a->init.anchor < 0 ? err_sys(e, "open %s", place) : 0;
}

static int send_slots(struct apply *a, size_t first, size_t n, struct err *e)
{
	int fds[SCM_FDS_MAX];

	for (size_t i = 0; i < n; i++)
		fds[i] = *init_slot(&a->init, first + i);
	if (scm_send(a->c->sync, "d", 1, fds, n, 0) == 1)
		return 0;
	return err_sys(e, "hand descriptors to the container's first process");
}

int host_hand_over(struct apply *a, const struct step *s, struct err *e)
{
	int r = open_anchor(a, e);

	(void)s;
	for (size_t i = 0, n = init_slots(&a->init); r == 0 && i < n; i += SCM_FDS_MAX)
		r = send_slots(a, i, n - i < SCM_FDS_MAX ? n - i : SCM_FDS_MAX, e);
	return r == -EPIPE ? container_why_ended(a->c, e) : r;
}

/* ---- the release ------------------------------------------------------------------------------------------------ */

int host_oom_score_adj(struct apply *a, const struct step *s, struct err *e)
{
	scoped_fd fd = -1;
	char path[40], text[16];
	int n = snprintf(text, sizeof text, "%d", (int)s->n[0]), r;

	(void)snprintf(path, sizeof path, "%d/oom_score_adj", (int)a->c->pid);
	fd = openat(a->c->host->proc, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open oom_score_adj of process %d", (int)a->c->pid);
	r = io_write_all(fd, text, (size_t)n, e);
	return r < 0 ? err_wrap(e, r, "oom_score_adj %d", (int)s->n[0]) : 0;
}

int host_rlimit(struct apply *a, const struct step *s, struct err *e)
{
	struct rlimit limit = { (rlim_t)s->n[1], (rlim_t)s->n[2] };

	return prlimit(a->c->pid, (int)s->n[0], &limit, NULL) < 0 ? err_sys(e, "prlimit %s", s->path) :
										       0;
}
