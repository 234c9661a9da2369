/* SPDX-License-Identifier: Apache-2.0 */
/* lint_manifest.c - the containers of Kubernetes' objects, as insight/lint.h judges them. */
#include "report/lint.h"
#include "manifest/pod_specs.h"
#include "oci/list.h"

#include <errno.h>
#include <string.h>

/* One container in the making. */
struct judged {
	struct arena *arena;
	const struct pod_spec *pod;
	const struct container_spec *container;
	struct lint_subject s;
};

/* A container's own value, else the pod's. */
static int64_t of_either(int64_t own, int64_t pod)
{
	return own != FIELD_UNSET ? own : pod;
}

static int64_t amount(const struct resource_list *own, const struct resource_list *pod, const char *name, bool milli)
{
	const struct resource_list *l = resource_find(own, name) || !pod ? own : pod;

	return milli ? resource_milli(l, name) : resource_value(l, name);
}

static void take_resources(struct judged *k)
{
	const struct resources *own = &k->container->resources, *pod = k->pod->resources;
	int64_t milli = amount(&own->limits, pod ? &pod->limits : NULL, "cpu", true);

	k->s.memory_bytes = amount(&own->limits, pod ? &pod->limits : NULL, "memory", false);
	k->s.nano_cpus = milli < INT64_MAX / 1000000 ? milli * 1000000 : INT64_MAX;
	k->s.memory_request_bytes = amount(&own->requests, pod ? &pod->requests : NULL, "memory", false);
	k->s.cpu_request_milli = amount(&own->requests, pod ? &pod->requests : NULL, "cpu", true);
}

static int take_capabilities(struct judged *k, const struct oci_strings *from, struct oci_strings *to)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n; i++) {
		const char *name = from->v[i];
		bool whole = strcmp(name, "ALL") == 0 || strncmp(name, "CAP_", 4) == 0;

		r = strings_addf(k->arena, to, "%s%s", whole ? "" : "CAP_", name);
	}
	return r;
}

static int take_security(struct judged *k)
{
	const struct security_context *own = &k->container->security, *pod = &k->pod->security;
	const char *seccomp = own->seccomp ? own->seccomp : pod->seccomp;
	int64_t user = of_either(own->run_as_user, pod->run_as_user);
	int r = 0;

	k->s.privileged = own->privileged == 1;
	k->s.readonly_root = own->read_only_root == 1;
	k->s.no_new_privileges = own->allow_escalation == 0;
	k->s.seccomp_unconfined = seccomp && strcmp(seccomp, "Unconfined") == 0;
	k->s.systempaths_unconfined = own->proc_mount && strcmp(own->proc_mount, "Unmasked") == 0;
	if (user != FIELD_UNSET)
		k->s.user = arena_fmt(k->arena, "%lld", (long long)user);
	else if (of_either(own->run_as_non_root, pod->run_as_non_root) == 1)
		k->s.user = "nonroot";
	if (user != FIELD_UNSET && !k->s.user)
		return -ENOMEM;
	r = take_capabilities(k, &own->add, &k->s.cap_add);
	return r < 0 ? r : take_capabilities(k, &own->drop, &k->s.cap_drop);
}

static const char *host_path(const struct pod_spec *pod, const char *name)
{
	for (size_t i = 0; i < pod->volumes.n; i++)
		if (pod->volumes.v[i].host_path && pod->volumes.v[i].name && strcmp(pod->volumes.v[i].name, name) == 0)
			return pod->volumes.v[i].host_path->path;
	return NULL;
}

static int take_mounts(struct judged *k)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < k->container->mounts.n; i++) {
		const struct volume_mount *m = &k->container->mounts.v[i];
		const char *path = m->name ? host_path(k->pod, m->name) : NULL;

		if (path)
			r = strings_add(k->arena, m->read_only == 1 ? &k->s.ro_sources : &k->s.sources, path);
	}
	return r;
}

/* What comes from a Secret is not in the file. */
static int take_env(struct judged *k)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < k->container->env.n; i++) {
		const struct env_var *v = &k->container->env.v[i];

		if (v->name && v->value)
			r = strings_addf(k->arena, &k->s.env, "%s=%s", v->name, v->value);
	}
	return r;
}

static int take_args(struct judged *k)
{
	const struct oci_strings *both[] = { &k->container->command, &k->container->args };
	int r = 0;

	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; r == 0 && i < both[l]->n; i++)
			r = strings_add(k->arena, &k->s.args, both[l]->v[i]);
	return r;
}

static int judge(struct judged *k)
{
	int r;

	lint_subject_init(&k->s);
	k->s.form = LINT_KUBERNETES;
	k->s.image = k->container->image;
	k->s.host_pid = k->pod->host_pid == 1;
	k->s.host_net = k->pod->host_network == 1;
	k->s.host_ipc = k->pod->host_ipc == 1;
	k->s.own_users = k->pod->host_users == 0;
	take_resources(k);
	r = take_security(k);
	if (r == 0)
		r = take_mounts(k);
	if (r == 0)
		r = take_env(k);
	return r < 0 ? r : take_args(k);
}

static int add_containers(const struct pod_of *o, const struct container_specs *l, const char *what, struct arena *a,
			  struct lint_targets *to, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		struct judged k = { .arena = a, .pod = o->pod, .container = &l->v[i] };
		struct lint_target *t = LIST_ADD(a, to);

		if (!t || judge(&k) < 0)
			return err_oom(e);
		t->name = arena_fmt(a, "%s %s, %s %s", o->kind, o->name, what, l->v[i].name ? l->v[i].name : "?");
		t->line = o->line;
		t->subject = k.s;
		if (!t->name)
			return err_oom(e);
	}
	return 0;
}

int lint_of_manifest(struct sv text, struct arena *a, struct lint_targets *ret, struct err *e)
{
	struct lint_targets l = { 0 };
	struct pods_of pods;
	int r = pod_specs_read(text, a, &pods, e);

	for (size_t i = 0; r == 0 && i < pods.n; i++) {
		r = add_containers(&pods.v[i], &pods.v[i].pod->inits, "init container", a, &l, e);
		if (r == 0)
			r = add_containers(&pods.v[i], &pods.v[i].pod->containers, "container", a, &l, e);
	}
	if (r == 0 && !l.n)
		r = err_set(e, EINVAL, "there is no pod in it, nor a template of pods");
	if (r == 0)
		*ret = l;
	return r;
}
