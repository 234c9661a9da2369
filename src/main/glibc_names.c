/* SPDX-License-Identifier: Apache-2.0 */
/* The static programs are linked with musl, Debian's archives of json-c, SQLite and libyaml were compiled against glibc: what they
 * call under a name that only glibc has. The checked forms (-D_FORTIFY_SOURCE) check here, too. Types agree: both C
 * libraries pass the kernel's structures through, and the rest of what they call musl has under the same name. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room);
void *__memset_chk(void *to, int byte, size_t n, size_t room);
char *__strcat_chk(char *to, const char *from, size_t room);
int __vsnprintf_chk(char *to, size_t n, int flag, size_t room, const char *format, va_list ap);
int __snprintf_chk(char *to, size_t n, int flag, size_t room, const char *format, ...);
int __sprintf_chk(char *to, int flag, size_t room, const char *format, ...);
int __vfprintf_chk(FILE *f, int flag, const char *format, va_list ap);
int __fprintf_chk(FILE *f, int flag, const char *format, ...);
int __vasprintf_chk(char **ret, int flag, const char *format, va_list ap);
void __vsyslog_chk(int priority, int flag, const char *format, va_list ap);
int fcntl64(int fd, int command, ...);

static void check(size_t n, size_t room)
{
	if (n > room)
		abort();
}

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room)
{
	check(n, room);
	return memcpy(to, from, n);
}

void *__memset_chk(void *to, int byte, size_t n, size_t room)
{
	check(n, room);
	return memset(to, byte, n);
}

char *__strcat_chk(char *to, const char *from, size_t room)
{
	size_t had = strlen(to), n = strlen(from) + 1;

	check(had + n, room);
	memcpy(to + had, from, n);
	return to;
}

int __vsnprintf_chk(char *to, size_t n, int flag, size_t room, const char *format, va_list ap)
{
	check(n, room);
	return vsnprintf(to, n, format, ap);
}

int __snprintf_chk(char *to, size_t n, int flag, size_t room, const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = __vsnprintf_chk(to, n, flag, room, format, ap);
	va_end(ap);
	return r;
}

int __sprintf_chk(char *to, int flag, size_t room, const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = vsnprintf(to, room, format, ap);
	va_end(ap);
	check(r < 0 ? 0 : (size_t)r + 1, room);
	return r;
}

int __vfprintf_chk(FILE *f, int flag, const char *format, va_list ap)
{
	return vfprintf(f, format, ap);
}

int __fprintf_chk(FILE *f, int flag, const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = vfprintf(f, format, ap);
	va_end(ap);
	return r;
}

int __vasprintf_chk(char **ret, int flag, const char *format, va_list ap)
{
	return vasprintf(ret, format, ap);
}

/* json-c's debugging output; nothing turns it on */
void __vsyslog_chk(int priority, int flag, const char *format, va_list ap)
{
}

int fcntl64(int fd, int command, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, command);
	arg = va_arg(ap, void *);
	va_end(ap);
	return fcntl(fd, command, arg);
}
