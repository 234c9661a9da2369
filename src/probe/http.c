/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of HTTP, as far as a probe needs them: the status, and where else to ask. */
#include "probe/probe.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

int probe_http_status(struct sv answer)
{
	struct sv version, rest;
	uint64_t n;

	if (!sv_cut(answer, ' ', &version, &rest) || !sv_has_prefix(version, "HTTP/1.") || rest.n < 3 ||
	    sv_u64((struct sv){ rest.p, 3 }, &n) < 0)
		return 0;
	return (int)n;
}

bool http_is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

struct sv http_header(struct sv answer, const char *name)
{
	struct sv line, key, value;

	(void)sv_next(&answer, '\n', &line); /* the status */
	while (sv_next(&answer, '\n', &line) && sv_trim(line).n)
		if (sv_cut(line, ':', &key, &value) && key.n == strlen(name) && strncasecmp(key.p, name, key.n) == 0)
			return sv_trim(value);
	return (struct sv){ NULL, 0 };
}

/* "[fd00::1]:8080", "10.0.0.1" */
static bool parse_authority(struct sv text, struct http_target *t)
{
	struct sv user, host = text, port = t->tls ? SV("443") : SV("80"), rest;

	if (sv_rcut(text, '@', &user, &rest))
		text = host = rest;
	if (text.n && text.p[0] == '[') {
		if (!sv_cut((struct sv){ text.p + 1, text.n - 1 }, ']', &host, &rest))
			return false;
		if (rest.n && rest.p[0] == ':')
			port = (struct sv){ rest.p + 1, rest.n - 1 };
	} else if (sv_cut(text, ':', &host, &rest)) {
		port = rest;
	}
	return host.n && sv_copy(host, t->host, sizeof t->host) == 0 && sv_copy(port, t->port, sizeof t->port) == 0;
}

static bool is_plain(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

/* Beside the path that was asked for, unless it begins at the root. */
static bool set_path(struct sv path, const struct http_target *from, struct http_target *t)
{
	struct sv old = sv_from(from->path), base, rest;

	(void)sv_cut(old, '?', &base, &rest);
	if (!path.n || path.p[0] == '/')
		base.n = 0;
	else if (path.p[0] != '?')
		while (base.n && base.p[base.n - 1] != '/')
			base.n--;
	if (base.n + path.n + 2 > sizeof t->path)
		return false;
	(void)snprintf(t->path, sizeof t->path, SV_FMT SV_FMT, SV_ARG(base), SV_ARG(path));
	if (!*t->path)
		(void)snprintf(t->path, sizeof t->path, "/");
	return true;
}

static int refuse(struct sv where, struct err *e)
{
	return err_set(e, EPROTO, "failed to parse Location header \"%.*s\"", (int)(where.n > 80 ? 80 : where.n),
		       where.n ? where.p : "");
}

int http_follow(struct sv where, const struct http_target *from, struct http_target *ret, struct err *e)
{
	static const struct http_target root = { .path = "/" };

	if (!where.n)
		return refuse(where, e);

	bool tls = sv_has_prefix(where, "https://"), whole = tls || sv_has_prefix(where, "http://");
	size_t scheme = !whole ? 0 : tls ? strlen("https:") : strlen("http:");
	struct sv rest = { where.p + scheme, where.n - scheme }, anchor;
	struct http_target t = *from;

	if (!is_plain(where))
		return refuse(where, e);
	t.tls = whole ? tls : t.tls;
	(void)sv_cut(rest, '#', &rest, &anchor);
	t.moved = sv_has_prefix(rest, "//");
	if (t.moved) {
		struct sv authority = { rest.p + 2, 0 };

		while (authority.n + 2 < rest.n && !strchr("/?", rest.p[2 + authority.n]))
			authority.n++;
		if (!parse_authority(authority, &t))
			return refuse(where, e);
		rest = (struct sv){ authority.p + authority.n, rest.n - 2 - authority.n };
		if (rest.n && rest.p[0] == '?') /* of the root */
			return refuse(where, e);
	}
	if (strcasecmp(t.host, from->host) != 0)
		return 0;
	if ((t.moved || rest.n) && !set_path(rest, t.moved ? &root : from, &t))
		return refuse(where, e);
	*ret = t;
	return 1;
}
