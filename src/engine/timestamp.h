/* SPDX-License-Identifier: Apache-2.0 */
/* timestamp.h - moments as people and programs write them: RFC 3339, and Docker's --since and --until. Pure. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#include <stdint.h>

/* timestamp_rfc3339 - "2026-11-21T22:33:30.123456789Z", "…+02:00"; nanoseconds since 1970. -EINVAL */
int timestamp_rfc3339(struct sv s, int64_t *ret_ns);

/* timestamp_parse - as Docker's --since takes it: seconds since 1970 ("1795727291", "1795727291.5"), a duration before now
 * ("10m", "1h30m5.5s"), a date or a time of the local zone ("2026-11-21", "2026-11-21T22:33", "2026-11-21T22:33:30"), or
 * RFC 3339. -EINVAL "failed to parse value as time or duration: "x"" */
int timestamp_parse(struct sv text, int64_t now_ns, int64_t *ret_ns, struct err *e);
