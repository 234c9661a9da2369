/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/detach_keys.h"

#include "base/sv.h"

#include <errno.h>
#include <string.h>

/* "x", "ctrl-x" for @ to _ without case, "DEL" */
static int key_of(struct sv name)
{
	static const char control[] = "@abcdefghijklmnopqrstuvwxyz[\\]^_";
	const char *at;

	if (name.n == 1)
		return (unsigned char)name.p[0];
	if (sv_is(name, "DEL"))
		return 127;
	if (name.n != 6 || !sv_has_prefix(name, "ctrl-"))
		return -1;
	at = memchr(control, name.p[5], sizeof control - 1);
	return at ? (int)(at - control) : -1;
}

int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *e)
{
	struct sv rest = sv_from(text && *text ? text : DETACH_KEYS_DEFAULT), name;
	struct detach_keys k = { .n = 0 };
	bool more = true;

	while (more) {
		int key;

		more = sv_cut(rest, ',', &name, &rest);
		key = key_of(name);
		if (key < 0)
			return err_set(e, EINVAL, "Invalid detach keys (%.80s) provided: Unknown character: '%.*s'",
				       text, (int)(name.n > 40 ? 40 : name.n), name.p ? name.p : "");
		if (k.n == DETACH_KEYS_MAX)
			return err_set(e, EINVAL, "Invalid detach keys (%.80s) provided: more than %d", text,
				       DETACH_KEYS_MAX);
		k.key[k.n++] = (unsigned char)key;
	}
	*ret = k;
	return 0;
}

/* After a key that does not go on: some shorter beginning may be typed still ("a,a,b" after "a a a"). */
static void let_go(struct detach_keys *k, char *ret, size_t *n)
{
	size_t seen = k->seen, keep = seen - 1;

	while (keep && memcmp(k->key + seen - keep, k->key, keep) != 0)
		keep--;
	memcpy(ret + *n, k->key, seen - keep);
	*n += seen - keep;
	k->seen = keep;
}

int detach_keys_filter(struct detach_keys *k, const char *text, size_t n, char *ret, size_t *ret_n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		while (k->seen && k->key[k->seen] != c)
			let_go(k, ret, &out);
		if (k->key[k->seen] == c)
			k->seen++;
		else
			ret[out++] = (char)c;
		if (k->seen == k->n) {
			k->seen = 0;
			*ret_n = out;
			return 1;
		}
	}
	*ret_n = out;
	return 0;
}
