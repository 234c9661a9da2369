/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_config.h"

#include "base/base64.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/kube_message.h"
#include "engine/kube_network.h"
#include "engine/kube_volumes.h"
#include "engine/programs.h"
#include "oci/list.h"
#include "kernel/capability.h"
#include "kernel/signal.h"
#include "manifest/restart.h"

#include <string.h>
#include <sys/utsname.h>

/* ---- config maps and secrets -------------------------------------------------------------------------------- */

const struct object *kube_source_find(const struct kube_build *b, enum object_kind kind, const char *name)
{
	for (size_t i = 0; i < b->sources->n; i++) {
		const struct object *o = &b->sources->v[i];

		if (o->kind == kind && strcmp(o->meta.name, name) == 0 &&
		    strcmp(o->meta.namespace, b->p->pod.namespace) == 0)
			return o;
	}
	return NULL;
}

static const char *value_in(const struct oci_pairs *l, const char *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].key, key) == 0)
			return l->v[i].value;
	return NULL;
}

int kube_source_value(const struct kube_build *b, const struct object *o, const char *key, struct sv *ret)
{
	const char *text = value_in(&o->data, key), *coded = value_in(&o->binary, key);
	int r;

	if (text) {
		*ret = sv_from(text);
		return 0;
	}
	if (!coded)
		return err_set(b->e, ENOENT, "couldn't find key %s in %s %s/%s", key, object_kind_name(o->kind),
			       o->meta.namespace, o->meta.name);
	r = base64_decode(sv_from(coded), b->a, ret, b->e);
	return r < 0 ? err_wrap(b->e, r, "%s %s, key %s", object_kind_name(o->kind), o->meta.name, key) : 0;
}

/* ---- environment -------------------------------------------------------------------------------------------- */

struct environment {
	const struct kube_build *b;
	struct oci_pairs vars;
};

static const char *variable(const struct environment *env, struct sv name)
{
	for (size_t i = 0; i < env->vars.n; i++)
		if (sv_is(name, env->vars.v[i].key))
			return env->vars.v[i].value;
	return NULL;
}

/* $(NAME) is the variable, $$ a dollar; a name that is not known stays as it is. NULL: out of memory. */
static const char *expand(const struct environment *env, const char *text)
{
	scoped_buf out = BUF(LIMIT_ENV_FILE);

	for (const char *p = text; *p; p++) {
		const char *end = p[0] == '$' && p[1] == '(' ? strchr(p, ')') : NULL;
		const char *value = end ? variable(env, (struct sv){ p + 2, (size_t)(end - p) - 2 }) : NULL;

		if (value) {
			(void)buf_puts(&out, value);
			p = end;
		} else {
			(void)buf_put(&out, p, 1);
			p += p[0] == '$' && p[1] == '$';
		}
	}
	return buf_status(&out, NULL) < 0 ? NULL : arena_sv(env->b->a, buf_sv(&out));
}

static int set(struct environment *env, const char *name, const char *value)
{
	return pairs_set(env->b->a, &env->vars, name, value) < 0 ? err_oom(env->b->e) : 0;
}

static int missing(const struct kube_build *b, enum object_kind kind, const struct key_selector *s)
{
	return s->optional == 1 ? 0 :
				  err_set(b->e, ENOENT, "%s \"%s\" not found",
					  kind == OBJECT_SECRET ? "secret" : "configmap", s->name);
}

static int set_from_key(struct environment *env, const char *name, enum object_kind kind, const struct key_selector *s)
{
	const struct object *o = kube_source_find(env->b, kind, s->name);
	struct sv value;
	char *text;
	int r;

	if (!o)
		return missing(env->b, kind, s);
	r = kube_source_value(env->b, o, s->key, &value);
	if (r < 0)
		return r == -ENOENT && s->optional == 1 ? 0 : r;
	text = arena_sv(env->b->a, value);
	return text ? set(env, name, text) :
		      err_set(env->b->e, EINVAL, "%s: the value has a NUL byte, or there is no memory", name);
}

static const char *node_name(const struct kube_build *b)
{
	struct utsname u;

	return uname(&u) == 0 ? arena_str(b->a, u.nodename) : NULL;
}

/* "app" of metadata.labels['app'] */
static const char *value_by_key(const struct oci_pairs *l, struct sv path, const char *prefix)
{
	struct sv key = { path.p + strlen(prefix), path.n - strlen(prefix) };

	if (!sv_has_prefix(path, prefix) || !sv_has_suffix(path, "']"))
		return NULL;
	key.n -= 2;
	for (size_t i = 0; i < l->n; i++)
		if (sv_is(key, l->v[i].key))
			return l->v[i].value;
	return ""; /* Kubernetes' answer too */
}

/* Not known before the container that has it is made: that one is told afterwards (kube_sandbox.c). */
static const char *pod_address(const struct kube_build *b)
{
	b->shared->asked |= !b->shared->ip;
	return b->shared->ip ? b->shared->ip : "";
}

static const char *pod_addresses(const struct kube_build *b)
{
	b->shared->asked |= !b->shared->ips;
	return b->shared->ips ? b->shared->ips : "";
}

static const char *host_address(const struct kube_build *b)
{
	return kube_host_address(b->a);
}

static const struct {
	const char *path;
	const char *(*find)(const struct kube_build *b); /* NULL: out of memory */
} found[] = {
	{ "spec.nodeName", node_name },	    { "status.podIP", pod_address },    { "status.podIPs", pod_addresses },
	{ "status.hostIP", host_address },  { "status.hostIPs", host_address },
};

static int set_from_field(struct environment *env, const char *name, const char *path)
{
	const struct kube_build *b = env->b;
	const struct object_meta *meta = &b->p->object.meta;
	const struct kube_pod *p = &b->p->pod;
	const struct {
		const char *path, *value;
	} fields[] = {
		{ "metadata.name", p->name },	 { "metadata.namespace", p->namespace },
		{ "metadata.uid", p->uid },	 { "spec.serviceAccountName", "default" },
	};
	const char *value = value_by_key(&meta->labels, sv_from(path), "metadata.labels['");

	if (!value)
		value = value_by_key(&meta->annotations, sv_from(path), "metadata.annotations['");
	for (size_t i = 0; !value && i < ARRAY_LEN(fields); i++)
		if (strcmp(path, fields[i].path) == 0)
			value = fields[i].value;
	for (size_t i = 0; !value && i < ARRAY_LEN(found); i++)
		if (strcmp(path, found[i].path) == 0 && !(value = found[i].find(b)))
			return err_oom(b->e);
	return value ? set(env, name, value) :
		       err_set(b->e, ENOTSUP,
			       "env %s: fieldPath %.60s is not supported (metadata.name, metadata.namespace, "
			       "metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'], spec.nodeName, "
			       "spec.serviceAccountName, status.podIP, status.hostIP)",
			       name, path);
}

static const struct kube_container *named(const struct kube_container *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return &v[i];
	return NULL;
}

static const struct kube_container *container_named(const struct kube_pod *p, const char *name)
{
	const struct kube_container *k = named(p->containers, p->n_containers, name);

	return k ? k : named(p->inits, p->n_inits, name);
}

/* In units of the divisor, rounded up. A limit that is not there is what the node has. */
static int set_from_amount(struct environment *env, const char *name, const char *own, const struct amount_ref *f)
{
	const struct kube_build *b = env->b;
	const char *whose = f->container ? f->container : own;
	const struct kube_container *k = container_named(&b->p->pod, whose);
	bool limit = sv_has_prefix(sv_from(f->resource), "limits.");
	const char *what = strchr(f->resource, '.') + 1, *text;
	bool cpu = strcmp(what, "cpu") == 0;
	int64_t n, unit = !f->has_divisor ? (cpu ? 1000 : 1) :
			  cpu             ? quantity_milli(&f->divisor) :
					    quantity_value(&f->divisor);
	const struct resource_list *l = k ? (limit ? &k->resources.limits : &k->resources.requests) : NULL;

	if (!k)
		return err_set(b->e, ENOENT, "env %s: container %.60s not found", name, whose);
	if (limit && !resource_find(l, what))
		l = &b->site->node.allocatable;
	n = cpu ? resource_milli(l, what) : resource_value(l, what);
	if (unit <= 0)
		unit = cpu ? 1000 : 1;
	n = n / unit + (n % unit > 0);
	text = arena_fmt(b->a, "%lld", (long long)n);
	return text ? set(env, name, text) : err_oom(b->e);
}

static int set_all(struct environment *env, const struct env_from *f, enum object_kind kind,
		   const struct key_selector *s)
{
	const struct object *o = s ? kube_source_find(env->b, kind, s->name) : NULL;
	int r = s && !o ? missing(env->b, kind, s) : 0;

	for (int side = 0; o && side < 2; side++) {
		const struct oci_pairs *l = side ? &o->data : &o->binary;

		for (size_t i = 0; r == 0 && i < l->n; i++) {
			struct key_selector one = { s->name, l->v[i].key, FIELD_UNSET };
			const char *name = arena_fmt(env->b->a, "%s%s", f->prefix ? f->prefix : "", l->v[i].key);

			r = name ? set_from_key(env, name, kind, &one) : err_oom(env->b->e);
		}
	}
	return r;
}

static int set_one(struct environment *env, const char *container, const struct env_var *v)
{
	const char *value;

	if (v->from && v->from->config_map)
		return set_from_key(env, v->name, OBJECT_CONFIG_MAP, v->from->config_map);
	if (v->from && v->from->secret)
		return set_from_key(env, v->name, OBJECT_SECRET, v->from->secret);
	if (v->from && v->from->field)
		return set_from_field(env, v->name, v->from->field->path);
	if (v->from && v->from->amount)
		return set_from_amount(env, v->name, container, v->from->amount);
	value = expand(env, v->value ? v->value : "");
	return value ? set(env, v->name, value) : err_oom(env->b->e);
}

static int read_environment(struct environment *env, const struct container_spec *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->env_from.n; i++) {
		r = set_all(env, &s->env_from.v[i], OBJECT_CONFIG_MAP, s->env_from.v[i].config_map);
		if (r == 0)
			r = set_all(env, &s->env_from.v[i], OBJECT_SECRET, s->env_from.v[i].secret);
	}
	for (size_t i = 0; r == 0 && i < s->env.n; i++)
		r = set_one(env, s->name, &s->env.v[i]);
	return r;
}

static int set_process(const struct kube_build *b, const struct container_spec *s, struct container_config *c)
{
	struct environment env = { .b = b };
	int r = read_environment(&env, s);

	for (size_t i = 0; r == 0 && i < env.vars.n; i++)
		r = strings_addf(b->a, &c->env, "%s=%s", env.vars.v[i].key, env.vars.v[i].value);
	for (size_t i = 0; r == 0 && i < s->command.n; i++)
		r = strings_add(b->a, &c->entrypoint, expand(&env, s->command.v[i]));
	for (size_t i = 0; r == 0 && i < s->args.n; i++)
		r = strings_add(b->a, &c->command, expand(&env, s->args.v[i]));
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
	to->readonly = v->config_map || v->secret;
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
