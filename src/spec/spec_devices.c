/* SPDX-License-Identifier: Apache-2.0 */
/* Devices and the rules for them: moby's list and what was asked for. The runtime adds its own after
 * them, as runc does: every default device, terminals, tun, and the making (not the opening) of any node. */
#include "spec/spec_priv.h"

#include "base/scope.h"
#include "spec/device_rule.h"

#include <errno.h>
#include <string.h>

static const struct oci_device_rule moby_rules[] = {
	{ false, NULL, "rwm", OCI_UNSET, OCI_UNSET },
	{ true, "c", "rwm", 1, 5 },   /* zero */
	{ true, "c", "rwm", 1, 3 },   /* null */
	{ true, "c", "rwm", 1, 9 },   /* urandom */
	{ true, "c", "rwm", 1, 8 },   /* random */
	{ true, "c", "rwm", 5, 0 },   /* tty */
	{ true, "c", "rwm", 5, 1 },   /* console */
	{ false, "c", "rwm", 10, 229 }, /* fuse */
};

static const struct oci_device_rule everything = { true, NULL, "rwm", OCI_UNSET, OCI_UNSET };

static void add_rules(struct spec_builder *b, const struct oci_device_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct oci_device_rule *rule = LIST_ADD(b->a, &b->s->resources.devices);

		if (rule)
			*rule = rules[i];
		else
			spec_oom(b);
	}
}

/* ---- --device-cgroup-rule ----------------------------------------------------------------------------------- */

static void add_asked_rules(struct spec_builder *b)
{
	const struct oci_strings *rules = &b->c->device_cgroup_rules;
	struct oci_device_rule rule;
	struct err inner = { 0 };

	for (size_t i = 0; i < rules->n; i++) {
		int r = device_rule_parse(sv_from(rules->v[i]), b->a, &rule, &inner);

		if (r < 0)
			spec_fail(b, -r, "--device-cgroup-rule: %s", inner.msg);
		else
			add_rules(b, &rule, 1);
	}
}

/* ---- devices ------------------------------------------------------------------------------------------------ */

static void add_device_rule(struct spec_builder *b, size_t i)
{
	const struct oci_device *d = &b->in->devices.v[i];
	struct oci_device_rule rule = { .allow = true, .major = d->major, .minor = d->minor };

	if (strcmp(d->type, "p") == 0) /* a FIFO is nothing that the devices controller knows */
		return;
	rule.type = strcmp(d->type, "b") == 0 ? "b" : "c";
	rule.access = i < b->in->device_access.n ? b->in->device_access.v[i] : "rwm";
	add_rules(b, &rule, 1);
}

void spec_devices(struct spec_builder *b)
{
	b->s->devices.v = b->in->devices.v;
	b->s->devices.n = b->in->devices.n;
	if (b->c->privileged) {
		add_rules(b, &everything, 1);
		return;
	}
	add_rules(b, moby_rules, ARRAY_LEN(moby_rules));
	for (size_t i = 0; i < b->in->devices.n; i++)
		add_device_rule(b, i);
	add_asked_rules(b);
}
