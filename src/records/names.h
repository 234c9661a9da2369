/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - a name for a container that was given none: "adjective_surname", as Docker's are. */
#pragma once

#include "base/limits.h"
#include "base/sv.h"

#define NAME_SIZE (LIMIT_NAME + 1)

/* names_pick - from the id's (random) digits; the same id gives the same name. attempt 0 is the plain pair; later ones
 * are other pairs, and from the sixth on end in four digits of the id. Pure. id: 64 hexadecimal digits. */
void names_pick(const char *id, unsigned attempt, char ret[NAME_SIZE]);
