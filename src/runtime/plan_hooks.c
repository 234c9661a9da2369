/* SPDX-License-Identifier: Apache-2.0 */
/* `hooks`: who runs which of them, and when. */
#include "runtime/plan_priv.h"

#include "kernel/rtnetlink_move.h"

#include <errno.h>
#include <string.h>

static int check(const struct oci_hook *h, struct err *e)
{
	if (h->path[0] != '/')
		return err_set(e, EINVAL, "path: \"%s\" is not absolute", h->path);
	if (h->timeout != OCI_UNSET && (h->timeout <= 0 || h->timeout > INT32_MAX))
		return err_set(e, EINVAL, "timeout: %lld: allowed are 1 to %d seconds", (long long)h->timeout,
			       INT32_MAX);
	return 0;
}

int plan_hooks_check(struct plan *p, struct err *e)
{
	const struct oci_hooks *all = &p->spec->hooks;
	size_t count = 0;

	for (unsigned k = 0; k < OCI_HOOK_KINDS; k++) {
		count += all->kind[k].n;
		for (size_t i = 0; i < all->kind[k].n; i++) {
			int r = check(&all->kind[k].v[i], e);

			if (r < 0)
				return err_wrap(e, r, "hooks.%s[%zu]", hook_kind_name((enum oci_hook_kind)k), i);
		}
	}
	return count ? hook_state_make(p->spec, p->id, p->bundle, p->arena, &p->hook_state, e) : 0;
}

int plan_hooks(struct plan *p, enum step_actor actor, enum oci_hook_kind kind, struct err *e)
{
	for (size_t i = 0; i < p->spec->hooks.kind[kind].n; i++) {
		struct step *s = plan_add(p, actor, STEP_HOOK);

		if (!s)
			return err_oom(e);
		s->path = p->spec->hooks.kind[kind].v[i].path;
		s->n[0] = kind;
		s->n[1] = (int64_t)i;
	}
	return 0;
}

/* Interfaces come before hooks look at the container, and before sysctls that name them are written. */
static int plan_net_devices(struct plan *p, struct err *e)
{
	const struct runtime_spec *spec = p->spec;
	bool network = false;

	for (size_t i = 0; i < spec->namespaces.n; i++)
		network = network || strcmp(spec->namespaces.v[i].type, "network") == 0;
	if (!network)
		return err_set(e, EINVAL, "linux.netDevices: needs a network namespace in linux.namespaces");
	for (size_t i = 0; i < spec->net_devices.n; i++) {
		const struct oci_net_device *d = &spec->net_devices.v[i];
		const char *name = d->name && *d->name ? d->name : d->host_name;
		struct step *s;

		if (!net_device_name_is_valid(d->host_name, false) || !net_device_name_is_valid(name, true))
			return err_set(e, EINVAL, "linux.netDevices.%s: \"%s\" is not the name of an interface",
				       d->host_name,
				       net_device_name_is_valid(d->host_name, false) ? name : d->host_name);
		s = plan_add(p, ACTOR_HOOKS, STEP_NET_DEVICE);
		if (!s)
			return err_oom(e);
		s->source = d->host_name;
		s->path = name;
	}
	return 0;
}

/* After the mounts and before what seals them: the specification promises hooks no more than "before pivot_root". */
int plan_create_hooks(struct plan *p, struct err *e)
{
	const struct oci_hooks *all = &p->spec->hooks;
	int r = 0;

	if (!p->spec->net_devices.n && !all->kind[OCI_HOOK_PRESTART].n && !all->kind[OCI_HOOK_CREATE_RUNTIME].n &&
	    !all->kind[OCI_HOOK_CREATE_CONTAINER].n)
		return 0;
	if (!plan_add(p, ACTOR_CHILD, STEP_AWAIT_HOOKS))
		return err_oom(e);
	if (p->spec->net_devices.n)
		r = plan_net_devices(p, e);
	if (r == 0)
		r = plan_hooks(p, ACTOR_HOOKS, OCI_HOOK_PRESTART, e);
	if (r == 0)
		r = plan_hooks(p, ACTOR_HOOKS, OCI_HOOK_CREATE_RUNTIME, e);
	return r < 0 ? r : plan_hooks(p, ACTOR_CHILD, OCI_HOOK_CREATE_CONTAINER, e);
}
