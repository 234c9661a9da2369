/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan_priv.h"

#include <errno.h>
#include <string.h>

struct step *plan_add(struct plan *p, enum step_actor actor, enum step_op op)
{
	struct step *s;

	if (p->step_count == p->step_cap) {
		size_t cap = p->step_cap ? 2 * p->step_cap : 96;
		struct step *grown = arena_array(p->arena, cap, sizeof *grown);

		if (!grown)
			return NULL;
		if (p->step_count)
			memcpy(grown, p->steps, p->step_count * sizeof *grown);
		p->steps = grown;
		p->step_cap = cap;
	}
	s = &p->steps[p->step_count++];
	*s = (struct step){ .op = op, .actor = actor };
	return s;
}

void plan_warn(struct plan *p, const char *fmt, ...)
{
	va_list ap;
	char *text;

	if (p->warning_count == PLAN_WARNINGS)
		return;
	va_start(ap, fmt);
	text = arena_vfmt(p->arena, fmt, ap);
	va_end(ap);
	if (text)
		p->warnings[p->warning_count++] = text;
}

int plan_make(const struct runtime_spec *spec, const struct host_facts *facts, const struct plan_inputs *in,
	      struct arena *a, struct plan *ret, struct err *e)
{
	struct plan p = { .spec = spec,
			  .facts = facts,
			  .id = in->id,
			  .bundle = in->bundle,
			  .root = in->root,
			  .arena = a,
			  .handed = in->handed,
			  .handed_count = in->handed_count,
			  .links = in->links,
			  .unit.manager = in->systemd,
			  .without_cgroup = in->without_cgroup,
			  .die_with_parent = in->die_with_parent,
			  .start_socket = in->start_socket,
			  .preserve_fds = in->preserve_fds };
	int r = plan_userns(&p, e);

	if (r == 0 && p.id && !in->shares_keyring && !(p.keyring = arena_fmt(a, "_ses.%s", p.id)))
		r = err_oom(e);
	if (r == 0)
		r = plan_hooks_check(&p, e);
	if (r == 0)
		r = plan_cgroup(&p, e);
	if (r == 0 && !p.userns)
		r = plan_root(&p, e);
	if (r == 0 && !p.userns)
		r = plan_bind_sources(&p, ACTOR_HOST, e);
	if (r == 0)
		r = plan_seccomp(&p, e);
	if (r == 0)
		r = plan_start(&p, e);
	if (r == 0)
		r = plan_mounts(&p, in, e);
	if (r == 0)
		r = plan_process(&p, e);
	if (r == 0)
		r = plan_cgroup_late(&p, e);
	if (r == 0 && p.userns)
		r = plan_process_limits(&p, ACTOR_RELEASE, e);
	if (r == 0)
		r = plan_release(&p, e);
	if (r == 0)
		r = plan_hooks(&p, ACTOR_STARTED, OCI_HOOK_POSTSTART, e);
	if (r == 0)
		*ret = p;
	return r;
}
