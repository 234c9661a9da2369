/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/units.h"

#include "base/scope.h"
#include "engine/programs.h"

#include <string.h>
#include <unistd.h>

#define PROGRAM "tare-systemd"

bool units_is_path(const char *path)
{
	struct sv name = sv_from(path);

	return sv_has_suffix(name, ".scope") || sv_has_suffix(name, ".slice");
}

int units_program(struct arena *a, const char **ret, struct err *e)
{
	char path[PATH_MAX];
	int r = programs_find(PROGRAM, path, e);

	if (r < 0)
		return err_wrap(e, r, "cgroup-manager = systemd");
	*ret = arena_str(a, path);
	return *ret ? 0 : err_oom(e);
}

static void end(struct engine *en)
{
	unit_client_close(&en->units);
}

static int client(struct engine *en, struct unit_client **ret, struct err *e)
{
	char path[PATH_MAX];
	int r = 0;

	if (!en->units_end) {
		r = programs_find(PROGRAM, path, e);
		if (r == 0)
			r = unit_client_open(&(struct unit_manager){ path, geteuid() != 0 }, &en->units, e);
		if (r == 0)
			en->units_end = end;
	}
	*ret = &en->units;
	return r;
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "a.slice" of "/a.slice/a-b.slice" */
static const char *above(const char *path, struct arena *a)
{
	struct sv parent, name, dir, last;

	if (!sv_rcut(sv_from(path), '/', &parent, &name) || parent.n == 0)
		return "-.slice";
	return arena_sv(a, sv_rcut(parent, '/', &dir, &last) ? last : parent);
}

static int limits_of(struct engine *en, const struct cgroup_writes *limits, struct unit_properties *l, struct err *e)
{
	const struct cgroup_layout *layout;
	int r = engine_layout(en, &layout, e);

	if (r < 0)
		return r;
	unit_properties_limits(l, layout, limits);
	return unit_properties_status(l, e);
}

int units_slice(struct engine *en, const char *path, const struct cgroup_writes *limits, struct arena *a, struct err *e)
{
	const struct unit_name u = { .slice = above(path, a), .name = name_of(path), .cgroup = path, .is_slice = true };
	struct unit_properties l = { .arena = a };
	const struct cgroup_layout *layout;
	struct unit_client *c;
	char group[CGROUP_TEXT];
	int r = u.slice ? engine_layout(en, &layout, e) : err_oom(e);

	if (r < 0)
		return r;
	unit_properties_base(&l, &u, layout, "pods of tare");
	r = limits_of(en, limits, &l, e);
	if (r == 0)
		r = client(en, &c, e);
	if (r == 0)
		r = unit_slice(c, u.name, &l, group, e);
	if (r == 0 && strcmp(group, path) != 0)
		r = err_set(e, EIO, "systemd: the group of %s is %s", path, group);
	return r;
}

int units_set(struct engine *en, const char *path, const struct cgroup_writes *limits, struct arena *a, struct err *e)
{
	struct unit_properties l = { .arena = a };
	struct unit_client *c;
	int r = limits_of(en, limits, &l, e);

	if (r < 0 || l.n == 0)
		return r;
	r = client(en, &c, e);
	return r < 0 ? r : unit_set(c, name_of(path), &l, e);
}

int units_stop(struct engine *en, const char *path, struct err *e)
{
	struct unit_client *c;
	int r = client(en, &c, e);

	return r < 0 ? r : unit_stop(c, name_of(path), e);
}
