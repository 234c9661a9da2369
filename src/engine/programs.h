/* SPDX-License-Identifier: Apache-2.0 */
/* programs.h - where tare's other executables are: beside this one (a build directory), or in ../libexec/tare. */
#pragma once

#include "base/err.h"

#include <limits.h>

/* programs_find - "tare-monitor" -> absolute path. -ENOENT with both places in the text. */
int programs_find(const char *name, char ret[PATH_MAX], struct err *e);
