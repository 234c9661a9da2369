/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/complaints.h"

#include <stdarg.h>

void complain(struct complaints *c, const char *fmt, ...)
{
	va_list ap;

	if (c->n == COMPLAINTS_MAX)
		return;
	va_start(ap, fmt);
	c->v[c->n] = arena_vfmt(c->a, fmt, ap);
	va_end(ap);
	if (c->v[c->n])
		c->n++;
	else
		c->failed = true;
}

const char *complaints_text(const struct complaints *c)
{
	const char *text = c->n ? c->v[0] : "";

	for (size_t i = 1; text && i < c->n; i++)
		text = arena_fmt(c->a, "%s, %s", text, c->v[i]);
	return c->failed ? NULL : c->n > 1 && text ? arena_fmt(c->a, "[%s]", text) : text;
}

int complaints_end(const struct complaints *c, int code, struct err *e, const char *fmt, ...)
{
	const char *prefix, *text;
	va_list ap;

	if (c->n == 0 && !c->failed)
		return 0;
	va_start(ap, fmt);
	prefix = arena_vfmt(c->a, fmt, ap);
	va_end(ap);
	text = complaints_text(c);
	return prefix && text ? err_set(e, code, "%s: %s", prefix, text) : err_oom(e);
}
