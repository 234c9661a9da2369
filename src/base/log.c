/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char *log_program = "tare";
static enum log_level log_level = LOG_LEVEL_WARNING;
static const char *copy_path;
static bool copy_json;

void log_setup(const char *program, enum log_level level)
{
	log_program = program;
	log_level = level;
}

void log_copy(const char *path, bool json)
{
	copy_path = path;
	copy_json = json;
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

/* A quoted string of JSON; other programs read Go's %q, which is the same but for what nobody writes here. */
static size_t quote(char *to, size_t room, const char *text)
{
	size_t n = 0;

	to[n++] = '"';
	for (const unsigned char *p = (const unsigned char *)text; *p && n + 8 < room; p++)
		if (*p == '"' || *p == '\\')
			n += (size_t)snprintf(to + n, 8, "\\%c", *p);
		else if (*p == '\n')
			n += (size_t)snprintf(to + n, 8, "\\n");
		else if (is_control(p))
			n += (size_t)snprintf(to + n, 8, "\\u%04x", *p);
		else
			to[n++] = (char)*p;
	to[n++] = '"';
	to[n] = '\0';
	return n;
}

static void write_copy(enum log_level level, const char *text)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	char time[RFC3339_SIZE], quoted[4096], line[4352];
	int fd = open(copy_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644), n;

	if (fd < 0)
		return;
	(void)quote(quoted, sizeof quoted, text);
	(void)clock_rfc3339(clock_real_ns(), time);
	n = snprintf(line, sizeof line,
		     copy_json ? "{\"level\":\"%s\",\"msg\":%s,\"time\":\"%s\"}\n" : "level=%s msg=%s time=\"%s\"\n",
		     names[level], quoted, time);
	(void)!write(fd, line, (size_t)n);
	close(fd);
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
	if (copy_path)
		write_copy(level, text);
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
