/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/smallfile.h"

#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>

int smallfile_read(int dir, const char *path, char *buf, size_t cap, struct sv *ret)
{
	scoped_fd fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = read(fd, buf, cap - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	*ret = (struct sv){ buf, (size_t)n };
	return 0;
}

bool smallfile_exists(int dir, const char *path)
{
	return faccessat(dir, path, F_OK, 0) == 0;
}
