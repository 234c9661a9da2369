/* SPDX-License-Identifier: Apache-2.0 */
/* device_rule.h - "c 1:3 rwm": a rule of the devices controller as --device-cgroup-rule has it. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "oci/runtime_spec.h"

#define DEVICE_ANY (-1) /* '*' for a number */

/* device_rule_parse - type a, b or c; numbers or '*'; one to three of r, w, m. "a" alone is everything. An allowing rule.
 * -EINVAL: "invalid device cgroup rule format: 'x'". */
int device_rule_parse(struct sv text, struct arena *a, struct oci_device_rule *ret, struct err *e);
