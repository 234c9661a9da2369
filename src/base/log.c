/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static const char *log_program = "tare";
static enum log_level log_level = LOG_LEVEL_WARNING;

void log_setup(const char *program, enum log_level level)
{
	log_program = program;
	log_level = level;
}

static bool is_c1(unsigned char c)
{
	return c >= 0x80 && c < 0xa0;
}

/* What a terminal may take for an order: C0, DEL, and C1, which in UTF-8 stands behind 0xc2. p[-1] may be looked at. */
static bool is_control(const unsigned char *p)
{
	return *p < ' ' || *p == 0x7f || (*p == 0xc2 && is_c1(p[1])) || (is_c1(*p) && p[-1] == 0xc2);
}

static void emit(enum log_level, const char *word, const char *fmt, va_list) __attribute__((format(printf, 3, 0)));

static void emit(enum log_level level, const char *word, const char *fmt, va_list ap)
{
	char space[1025] = "", *text = space + 1, line[2400];
	int keep = errno;
	size_t n;

	if (level > log_level)
		return;
	(void)vsnprintf(text, sizeof space - 1, fmt, ap);
	n = (size_t)snprintf(line, 256, "%s: %s", log_program, word);
	for (const unsigned char *p = (const unsigned char *)text; *p && n < sizeof line - 6; p++)
		if (is_control(p))
			n += (size_t)snprintf(line + n, 5, *p == '\n' ? "\\n" : "\\x%02x", *p);
		else
			line[n++] = (char)*p;
	line[n++] = '\n';
	(void)!write(STDERR_FILENO, line, n);
	errno = keep;
}

#define EMIT(level, word)                  \
	do {                               \
		va_list ap;                \
		va_start(ap, fmt);         \
		emit(level, word, fmt, ap); \
		va_end(ap);                \
	} while (0)

void log_error(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_ERROR, "");
}

void log_warning(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_WARNING, "warning: ");
}

void log_debug(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_DEBUG, "debug: ");
}
