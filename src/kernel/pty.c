/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/pty.h"

#include "base/protection.h"
#include "base/scope.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define DEVPTS_ROOT_INODE 1

static int check_devpts(int dir, struct err *e)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(dir, &fs) < 0 || fstat(dir, &st) < 0)
		return err_sys(e, "stat devpts");
	if (fs.f_type != DEVPTS_SUPER_MAGIC || st.st_ino != DEVPTS_ROOT_INODE)
		return err_set(e, EINVAL, "not the root of a devpts");
	return 0;
}

int pty_open(int devpts, int *ret_master, int *ret_peer, struct err *e)
{
	scoped_fd master = -1;
	int unlocked = 0, peer, r = protects(PROTECT_TERMINAL_REAL) ? check_devpts(devpts, e) : 0;

	if (r < 0)
		return r;
	master = openat(devpts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (master < 0)
		return err_sys(e, "open ptmx");
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return err_sys(e, "unlock the pseudo-terminal");
	peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (peer < 0)
		return err_sys(e, "open the peer of the pseudo-terminal");
	*ret_master = fd_take(&master);
	*ret_peer = peer;
	return 0;
}

int pty_resize(int fd, unsigned rows, unsigned columns, struct err *e)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	return ioctl(fd, TIOCSWINSZ, &size) < 0 ?
		       err_sys(e, "resize the terminal to %u rows, %u columns", rows, columns) :
		       0;
}
