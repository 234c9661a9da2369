/* SPDX-License-Identifier: Apache-2.0 */
/* property.h - properties of a unit: org.freedesktop.systemd1(5), systemd.resource-control(5). Pure.
 *
 * A value is words in the order of its D-Bus signature, as busctl(1) takes them: a number for a number, and the count of its
 * elements before those of an array. So a list prints for people, and goes to tare-systemd in one message. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "kernel/cgroup.h"
#include "oci/runtime_spec.h"
#include "systemd/unit.h"

struct unit_property {
	const char *name, *signature; /* "MemoryMax", "t" */
	const char *const *words;     /* NULL-terminated */
};

struct unit_properties {
	struct unit_property *v;
	size_t n, cap;
	struct arena *arena;
	bool failed; /* out of memory */
};

void unit_properties_add(struct unit_properties *l, const char *name, const char *signature, const char *const *words,
			 size_t n);
/* unit_properties_status - 0 or -ENOMEM */
int unit_properties_status(const struct unit_properties *l, struct err *e);

/* unit_properties_base - what the unit is made with: its slice, that its group is ours (Delegate), what is counted. */
void unit_properties_base(struct unit_properties *l, const struct unit_name *u, const struct cgroup_layout *layout,
			  const char *description);

/* unit_properties_annotations - org.systemd.property.NAME, whose value is text of a GVariant: "'inactive-or-failed'",
 * "true", "uint64 5", "['a', 'b']". A NAME that ends in Sec is in seconds and becomes NAME in µs (TimeoutStopSec: 1.5).
 * -EINVAL: not such a name or value, with the annotation's. */
int unit_properties_annotations(struct unit_properties *l, const struct oci_pairs *annotations, struct err *e);

/* unit_properties_limits - the writes to the group's files as properties, so that systemd keeps them when it writes a
 * group's files anew (daemon-reload). Files for which systemd has no property stay out: it leaves them alone. */
void unit_properties_limits(struct unit_properties *l, const struct cgroup_layout *layout,
			    const struct cgroup_writes *w);

/* unit_properties_devices - the rules as DevicePolicy and DeviceAllow. systemd knows no "deny this one": where the rules
 * begin with everything allowed, it is told "auto", and the program of ours that is attached beside systemd's says no. */
void unit_properties_devices(struct unit_properties *l, const struct device_rule *rules, size_t n);

/* unit_properties_print - one line each: "MemoryMax t 536870912" */
void unit_properties_print(const struct unit_properties *l, struct buf *out);
