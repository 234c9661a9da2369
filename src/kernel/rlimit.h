/* SPDX-License-Identifier: Apache-2.0 */
/* rlimit.h - getrlimit(2) resources by name. */
#pragma once

#include "base/sv.h"

/* rlimit_from_name - "RLIMIT_NOFILE" or "nofile" -> 7; -1: no such resource */
int rlimit_from_name(struct sv name);
const char *rlimit_name(unsigned resource); /* 7 -> "RLIMIT_NOFILE"; NULL past the last */
