/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - one record per event on standard error. Programs log; libraries return a struct err.
 *
 * Keeps errno. Text from elsewhere is printed with control bytes escaped, so that an image cannot write to a terminal. */
#pragma once

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_setup(const char *program, enum log_level level);
/* log_copy - each record also to the end of this file, which is opened for it: {"level":"error","msg":"…","time":"…"}, or
 * time="…" level=error msg="…". NULL: not any more. The path is borrowed. */
void log_copy(const char *path, bool json);
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));   /* "tare: text" */
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* "tare: warning: text" */
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
