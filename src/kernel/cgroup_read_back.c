/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_read_back.c - is what was written to a group's file still what it says? */
#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/cgroup_priv.h"

#include <errno.h>
#include <string.h>

/* Of one that has a line for each device, the line of that device. */
static struct sv telling_line(const struct cgroup_write *w, struct sv text)
{
	struct sv device, rest, line = { 0 };

	if (w->check != CGROUP_CHECK_DEVICE)
		return sv_next(&text, '\n', &line) ? sv_trim(line) : line;
	(void)sv_cut(sv_from(w->value), ' ', &device, &rest);
	while (sv_next(&text, '\n', &line)) {
		struct sv name, words;

		(void)sv_cut(line, ' ', &name, &words);
		if (sv_eq(name, device))
			return sv_trim(line);
	}
	return SV("");
}

int cgroup_read_back(const struct host *h, const struct cgroup_layout *l, const char *path,
		     const struct cgroup_write *w, struct arena *a, const char **ret_now, bool *ret_same, struct err *e)
{
	scoped_buf text = BUF(LIMIT_CGROUP_FILE);
	const char *mount = l->h[w->hierarchy].mount, *now;
	char dir[CGROUP_DIR_MAX], file[CGROUP_DIR_MAX];
	int r;

	if (cgroup_is_none(path))
		return err_set(e, ENOTSUP, CGROUP_NONE_TEXT);
	if (w->check == CGROUP_CHECK_NONE)
		return err_set(e, ENOTSUP, "%s: cannot be read back", w->file);
	if (!cgroup_file_path(dir, mount, strlen(mount), path + 1) ||
	    !cgroup_file_path(file, dir, strlen(dir), w->file))
		return err_set(e, ENAMETOOLONG, "cgroup %s: path too long", path);
	r = io_read_at(h->root, file, &text, e);
	if (r < 0)
		return r == -ENODEV ? err_set(e, ENOENT, "cgroup %s: gone", path) : r;
	now = arena_sv(a, telling_line(w, buf_sv(&text)));
	if (!now)
		return err_oom(e);
	*ret_now = now;
	*ret_same = cgroup_reads_as(w->value, buf_sv(&text), w->check);
	return 0;
}
