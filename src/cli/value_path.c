/* SPDX-License-Identifier: Apache-2.0 */
/* value_path.c - paths that count from the working directory; no file is looked at. */
#include "base/path.h"
#include "cli/value.h"

#include <errno.h>
#include <unistd.h>

int path_absolute(struct arena *a, const char *path, const char **ret, struct err *e)
{
	char cwd[4096], *joined;

	if (path[0] == '/') {
		joined = path_clean(a, sv_from(path));
	} else {
		if (!getcwd(cwd, sizeof cwd))
			return err_sys(e, "working directory");
		joined = arena_fmt(a, "%s/%s", cwd, path);
		joined = joined ? path_clean(a, sv_from(joined)) : NULL;
	}
	if (!joined)
		return err_oom(e);
	*ret = joined;
	return 0;
}
