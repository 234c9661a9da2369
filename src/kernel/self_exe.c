/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/self_exe.h"

#include "base/protection.h"
#include "base/scope.h"
#include "kernel/mount.h"
#include "kernel/old_kernel.h"
#include "kernel/sys.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>

/* A kernel before Linux 5.12 cannot make a mount read-only that is attached nowhere: there it is a copy that cannot change. */
static int is_sealed(void)
{
	scoped_fd own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	return own >= 0 && fcntl(own, F_GET_SEALS) >= 0 && fcntl(own, F_GET_SEALS) & F_SEAL_WRITE;
}

static int sealed_copy(const char *path, struct err *e)
{
	scoped_fd from = open(path, O_RDONLY | O_CLOEXEC);
	scoped_fd copy = memfd_create("tare", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t n;

	if (from < 0 || copy < 0)
		return err_sys(e, from < 0 ? "open %s" : "memfd_create for %s", path);
	while ((n = sendfile(copy, from, NULL, 1u << 20)) > 0)
		;
	if (n < 0 || fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return err_sys(e, "copy %s", path);
	return fd_take(&copy);
}

int self_exe_open(const char *path, struct err *e)
{
	scoped_fd mnt = mount_clone(AT_FDCWD, path, false, e);
	int r = mnt;

	if (mnt >= 0 && protects(PROTECT_OWN_EXECUTABLE))
		r = mount_change(mnt, MOUNT_ATTR_RDONLY, 0, 0, false, e);
	if (r == -ENOSYS || (r == -EINVAL && sys_lacks_mount_setattr()))
		return sealed_copy(path, e);
	return r < 0 ? err_wrap(e, r, "%s", path) : fd_take(&mnt);
}

int self_exe_protect(char *const argv[], char *const envp[], struct err *e)
{
	scoped_fd mnt = -1;
	struct statvfs fs;

	if (statvfs("/proc/self/exe", &fs) < 0)
		return err_sys(e, "statvfs /proc/self/exe");
	if (fs.f_flag & ST_RDONLY || !protects(PROTECT_OWN_EXECUTABLE))
		return 0;
	if (is_sealed())
		return 0;
	mnt = self_exe_open("/proc/self/exe", e);
	if (mnt < 0)
		return mnt;
	(void)sys_execveat(mnt, "", argv, envp, AT_EMPTY_PATH);
	return err_sys(e, "execute the read-only copy of the own executable");
}
