/* SPDX-License-Identifier: Apache-2.0 */
/* cpulist.h - sets of cpus or memory nodes in the "List format" of cpuset(7): "0-3,7". */
#pragma once

#include "base/sv.h"

#include <stdbool.h>
#include <stdint.h>

#define CPULIST_MAX 8192 /* NR_CPUS of the largest kernels */

struct cpulist {
	uint64_t bits[CPULIST_MAX / 64];
};

/* cpulist_parse - the empty text is the empty set; a last newline is allowed. -EINVAL: not a list. -ERANGE: a number
 * of CPULIST_MAX or more. *ret is untouched on failure. */
int cpulist_parse(struct sv text, struct cpulist *ret);
unsigned cpulist_count(const struct cpulist *c);
bool cpulist_eq(const struct cpulist *a, const struct cpulist *b);
bool cpulist_is_subset(const struct cpulist *part, const struct cpulist *whole);
