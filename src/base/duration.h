/* SPDX-License-Identifier: Apache-2.0 */
/* duration.h - "500ms", "10s", "1h30m5.5s": Go's durations, and so Docker's. Pure. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

/* duration_parse - nanoseconds, from 0 on. -EINVAL */
int duration_parse(struct sv text, int64_t *ret_ns, struct err *e);
/* duration_signed - "-10s" too. false: it is none, or does not fit. */
bool duration_signed(struct sv text, int64_t *ret_ns);
/* duration_fraction - take digits after a point off *s, as nanoseconds of a second; more than nine are cut. false: none */
bool duration_fraction(struct sv *s, int64_t *ret_ns);
