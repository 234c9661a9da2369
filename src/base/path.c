/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <string.h>

char *path_clean(struct arena *a, struct sv path)
{
	bool rooted = path.n && path.p[0] == '/';
	char *out = arena_alloc(a, path.n + 2);
	struct sv part;
	size_t n = 0, depth = 0;

	if (!out)
		return NULL;
	while (sv_next(&path, '/', &part)) {
		if (part.n == 0 || sv_is(part, ".") || (rooted && !depth && sv_is(part, "..")))
			continue;
		if (sv_is(part, "..") && depth) {
			while (n && out[n - 1] != '/')
				n--;
			n -= n > 0;
			depth--;
			continue;
		}
		if (n || rooted)
			out[n++] = '/';
		memcpy(out + n, part.p, part.n);
		n += part.n;
		depth += !sv_is(part, "..");
	}
	if (n == 0)
		out[n++] = rooted ? '/' : '.';
	out[n] = '\0';
	return out;
}
