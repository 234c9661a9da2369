/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/volume_options.h"

#include "base/scope.h"
#include "oci/list.h"
#include "oci/json.h"

#include <errno.h>
#include <string.h>

static const struct json_row rows[] = {
	{ "Labels", JSON_PAIRS, 0, .offset = offsetof(struct volume_options, labels) },
	{ "Options", JSON_PAIRS, 0, .offset = offsetof(struct volume_options, options) },
};
static const struct json_table table = JSON_TABLE(rows, struct volume_options);

int volume_options_print(const struct volume_options *o, struct buf *out, struct err *e)
{
	return json_encode(&table, o, false, out, e);
}

int volume_options_parse(const char *json, struct arena *a, struct volume_options *ret, struct err *e)
{
	struct volume_options o;
	int r;

	json_init(&table, &o);
	r = json_decode(sv_from(json), &table, a, &o, e);
	if (r == 0)
		*ret = o;
	return r;
}

const char *volume_option(const struct volume_options *o, const char *key)
{
	for (size_t i = 0; i < o->options.n; i++)
		if (strcmp(o->options.v[i].key, key) == 0)
			return o->options.v[i].value;
	return "";
}

static bool has(const struct volume_options *o, const char *key)
{
	for (size_t i = 0; i < o->options.n; i++)
		if (strcmp(o->options.v[i].key, key) == 0)
			return true;
	return false;
}

static bool has_word(const char *words, const char *word)
{
	struct sv rest = sv_from(words), one;

	while (sv_next(&rest, ',', &one))
		if (sv_is(one, word))
			return true;
	return false;
}

/* Docker's validateOpts() */
static int check_names(const struct volume_options *o, struct err *e)
{
	static const char *const known[] = { "device", "o", "size", "type" };
	static const struct {
		const char *given, *needed;
	} needs[] = { { "device", "type" }, { "type", "device" }, { "o", "device" }, { "o", "type" } };

	for (size_t i = 0; i < o->options.n; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(known) && strcmp(known[k], o->options.v[i].key) != 0)
			k++;
		if (k == ARRAY_LEN(known))
			return err_set(e, EINVAL, "invalid option: \"%.80s\"", o->options.v[i].key);
	}
	for (size_t i = 0; i < ARRAY_LEN(needs); i++)
		if (has(o, needs[i].given) && !has(o, needs[i].needed))
			return err_set(e, EINVAL, "missing required option: \"%s\"", needs[i].needed);
	if (has(o, "size"))
		return err_set(e, ENOTSUP, "quota size requested but no quota support");
	return 0;
}

int volume_options_backing(const struct volume_options *o, enum volume_backing *ret, struct err *e)
{
	const char *type = volume_option(o, "type"), *device = volume_option(o, "device");
	bool binds = has_word(volume_option(o, "o"), "bind") || has_word(volume_option(o, "o"), "rbind");
	int r = check_names(o, e);

	if (r < 0)
		return r;
	if (!o->options.n) {
		*ret = VOLUME_FOLDER;
	} else if (strcmp(type, "tmpfs") == 0) {
		*ret = VOLUME_TMPFS;
	} else if (binds && (!*type || strcmp(type, "none") == 0 || strcmp(type, "bind") == 0)) {
		if (device[0] != '/')
			return err_set(e, EINVAL, "invalid device \"%.200s\": an absolute path is needed", device);
		*ret = VOLUME_BIND;
	} else if (strncmp(type, "nfs", 3) == 0 || strcmp(type, "cifs") == 0) {
		return err_set(e, ENOTSUP, "type=%.40s: tare mounts no network file systems (none with o=bind, tmpfs)",
			       type);
	} else {
		return err_set(e, ENOTSUP, "type=%.40s: tare mounts no such file system (none with o=bind, tmpfs)",
			       type);
	}
	return 0;
}

int volume_option_words(const struct volume_options *o, struct arena *a, struct oci_strings *ret, struct err *e)
{
	struct sv rest = sv_from(volume_option(o, "o")), one;

	while (sv_next(&rest, ',', &one))
		if (one.n && !sv_is(one, "bind") && !sv_is(one, "rbind") && strings_add(a, ret, arena_sv(a, one)) < 0)
			return err_oom(e);
	return 0;
}
