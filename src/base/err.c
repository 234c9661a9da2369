/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 0))) static void format(struct err *e, int code, const char *fmt, va_list ap)
{
	e->code = code;
	(void)vsnprintf(e->msg, sizeof e->msg, fmt, ap);
}

int (err_set)(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (e) {
		va_start(ap, fmt);
		format(e, code, fmt, ap);
		va_end(ap);
	}
	return -code;
}

int (err_sys)(struct err *e, const char *fmt, ...)
{
	int code = errno;
	va_list ap;
	size_t n;

	if (!e)
		return -code;
	va_start(ap, fmt);
	format(e, code, fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	(void)snprintf(e->msg + n, sizeof e->msg - n, ": %s", strerror(code));
	return -code;
}

int (err_wrap)(struct err *e, int rc, const char *fmt, ...)
{
	struct err inner;
	va_list ap;
	size_t n;

	if (!e)
		return rc;
	inner = *e;
	va_start(ap, fmt);
	format(e, inner.code, fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	(void)snprintf(e->msg + n, sizeof e->msg - n, ": %s", inner.msg);
	return rc;
}

int (err_oom)(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}
