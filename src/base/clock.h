/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - clock_gettime(2) in nanoseconds, and RFC 3339 as Docker and OCI print it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_real_ns(void);      /* since 1970-01-01 UTC */
int64_t clock_monotonic_ns(void); /* for durations and traces */

#define RFC3339_SIZE 40
/* clock_rfc3339 - "2026-11-21T22:33:30.123456789Z"; 0 gives Docker's "0001-01-01T00:00:00Z". Returns ret. */
const char *clock_rfc3339(int64_t real_ns, char ret[RFC3339_SIZE]);

/* clock_parse_rfc3339 - with any fraction of a second and any offset ("+02:00"); from 1970 on, earlier gives 0.
 * false: it is not one. */
bool clock_parse_rfc3339(const char *text, int64_t *ret_real_ns);
