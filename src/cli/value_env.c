/* SPDX-License-Identifier: Apache-2.0 */
/* value_env.c - environ(7) and labels: one at a time, and as files. */
#include "cli/option.h"
#include "cli/value.h"

#include <errno.h>
#include <string.h>

static const char *from_environment(char *const *environ_, struct sv name)
{
	for (; environ_ && *environ_; environ_++)
		if (strncmp(*environ_, name.p, name.n) == 0 && (*environ_)[name.n] == '=')
			return *environ_;
	return NULL;
}

int value_env(const char *text, char *const *environ_, struct arena *a, const char **ret, struct err *e)
{
	struct sv name, value;
	bool whole = sv_cut(sv_from(text), '=', &name, &value);
	const char *found = whole ? NULL : from_environment(environ_, name);

	if (name.n == 0)
		return err_set(e, EINVAL, "invalid environment variable: %.80s (NAME=VALUE or NAME)", text);
	*ret = found ? found : text;
	return 0;
}

int value_label(const char *text, struct arena *a, struct oci_pair *ret, struct err *e)
{
	struct sv key, value;
	struct oci_pair l;

	sv_cut(sv_from(text), '=', &key, &value);
	if (key.n == 0)
		return err_set(e, EINVAL, "invalid label '%.80s': empty name", text);
	l.key = arena_sv(a, key);
	l.value = arena_sv(a, value);
	if (!l.key || !l.value)
		return err_oom(e);
	*ret = l;
	return 0;
}

/* ---- files -------------------------------------------------------------------------------------------------- */

static size_t sequence_length(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c < 0xe0)
		return 2;
	if (c >= 0xe0 && c < 0xf0)
		return 3;
	return c >= 0xf0 && c < 0xf5 ? 4 : 0;
}

/* RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF */
static bool is_utf8(struct sv s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	for (size_t i = 0; i < s.n;) {
		size_t n = sequence_length(p[i]);

		if (n == 0 || n > s.n - i)
			return false;
		for (size_t k = 1; k < n; k++)
			if ((p[i + k] & 0xc0) != 0x80)
				return false;
		if ((p[i] == 0xe0 && p[i + 1] < 0xa0) || (p[i] == 0xed && p[i + 1] > 0x9f) ||
		    (p[i] == 0xf0 && p[i + 1] < 0x90) || (p[i] == 0xf4 && p[i + 1] > 0x8f))
			return false;
		i += n;
	}
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool has_space(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_space(s.p[i]))
			return true;
	return false;
}

static int shown(struct sv s)
{
	return s.n < 80 ? (int)s.n : 80;
}

static int file_line(struct sv line, char *const *environ_, struct arena *a, struct oci_strings *out, struct err *e)
{
	struct sv name, value;
	const char *item = NULL;

	if (sv_cut(line, '=', &name, &value) || !environ_)
		item = arena_sv(a, line);
	if (name.n == 0)
		return err_set(e, EINVAL, "no variable name on line '%.*s'", shown(line), line.p);
	if (has_space(name))
		return err_set(e, EINVAL, "variable '%.*s' contains whitespaces", shown(name), name.p);
	if (memchr(line.p, '\0', line.n))
		return err_set(e, EINVAL, "variable '%.*s' holds a NUL byte", shown(name), name.p);
	if (value.p || !environ_)
		return item ? LIST_PUT(a, out, item, e) : err_oom(e);
	item = from_environment(environ_, name);
	return item ? LIST_PUT(a, out, item, e) : 0;
}

int value_env_file(struct sv text, char *const *environ_, struct arena *a, struct oci_strings *ret, struct err *e)
{
	struct oci_strings out = { 0 };
	struct sv line;
	int r = 0;

	if (sv_has_prefix(text, "\xef\xbb\xbf"))
		text = (struct sv){ text.p + 3, text.n - 3 };
	for (unsigned number = 1; r == 0 && sv_next(&text, '\n', &line); number++) {
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (!is_utf8(line))
			return err_set(e, EINVAL, "invalid utf8 bytes at line %u", number);
		while (line.n && is_space(line.p[0]))
			line = (struct sv){ line.p + 1, line.n - 1 };
		if (line.n && line.p[0] != '#')
			r = file_line(line, environ_, a, &out, e);
	}
	if (r == 0)
		*ret = out;
	return r;
}
