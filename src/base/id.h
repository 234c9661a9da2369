/* SPDX-License-Identifier: Apache-2.0 */
/* id.h - the 64 hexadecimal digits that name a container, as Docker makes them: getrandom(2). */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>

#define ID_LEN 64
#define ID_SHORT 12

struct id {
	char hex[ID_LEN + 1];
};

int id_new(struct id *ret, struct err *e);
bool id_is_valid(struct sv text); /* exactly 64 lower-case hexadecimal digits */
bool name_is_valid(struct sv text); /* Docker's [a-zA-Z0-9][a-zA-Z0-9_.-]+ of at most LIMIT_NAME bytes */
