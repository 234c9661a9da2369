/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rename.h"

#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

int rename_new_at(int from_dir, const char *from, int to_dir, const char *to)
{
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, RENAME_NOREPLACE);
}

int rename_swap_at(int dir, const char *a, const char *b)
{
	return (int)syscall(SYS_renameat2, dir, a, dir, b, RENAME_EXCHANGE);
}
