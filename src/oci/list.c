/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/list.h"

#include <errno.h>
#include <string.h>

/* There is room up to the next power of two (at least 4): no capacity is kept beside the list. Items that somebody
 * else put into the list may lie in less: so a list is grown here, or filled whole, not both. */
void *list_add(struct arena *a, void *v, size_t *n, size_t size)
{
	char **items = v;
	size_t have = *n;

	if (have == 0 || (have >= 4 && (have & (have - 1)) == 0)) {
		char *more = arena_array(a, have ? 2 * have : 4, size);

		if (!more)
			return NULL;
		if (have)
			memcpy(more, *items, have * size);
		*items = more;
	}
	++*n;
	return *items + have * size;
}

int strings_add(struct arena *a, struct oci_strings *l, const char *text)
{
	const char **slot = text ? LIST_ADD(a, l) : NULL;

	if (!slot)
		return -ENOMEM;
	*slot = text;
	return 0;
}

int strings_addf(struct arena *a, struct oci_strings *l, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vfmt(a, fmt, ap);
	va_end(ap);
	return strings_add(a, l, text);
}

bool strings_has(const struct oci_strings *l, const char *text)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], text) == 0)
			return true;
	return false;
}

int pairs_set(struct arena *a, struct oci_pairs *l, const char *key, const char *value)
{
	struct oci_pair *pair = NULL;

	if (!key)
		return -ENOMEM;
	for (size_t i = 0; i < l->n && !pair; i++)
		if (strcmp(l->v[i].key, key) == 0)
			pair = &l->v[i];
	if (!pair)
		pair = LIST_ADD(a, l);
	if (!pair)
		return -ENOMEM;
	*pair = (struct oci_pair){ key, value };
	return 0;
}
