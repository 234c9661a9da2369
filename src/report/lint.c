/* SPDX-License-Identifier: Apache-2.0 */
#include "report/lint.h"

#include "report/inspect.h"
#include "engine/kube.h"
#include "oci/list.h"
#include "kernel/cgroup_stat.h"

#include <errno.h>
#include <string.h>

static bool is_unconfined(const char *value)
{
	return value && strcmp(value, "unconfined") == 0;
}

static int take_mounts(const struct container_config *c, struct arena *a, struct lint_subject *s, struct err *e)
{
	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct mount_config *m = &c->mounts.v[i];

		if (m->type == MOUNT_BIND && strings_add(a, m->readonly ? &s->ro_sources : &s->sources, m->source) < 0)
			return err_oom(e);
	}
	return 0;
}

int lint_of_config(const struct container_config *c, struct arena *a, struct lint_subject *ret, struct err *e)
{
	struct lint_subject s;
	struct log_limits logs;
	int r;

	lint_subject_init(&s);
	s.image = c->image;
	s.user = c->user;
	s.memory_bytes = c->memory;
	s.memory_swap_bytes = c->memory_swap;
	s.nano_cpus = c->nano_cpus;
	s.cpu_quota_us = c->cpu_quota_us;
	s.cpu_period_us = c->cpu_period_us;
	s.cpu_shares = c->cpu_shares;
	s.pids_limit = c->pids_limit;
	s.oom_score_adj = c->oom_score_adj_set ? c->oom_score_adj : 0;
	s.privileged = c->privileged;
	s.readonly_root = c->readonly_rootfs;
	s.oom_kill_disable = c->oom_kill_disable;
	s.init = c->init;
	s.no_new_privileges = c->no_new_privileges;
	s.seccomp_unconfined = is_unconfined(c->seccomp);
	s.apparmor_unconfined = is_unconfined(c->apparmor_profile);
	s.systempaths_unconfined = c->systempaths_unconfined;
	s.host_pid = config_mode_is(c->pid_mode, "host");
	s.host_net = config_mode_is(c->network_mode, "host");
	s.host_ipc = config_mode_is(c->ipc_mode, "host");
	s.host_uts = config_mode_is(c->uts_mode, "host");
	s.host_user = config_mode_is(c->userns_mode, "host");
	s.own_users = c->userns_mode && *c->userns_mode && !s.host_user;
	s.cap_add = c->cap_add;
	s.cap_drop = c->cap_drop;
	s.env = c->env;
	s.args = c->command;
	s.devices = (unsigned)c->devices.n;
	s.device_rules = (unsigned)c->device_cgroup_rules.n;
	r = config_log_limits(c, &logs, e);
	if (r == 0)
		r = take_mounts(c, a, &s, e);
	if (r < 0)
		return r;
	s.logs_unlimited = logs.driver == LOG_JSON_FILE && logs.max_size <= 0;
	*ret = s;
	return 0;
}

static void observe(struct engine *en, const struct cgroup_layout *l, const struct subject *of, struct lint_subject *s)
{
	struct cgroup_stat st;

	s->oom_kills = of->state.outcome.oom_kills;
	if (!of->alive || cgroup_stat_read(en->host, l, of->row.cgroup,
					   CGROUP_STAT_CPU | CGROUP_STAT_MEMORY | CGROUP_STAT_EVENTS, &st, NULL) < 0)
		return;
	if (st.memory.peak_bytes != CG_UNSET)
		s->peak_bytes = st.memory.peak_bytes;
	if (st.memory_events.oom_kill > s->oom_kills)
		s->oom_kills = st.memory_events.oom_kill;
	if (st.cpu.periods > 0 && st.cpu.throttled_periods >= 0)
		s->throttled_percent = st.cpu.throttled_periods * 100 / st.cpu.periods;
}

int lint_of_container(struct engine *en, const struct cgroup_layout *l, const struct subject *s, struct arena *a,
		      struct lint_subject *ret, struct err *e)
{
	struct inspector in;
	struct container_view v;
	int r;

	inspector_init(&in, en, a);
	r = inspector_view_of(&in, &s->row, &s->state, &v, e);
	if (r == 0)
		r = lint_of_config(&v.config, a, ret, e);
	if (r < 0)
		return r;
	ret->image = s->row.image_ref;
	observe(en, l, s, ret);
	return 0;
}

/* ---- pods ---------------------------------------------------------------------------------------------------------- */

static int observe_status(struct engine *en, const struct cgroup_layout *l, const struct kube_status *status,
			  struct arena *a, struct lint_subject *ret, struct err *e)
{
	struct subject s = { .kind = SUBJECT_CONTAINER, .state = status->state };
	int r = status->id ? container_find(en, sv_from(status->id), a, &s.row, e) : -ENOENT;

	if (r < 0) /* it is not made yet, or gone */
		return r == -ENOENT ? 0 : r;
	s.alive = container_is_active(s.state.status);
	observe(en, l, &s, ret);
	return 0;
}

/* The manifest and the look have the same order: init containers first. */
int lint_of_pod(struct engine *en, const struct cgroup_layout *l, const char *name, struct arena *a,
		struct lint_targets *ret, struct err *e)
{
	struct lint_targets targets = { 0 };
	struct kube_world world = { .n_pods = 0 };
	struct kube_status *status = NULL;
	const struct kube_running *p;
	size_t n = 0;
	int r = kube_load(en, a, &world, e);

	if (r < 0)
		return r;
	p = subject_pod(&world, sv_from(name));
	if (!p)
		return err_set(e, ENOENT, "No such pod: %.200s", name);
	r = lint_of_manifest(sv_from(p->row->applied), a, &targets, e);
	if (r == 0)
		r = kube_pod_look(en, p, a, &status, &n, e);
	for (size_t i = 0; r == 0 && i < n && i < targets.n; i++)
		r = observe_status(en, l, &status[i], a, &targets.v[i].subject, e);
	for (size_t i = 0; i < targets.n; i++)
		targets.v[i].line = 0;
	if (r == 0)
		*ret = targets;
	return r;
}
