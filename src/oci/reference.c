/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/reference.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OFFICIAL "library/"

/* ---- characters, without a locale --------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
	return is_digit(c) || is_lower(c) || is_upper(c);
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool has_upper(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_upper(s.p[i]))
			return true;
	return false;
}

static bool has_char(struct sv s, char c)
{
	return s.n && memchr(s.p, c, s.n);
}

/* ---- the grammar's parts ------------------------------------------------------------------------------------ */

/* domain-component: letters, digits and inner dashes */
static bool is_domain_component(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && (s.p[i] != '-' || i == 0 || i == s.n - 1))
			return false;
	return s.n > 0;
}

static bool is_domain_name(struct sv s)
{
	struct sv part, rest = s;

	if (s.n == 0 || s.p[s.n - 1] == '.')
		return false;
	while (sv_next(&rest, '.', &part))
		if (!is_domain_component(part))
			return false;
	return true;
}

static bool is_ipv6(struct sv s) /* with its brackets, without a zone */
{
	if (s.n < 3 || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < s.n; i++)
		if (!is_hex(s.p[i]) && s.p[i] != ':')
			return false;
	return true;
}

static bool is_port(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_domain(struct sv s)
{
	struct sv host = s, port;

	if (s.n && s.p[s.n - 1] == ']')
		return is_ipv6(s);
	if (sv_rcut(s, ':', &host, &port) && !is_port(port))
		return false;
	return is_ipv6(host) || is_domain_name(host);
}

/* separator: one period, one or two underscores, or any number of dashes; returns its length, 0: none */
static size_t separator(struct sv s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && s.p[at + n] == s.p[at])
		n++;
	switch (s.p[at]) {
	case '.':
		return n == 1 ? n : 0;
	case '_':
		return n <= 2 ? n : 0;
	case '-':
		return n;
	default:
		return 0;
	}
}

static bool is_path_component(struct sv s)
{
	size_t i = 0;

	while (i < s.n) {
		size_t sep = 0;

		if (!is_lower(s.p[i]) && !is_digit(s.p[i]))
			return false;
		while (i < s.n && (is_lower(s.p[i]) || is_digit(s.p[i])))
			i++;
		if (i == s.n)
			return true;
		sep = separator(s, i);
		if (sep == 0)
			return false;
		i += sep;
	}
	return false;
}

static bool is_path(struct sv s)
{
	struct sv part, rest = s;

	if (s.n == 0 || s.p[s.n - 1] == '/')
		return false;
	while (sv_next(&rest, '/', &part))
		if (!is_path_component(part))
			return false;
	return true;
}

static bool is_tag(struct sv s)
{
	if (s.n == 0 || s.n > REFERENCE_TAG_MAX || s.p[0] == '.' || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '.' && s.p[i] != '-')
			return false;
	return true;
}

/* ---- Docker's shorthands ------------------------------------------------------------------------------------ */

struct parts {
	struct sv domain, path, tag, digest;
	bool official, has_tag, has_digest; /* official: "library/" goes before path */
};

static bool is_bare_id(struct sv text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!is_digit(text.p[i]) && !(text.p[i] >= 'a' && text.p[i] <= 'f'))
			return false;
	return text.n == 64;
}

/* What stands before the first slash is a registry when it looks like one: a dot, a colon, a capital, localhost. */
static bool is_registry(struct sv first)
{
	return has_char(first, '.') || has_char(first, ':') || has_upper(first) || sv_is(first, "localhost");
}

static void split_domain(struct sv text, struct parts *p, struct sv *ret_rest)
{
	struct sv first, rest;

	p->domain = SV(REFERENCE_DOCKER_HUB);
	*ret_rest = text;
	if (!sv_cut(text, '/', &first, &rest)) {
		p->official = true;
		return;
	}
	if (is_registry(first)) {
		p->domain = sv_is(first, "index.docker.io") ? SV(REFERENCE_DOCKER_HUB) : first;
		*ret_rest = rest;
	}
	p->official = sv_is(p->domain, REFERENCE_DOCKER_HUB) && !has_char(*ret_rest, '/');
}

static void split(struct sv text, struct parts *p)
{
	struct sv rest;

	*p = (struct parts){ 0 };
	split_domain(text, p, &rest);
	p->has_digest = sv_cut(rest, '@', &rest, &p->digest);
	p->has_tag = sv_cut(rest, ':', &p->path, &p->tag);
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

static int refuse(struct sv text, const char *why, struct err *e)
{
	int shown = text.n > 160 ? 160 : (int)text.n;

	return err_set(e, EINVAL, "\"%.*s\": %s", shown, text.p ? text.p : "", why);
}

static int refuse_upper(struct sv text, const struct parts *p, struct err *e)
{
	int shown = p->path.n > 100 ? 100 : (int)p->path.n;

	(void)text;
	return err_set(e, EINVAL, "invalid reference format: repository name (%s%.*s) must be lowercase",
		       p->official ? OFFICIAL : "", shown, p->path.p);
}

static int check(struct sv text, const struct parts *p, struct digest *ret_digest, struct err *e)
{
	size_t path_len = p->path.n + (p->official ? strlen(OFFICIAL) : 0);

	if (text.n == 0)
		return err_set(e, EINVAL, "invalid reference format: repository name must have at least one component");
	if (is_bare_id(text))
		return err_set(e, EINVAL,
			       "invalid repository name (" SV_FMT "), cannot specify 64-byte hexadecimal strings",
			       SV_ARG(text));
	if (has_upper(p->path))
		return refuse_upper(text, p, e);
	if (!is_domain(p->domain) || !is_path(p->path) || (p->has_tag && !is_tag(p->tag)))
		return refuse(text, "invalid reference format", e);
	if (path_len > REFERENCE_PATH_MAX || p->domain.n > REFERENCE_DOMAIN_MAX)
		return refuse(text, "repository name must not be more than 255 characters", e);
	if (!p->has_digest)
		return 0;
	return digest_parse(p->digest, ret_digest, e) < 0 ?
		       refuse(text, "invalid reference format: invalid digest", e) :
		       0;
}

int reference_parse(struct sv text, struct reference *ret, struct err *e)
{
	struct reference r = { 0 };
	struct parts p;
	int rc;

	split(text, &p);
	rc = check(text, &p, &r.digest, e);
	if (rc < 0)
		return rc;
	(void)sv_copy(p.domain, r.domain, sizeof r.domain);
	(void)snprintf(r.path, sizeof r.path, "%s" SV_FMT, p.official ? OFFICIAL : "", SV_ARG(p.path));
	(void)sv_copy(p.tag, r.tag, sizeof r.tag);
	*ret = r;
	return 0;
}

void reference_default_tag(struct reference *r)
{
	if (!r->tag[0] && !r->digest.hex[0])
		(void)snprintf(r->tag, sizeof r->tag, "latest");
}

static const char *print(const char *domain, const char *path, const struct reference *r, char ret[REFERENCE_SIZE])
{
	(void)snprintf(ret, REFERENCE_SIZE, "%s%s%s%s%s%s%s", domain, domain[0] ? "/" : "", path, r->tag[0] ? ":" : "",
		       r->tag, r->digest.hex[0] ? "@sha256:" : "", r->digest.hex);
	return ret;
}

const char *reference_print(const struct reference *r, char ret[REFERENCE_SIZE])
{
	return print(r->domain, r->path, r, ret);
}

/* "docker.io/localhost/x" stays what it is: without its registry it would be read as another image. */
const char *reference_print_familiar(const struct reference *r, char ret[REFERENCE_SIZE])
{
	const char *path = r->path;
	struct sv first, rest;

	if (strcmp(r->domain, REFERENCE_DOCKER_HUB) != 0 ||
	    (sv_cut(sv_from(path), '/', &first, &rest) && is_registry(first)))
		return reference_print(r, ret);
	if (sv_has_prefix(sv_from(path), OFFICIAL) && !strchr(path + strlen(OFFICIAL), '/'))
		path += strlen(OFFICIAL);
	return print("", path, r, ret);
}
