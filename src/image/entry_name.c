/* SPDX-License-Identifier: Apache-2.0 */
#include "image/entry_name.h"

#include "base/sv.h"

#include <errno.h>
#include <string.h>

/* The length without its last component. */
static size_t one_up(const char *path, size_t n)
{
	while (n > 0 && path[n - 1] != '/')
		n--;
	return n > 0 ? n - 1 : 0;
}

int entry_name_clean(const char *name, char ret[ENTRY_NAME_SIZE], struct err *e)
{
	struct sv rest = sv_from(name), part;
	char out[ENTRY_NAME_SIZE];
	size_t n = 0;

	if (rest.n == 0)
		return err_set(e, EINVAL, "an entry without a name");
	while (sv_next(&rest, '/', &part)) {
		if (part.n == 0 || sv_is(part, "."))
			continue;
		if (sv_is(part, "..") && n == 0)
			return err_set(e, EINVAL, "the name leads out of the layer");
		if (sv_is(part, "..")) {
			n = one_up(out, n);
			continue;
		}
		if (part.n > ENTRY_COMPONENT_MAX || n + 1 + part.n >= ENTRY_NAME_SIZE)
			return err_set(e, ENAMETOOLONG, "the name is too long");
		if (n)
			out[n++] = '/';
		memcpy(out + n, part.p, part.n);
		n += part.n;
	}
	out[n] = '\0';
	memcpy(ret, out, n + 1);
	return 0;
}

void entry_split(const char *clean, struct entry_split *ret)
{
	const char *slash = strrchr(clean, '/'), *leaf = slash ? slash + 1 : clean;
	size_t n = slash ? (size_t)(slash - clean) : 0;

	memcpy(ret->parent, clean, n);
	ret->parent[n] = '\0';
	memcpy(ret->leaf, leaf, strlen(leaf) + 1);
}
