/* SPDX-License-Identifier: Apache-2.0 */
/* pid_file.h - the option --pid-file. */
#pragma once

#include "base/err.h"

#include <sys/types.h>

/* pid_file_write - by rename(2): who waits for it reads all of it. NULL: nothing */
int pid_file_write(const char *path, pid_t pid, struct err *e);
