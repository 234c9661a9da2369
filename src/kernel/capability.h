/* SPDX-License-Identifier: Apache-2.0 */
/* capability.h - capabilities(7) by name and as sets of bits (1 << CAP_x); capset(2), prctl(2) PR_CAPBSET_DROP. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>
#include <stdint.h>

struct cap_sets {
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

int cap_from_name(struct sv name);   /* "CAP_KILL", "kill", any case -> 5; -1: no such capability */
const char *cap_name(unsigned cap);  /* 5 -> "CAP_KILL"; NULL past the last */
uint64_t cap_all(void);              /* every capability of the table */
uint64_t cap_last_of_kernel(struct err *e); /* set of those that the running kernel knows: PR_CAPBSET_READ; 0: error */

/* cap_drop_bounding - bounding set, which is `held`, to `keep`. Needs CAP_SETPCAP. Callable after clone3(2). */
int cap_drop_bounding(uint64_t held, uint64_t keep, struct err *e);
/* cap_apply - effective, permitted, inheritable by one capset(2), then ambient (which needs its capabilities in
 * permitted and inheritable). The bounding set is not touched. -EPERM names the capability that the caller lacks.
 * Callable after clone3(2). */
int cap_apply(const struct cap_sets *s, struct err *e);
