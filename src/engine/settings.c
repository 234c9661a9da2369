/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settings.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static const struct settings defaults = { .subuid = "/etc/subuid", .subgid = "/etc/subgid" };

static int set_userns(struct settings *s, const char *value, size_t at, struct err *e)
{
	(void)at;
	s->userns_auto = strcmp(value, "default") == 0;
	return s->userns_auto || strcmp(value, "off") == 0 ? 0 : err_set(e, EINVAL, "allowed are default and off");
}

static int set_path(struct settings *s, const char *value, size_t at, struct err *e)
{
	if (value[0] != '/')
		return err_set(e, EINVAL, "an absolute path is needed");
	memcpy((char *)s + at, &value, sizeof value);
	return 0;
}

static const struct setting {
	const char *key;
	int (*set)(struct settings *s, const char *value, size_t at, struct err *e);
	size_t at;
} rows[] = {
	{ "subgid", set_path, offsetof(struct settings, subgid) },
	{ "subuid", set_path, offsetof(struct settings, subuid) },
	{ "userns-remap", set_userns, 0 },
};

struct parse {
	struct settings s;
	bool seen[ARRAY_LEN(rows)];
	struct arena *a;
};

static int take(struct parse *p, struct sv key, struct sv value, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *text;
		int r;

		if (!sv_is(key, rows[i].key))
			continue;
		if (p->seen[i])
			return err_set(e, EINVAL, "%s: is there twice", rows[i].key);
		p->seen[i] = true;
		text = arena_sv(p->a, value);
		if (!text)
			return err_set(e, EINVAL, "%s: a zero byte in its value", rows[i].key);
		r = rows[i].set(&p->s, text, rows[i].at, e);
		return r < 0 ? err_wrap(e, r, "%s: \"%.80s\"", rows[i].key, text) : 0;
	}
	return err_set(e, EINVAL, "\"%.*s\" is not a setting (subgid, subuid, userns-remap)",
		       (int)(key.n < 40 ? key.n : 40), key.n ? key.p : "");
}

static int take_line(struct parse *p, struct sv line, struct err *e)
{
	struct sv key, value;

	line = sv_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return 0;
	if (!sv_cut(line, '=', &key, &value))
		return err_set(e, EINVAL, "not KEY = VALUE");
	return take(p, sv_trim(key), sv_trim(value), e);
}

int settings_parse(struct sv text, const char *file, struct arena *a, struct settings *ret, struct err *e)
{
	struct parse p = { .s = defaults, .a = a };
	unsigned number = 0;
	struct sv line;

	while (sv_next(&text, '\n', &line)) {
		int r;

		number++;
		r = take_line(&p, line, e);
		if (r < 0)
			return err_wrap(e, r, "%s:%u", file, number);
	}
	*ret = p.s;
	return 0;
}

int settings_read(const char *path, struct arena *a, struct settings *ret, struct err *e)
{
	const char *file = path ? path : SETTINGS_FILE;
	scoped_buf text = BUF(LIMIT_SETTINGS);
	struct err missing = { 0 };
	int r = io_read_at(AT_FDCWD, file, &text, &missing);

	if (r == -ENOENT && !path) {
		*ret = defaults;
		return 0;
	}
	if (r < 0) {
		if (e)
			*e = missing;
		return r;
	}
	return settings_parse(buf_sv(&text), file, a, ret, e);
}
