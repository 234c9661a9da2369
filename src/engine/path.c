/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/path.h"

#include <string.h>

char *path_clean(struct arena *a, const char *path)
{
	struct sv rest = sv_from(path), part;
	char *out = arena_alloc(a, rest.n + 2);
	size_t n = 0;

	if (!out)
		return NULL;
	while (sv_next(&rest, '/', &part)) {
		if (part.n == 0 || sv_is(part, "."))
			continue;
		if (sv_is(part, "..")) {
			while (n > 0 && out[--n] != '/')
				;
			continue;
		}
		out[n++] = '/';
		memcpy(out + n, part.p, part.n);
		n += part.n;
	}
	if (n == 0)
		out[n++] = '/';
	out[n] = '\0';
	return out;
}
