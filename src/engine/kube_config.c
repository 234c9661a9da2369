/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_config.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/kube_env.h"
#include "engine/kube_message.h"
#include "engine/kube_network.h"
#include "engine/kube_volumes.h"
#include "engine/programs.h"
#include "oci/list.h"
#include "kernel/capability.h"
#include "kernel/signal.h"
#include "manifest/restart.h"

#include <string.h>

/* ---- its process ---------------------------------------------------------------------------------------------- */

static int set_process(const struct kube_build *b, const struct container_spec *s, struct container_config *c)
{
	struct oci_pairs vars;
	int r = kube_env_read(b, s, &vars);

	for (size_t i = 0; r == 0 && i < vars.n; i++)
		r = strings_addf(b->a, &c->env, "%s=%s", vars.v[i].key, vars.v[i].value);
	for (size_t i = 0; r == 0 && i < s->command.n; i++)
		r = strings_add(b->a, &c->entrypoint, kube_env_expand(b, &vars, s->command.v[i], NULL));
	for (size_t i = 0; r == 0 && i < s->args.n; i++)
		r = strings_add(b->a, &c->command, kube_env_expand(b, &vars, s->args.v[i], NULL));
	c->entrypoint_set = s->command.n > 0;
	c->workdir = s->working_dir;
	c->tty = s->tty == 1;
	c->open_stdin = s->standard_input == 1;
	return r == -ENOMEM ? err_oom(b->e) : r;
}

/* ---- limits ------------------------------------------------------------------------------------------------- */

static int64_t number_of(const struct kube_level *l, const char *file)
{
	int64_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].file, file) == 0 && sv_i64(sv_from(l->v[i].value), &n) < 0)
			return 0;
	return n;
}

/* The files of v2 that Docker's options have no words for. */
static int add_files(const struct kube_build *b, const struct kube_level *l, struct container_config *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->n; i++) {
		struct sv file = sv_from(l->v[i].file);

		if (!kube_site_serves_v2(b->site, l->v[i].controller) || sv_has_prefix(file, "cpu.") ||
		    sv_is(file, "memory.max") || (sv_is(file, "memory.swap.max") && c->memory_swap))
			continue;
		r = pairs_set(b->a, &c->cgroup_conf, l->v[i].file, l->v[i].value);
	}
	return r;
}

int kube_config_limits(const struct kube_build *b, const struct kube_container *k, struct container_config *c)
{
	struct kube_level v1, v2;

	if (container_plan(&b->site->v1, &b->site->node, &b->p->pod, k, "id", false, b->a, &v1) < 0 ||
	    container_plan(&b->site->v2, &b->site->node, &b->p->pod, k, "id", false, b->a, &v2) < 0)
		return err_oom(b->e);
	c->cpu_shares = number_of(&v1, "cpu.shares");
	c->cpu_quota_us = number_of(&v1, "cpu.cfs_quota_us");
	c->cpu_period_us = number_of(&v1, "cpu.cfs_period_us");
	c->memory = number_of(&v1, "memory.limit_in_bytes");
	c->memory_swap = b->site->layout->memory_swap ? c->memory : 0;
	c->oom_score_adj = v1.oom_score_adj;
	c->oom_score_adj_set = true;
	c->cgroup_manager = b->site->v1.systemd ? "systemd" : "cgroupfs";
	c->cgroup_parent = pod_path(&b->site->v1, &b->p->pod, b->a);
	return !c->cgroup_parent || add_files(b, &v2, c) < 0 ? err_oom(b->e) : 0;
}

/* ---- rights ------------------------------------------------------------------------------------------------- */

static int add_capabilities(const struct kube_build *b, const struct oci_strings *from, struct oci_strings *to)
{
	for (size_t i = 0; i < from->n; i++) {
		int cap = cap_from_name(sv_from(from->v[i]));
		const char *name = cap >= 0 ? cap_name((unsigned)cap) : from->v[i];

		if (cap < 0 && strcmp(from->v[i], "ALL") != 0)
			return err_set(b->e, EINVAL, "securityContext.capabilities: no such capability: %.60s",
				       from->v[i]);
		if (strings_add(b->a, to, name) < 0)
			return err_oom(b->e);
	}
	return 0;
}

static int set_groups(const struct kube_build *b, struct container_config *c)
{
	const struct security_context *pods = &b->p->object.pod->security;
	int r = 0;

	if (pods->fs_group != FIELD_UNSET)
		r = strings_addf(b->a, &c->group_add, "%lld", (long long)pods->fs_group);
	for (size_t i = 0; r == 0 && i < pods->groups.n; i++)
		r = strings_addf(b->a, &c->group_add, "%lld", (long long)pods->groups.v[i]);
	c->groups_strict = pods->groups_policy && strcmp(pods->groups_policy, "Strict") == 0;
	return r;
}

static int set_rights(const struct kube_build *b, const struct container_spec *s, struct container_config *c)
{
	const struct security_context *own = &s->security, *pods = &b->p->object.pod->security;
	const char *seccomp = own->seccomp ? own->seccomp : pods->seccomp;
	int64_t user = field_or(own->run_as_user, pods->run_as_user),
		group = field_or(own->run_as_group, pods->run_as_group);
	int r = add_capabilities(b, &own->add, &c->cap_add);

	if (r == 0)
		r = add_capabilities(b, &own->drop, &c->cap_drop);
	if (r < 0)
		return r;
	if (seccomp && strcmp(seccomp, "Localhost") == 0)
		return err_set(b->e, ENOTSUP, "securityContext.seccompProfile: Localhost is not supported");
	c->seccomp = seccomp && strcmp(seccomp, "Unconfined") == 0 ? "unconfined" : NULL;
	if (set_groups(b, c) < 0)
		return err_oom(b->e);
	c->privileged = own->privileged == 1;
	c->readonly_rootfs = own->read_only_root == 1;
	c->no_new_privileges = own->allow_escalation == 0;
	c->systempaths_unconfined = own->proc_mount && strcmp(own->proc_mount, "Unmasked") == 0;
	if (field_or(own->run_as_non_root, pods->run_as_non_root) == 1 && user == 0)
		return err_set(b->e, EINVAL, "container's runAsUser breaks non-root policy");
	if (field_or(own->run_as_non_root, pods->run_as_non_root) == 1 && user == FIELD_UNSET)
		return err_set(b->e, ENOTSUP, "runAsNonRoot is only checked against runAsUser: state that too");
	if (user != FIELD_UNSET || group != FIELD_UNSET) {
		c->user = group == FIELD_UNSET ?
				  arena_fmt(b->a, "%lld", (long long)user) :
				  arena_fmt(b->a, "%lld:%lld", user == FIELD_UNSET ? 0ll : (long long)user,
					    (long long)group);
		if (!c->user)
			return err_oom(b->e);
	}
	return 0;
}

/* ---- namespaces --------------------------------------------------------------------------------------------- */

/* Those that the pod's containers share are each one's own here: its monitor joins them. */
static int set_namespaces(const struct kube_build *b, const char *container, struct container_config *c)
{
	const struct pod_spec *s = b->p->object.pod;

	c->pod = b->p->pod.uid;
	if (s->host_users != 0)
		c->userns_mode = "host";
	else if (strcmp(container, kube_network_owner(s)) == 0)
		c->userns_mode = "auto";
	else
		c->userns_mode = arena_fmt(b->a, "container:%s", b->shared->owner);
	if (!c->userns_mode)
		return err_oom(b->e);
	c->ipc_mode = s->host_ipc == 1 ? "host" : "shareable";
	c->uts_mode = s->host_network == 1 ? "host" : NULL;
	c->pid_mode = s->host_pid == 1 ? "host" : NULL;
	for (size_t i = 0; i < s->security.sysctls.n; i++)
		if (pairs_set(b->a, &c->sysctls, s->security.sysctls.v[i].name, s->security.sysctls.v[i].value) < 0)
			return err_oom(b->e);
	return kube_config_network(b, container, c);
}

/* ---- volumes ------------------------------------------------------------------------------------------------ */

static int set_source(const struct kube_build *b, const struct volume_mount *m, struct mount_config *to)
{
	const struct volume_spec_kube *v = kube_volume_find(b, m->name);

	if (!v)
		return err_set(b->e, EINVAL, "no volume %s", m->name);
	to->type = MOUNT_BIND;
	to->idmap = b->p->object.pod->host_users == 0;
	to->readonly = v->config_map || v->secret || v->downward || v->projected;
	to->source = kube_volume_folder(b, v);
	to->make_source = v->host_path && v->host_path->type && strcmp(v->host_path->type, "DirectoryOrCreate") == 0;
	return to->source ? 0 : err_oom(b->e);
}

static int set_mounts(const struct kube_build *b, const struct container_spec *s, struct container_config *c)
{
	for (size_t i = 0; i < s->mounts.n; i++) {
		struct mount_config *m = LIST_ADD(b->a, &c->mounts);
		int r;

		if (!m)
			return err_oom(b->e);
		mount_config_init(m);
		m->target = s->mounts.v[i].mount_path;
		r = set_source(b, &s->mounts.v[i], m);
		if (r < 0)
			return r;
		m->readonly |= s->mounts.v[i].read_only == 1;
		if (s->mounts.v[i].propagation && strcmp(s->mounts.v[i].propagation, "None") != 0)
			m->propagation =
				strcmp(s->mounts.v[i].propagation, "Bidirectional") == 0 ? "rshared" : "rslave";
	}
	return 0;
}

/* ---- all of it ---------------------------------------------------------------------------------------------- */

/* Its rules its pod's monitor knows (kube_charter.c). */
static enum restart_policy restart_of(const struct pod_spec *p, const struct container_spec *s)
{
	static const enum restart_policy policies[] = { [POD_RESTART_ALWAYS] = RESTART_ALWAYS,
							[POD_RESTART_ON_FAILURE] = RESTART_ON_FAILURE,
							[POD_RESTART_NEVER] = RESTART_NO };

	return policies[pod_restart_of(p, s)];
}

static int set_labels(const struct kube_build *b, const char *name, struct container_config *c)
{
	const struct kube_pod *p = &b->p->pod;
	const struct oci_pair own[] = { { "io.kubernetes.container.name", name },
					{ "io.kubernetes.pod.name", p->name },
					{ "io.kubernetes.pod.namespace", p->namespace },
					{ "io.kubernetes.pod.uid", p->uid } };
	const struct oci_pairs *labels = &b->p->object.meta.labels;
	int r = 0;

	for (size_t i = 0; r == 0 && i < labels->n; i++)
		r = pairs_set(b->a, &c->labels, labels->v[i].key, labels->v[i].value);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(own); i++)
		r = pairs_set(b->a, &c->labels, own[i].key, own[i].value);
	return r < 0 ? err_oom(b->e) : 0;
}

int kube_config_make(const struct kube_build *b, const struct container_spec *s, const struct kube_container *k,
		     struct container_config *ret)
{
	const struct pod_spec *pod = b->p->object.pod;
	struct container_config c;
	int r;

	config_init(&c);
	c.name = kube_container_name(b->p->pod.uid, s->name, b->a);
	c.image = s->image;
	/* Always was done by kube_apply(). What nothing is said about is fetched when it is missing: also :latest, which
	 * Kubernetes always asks for. */
	c.pull_policy = s->pull_policy && strcmp(s->pull_policy, "Never") == 0 ? "never" : NULL;
	c.pull_quiet = c.detach = true;
	c.restart.name = restart_of(pod, s);
	c.stop_signal = s->lifecycle ? s->lifecycle->stop_signal : NULL;
	if (c.stop_signal && signal_from_name(sv_from(c.stop_signal)) < 0)
		return err_set(b->e, EINVAL, "lifecycle.stopSignal: no such signal: %.40s", c.stop_signal);
	c.stop_timeout_s = field_or(pod->grace_period, KUBE_GRACE_S);
	r = c.name ? set_labels(b, s->name, &c) : err_oom(b->e);
	if (r == 0)
		r = set_process(b, s, &c);
	if (r == 0)
		r = kube_config_limits(b, k, &c);
	if (r == 0)
		r = set_rights(b, s, &c);
	if (r == 0)
		r = set_namespaces(b, s->name, &c);
	if (r == 0)
		r = set_mounts(b, s, &c);
	if (r == 0)
		r = kube_message_mount(b, s, &c);
	if (r == 0)
		*ret = c;
	return r;
}

#define HOLDER_PROGRAM "/pause"

/* Its root is a folder of its own, with nothing but the program: tare-init, which waits. */
int kube_config_holder(const struct kube_build *b, struct container_config *ret)
{
	char path[PATH_MAX];
	struct container_config c;
	struct mount_config *m;
	scoped_fd root = -1;
	int r = programs_find("tare-init", path, b->e);

	config_init(&c);
	c.name = kube_container_name(b->p->pod.uid, KUBE_HOLDER, b->a);
	c.rootfs = arena_fmt(b->a, "%s/.holder", b->folder);
	c.detach = c.readonly_rootfs = true;
	c.restart.name = RESTART_ALWAYS;
	c.cgroup_manager = b->site->v1.systemd ? "systemd" : "cgroupfs";
	c.cgroup_parent = pod_path(&b->site->v1, &b->p->pod, b->a);
	m = LIST_ADD(b->a, &c.mounts);
	if (r < 0)
		return r;
	if (!c.name || !c.rootfs || !c.cgroup_parent || !m || strings_add(b->a, &c.command, HOLDER_PROGRAM) < 0 ||
	    strings_add(b->a, &c.command, "--pause") < 0)
		return err_oom(b->e);
	mount_config_init(m);
	*m = (struct mount_config){
		.type = MOUNT_BIND, .target = HOLDER_PROGRAM, .source = arena_str(b->a, path), .readonly = true
	};
	r = io_mkdirs(c.rootfs, 0755, &root, b->e);
	if (r == 0)
		r = set_labels(b, KUBE_HOLDER, &c);
	if (r == 0)
		r = set_namespaces(b, KUBE_HOLDER, &c);
	if (r == 0)
		*ret = c;
	return r;
}
