/* SPDX-License-Identifier: Apache-2.0 */
/* The container's terminal: a pair of its own devpts, the peer for the process, the master for who started it.
 *
 * Nothing here is found by a name that the image or a neighbour could have changed: devpts is recognized by what it is,
 * the peer comes from the master, and what is mounted over /dev/console is the peer itself. */
#include "runtime/init_proc.h"

#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/pty.h"
#include "kernel/rootpath.h"

#include <sys/ioctl.h>

/* A file of that name, not a link to one: what is mounted there must be found there. */
static int bind_console(struct init *in, int peer, const char *path, struct err *e)
{
	int made = rootpath_file(in->root, path, e);
	scoped_fd target = -1, mnt = -1;

	if (made < 0)
		return made;
	close(made);
	target = rootpath_open_real(in->root, path, e);
	if (target < 0)
		return target;
	mnt = mount_clone(peer, "", false, e);
	return mnt < 0 ? mnt : mount_attach(mnt, target, e);
}

static int take_terminal(int peer, bool controlling, struct err *e)
{
	if (controlling && ioctl(peer, TIOCSCTTY, 0) < 0)
		return err_sys(e, "make it the controlling terminal");
	for (int i = 0; i < 3; i++)
		if (dup2(peer, i) < 0)
			return err_sys(e, "dup2 to descriptor %d", i);
	return 0;
}

int init_console(struct init *in, const struct step *s, struct err *e)
{
	scoped_fd devpts = rootpath_open_real(in->root, "/dev/pts", e), master = -1, peer = -1;
	int r = devpts < 0 ? devpts : pty_open(devpts, &master, &peer, e);

	if (r < 0)
		return err_wrap(e, r, "terminal: /dev/pts");
	if (s->n[0] || s->n[1])
		r = pty_resize(master, (unsigned)s->n[0], (unsigned)s->n[1], e);
	if (r == 0 && s->path)
		r = bind_console(in, peer, s->path, e);
	if (r == 0)
		r = take_terminal(peer, s->n[2], e);
	if (r == 0)
		r = init_tell(in->sync, INIT_CONSOLE, NULL, master) ? 0 : err_sys(e, "send the terminal");
	return r < 0 ? err_wrap(e, r, "terminal") : 0;
}
