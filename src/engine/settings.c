/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settings.h"

#include "base/decimal.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/scope.h"
#include "network/subnet.h"
#include "oci/reference.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REGISTRIES_MAX 100
#define TIMEOUT_MAX_S 3600
#define ATTEMPTS_MAX 100

static const struct settings defaults = {
	.subuid = "/etc/subuid",
	.subgid = "/etc/subgid",
	.network = "bridge", .cni_conf_dir = "/etc/cni/net.d",
	.cni_bin_dir = "/usr/lib/cni", .cni_cache_dir = "/var/lib/cni",
	.registry_timeout_s = 30,
	.registry_attempts = 5,
	.layer_bytes = LIMIT_LAYER_BYTES,
	.layer_entries = LIMIT_LAYER_ENTRIES,
	.kube_max_pods = 110 /* the kubelet's */
};

struct parse {
	struct settings s;
	uint64_t seen; /* rows, by number */
	struct arena *a;
};

static int set_userns(struct parse *p, const char *value, size_t at, struct err *e)
{
	(void)at;
	p->s.userns_auto = strcmp(value, "default") == 0;
	return p->s.userns_auto || strcmp(value, "off") == 0 ? 0 : err_set(e, EINVAL, "allowed are default and off");
}

static int set_keep_blobs(struct parse *p, const char *value, size_t at, struct err *e)
{
	(void)at;
	p->s.discard_blobs = strcmp(value, "no") == 0;
	return p->s.discard_blobs || strcmp(value, "yes") == 0 ? 0 : err_set(e, EINVAL, "allowed are yes and no");
}

static int set_manager(struct parse *p, const char *value, size_t at, struct err *e)
{
	(void)at;
	p->s.systemd = strcmp(value, "systemd") == 0;
	return p->s.systemd || strcmp(value, "cgroupfs") == 0 ? 0 :
								 err_set(e, EINVAL, "allowed are cgroupfs and systemd");
}

static int set_path(struct parse *p, const char *value, size_t at, struct err *e)
{
	if (value[0] != '/')
		return err_set(e, EINVAL, "an absolute path is needed");
	memcpy((char *)&p->s + at, &value, sizeof value);
	return 0;
}

static int set_number(struct parse *p, const char *value, size_t at, struct err *e)
{
	bool seconds = at == offsetof(struct settings, registry_timeout_s);
	uint64_t n = 0, max = seconds					      ? TIMEOUT_MAX_S :
			      at == offsetof(struct settings, kube_max_pods) ? LIMIT_KUBE_OBJECTS :
									       ATTEMPTS_MAX;

	if (sv_u64(sv_from(value), &n) < 0 || n < 1 || n > max)
		return err_set(e, EINVAL, "allowed are 1 to %llu%s", (unsigned long long)max,
			       seconds ? " seconds" : "");
	*(unsigned *)((char *)&p->s + at) = (unsigned)n;
	return 0;
}

/* cpu=100m,memory=200Mi */
static int set_reserved(struct parse *p, const char *value, size_t at, struct err *e)
{
	struct resource_list *to = (struct resource_list *)((char *)&p->s + at);
	struct sv rest = sv_from(value), one, name, amount;

	while (sv_next(&rest, ',', &one)) {
		struct quantity q;
		int r;

		if (!sv_cut(sv_trim(one), '=', &name, &amount) || (!sv_is(name, "cpu") && !sv_is(name, "memory")))
			return err_set(e, EINVAL, "allowed are cpu=AMOUNT and memory=AMOUNT, parted by a comma");
		r = quantity_parse(amount, &q, e);
		if (r == 0 && quantity_sign(&q) < 0)
			r = err_set(e, EINVAL, "must be greater than or equal to 0");
		if (r < 0)
			return r;
		if (resource_set(p->a, to, sv_is(name, "cpu") ? "cpu" : "memory", &q) < 0)
			return err_oom(e);
	}
	return 0;
}

static int set_network(struct parse *p, const char *value, size_t at, struct err *e)
{
	(void)at;
	if (strcmp(value, "bridge") != 0 && strcmp(value, "none") != 0 && strcmp(value, "host") != 0)
		return err_set(e, EINVAL, "allowed are bridge, none and host");
	p->s.network = value;
	return 0;
}

static int set_address(struct parse *p, const char *value, size_t at, struct err *e)
{
	struct net_ip ip;

	if (!net_ip_parse(sv_from(value), &ip))
		return err_set(e, EINVAL, "not an address of IPv4 or IPv6");
	memcpy((char *)&p->s + at, &value, sizeof value);
	return 0;
}

static int set_bytes(struct parse *p, const char *value, size_t at, struct err *e)
{
	int64_t n = 0;

	if (size_parse(sv_from(value), 1024, &n) < 0 || n < 1)
		return err_set(e, EINVAL, "not a size (1048576, 512m, 20g)");
	*(uint64_t *)((char *)&p->s + at) = (uint64_t)n;
	return 0;
}

static int set_count(struct parse *p, const char *value, size_t at, struct err *e)
{
	uint64_t n = 0;

	if (sv_u64(sv_from(value), &n) < 0 || n < 1)
		return err_set(e, EINVAL, "not a number above 0");
	*(uint64_t *)((char *)&p->s + at) = n;
	return 0;
}

static int add_text(struct parse *p, size_t at, const char *text, struct err *e)
{
	struct oci_strings *list = (struct oci_strings *)((char *)&p->s + at);

	if (!list->v)
		list->v = arena_array(p->a, REGISTRIES_MAX, sizeof *list->v);
	if (!list->v || !text)
		return err_oom(e);
	if (list->n == REGISTRIES_MAX)
		return err_set(e, EFBIG, "more than %d of them", REGISTRIES_MAX);
	list->v[list->n++] = text;
	return 0;
}

/* A name and a path make a reference only if the name is that of a registry. */
static bool is_registry(struct arena *a, struct sv host)
{
	const char *text = arena_fmt(a, SV_FMT "/x", SV_ARG(host));
	struct reference ref;

	return text && reference_parse(sv_from(text), &ref, NULL) == 0 && sv_is(host, ref.domain);
}

static int add_registry(struct parse *p, const char *value, size_t at, struct err *e)
{
	if (!is_registry(p->a, sv_from(value)))
		return err_set(e, EINVAL, "not a registry (HOST or HOST:PORT)");
	return add_text(p, at, value, e);
}

static int add_mirror(struct parse *p, const char *value, size_t at, struct err *e)
{
	struct sv host, url;

	if (!sv_cut(sv_from(value), ' ', &host, &url) || !is_registry(p->a, host))
		return err_set(e, EINVAL, "not HOST URL (docker.io https://mirror.example)");
	url = sv_trim(url);
	if ((!sv_has_prefix(url, "https://") && !sv_has_prefix(url, "http://")) || memchr(url.p, ' ', url.n))
		return err_set(e, EINVAL, "a mirror's URL begins with https:// or http://");
	return add_text(p, at, arena_fmt(p->a, SV_FMT " " SV_FMT, SV_ARG(host), SV_ARG(url)), e);
}

static const struct setting {
	const char *key;
	int (*set)(struct parse *p, const char *value, size_t at, struct err *e);
	size_t at;
	bool list;
} rows[] = {
	{ "cgroup-manager", set_manager, 0 },
	{ "cni-bin-dir", set_path, offsetof(struct settings, cni_bin_dir) },
	{ "cni-cache-dir", set_path, offsetof(struct settings, cni_cache_dir) },
	{ "cni-conf-dir", set_path, offsetof(struct settings, cni_conf_dir) },
	{ "insecure-registry", add_registry, offsetof(struct settings, insecure_registries), true },
	{ "keep-blobs", set_keep_blobs, 0 },
	{ "kube-max-pods", set_number, offsetof(struct settings, kube_max_pods) },
	{ "kube-reserved", set_reserved, offsetof(struct settings, kube_reserved) },
	{ "max-layer-entries", set_count, offsetof(struct settings, layer_entries) },
	{ "max-layer-size", set_bytes, offsetof(struct settings, layer_bytes) },
	{ "network", set_network, 0 },
	{ "publish-default-ip", set_address, offsetof(struct settings, publish_default_ip) },
	{ "registry-attempts", set_number, offsetof(struct settings, registry_attempts) },
	{ "registry-mirror", add_mirror, offsetof(struct settings, registry_mirrors), true },
	{ "registry-timeout", set_number, offsetof(struct settings, registry_timeout_s) },
	{ "subgid", set_path, offsetof(struct settings, subgid) },
	{ "subuid", set_path, offsetof(struct settings, subuid) },
	{ "userns-remap", set_userns, 0 },
};

static int unknown(struct sv key, struct err *e)
{
	scoped_buf known = BUF(1024);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		buf_putf(&known, "%s%s", i ? ", " : "", rows[i].key);
	return err_set(e, EINVAL, "\"%.*s\" is not a setting (%s)", (int)(key.n < 40 ? key.n : 40), key.n ? key.p : "",
		       known.p);
}

static int take(struct parse *p, struct sv key, struct sv value, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *text;
		int r;

		if (!sv_is(key, rows[i].key))
			continue;
		if ((p->seen & UINT64_C(1) << i) && !rows[i].list)
			return err_set(e, EINVAL, "%s: is there twice", rows[i].key);
		p->seen |= UINT64_C(1) << i;
		text = arena_sv(p->a, value);
		if (!text)
			return err_set(e, EINVAL, "%s: a zero byte in its value", rows[i].key);
		r = rows[i].set(p, text, rows[i].at, e);
		return r < 0 ? err_wrap(e, r, "%s: \"%.80s\"", rows[i].key, text) : 0;
	}
	return unknown(key, e);
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

static const char *named_file(const char *path)
{
	const char *named = path ? path : getenv(SETTINGS_ENV);

	return named && *named ? named : NULL;
}

int settings_named(const char *path, struct arena *a, const char **ret, struct err *e)
{
	const char *named = named_file(path);
	char here[PATH_MAX];

	*ret = named;
	if (!named || named[0] == '/')
		return 0;
	if (!getcwd(here, sizeof here))
		return err_sys(e, "getcwd");
	*ret = arena_fmt(a, "%s/%s", here, named);
	return *ret ? 0 : err_oom(e);
}

int settings_read(const char *path, struct arena *a, struct settings *ret, struct err *e)
{
	const char *named = named_file(path), *file = named ? named : SETTINGS_FILE;
	scoped_buf text = BUF(LIMIT_SETTINGS);
	struct err missing = { 0 };
	int r = io_read_at(AT_FDCWD, file, &text, &missing);

	if (r == -ENOENT && !named) {
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
