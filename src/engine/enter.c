/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/enter.h"

#include "base/scope.h"
#include "kernel/namespaces.h"
#include "kernel/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

static int flags_of(uint32_t types)
{
	int flags = 0;

	for (int i = 0; i < NAMESPACE_TYPE_COUNT; i++)
		if (types >> i & 1)
			flags |= namespace_type_flag((enum namespace_type)i);
	return flags;
}

/* ---- those of another process -------------------------------------------------------------------------------------- */

static int differing(const struct host *h, pid_t pid, uint32_t types, uint32_t *ret, struct err *e)
{
	uint64_t own[NAMESPACE_TYPE_COUNT], other[NAMESPACE_TYPE_COUNT];
	int r = namespaces_of(h, getpid(), own, e);

	if (r == 0)
		r = namespaces_of(h, pid, other, e);
	if (r < 0)
		return r;
	*ret = 0;
	for (int i = 0; i < NAMESPACE_TYPE_COUNT; i++)
		if (types >> i & 1 && other[i] && own[i] != other[i])
			*ret |= 1u << i;
	return 0;
}

static int become_root_of(int root, uint32_t types, struct err *e)
{
	if (types >> NAMESPACE_MNT & 1 && (fchdir(root) < 0 || chroot(".") < 0))
		return err_sys(e, "enter its root");
	if (!(types >> NAMESPACE_USER & 1))
		return 0;
	if (setgroups(0, NULL) < 0 && errno != EPERM) /* refused by a namespace that somebody without rights made */
		return err_sys(e, "setgroups");
	return setgid(0) < 0 || setuid(0) < 0 ? err_sys(e, "become its root") : 0;
}

int enter_namespaces(const struct host *h, pid_t pid, uint32_t types, struct err *e)
{
	scoped_fd pidfd = sys_pidfd_open(pid, 0), root = -1;
	uint32_t differ;
	char path[32];
	int r;

	if (pidfd < 0)
		return err_sys(e, "process %d", (int)pid);
	r = differing(h, pid, types, &differ, e);
	if (r < 0 || !differ)
		return r;
	(void)snprintf(path, sizeof path, "%d/root", (int)pid);
	root = openat(h->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, "process %d: its root", (int)pid);
	if (setns(pidfd, flags_of(differ)) < 0)
		return err_sys(e, "enter the namespaces of process %d", (int)pid);
	return become_root_of(root, differ, e);
}

/* ---- new ones ------------------------------------------------------------------------------------------------------ */

static int write_text(const struct host *h, const char *path, const char *text, struct err *e)
{
	scoped_fd fd = openat(h->proc, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_sys(e, "write proc/%s", path);
	return 0;
}

static int map_us_to_root(const struct host *h, uid_t uid, gid_t gid, struct err *e)
{
	char text[32];
	int r = write_text(h, "self/setgroups", "deny", e);

	(void)snprintf(text, sizeof text, "0 %u 1", (unsigned)uid);
	if (r == 0)
		r = write_text(h, "self/uid_map", text, e);
	(void)snprintf(text, sizeof text, "0 %u 1", (unsigned)gid);
	return r == 0 ? write_text(h, "self/gid_map", text, e) : r;
}

int unshare_namespaces(const struct host *h, const struct unshare_wish *w, struct err *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int r = 0;

	if (unshare(flags_of(w->types)) < 0)
		return errno == EPERM && !(w->types >> NAMESPACE_USER & 1) ?
			       err_set(e, EPERM,
				       "new namespaces: not permitted; --user --map-root may be what you need") :
			       err_sys(e, "new namespaces");
	if (w->map_root)
		r = map_us_to_root(h, uid, gid, e);
	if (r == 0 && w->types >> NAMESPACE_MNT & 1 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		r = err_sys(e, "make mounts private");
	if (r == 0 && w->hostname && sethostname(w->hostname, strlen(w->hostname)) < 0)
		r = err_sys(e, "hostname %s", w->hostname);
	return r;
}

static int loopback_up(struct err *e)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	scoped_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_sys(e, "set lo up");
	return 0;
}

int unshare_prepare(void *wish, struct err *e)
{
	const struct unshare_wish *w = wish;
	int r = 0;

	if (w->types >> NAMESPACE_PID & 1 && w->types >> NAMESPACE_MNT & 1 &&
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		r = err_sys(e, "mount /proc");
	return r == 0 && w->types >> NAMESPACE_NET & 1 ? loopback_up(e) : r;
}
