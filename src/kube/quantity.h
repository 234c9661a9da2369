/* SPDX-License-Identifier: Apache-2.0 */
/* quantity.h - Kubernetes' numbers: "500m", "1.5Gi", "2e3" (apimachinery, pkg/api/resource).
 *
 * A quantity is exact down to thousand-millionths; what is finer is rounded away from zero. It has at most
 * QUANTITY_DIGITS digits, and remembers the family of its suffix, in which it is printed again: the largest suffix that
 * leaves no fraction. Where the original overflows, this saturates; where it keeps an odd spelling ("+1", "1."), this
 * prints the ordinary one. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>
#include <stdint.h>

#define QUANTITY_DIGITS 38
#define QUANTITY_TEXT 80 /* of a printed quantity, with its NUL */

#define QUANTITY_FORMATS(X) \
	X(DECIMAL_SI, "DecimalSI") X(BINARY_SI, "BinarySI") X(DECIMAL_EXPONENT, "DecimalExponent")
enum quantity_format {
#define X(id, text) QUANTITY_##id,
	QUANTITY_FORMATS(X)
#undef X
};

struct quantity {
	unsigned __int128 magnitude; /* without zeros at its end, which scale counts; 0 has scale 0 */
	int16_t scale;               /* power of ten, from -9 */
	bool negative;
	uint8_t format;   /* enum quantity_format */
	bool upper, plus; /* how a DecimalExponent was written: "2E3", "1e+3" */
};

/* quantity_parse - the whole text. -EINVAL: not a quantity, in the original's words. -ERANGE: too many digits. */
int quantity_parse(struct sv text, struct quantity *ret, struct err *e);
/* quantity_print - in its canonical form. Returns ret. */
const char *quantity_print(const struct quantity *q, char ret[QUANTITY_TEXT]);
const char *quantity_format_name(const struct quantity *q);

struct quantity quantity_of(int64_t n, enum quantity_format format);
struct quantity quantity_of_milli(int64_t n); /* DecimalSI: thousandths */

/* In units and in thousandths, rounded away from zero, at most INT64_MAX and at least -INT64_MAX. */
int64_t quantity_value(const struct quantity *q);
int64_t quantity_milli(const struct quantity *q);

/* The sum has the format of a, unless a is zero. */
struct quantity quantity_add(const struct quantity *a, const struct quantity *b);
struct quantity quantity_sub(const struct quantity *a, const struct quantity *b);
struct quantity quantity_max(const struct quantity *a, const struct quantity *b); /* a when they are equal */
/* quantity_round - away from zero, to a multiple of 10^scale */
struct quantity quantity_round(const struct quantity *q, int scale);

int quantity_compare(const struct quantity *a, const struct quantity *b); /* less than, equal to or above 0 */
int quantity_sign(const struct quantity *q);                              /* -1, 0 or 1 */
bool quantity_is_integer(const struct quantity *q);
