/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 1 of init_proc.c in a user namespace of the child's own, and the device nodes that it may not make. */
#include "runtime/init_proc.h"

#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/scm_rights.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Half of them, or the end of the host side, is an end without a word: nobody would hear it. */
static void receive_slots(struct init *in, size_t first, size_t n)
{
	int fds[SCM_FDS_MAX];
	char word;

	if (scm_receive(in->sync, &word, 1, fds, n, NULL, 0) != 1 || fds[n - 1] < 0)
		_exit(125);
	for (size_t i = 0; i < n; i++)
		*init_slot(in, first + i) = fds[i];
}

/* In a new user namespace a process is nobody until it becomes its root. */
int init_become_root(struct err *e)
{
	if (sys_setgroups(0, NULL) < 0 && errno != EPERM) /* EPERM: denied to this namespace, which has none then */
		return err_sys(e, "setgroups");
	if (setresgid(0, 0, 0) < 0)
		return err_sys(e, "setresgid 0");
	return setresuid(0, 0, 0) < 0 ? err_sys(e, "setresuid 0") : 0;
}

/* The maps are written when the descriptors come. From here on the process is nobody the host knows. */
int init_userns_root(struct init *in, const struct step *s, struct err *e)
{
	(void)s;
	for (size_t i = 0, n = init_slots(in); i < n; i += SCM_FDS_MAX)
		receive_slots(in, i, n - i < SCM_FDS_MAX ? n - i : SCM_FDS_MAX);
	return init_become_root(e);
}

/* What is there already: a file to bind over, or the very device. Links are not followed. */
static int device_target(const struct step *s, int dir, const char *name, bool *ret_there, struct err *e)
{
	dev_t dev = makedev((unsigned)s->n[0], (unsigned)s->n[1]);
	struct stat st;
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd >= 0 || errno != EEXIST)
		return fd < 0 ? err_sys(e, "create %s", s->path) : fd;
	fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", s->path);
	*ret_there = S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode);
	if (S_ISREG(st.st_mode) ||
	    (st.st_rdev == dev && (*s->fstype == 'b' ? S_ISBLK(st.st_mode) : S_ISCHR(st.st_mode))))
		return fd;
	close(fd);
	return err_set(e, EEXIST, "device %s: something else is there", s->path);
}

int init_bind_device(struct init *in, const struct step *s, int dir, const char *name, struct err *e)
{
	bool there = false;
	scoped_fd target = device_target(s, dir, name, &there, e), mnt = -1;
	char node[24];
	int r;

	if (target < 0 || there)
		return target < 0 ? target : 0;
	(void)snprintf(node, sizeof node, "%zu", (size_t)(s - in->plan->steps));
	mnt = s->set ? fd_take(&in->binds[s->set - 1]) : mount_clone(in->mask, node, false, e);
	r = mnt < 0 ? mnt : mount_attach(mnt, target, e);
	return r < 0 ? err_wrap(e, r, "device %s", s->path) : 0;
}
