/* SPDX-License-Identifier: Apache-2.0 */
/* confirm.h - the question before much is removed, in Docker's words. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/* confirm - "WARNING! <warning>\nAre you sure you want to continue? [y/N] " on standard output, the answer from standard
 * input: y or Y is yes, everything else and the end of input is no. */
int confirm(const char *warning, bool *ret_yes, struct err *e);
