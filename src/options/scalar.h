/* SPDX-License-Identifier: Apache-2.0 */
/* scalar.h - values of options that are a number or a switch, as Docker reads them.
 *
 * Each consumes the whole text or fails with -EINVAL; *ret is untouched then. The text says what is allowed, not the option:
 * the option parser puts that in front. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

int value_bool(const char *text, bool *ret, struct err *e);     /* 1 t T TRUE true True, 0 f F FALSE false False */
int value_i64(const char *text, int64_t *ret, struct err *e);   /* 10, -1, 0x10, 0o20 or 020, 0b10 */

/* value_bytes - "1024", "64m", "1.5g", "2 GiB": binary units b k m g t p, at most 2^63 - 1; rounded down. */
int value_bytes(const char *text, int64_t *ret, struct err *e);
