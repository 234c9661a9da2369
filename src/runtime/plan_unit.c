/* SPDX-License-Identifier: Apache-2.0 */
/* A container that is a unit of systemd's: its name, and what systemd is told so that it does not undo what is written here.
 *
 * systemd makes the group, and afterwards everything is as without it: files are written, the child is cloned into the group.
 * It hears of the limits as properties once the child is there: a process of tare-systemd's has kept the place until
 * then, and would count for a limit of processes. */
#include "runtime/plan_priv.h"

#include "base/scope.h"

#include <string.h>

int plan_unit_name(struct plan *p, struct err *e)
{
	int r = unit_name_parse(p->spec->cgroups_path, p->id, p->unit.manager->user, p->arena, &p->unit.name, e);

	if (r < 0)
		return err_wrap(e, r, "linux.cgroupsPath");
	p->cgroup_path = p->unit.name.cgroup;
	return 0;
}

/* Where one more process counts, and what systemd writes anew with its other limits, though it cannot be told of it: before 253
 * it takes scopes for what is not killed as a whole. */
static void set_late(struct cgroup_writes *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->w[i].file, "pids.max") == 0 || strcmp(w->w[i].file, "memory.oom.group") == 0)
			w->w[i].late = true;
}

int plan_unit_start(struct plan *p, struct err *e)
{
	const char *description = arena_fmt(p->arena, "tare container %s", p->id);
	struct plan_unit *u = &p->unit;
	struct step *s;
	int r;

	if (!description)
		return err_oom(e);
	u->start.arena = u->limits.arena = p->arena;
	unit_properties_base(&u->start, &u->name, &p->facts->cgroup, description);
	unit_properties_devices(&u->start, p->limits.devices, p->limits.device_count);
	unit_properties_limits(&u->limits, &p->facts->cgroup, &p->cgroup);
	r = unit_properties_annotations(&u->start, &p->spec->annotations, e);
	if (r == 0)
		r = unit_properties_status(&u->start, e);
	if (r == 0)
		r = unit_properties_status(&u->limits, e);
	if (r < 0)
		return r;
	set_late(&p->cgroup);
	s = plan_add(p, ACTOR_HOST, STEP_UNIT_START);
	if (!s)
		return err_oom(e);
	s->path = u->name.name;
	return 0;
}

int plan_unit_limits(struct plan *p, struct err *e)
{
	struct step *s = plan_add(p, ACTOR_HOST, STEP_UNIT_PROPERTIES);

	if (!s)
		return err_oom(e);
	s->path = p->unit.name.name;
	return 0;
}
