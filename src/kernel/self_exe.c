/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/self_exe.h"

#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <sys/statvfs.h>

int self_exe_protect(char *const argv[], char *const envp[], struct err *e)
{
	scoped_fd mnt = -1;
	struct statvfs fs;
	int r;

	if (statvfs("/proc/self/exe", &fs) < 0)
		return err_sys(e, "statvfs /proc/self/exe");
	if (fs.f_flag & ST_RDONLY)
		return 0;
	mnt = mount_clone(AT_FDCWD, "/proc/self/exe", false, e);
	if (mnt < 0)
		return mnt;
	r = mount_change(mnt, MOUNT_ATTR_RDONLY, 0, 0, false, e);
	if (r < 0)
		return err_wrap(e, r, "own executable");
	(void)sys_execveat(mnt, "", argv, envp, AT_EMPTY_PATH);
	return err_sys(e, "execute the read-only copy of the own executable");
}
