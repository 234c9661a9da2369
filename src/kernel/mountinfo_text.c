/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/mountinfo_text.h"

#include <errno.h>

bool mountinfo_line_parse(struct sv line, struct mountinfo_line *ret)
{
	struct mountinfo_line m;
	struct sv tag;
	bool dash = false;

	if (!sv_next(&line, ' ', &m.id) || !sv_next(&line, ' ', &m.parent) || !sv_next(&line, ' ', &m.device) ||
	    !sv_next(&line, ' ', &m.root) || !sv_next(&line, ' ', &m.mount_point) || !sv_next(&line, ' ', &m.options))
		return false;
	while (!dash && sv_next(&line, ' ', &tag)) /* shared:1 master:2 … */
		dash = sv_is(tag, "-");
	if (!dash || !sv_next(&line, ' ', &m.fstype) || !sv_next(&line, ' ', &m.source) ||
	    !sv_next(&line, ' ', &m.super_options))
		return false;
	*ret = m;
	return true;
}

static bool octal_at(struct sv t, size_t i, char *ret)
{
	unsigned v = 0;

	if (i + 3 >= t.n)
		return false;
	for (size_t k = 1; k <= 3; k++) {
		if (t.p[i + k] < '0' || t.p[i + k] > '7')
			return false;
		v = v * 8 + (unsigned)(t.p[i + k] - '0');
	}
	*ret = (char)v;
	return true;
}

int mountinfo_unescape(struct sv text, char *ret, size_t cap)
{
	size_t n = 0;

	if (text.n + 1 > cap)
		return -ERANGE;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '\\' && octal_at(text, i, &c))
			i += 3;
		ret[n++] = c;
	}
	ret[n] = '\0';
	return 0;
}
