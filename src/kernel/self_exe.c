/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/self_exe.h"

#include "base/protection.h"
#include "base/scope.h"
#include "kernel/mount.h"
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

static int sealed_copy(struct err *e)
{
	scoped_fd own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	scoped_fd copy = memfd_create("tare", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t n;

	if (own < 0 || copy < 0)
		return err_sys(e, own < 0 ? "open /proc/self/exe" : "memfd_create");
	while ((n = sendfile(copy, own, NULL, 1u << 20)) > 0)
		;
	if (n < 0 || fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return err_sys(e, "copy the own executable");
	return fd_take(&copy);
}

static int read_only_mount(struct err *e)
{
	scoped_fd mnt = mount_clone(AT_FDCWD, "/proc/self/exe", false, e);
	int r = mnt < 0 ? mnt : mount_change(mnt, MOUNT_ATTR_RDONLY, 0, 0, false, e);

	return r < 0 ? err_wrap(e, r, "own executable") : fd_take(&mnt);
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
	mnt = read_only_mount(e);
	if (mnt == -ENOSYS)
		mnt = sealed_copy(e);
	if (mnt < 0)
		return mnt;
	(void)sys_execveat(mnt, "", argv, envp, AT_EMPTY_PATH);
	return err_sys(e, "execute the read-only copy of the own executable");
}
