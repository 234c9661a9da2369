/* SPDX-License-Identifier: Apache-2.0 */
/* value_mount.c - mount(8) as Docker spells it: -v, --mount, --tmpfs.
 *
 * Docker checks half of this in its client and half in its daemon; the texts are of whichever it is. */
#include "base/id.h"
#include "base/path.h"
#include "base/scope.h"
#include "cli/option.h"
#include "cli/value.h"
#include "spec/tmpfs_options.h"
#include "storage/volumes.h"

#include <errno.h>
#include <string.h>

static int shown(struct sv s)
{
	return s.n < 80 ? (int)s.n : 80;
}

#define SHOW(s) shown(s), (s).p ? (s).p : ""

static const char *const type_names[] = { [MOUNT_BIND] = "bind", [MOUNT_VOLUME] = "volume", [MOUNT_TMPFS] = "tmpfs" };

static bool is_propagation(struct sv s)
{
	static const char *const known[] = { "private", "rprivate", "shared", "rshared", "slave", "rslave" };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (sv_is(s, known[i]))
			return true;
	return false;
}

/* ---- what holds for every mount, however it was spelt ------------------------------------------------------- */

static int bad_config(const struct mount_config *m, struct err *e, const char *why)
{
	return err_set(e, EDOM, "invalid mount config for type \"%s\": %s", type_names[m->type], why);
}

static int check_target(const struct mount_config *m, struct err *e)
{
	if (m->target[0] != '/')
		return err_set(
			e, EDOM,
			"invalid mount config for type \"%s\": invalid mount path: '%.80s' mount path must be absolute",
			type_names[m->type], m->target);
	if (strcmp(m->target, "/") == 0)
		return bad_config(m, e, "invalid specification: destination can't be '/'");
	return 0;
}

static int check_mount(const struct mount_config *m, struct err *e)
{
	int r = check_target(m, e);

	if (r < 0)
		return r;
	if (m->type == MOUNT_BIND && !m->source)
		return bad_config(m, e, "field Source must not be empty");
	if (m->type == MOUNT_BIND && m->source[0] != '/')
		return err_set(e, EDOM,
			       "invalid mount config for type \"bind\": invalid mount path: '%.80s' mount path must be "
			       "absolute",
			       m->source);
	if (m->type == MOUNT_TMPFS && m->source)
		return bad_config(m, e, "field Source must not be specified");
	if (m->type != MOUNT_VOLUME)
		return 0;
	if (!m->source)
		return m->readonly ? bad_config(m, e, "must not set ReadOnly mode when using anonymous volumes") : 0;
	return volume_name_check(sv_from(m->source), e);
}

/* Copy the two paths; a relative host path counts from the working directory. */
static int store_paths(struct mount_config *m, struct sv source, struct sv target, struct arena *a, struct err *e)
{
	m->target = arena_sv(a, target);
	if (m->target && m->target[0] == '/')
		m->target = path_clean(a, target);
	if (!m->target)
		return err_oom(e);
	m->source = NULL;
	if (source.n == 0)
		return 0;
	m->source = arena_sv(a, source);
	if (!m->source)
		return err_oom(e);
	if (m->type == MOUNT_BIND && (source.p[0] == '/' || source.p[0] == '.'))
		return path_absolute(a, m->source, &m->source, e);
	return 0;
}

/* ---- -v ----------------------------------------------------------------------------------------------------- */

struct volume_mode {
	bool readonly, access_seen, label_seen, copy_seen, consistency_seen;
	bool nocopy, idmap;
	const char *propagation;
};

static bool once(bool *seen)
{
	bool first = !*seen;

	*seen = true;
	return first;
}

static bool mode_word(struct sv w, struct volume_mode *m, struct arena *a)
{
	if (sv_is(w, "ro") || sv_is(w, "rw")) {
		m->readonly = sv_is(w, "ro");
		return once(&m->access_seen);
	}
	if (sv_is(w, "z") || sv_is(w, "Z")) /* SELinux relabelling; nothing to do without SELinux */
		return once(&m->label_seen);
	if (sv_is(w, "nocopy"))
		return (m->nocopy = once(&m->copy_seen));
	if (sv_is(w, "idmap"))
		return once(&m->idmap);
	if (sv_is(w, "consistent") || sv_is(w, "cached") || sv_is(w, "delegated")) /* of Docker on other systems */
		return once(&m->consistency_seen);
	if (!is_propagation(w) || m->propagation)
		return false;
	m->propagation = arena_sv(a, w);
	return m->propagation != NULL;
}

static bool mode_parse(struct sv text, struct volume_mode *ret, struct arena *a)
{
	struct sv w;

	*ret = (struct volume_mode){ 0 };
	while (sv_next(&text, ',', &w))
		if (!mode_word(w, ret, a))
			return false;
	return true;
}

/* 1 to 3 fields, none of them empty */
static int volume_fields(const char *text, struct sv field[3], size_t *ret_n, struct err *e)
{
	struct sv rest = sv_from(text);
	size_t n = 0;

	while (n < 3 && sv_next(&rest, ':', &field[n])) {
		if (field[n].n == 0)
			return err_set(e, EINVAL, "invalid spec: %.80s: empty section between colons", text);
		n++;
	}
	if (rest.p)
		return err_set(e, EINVAL, "invalid spec: %.80s: too many colons", text);
	*ret_n = n;
	return 0;
}

static bool is_host_path(struct sv s)
{
	return s.p[0] == '/' || sv_is(s, ".") || sv_is(s, "..") || sv_has_prefix(s, "./") || sv_has_prefix(s, "../");
}

static int volume_mode_fits(const struct mount_config *m, const struct volume_mode *mode, struct err *e)
{
	if (m->type == MOUNT_BIND && mode->nocopy)
		return bad_config(m, e, "field VolumeOptions must not be specified");
	if (m->type == MOUNT_VOLUME && mode->idmap)
		return bad_config(m, e, "idmap is for binds; a volume has the user namespace's owners anyway");
	if (m->type == MOUNT_VOLUME && mode->propagation)
		return bad_config(m, e, "field BindOptions must not be specified");
	return 0;
}

int value_volume(const char *text, struct arena *a, struct mount_config *ret, struct err *e)
{
	struct mount_config m;
	struct volume_mode mode = { 0 };
	struct sv f[3] = { { 0 } };
	size_t n = 0;
	int r = volume_fields(text, f, &n, e);

	if (r < 0)
		return r;
	if (n == 2 && mode_parse(f[1], &mode, a))
		return err_set(e, EINVAL, "invalid volume specification: '%.80s' ([SOURCE:]TARGET[:MODE])", text);
	mode = (struct volume_mode){ 0 };
	mount_config_init(&m);
	if (n == 3 && !mode_parse(f[2], &mode, a))
		return err_set(e, EINVAL,
			       "invalid mode: %.80s (of ro, rw, z, Z, nocopy, idmap, [r]private, [r]shared, [r]slave)",
			       f[2].p);
	m.type = n > 1 && is_host_path(f[0]) ? MOUNT_BIND : MOUNT_VOLUME;
	m.readonly = mode.readonly;
	m.make_source = m.type == MOUNT_BIND;
	m.volume_nocopy = mode.nocopy;
	m.idmap = mode.idmap;
	m.propagation = mode.propagation;
	r = store_paths(&m, n > 1 ? f[0] : (struct sv){ 0 }, n > 1 ? f[1] : f[0], a, e);
	if (r == 0)
		r = check_mount(&m, e);
	if (r == 0)
		r = volume_mode_fits(&m, &mode, e);
	if (r < 0)
		return err_wrap(e, r, "invalid volume specification: '%.80s'", text);
	*ret = m;
	return 0;
}

/* ---- --mount ------------------------------------------------------------------------------------------------ */

struct mount_parse {
	struct arena *arena;
	struct mount_config m;
	struct sv type, source, target;
	bool bind_options, volume_options, tmpfs_options;
};

/* RFC 4180, one record: a field in double quotes may hold commas, and "" for a quote. */
static int csv_quoted(struct sv *rest, struct arena *a, struct sv *ret, struct err *e)
{
	char *out = arena_alloc(a, rest->n);
	bool closed = false;
	size_t i = 1, n = 0;

	if (!out)
		return err_oom(e);
	for (; i < rest->n && !closed; i++) {
		closed = rest->p[i] == '"' && (i + 1 == rest->n || rest->p[i + 1] != '"');
		i += !closed && rest->p[i] == '"';
		if (!closed)
			out[n++] = rest->p[i];
	}
	if (!closed || (i < rest->n && rest->p[i] != ','))
		return err_set(e, EINVAL, "parse error in '%.*s': extraneous or missing \" in quoted-field",
			       SHOW(*rest));
	*ret = (struct sv){ out, n };
	*rest = i < rest->n ? (struct sv){ rest->p + i + 1, rest->n - i - 1 } : (struct sv){ 0 };
	return 1;
}

/* 1 = field, 0 = end */
static int csv_next(struct sv *rest, struct arena *a, struct sv *ret, struct err *e)
{
	if (rest->n && rest->p[0] == '"')
		return csv_quoted(rest, a, ret, e);
	if (!sv_next(rest, ',', ret))
		return 0;
	if (ret->n && memchr(ret->p, '"', ret->n))
		return err_set(e, EINVAL, "parse error in '%.*s': bare \" in non-quoted-field", SHOW(*ret));
	return 1;
}

static int bad_value(const char *key, struct sv value, struct err *e)
{
	return err_set(e, EINVAL, "invalid value for %s: %.*s", key, SHOW(value));
}

static int mount_bool(const char *key, struct sv value, struct arena *a, bool *ret, struct err *e)
{
	const char *text = value.p ? arena_sv(a, value) : "true";

	if (!text)
		return err_oom(e);
	return value_bool(text, ret, NULL) < 0 ? bad_value(key, value, e) : 0;
}

static int key_readonly(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	return mount_bool(key, value, p->arena, &p->m.readonly, e);
}

static int key_type(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	p->type = value;
	return 0;
}

static int key_source(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	p->source = value;
	return 0;
}

static int key_target(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	p->target = value;
	return 0;
}

static int key_consistency(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	return 0; /* of Docker on other systems */
}

static int key_propagation(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	if (!is_propagation(value))
		return err_set(e, EINVAL, "invalid propagation mode: %.*s ([r]private, [r]shared, [r]slave)",
			       SHOW(value));
	p->m.propagation = arena_sv(p->arena, value);
	return p->m.propagation ? 0 : err_oom(e);
}

static int key_idmap(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	return mount_bool(key, value, p->arena, &p->m.idmap, e);
}

static int key_nonrecursive(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	return mount_bool(key, value, p->arena, &p->m.non_recursive, e);
}

static int key_recursive(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	if (sv_is(value, "writable") || sv_is(value, "readonly"))
		return err_set(e, ENOTSUP, "%s=%.*s is not supported (enabled, disabled)", key, SHOW(value));
	if (!sv_is(value, "enabled") && !sv_is(value, "disabled"))
		return err_set(
			e, EINVAL,
			"invalid value for bind-recursive: %.*s (must be \"enabled\", \"disabled\", \"writable\", or "
			"\"readonly\")",
			SHOW(value));
	p->m.non_recursive = sv_is(value, "disabled");
	return 0;
}

static int key_nocopy(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	return mount_bool(key, value, p->arena, &p->m.volume_nocopy, e);
}

static int key_driver(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	return sv_is(value, "local") ? 0 : err_set(e, ENOTSUP, "volume-driver: only local is supported");
}

static int key_unsupported(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	return err_set(e, ENOTSUP, "%s is not supported", key);
}

static int key_tmpfs_size(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	const char *text = arena_sv(p->arena, value);

	if (!text)
		return err_oom(e);
	return value_bytes(text, &p->m.tmpfs_size, NULL) < 0 ? bad_value(key, value, e) : 0;
}

static int key_tmpfs_mode(struct mount_parse *p, const char *key, struct sv value, struct err *e)
{
	int64_t mode = 0;

	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '7' || mode > 07777 / 8)
			return bad_value(key, value, e);
		mode = mode * 8 + (value.p[i] - '0');
	}
	if (value.n == 0)
		return bad_value(key, value, e);
	p->m.tmpfs_mode = mode;
	return 0;
}

typedef int mount_key_fn(struct mount_parse *p, const char *key, struct sv value, struct err *e);

static const struct mount_key {
	const char *name;
	mount_key_fn *set;
	bool alone; /* may stand without "=value" */
} mount_keys[] = {
	{ "bind-nonrecursive", key_nonrecursive, true },
	{ "bind-propagation", key_propagation },
	{ "bind-recursive", key_recursive },
	{ "consistency", key_consistency },
	{ "destination", key_target },
	{ "dst", key_target },
	{ "idmap", key_idmap, true },
	{ "image-subpath", key_unsupported },
	{ "readonly", key_readonly, true },
	{ "ro", key_readonly, true },
	{ "source", key_source },
	{ "src", key_source },
	{ "target", key_target },
	{ "tmpfs-mode", key_tmpfs_mode },
	{ "tmpfs-size", key_tmpfs_size },
	{ "type", key_type },
	{ "volume-driver", key_driver },
	{ "volume-label", key_unsupported },
	{ "volume-nocopy", key_nocopy, true },
	{ "volume-opt", key_unsupported },
	{ "volume-subpath", key_unsupported },
};

static const struct mount_key *mount_key_find(struct sv name)
{
	for (size_t i = 0; i < ARRAY_LEN(mount_keys); i++)
		if (name.n == strlen(mount_keys[i].name) && strncasecmp(name.p, mount_keys[i].name, name.n) == 0)
			return &mount_keys[i];
	return NULL;
}

static int mount_field(struct mount_parse *p, struct sv field, struct err *e)
{
	const struct mount_key *k;
	struct sv name, value;
	bool pair = sv_cut(field, '=', &name, &value);

	k = mount_key_find(name);
	if (!pair && !(k && k->alone))
		return err_set(e, EINVAL, "invalid field '%.*s' must be a key=value pair", SHOW(field));
	if (!k)
		return err_set(e, EINVAL, "unexpected key '%.*s' in '%.*s'", SHOW(name), SHOW(field));
	p->bind_options |= strncmp(k->name, "bind-", 5) == 0 || k->set == key_idmap;
	p->volume_options |= strncmp(k->name, "volume-", 7) == 0;
	p->tmpfs_options |= strncmp(k->name, "tmpfs-", 6) == 0;
	return k->set(p, k->name, value, e);
}

static int mount_type_set(struct mount_parse *p, struct err *e)
{
	for (unsigned i = 0; i < ARRAY_LEN(type_names); i++)
		if (p->type.n == strlen(type_names[i]) && strncasecmp(p->type.p, type_names[i], p->type.n) == 0) {
			p->m.type = (enum mount_type)i;
			return 0;
		}
	if (p->type.n == 0)
		return err_set(e, EINVAL, "type is required");
	return err_set(e, EDOM, "invalid mount config for type \"%.*s\": mount type unknown (bind, volume, tmpfs)",
		       SHOW(p->type));
}

static int mount_not_mixed(const struct mount_parse *p, struct err *e)
{
	const char *kind = p->bind_options && p->m.type != MOUNT_BIND     ? "bind" :
			   p->volume_options && p->m.type != MOUNT_VOLUME ? "volume" :
			   p->tmpfs_options && p->m.type != MOUNT_TMPFS   ? "tmpfs" :
									    NULL;

	if (!kind)
		return 0;
	return err_set(e, EINVAL, "cannot mix '%s-*' options with mount type '%s'", kind, type_names[p->m.type]);
}

int value_mount(const char *text, struct arena *a, struct mount_config *ret, struct err *e)
{
	struct mount_parse p = { .arena = a, .type = SV("volume") };
	struct sv rest = sv_from(text), field;
	int r;

	mount_config_init(&p.m);
	while ((r = csv_next(&rest, a, &field, e)) > 0) {
		r = mount_field(&p, field, e);
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = mount_type_set(&p, e);
	if (r == 0 && p.target.n == 0)
		r = err_set(e, EINVAL, "target is required");
	if (r == 0)
		r = mount_not_mixed(&p, e);
	if (r == 0)
		r = store_paths(&p.m, p.source, p.target, a, e);
	if (r == 0)
		r = check_mount(&p.m, e);
	if (r == 0)
		*ret = p.m;
	return r;
}

/* ---- --tmpfs ------------------------------------------------------------------------------------------------ */

static bool is_octal(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '7')
			return false;
	return s.n > 0 && s.n <= 5;
}

/* tmpfs(5): a number with k, m or g; a size may be a share of the memory, too */
static bool is_amount(struct sv s, bool percent)
{
	uint64_t v;

	if (s.n > 1 && (strchr("kKmMgG", s.p[s.n - 1]) || (percent && s.p[s.n - 1] == '%')))
		s.n--;
	return sv_u64(s, &v) == 0;
}

static bool is_tmpfs_value(struct sv key, struct sv value)
{
	uint64_t id;

	if (sv_is(key, "size"))
		return is_amount(value, true);
	if (sv_is(key, "nr_inodes") || sv_is(key, "nr_blocks"))
		return is_amount(value, false);
	if (sv_is(key, "mode"))
		return is_octal(value);
	if (sv_is(key, "uid") || sv_is(key, "gid"))
		return sv_u64(value, &id) == 0 && id < UINT32_MAX;
	return true;
}

static int bad_tmpfs_option(const char *word, struct err *e)
{
	return err_set(
		e, EINVAL,
		"invalid tmpfs option \"%.80s\" (size=, mode=, uid=, gid=, nr_inodes=, nr_blocks=, mpol=, or a mount "
		"flag)",
		word);
}

/* Which words there are is the engine's to know; here are their values looked at. */
static int check_tmpfs_words(struct sv text, struct arena *a, struct err *e)
{
	struct oci_strings merged = { 0 };
	struct sv word, key, value;

	while (sv_next(&text, ',', &word)) {
		const char *one = arena_sv(a, word);
		const struct oci_strings list = { &one, 1 };

		if (!one)
			return err_oom(e);
		if (tmpfs_options_merge(&list, a, &merged, NULL) < 0 ||
		    (sv_cut(word, '=', &key, &value) && !is_tmpfs_value(key, value)))
			return bad_tmpfs_option(one, e);
	}
	return 0;
}

int value_tmpfs(const char *text, struct arena *a, struct mount_config *ret, struct err *e)
{
	struct mount_config m;
	struct sv target, options;
	int r = 0;

	sv_cut(sv_from(text), ':', &target, &options);
	if (options.n)
		r = check_tmpfs_words(options, a, e);
	if (r < 0)
		return r;
	mount_config_init(&m);
	m.type = MOUNT_TMPFS;
	m.tmpfs_options = options.n ? arena_sv(a, options) : NULL;
	if (options.n && !m.tmpfs_options)
		return err_oom(e);
	r = store_paths(&m, (struct sv){ 0 }, target, a, e);
	if (r == 0)
		r = check_mount(&m, e);
	if (r == 0)
		*ret = m;
	return r;
}
