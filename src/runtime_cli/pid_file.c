/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/pid_file.h"

#include "base/io.h"

#include <fcntl.h>
#include <stdio.h>

int pid_file_write(const char *path, pid_t pid, struct err *e)
{
	char text[16];
	int n = snprintf(text, sizeof text, "%d", (int)pid), r;

	if (!path)
		return 0;
	r = io_replace_at(AT_FDCWD, path, text, (size_t)n, 0644, IO_DISK_SOON, e);
	return r < 0 ? err_wrap(e, r, "--pid-file") : 0;
}
