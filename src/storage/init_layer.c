/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/init_layer.h"

#include "base/scope.h"
#include "storage/layers.h"

#include <fcntl.h>
#include <sys/stat.h>

static const char *const folders[] = { "dev", "proc", "sys", "etc" };
static const char *const files[] = { "etc/hosts", "etc/hostname", "etc/resolv.conf" };

static int fill(int dir, struct err *e)
{
	if (fchmod(dir, 0755) < 0)
		return err_sys(e, "layer " INIT_LAYER);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (mkdirat(dir, folders[i], 0755) < 0 || fchmodat(dir, folders[i], 0755, 0) < 0)
			return err_sys(e, "layer " INIT_LAYER ": mkdir %s", folders[i]);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		scoped_fd fd = openat(dir, files[i], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		if (fd < 0 || fchmod(fd, 0644) < 0)
			return err_sys(e, "layer " INIT_LAYER ": create %s", files[i]);
	}
	return 0;
}

int init_layer_ensure(int layers, struct err *e)
{
	struct layer_draft draft = { .dir = -1 };
	int r;

	if (faccessat(layers, INIT_LAYER, F_OK, 0) == 0)
		return 0;
	r = layer_draft_begin(layers, &draft, e);
	if (r < 0)
		return r;
	r = fill(draft.dir, e);
	if (r == 0 && renameat(layers, draft.name, layers, INIT_LAYER) < 0 && errno != EEXIST && errno != ENOTEMPTY)
		r = err_sys(e, "rename layers/%s to " INIT_LAYER, draft.name);
	if (faccessat(layers, draft.name, F_OK, 0) == 0)
		layer_draft_drop(layers, &draft);
	else
		close(draft.dir);
	return r;
}
