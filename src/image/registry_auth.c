/* SPDX-License-Identifier: Apache-2.0 */
/* registry_auth.c - who asks: a password with each request (RFC 7617), or a token that the registry's token service gives
 * for it (distribution, docs/spec/auth: token and oauth2). */
#include "image/registry_priv.h"

#include "base/base64.h"
#include "base/limits.h"
#include "base/scope.h"
#include "oci/json.h"

#include <string.h>
#include <strings.h>

static bool has_password(const struct registry *reg)
{
	return reg->login.user && reg->login.password;
}

static int put_basic(const struct registry *reg, struct buf *to, struct err *e)
{
	scoped_buf plain = BUF(LIMIT_TOKEN);

	buf_putf(&plain, "%s:%s", reg->login.user, reg->login.password);
	if (plain.failed)
		return buf_status(&plain, e);
	buf_puts(to, "Basic ");
	base64_put(to, (struct sv){ plain.p, plain.len });
	return buf_status(to, e);
}

/* ---- the challenge ------------------------------------------------------------------------------------------- */

static int rank(const struct auth_challenge *c)
{
	return strcmp(c->scheme, "bearer") == 0 && c->realm[0] ? 2 : strcmp(c->scheme, "basic") == 0 ? 1 : 0;
}

int registry_take_challenge(struct registry *reg, const char *header, struct err *e)
{
	struct sv text = sv_from(header);
	struct auth_challenge c = { 0 }, best = { 0 };
	int r;

	while ((r = auth_challenge_next(&text, &c, e)) == 1)
		if (rank(&c) > rank(&best))
			best = c;
	if (r < 0)
		return r;
	if (rank(&best) == 0)
		return err_set(e, ENOTSUP, "the registry wants a way to log in that is not known: \"%.100s\"", header);
	if (rank(&best) == 2 && strncasecmp(best.realm, "https://", 8) != 0 &&
	    !(strncasecmp(best.realm, "http://", 7) == 0 && strncmp(reg->address, "http://", 7) == 0))
		return err_set(e, EPROTO, "its token service %.200s is less safe than the registry", best.realm);
	reg->challenge = best;
	reg->challenged = true;
	return 0;
}

/* ---- tokens -------------------------------------------------------------------------------------------------- */

struct token_answer {
	const char *token, *access_token;
};

static const struct json_row token_rows[] = {
	{ "token", JSON_TEXT, 0, .offset = offsetof(struct token_answer, token) },
	{ "access_token", JSON_TEXT, 0, .offset = offsetof(struct token_answer, access_token) },
};
static const struct json_table token_table = JSON_TABLE(token_rows, struct token_answer);

static void put_parameter(struct buf *b, const char *name, const char *value)
{
	if (!value[0])
		return;
	if (b->len && b->p[b->len - 1] != '?')
		buf_puts(b, "&");
	buf_putf(b, "%s=", name);
	http_encode(b, value);
}

/* What is going to be done, whatever the challenge to GET /v2/ spoke of. */
static void put_scopes(const struct registry *reg, struct buf *b, bool separate)
{
	char scope[3 * REFERENCE_PATH_MAX], also[REFERENCE_PATH_MAX + 100] = "";

	if (!reg->path[0])
		return;
	if (reg->also_path)
		(void)snprintf(also, sizeof also, "repository:%s:pull", reg->also_path);
	(void)snprintf(scope, sizeof scope, "repository:%s:%s%s%s", reg->path, reg->actions,
		       !separate && also[0] ? " " : "", separate ? "" : also);
	put_parameter(b, "scope", scope);
	if (separate)
		put_parameter(b, "scope", also);
}

static int sink_buf(void *arg, const void *data, size_t n, struct err *e)
{
	return buf_put(arg, data, n) < 0 ? buf_status(arg, e) : 0;
}

static bool same_host(const char *a, const char *b)
{
	size_t n = strcspn(a + strcspn(a, ":") + 3, "/") + strcspn(a, ":") + 3;

	return strncasecmp(a, b, n) == 0 && (b[n] == '\0' || b[n] == '/');
}

static void prepare_token(const struct registry *reg, struct http_request *q)
{
	registry_prepare(reg, q);
	if (same_host(reg->address, q->url))
		return;
	q->unverified = reg->unverified; /* a private registry's service is as private */
}

/* oauth2: the refresh token is worth as much as a password, and goes in the body. */
static int make_refresh(const struct registry *reg, struct buf *body, struct err *e)
{
	put_parameter(body, "grant_type", "refresh_token");
	put_parameter(body, "service", reg->challenge.service);
	put_scopes(reg, body, false);
	put_parameter(body, "client_id", "tare");
	put_parameter(body, "refresh_token", reg->login.identity_token);
	return buf_status(body, e);
}

static int make_url(const struct registry *reg, struct buf *url, struct err *e)
{
	buf_puts(url, reg->challenge.realm);
	if (reg->login.identity_token)
		return buf_status(url, e);
	buf_puts(url, strchr(reg->challenge.realm, '?') ? "&" : "?");
	put_parameter(url, "service", reg->challenge.service);
	put_scopes(reg, url, true);
	if (has_password(reg))
		put_parameter(url, "account", reg->login.user);
	return buf_status(url, e);
}

static int request_token(struct registry *reg, struct http *h, struct buf *answer, struct http_response *response,
			 struct err *e)
{
	scoped_buf url = BUF(HTTP_URL_MAX), body = BUF(LIMIT_TOKEN), basic = BUF(LIMIT_TOKEN);
	struct http_request q = { .sink = sink_buf, .arg = answer, .body_fd = -1 };
	int r = make_url(reg, &url, e);

	if (r == 0 && reg->login.identity_token) {
		q.method = "POST";
		q.headers[0] = "Content-Type: application/x-www-form-urlencoded";
		q.has_body = true;
		r = make_refresh(reg, &body, e);
		q.body = buf_sv(&body);
	} else if (r == 0 && has_password(reg)) {
		r = put_basic(reg, &basic, e);
		q.authorization = basic.p;
	}
	if (r < 0)
		return r;
	q.url = url.p;
	prepare_token(reg, &q);
	return http_do(h, &q, response, e);
}

static int fetch_token(struct registry *reg, struct http *h, struct buf *to, struct err *e)
{
	scoped_arena a = ARENA(2 * LIMIT_TOKEN);
	scoped_buf answer = BUF(LIMIT_TOKEN);
	struct token_answer t;
	struct http_response response;
	const char *token;
	int r = 0;

	for (unsigned i = 1;; i++) {
		buf_reset(&answer);
		r = request_token(reg, h, &answer, &response, e);
		if (!registry_passes(r, &response) || i >= reg->o->attempts)
			break;
		r = registry_pause(reg, i, &response, e);
		if (r < 0)
			break;
	}
	if (r == 0 && response.status / 100 != 2)
		r = registry_error(&response, "token service", e);
	if (r == 0)
		r = json_decode(buf_sv(&answer), &token_table, &a, &t, e);
	if (r < 0)
		return err_wrap(e, r, "authorization");
	token = t.token && t.token[0] ? t.token : t.access_token;
	if (!token || !token[0] || strpbrk(token, "\r\n"))
		return err_set(e, EPROTO, "authorization: the token service gave no token");
	buf_putf(to, "Bearer %s", token);
	return buf_status(to, e);
}

/* ---- for every request --------------------------------------------------------------------------------------- */

static int make_authorization(struct registry *reg, struct http *h, struct buf *to, struct err *e)
{
	if (strcmp(reg->challenge.scheme, "bearer") == 0)
		return fetch_token(reg, h, to, e);
	if (!has_password(reg))
		return err_set(e, EACCES, "no basic auth credentials: `tare login %s` keeps some", reg->domain);
	return put_basic(reg, to, e);
}

int registry_authorize(struct registry *reg, struct http *h, unsigned had, struct err *e)
{
	scoped_buf b = BUF(2 * LIMIT_TOKEN);
	int r = 0;

	pthread_mutex_lock(&reg->lock);
	if (had == reg->generation)
		r = make_authorization(reg, h, &b, e);
	if (r == 0 && b.len) {
		free(reg->authorization);
		reg->authorization = PTR_TAKE(b.p);
		reg->generation++;
		b = BUF(0);
	}
	pthread_mutex_unlock(&reg->lock);
	return r;
}

int registry_authorization(struct registry *reg, char **ret, unsigned *ret_generation, struct err *e)
{
	char *copy = NULL;
	int r = 0;

	pthread_mutex_lock(&reg->lock);
	if (reg->authorization) {
		copy = strdup(reg->authorization);
		r = copy ? 0 : err_oom(e);
	}
	*ret_generation = reg->generation;
	pthread_mutex_unlock(&reg->lock);
	*ret = copy;
	return r;
}

int registry_also_from(struct registry *reg, const char *path, struct err *e)
{
	pthread_mutex_lock(&reg->lock);
	reg->also_path = arena_str(&reg->arena, path);
	free(PTR_TAKE(reg->authorization));
	reg->generation++;
	pthread_mutex_unlock(&reg->lock);
	return reg->also_path ? 0 : err_oom(e);
}
