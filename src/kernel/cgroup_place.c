/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cgroup_place.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "kernel/host.h"

#include <errno.h>
#include <string.h>

void cgroup_place_everywhere(struct cgroup_place *ret, const char *path)
{
	for (unsigned i = 0; i < CGROUP_HIERARCHY_MAX; i++)
		ret->path[i] = cgroup_is_none(path) ? NULL : path;
}

static int hierarchy_named(const struct cgroup_layout *l, struct sv number, struct sv name)
{
	bool v2 = sv_is(number, "0") && !name.n;

	for (unsigned i = 0; i < l->n; i++)
		if (l->h[i].v2 ? v2 : !v2 && sv_is(name, l->h[i].name))
			return (int)i;
	return -1;
}

static bool can_be_seen(struct sv path)
{
	return path.n && path.p[0] == '/' && !sv_has_prefix(path, "/../") && !sv_is(path, "/..") &&
	       !sv_has_suffix(path, " (deleted)");
}

int cgroup_place_parse(const struct cgroup_layout *l, struct sv text, struct arena *a, struct cgroup_place *ret,
		       struct err *e)
{
	struct cgroup_place p = { 0 };
	struct sv line, number, rest, name, path;

	while (sv_next(&text, '\n', &line)) {
		int h;

		if (!sv_cut(line, ':', &number, &rest) || !sv_cut(rest, ':', &name, &path))
			continue;
		h = hierarchy_named(l, number, name);
		if (h < 0 || !can_be_seen(path) || memchr(path.p, '\0', path.n))
			continue;
		p.path[h] = arena_sv(a, path);
		if (!p.path[h])
			return err_oom(e);
	}
	*ret = p;
	return 0;
}

int cgroup_place_of(const struct host *h, const struct cgroup_layout *l, pid_t pid, struct arena *a,
		    struct cgroup_place *ret, struct err *e)
{
	scoped_buf text = BUF(LIMIT_CGROUP_FILE);
	char path[32];
	int r;

	(void)snprintf(path, sizeof path, "%d/cgroup", (int)pid);
	r = io_read_at(h->proc, path, &text, NULL);
	if (r == -ENOENT || r == -ESRCH)
		return err_set(e, ESRCH, "process %d: no such process", (int)pid);
	if (r < 0)
		return err_set(e, -r, "process %d: its cgroups: %s", (int)pid, strerror(-r));
	return cgroup_place_parse(l, buf_sv(&text), a, ret, e);
}
