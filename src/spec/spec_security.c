/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities, masked and read-only paths, seccomp: Docker's default hardening. */
#include "spec/spec_priv.h"

#include "base/scope.h"
#include "spec/seccomp_default.h"
#include "kernel/capability.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#define BIT(cap) (UINT64_C(1) << (cap))

/* The fourteen that a container has unless it is told otherwise. */
static const uint64_t default_capabilities =
	BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FSETID) | BIT(CAP_FOWNER) | BIT(CAP_MKNOD) | BIT(CAP_NET_RAW) |
	BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETFCAP) | BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) |
	BIT(CAP_SYS_CHROOT) | BIT(CAP_KILL) | BIT(CAP_AUDIT_WRITE);

static uint64_t set_of(const struct oci_strings *names, bool *ret_all)
{
	uint64_t set = 0;

	*ret_all = false;
	for (size_t i = 0; i < names->n; i++) {
		int cap = cap_from_name(sv_from(names->v[i]));

		if (strcmp(names->v[i], "ALL") == 0)
			*ret_all = true;
		else if (cap >= 0)
			set |= BIT(cap);
	}
	return set;
}

/* What is named one by one weighs more than ALL; what is both added and dropped is added. */
uint64_t spec_capabilities(const struct container_config *c, const struct host_facts *f)
{
	bool add_all, drop_all;
	uint64_t add = set_of(&c->cap_add, &add_all), drop = set_of(&c->cap_drop, &drop_all), set;

	if (c->privileged)
		set = cap_all();
	else if (add_all)
		set = cap_all() & ~(drop & ~add);
	else if (drop_all)
		set = add;
	else
		set = (default_capabilities & ~drop) | add;
	return set & f->capabilities;
}

static void add_capabilities(struct spec_builder *b, uint64_t set, struct oci_strings *to)
{
	for (unsigned cap = 0; cap < 64; cap++)
		if (set & BIT(cap) && cap_name(cap))
			spec_add(b, to, cap_name(cap));
}

/* execve(2) would take permitted and effective from another user than root: not given to begin with. */
static void set_capabilities(struct spec_builder *b, uint64_t set)
{
	struct oci_capabilities *caps = &b->s->process.capabilities;

	caps->present = true;
	add_capabilities(b, set, &caps->bounding);
	if (b->s->process.uid != 0)
		return;
	caps->effective = caps->bounding;
	caps->permitted = caps->bounding;
}

static const char *const masked_paths[] = {
	"/proc/acpi",  "/proc/asound",	    "/proc/interrupts", "/proc/kcore",	     "/proc/keys",
	"/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",	"/proc/timer_list",  "/proc/timer_stats",
	"/sys/devices/virtual/powercap", "/sys/firmware",
};
static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static void set_paths(struct spec_builder *b)
{
	if (b->c->privileged || b->c->systempaths_unconfined)
		return;
	for (size_t i = 0; i < ARRAY_LEN(masked_paths); i++)
		spec_add(b, &b->s->masked_paths, masked_paths[i]);
	for (unsigned i = 0; i < b->f->thermal_throttle; i++)
		spec_addf(b, &b->s->masked_paths, "/sys/devices/system/cpu/cpu%u/thermal_throttle", i);
	for (size_t i = 0; i < ARRAY_LEN(readonly_paths); i++)
		spec_add(b, &b->s->readonly_paths, readonly_paths[i]);
}

static void set_seccomp(struct spec_builder *b, uint64_t set)
{
	const char *profile = b->c->seccomp;
	struct err inner = { 0 };
	int r;

	if (b->failed || config_mode_is(profile, "unconfined") || (!profile && b->c->privileged))
		return;
	if (!b->f->kernel.seccomp_filter && !profile) /* Docker goes without its default there, too */
		return;
	r = profile ? seccomp_profile_from_json(sv_from(profile), set, b->a, &b->s->seccomp, &inner) :
		      seccomp_default(set, b->a, &b->s->seccomp, &inner);
	if (r < 0)
		spec_fail(b, -r, "%s%s", profile ? "--security-opt seccomp: " : "", inner.msg);
}

void spec_security(struct spec_builder *b)
{
	uint64_t set = spec_capabilities(b->c, b->f);

	set_capabilities(b, set);
	set_paths(b);
	set_seccomp(b, set);
}
