/* SPDX-License-Identifier: Apache-2.0 */
/* decimal.h - numbers with a fraction, and sizes made of them: "1.5", "64m". Exact: no floating point. */
#pragma once

#include "base/sv.h"

/* A decimal without sign and exponent: "12", "1.5", ".5", "1.". */
struct decimal {
	struct sv whole, fraction;
};

/* decimal_take - off the beginning of *s. false: there is none. */
bool decimal_take(struct sv *s, struct decimal *ret);

/* decimal_times - times unit, rounded down; more than 18 digits behind the point change nothing. -ERANGE: not an int64_t. */
int decimal_times(const struct decimal *d, uint64_t unit, int64_t *ret);

/* size_parse - "1024", "64m", "1.5g", "2 GiB": units b k m g t p, powers of `kilo` (1024 or 1000), rounded down.
 * -EINVAL: not a size; -ERANGE: above 2^63 - 1. *ret is untouched then. */
int size_parse(struct sv text, unsigned kilo, int64_t *ret);
