/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cidfile.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int cidfile_open(struct cidfile *f, const char *path, struct err *e)
{
	*f = (struct cidfile){ .path = path && *path ? path : NULL, .fd = -1 };
	if (!f->path)
		return 0;
	f->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (f->fd >= 0)
		return 0;
	f->path = NULL; /* not ours */
	if (errno == EEXIST)
		return err_set(e, EEXIST,
			       "--cidfile: container ID file found, make sure the other container isn't running or "
			       "delete %.200s",
			       path);
	return err_sys(e, "--cidfile: failed to create the container ID file: %.200s", path);
}

int cidfile_write(struct cidfile *f, const char *id, struct err *e)
{
	int r = f->path ? io_write_all(f->fd, id, strlen(id), e) : 0;

	if (r < 0)
		return err_wrap(e, r, "--cidfile: %.200s", f->path);
	f->keep = true;
	return 0;
}

void cidfile_close(struct cidfile *f)
{
	if (!f->path)
		return;
	close(f->fd);
	if (!f->keep)
		(void)unlink(f->path);
	f->path = NULL;
}
