/* SPDX-License-Identifier: Apache-2.0 */
/* err.h - an error is a value that tells its story.
 *
 * Every function that can fail for more than one reason returns 0 or -errno and takes `struct err *e` last (NULL is
 * allowed). Inner code names the operand, outer code adds the intent. Plain data without heap: it may be used after
 * clone3(2) and travels whole through a pipe. */
#pragma once

#include <errno.h>
#include <stddef.h>

struct err {
	int code;      /* positive errno; 0 = no error */
	char msg[496]; /* "container web: open pids.max: No such file or directory"; cut, never overrun */
};

/* err_set - start a story. Returns -code. The text replaces what was there. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* err_sys - err_set() with errno, and ": " strerror(errno) after the text. Returns -errno. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* err_wrap - put "text: " before the story. Returns rc, whatever it is. */
int err_wrap(struct err *e, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* err_oom - the one error that has no operand. Returns -ENOMEM. */
int err_oom(struct err *e);

/* For clang's analyzer, which sees one file at a time: these are negative, or what they were given. */
#ifdef __clang_analyzer__
#define err_set(e, code, ...) ((void)(err_set)(e, code, __VA_ARGS__), -(code))
#define err_sys(e, ...) ((void)(err_sys)(e, __VA_ARGS__), -EIO)
#define err_wrap(e, rc, ...) ((void)(err_wrap)(e, rc, __VA_ARGS__), (rc))
#define err_oom(e) ((void)(err_oom)(e), -ENOMEM)
#endif
