/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_cli/validate.h"

#include "base/limits.h"
#include "base/scope.h"
#include "oci/json_text.h"

#include <string.h>

/* ---- finding a place in the text --------------------------------------------------------------------------------- */

struct span {
	size_t from, to;
	bool element; /* of an array */
};

/* The next step of "mounts[3].options[0]": a key, or an index (key empty). false: nothing more, or no path. */
static bool next_step(struct sv *path, struct sv *ret_key, uint64_t *ret_index)
{
	size_t n = 0;

	if (path->n && *path->p == '.')
		path->p++, path->n--;
	if (path->n && *path->p == '[') {
		struct sv number, rest;

		if (!sv_cut((struct sv){ path->p + 1, path->n - 1 }, ']', &number, &rest) ||
		    sv_u64(number, ret_index) < 0)
			return false;
		ret_key->n = 0;
		*path = rest;
		return true;
	}
	while (n < path->n && path->p[n] != '.' && path->p[n] != '[')
		n++;
	*ret_key = (struct sv){ path->p, n };
	path->p += n, path->n -= n;
	return n > 0;
}

static bool enter_key(struct json_text *t, struct sv want)
{
	bool first = true;
	struct sv key;

	if (json_text_kind(t) != JSON_VALUE_OBJECT || json_text_enter(t) < 0)
		return false;
	while (json_text_key(t, &first, &key) > 0) {
		if (sv_eq(key, want))
			return true;
		if (json_text_skip(t) < 0)
			return false;
	}
	return false;
}

static bool enter_index(struct json_text *t, uint64_t want)
{
	bool first = true;

	if (json_text_kind(t) != JSON_VALUE_ARRAY || json_text_enter(t) < 0)
		return false;
	for (uint64_t i = 0; json_text_item(t, &first) > 0; i++) {
		if (i == want)
			return true;
		if (json_text_skip(t) < 0)
			return false;
	}
	return false;
}

static bool locate(struct document_copy *d, const char *path, struct span *ret)
{
	struct err ignored;
	struct json_text t;
	struct sv rest = sv_from(path), key;
	uint64_t index;

	if (json_text_init(&t, buf_sv(&d->text), d->arena, &ignored) < 0)
		return false;
	*ret = (struct span){ 0 };
	while (rest.n) {
		if (!next_step(&rest, &key, &index) || !(key.n ? enter_key(&t, key) : enter_index(&t, index)))
			return false;
		ret->element = key.n == 0;
	}
	(void)json_text_kind(&t);
	ret->from = json_text_at(&t);
	if (json_text_skip(&t) < 0)
		return false;
	ret->to = ret->from + json_text_since(&t, ret->from).n;
	return true;
}

/* ---- the place that an error names ------------------------------------------------------------------------------- */

static bool is_top(struct sv word)
{
	static const char *const keys[] = { "ociVersion", "process", "root", "hostname", "domainname",
					    "mounts",     "hooks",   "linux", "annotations" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (sv_is(word, keys[i]))
			return true;
	return false;
}

static size_t path_length(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.[]");

	while (n && text[n - 1] == '.')
		n--;
	return n;
}

/* The index that an element had before others left its list. */
static size_t original_index(const struct document_copy *d, const char *list, size_t now)
{
	for (size_t i = 0; i < d->n; i++) /* they left in any order: each at or before it moves it on */
		if (strcmp(d->removed[i].list, list) == 0 && d->removed[i].index <= now)
			now++;
	return now;
}

const char *document_original(struct document_copy *d, const char *now)
{
	scoped_buf b = BUF(LIMIT_RECORD);
	struct sv rest = sv_from(now), key;
	uint64_t index;

	while (rest.n && next_step(&rest, &key, &index)) {
		if (key.n)
			buf_putf(&b, "%s" SV_FMT, b.len ? "." : "", SV_ARG(key));
		else
			buf_putf(&b, "[%zu]", original_index(d, b.p ? b.p : "", (size_t)index));
	}
	return arena_sv(d->arena, buf_sv(&b));
}

/* "linux.resources: memory: …", "mounts[0]: destination: …": the next word may be a member of what was named. */
static const char *deeper(struct document_copy *d, const char *path, const char *message)
{
	struct span s;

	for (const char *rest = message + strlen(path); rest[0] == ':' && rest[1] == ' ';) {
		size_t n = path_length(rest + 2);
		const char *longer = arena_fmt(d->arena, "%s.%.*s", path, (int)n, rest + 2);

		if (!n || !longer || !locate(d, longer, &s))
			break;
		path = longer;
		rest += 2 + n;
	}
	return path;
}

const char *document_place(struct document_copy *d, const char *message, const char **ret_now, const char **ret_rest)
{
	struct sv first, rest;
	size_t n;

	if (strncmp(message, "bundle ", 7) == 0 && strstr(message, ": "))
		message = strstr(message, ": ") + 2;
	n = path_length(message);
	(void)sv_cut((struct sv){ message, n }, '.', &first, &rest);
	(void)sv_cut(first, '[', &first, &rest);
	*ret_rest = message;
	if (n == 0 || !is_top(first) || message[n] != ':')
		return NULL;
	*ret_now = arena_fmt(d->arena, "%.*s", (int)n, message);
	if (*ret_now)
		*ret_now = deeper(d, *ret_now, message);
	*ret_rest = message + n + 1 + strspn(message + n + 1, " ");
	return *ret_now ? document_original(d, *ret_now) : NULL;
}

/* ---- taking it out ----------------------------------------------------------------------------------------------- */

static void replace(struct document_copy *d, size_t from, size_t to, const char *by)
{
	struct buf b = BUF(LIMIT_CONFIG_JSON);

	buf_put(&b, d->text.p, from);
	buf_puts(&b, by);
	buf_put(&b, d->text.p + to, d->text.len - to);
	buf_done(&d->text);
	d->text = b;
}

/* With the comma behind it or, of the last one, before it. */
static void remove_element(struct document_copy *d, struct span s)
{
	const char *p = d->text.p;
	size_t after = s.to + strspn(p + s.to, " \t\r\n");

	if (p[after] == ',') {
		s.to = after + 1;
	} else {
		while (s.from && strchr(" \t\r\n", p[s.from - 1]))
			s.from--;
		s.from -= s.from && p[s.from - 1] == ',';
	}
	replace(d, s.from, s.to, "");
}

static bool note_removed(struct document_copy *d, const char *original)
{
	const char *bracket = strrchr(original, '[');
	uint64_t index;
	size_t at;

	if (!bracket || sv_u64((struct sv){ bracket + 1, strlen(bracket) - 2 }, &index) < 0)
		return false;
	if (d->n == d->cap) {
		typeof(d->removed) grown = arena_array(d->arena, d->cap + 64, sizeof *grown);

		if (!grown)
			return false;
		if (d->n)
			memcpy(grown, d->removed, d->n * sizeof *grown);
		d->removed = grown;
		d->cap += 64;
	}
	/* sorted by index: original_index() walks up */
	for (at = d->n; at && d->removed[at - 1].index > index; at--)
		d->removed[at] = d->removed[at - 1];
	d->removed[at].list = arena_fmt(d->arena, "%.*s", (int)(bracket - original), original);
	d->removed[at].index = (size_t)index;
	d->n++;
	return d->removed[at].list;
}

static const struct {
	const char *path, *parent, *key, *value;
} required[] = {
	{ "ociVersion", "", "ociVersion", "\"1.0.2\"" },
	{ "process", "", "process", "{\"cwd\":\"/\",\"args\":[\"/\"]}" },
	{ "process.cwd", "process", "cwd", "\"/\"" },
	{ "process.args", "process", "args", "[\"/\"]" },
	{ "root", "", "root", "{\"path\":\"/\"}" },
	{ "root.path", "root", "path", "\"/\"" },
};

#define NAMESPACES "linux.namespaces"
#define MOUNT_NAMESPACE "{\"type\":\"mount\"}"

static bool insert(struct document_copy *d, const char *parent, const char *key, const char *value)
{
	const char *member = arena_fmt(d->arena, "\"%s\":%s", key, value);
	struct span s;

	if (!member || !locate(d, parent, &s) || d->text.p[s.from] != '{')
		return false;
	if (d->text.p[s.from + 1 + strspn(d->text.p + s.from + 1, " \t\r\n")] != '}')
		replace(d, s.from + 1, s.from + 1, ",");
	replace(d, s.from + 1, s.from + 1, member);
	return true;
}

static const char *innermost_element(struct arena *a, const char *path)
{
	const char *end = strrchr(path, ']');

	return end ? arena_fmt(a, "%.*s", (int)(end - path) + 1, path) : NULL;
}

bool document_is_consequence(const struct document_copy *d, const char *now)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(now, NAMESPACES) == 0 && strcmp(d->removed[i].list, NAMESPACES) == 0)
			return true;
	return false;
}

bool document_neutralise(struct document_copy *d, const char *now, const char *original)
{
	const char *element = innermost_element(d->arena, now), *there = innermost_element(d->arena, original);
	struct span s;

	if (document_is_consequence(d, now) && locate(d, now, &s)) { /* the mount namespace left */
		replace(d, s.to - 1, s.to - 1, d->text.p[s.from + 1] == ']' ? MOUNT_NAMESPACE : "," MOUNT_NAMESPACE);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(required); i++)
		if (strcmp(required[i].path, now) == 0) {
			if (!locate(d, now, &s))
				return insert(d, required[i].parent, required[i].key, required[i].value);
			replace(d, s.from, s.to, required[i].value);
			return true;
		}
	if (element && there && locate(d, element, &s)) {
		remove_element(d, s);
		return note_removed(d, there);
	}
	if (!locate(d, now, &s) || strncmp(d->text.p + s.from, "null", 4) == 0)
		return false;
	replace(d, s.from, s.to, "null");
	return true;
}
