/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry_priv.h"

#include "base/limits.h"
#include "base/scope.h"
#include "image/sha256.h"
#include "oci/image_spec.h"
#include "oci/json.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define HUB_ADDRESS "https://registry-1.docker.io"
#define ACCEPT                                                                                                  \
	"Accept: " MEDIA_OCI_INDEX ", " MEDIA_OCI_MANIFEST ", " MEDIA_DOCKER_INDEX ", " MEDIA_DOCKER_MANIFEST ", */*"
#define TAG_PAGES 1000
#define PAUSE_MS 250
#define PAUSE_MOST_MS 8000
#define PAUSE_ASKED_MOST_S 60
#define PAUSE_SLICE_MS 50

/* ---- where it is --------------------------------------------------------------------------------------------- */

static bool is_loopback(const char *domain)
{
	size_t n = strcspn(domain, ":");

	return strncmp(domain, "127.", 4) == 0 || strncmp(domain, "[::1]", 5) == 0 ||
	       (n == 9 && strncmp(domain, "localhost", 9) == 0);
}

static bool may_be_insecure(const struct registry_options *o, const char *domain)
{
	for (size_t i = 0; i < o->insecure.n; i++)
		if (strcmp(o->insecure.v[i], domain) == 0)
			return true;
	return is_loopback(domain);
}

static int add_address(struct arena *a, struct oci_strings *list, size_t cap, const char *text, struct err *e)
{
	if (!text || list->n >= cap)
		return err_oom(e);
	list->v[list->n++] = text;
	return 0;
}

/* "docker.io https://mirror": the address, if it is for this domain. */
static const char *mirror_of(const char *entry, const char *domain)
{
	size_t n = strlen(domain);

	return strncmp(entry, domain, n) == 0 && entry[n] == ' ' ? entry + n + 1 : NULL;
}

int registry_addresses(const struct registry_options *o, const char *domain, struct arena *a, struct oci_strings *ret,
		       struct err *e)
{
	size_t cap = o->mirrors.n + 2;
	struct oci_strings list = { arena_array(a, cap, sizeof *list.v), 0 };
	bool hub = strcmp(domain, REFERENCE_DOCKER_HUB) == 0;
	int r = list.v ? 0 : err_oom(e);

	for (size_t i = 0; r == 0 && i < o->mirrors.n; i++) {
		const char *mirror = mirror_of(o->mirrors.v[i], domain);

		if (mirror)
			r = add_address(a, &list, cap, mirror, e);
	}
	if (r == 0)
		r = add_address(a, &list, cap, hub ? HUB_ADDRESS : arena_fmt(a, "https://%s", domain), e);
	if (r == 0 && may_be_insecure(o, domain))
		r = add_address(a, &list, cap, arena_fmt(a, "http://%s", domain), e);
	if (r == 0)
		*ret = list;
	return r;
}

/* ---- what it says -------------------------------------------------------------------------------------------- */

struct registry_problem {
	const char *code, *message;
};

struct registry_problems {
	struct {
		struct registry_problem *v;
		size_t n;
	} errors;
};

static const struct json_row problem_rows[] = {
	{ "code", JSON_TEXT, 0, .offset = offsetof(struct registry_problem, code) },
	{ "message", JSON_TEXT, 0, .offset = offsetof(struct registry_problem, message) },
};
static const struct json_table problem_table = JSON_TABLE(problem_rows, struct registry_problem);
static const struct json_row problems_rows[] = {
	{ "errors", JSON_OBJECTS, 0, .offset = offsetof(struct registry_problems, errors), &problem_table },
};
static const struct json_table problems_table = JSON_TABLE(problems_rows, struct registry_problems);

static int error_of(int status)
{
	switch (status) {
	case 401:
	case 403:
		return EACCES;
	case 404:
		return ENOENT;
	case 405:
	case 501:
		return ENOTSUP;
	case 429:
		return EBUSY;
	default:
		return status >= 500 ? EIO : EPROTO;
	}
}

int registry_error(const struct http_response *response, const char *what, struct err *e)
{
	scoped_arena a = ARENA(64u << 10);
	struct registry_problems p = { 0 };
	const char *message = NULL;
	int code = error_of(response->status);

	if (json_decode(sv_from(response->text), &problems_table, &a, &p, NULL) == 0 && p.errors.n)
		message = p.errors.v[0].message ? p.errors.v[0].message : p.errors.v[0].code;
	if (response->status == 404)
		return err_set(e, code, "%s: not found%s%.200s", what, message ? ": " : "", message ? message : "");
	if (code == EACCES)
		return err_set(e, code, "%s: access denied (status %d)%s%.200s; may require 'tare login'", what,
			       response->status, message ? ": " : "", message ? message : "");
	return err_set(e, code, "%s: the registry says status %d%s%.200s", what, response->status, message ? ": " : "",
		       message ? message : "");
}

bool registry_passes(int rc, const struct http_response *response)
{
	if (rc < 0)
		return rc == -ETIMEDOUT || rc == -ECONNRESET;
	return response->status == 408 || response->status == 429 || response->status == 500 ||
	       (response->status >= 502 && response->status <= 504);
}

unsigned registry_attempts(const struct registry *reg)
{
	return reg->o->attempts;
}

/* Doubled each time, and never the same for two that failed together. */
static unsigned pause_ms(unsigned n, const struct http_response *response)
{
	unsigned ms = PAUSE_MS, jitter;
	struct timespec now;

	if (response && response->retry_after_s > 0)
		return (unsigned)(response->retry_after_s < PAUSE_ASKED_MOST_S ? response->retry_after_s :
									     PAUSE_ASKED_MOST_S) *
		       1000;
	for (unsigned i = 1; i < n && ms < PAUSE_MOST_MS; i++)
		ms *= 2;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	jitter = (unsigned)(now.tv_nsec / 1000) % (ms / 4);
	return ms + jitter;
}

int registry_pause(const struct registry *reg, unsigned n, const struct http_response *response, struct err *e)
{
	unsigned ms = pause_ms(n, response);

	for (unsigned slept = 0; slept < ms; slept += PAUSE_SLICE_MS) {
		if (reg->o->stop && atomic_load(reg->o->stop))
			return err_set(e, ECANCELED, "stopped");
		(void)nanosleep(&(struct timespec){ .tv_nsec = PAUSE_SLICE_MS * 1000000l }, NULL);
	}
	return 0;
}

/* ---- requests ------------------------------------------------------------------------------------------------ */

void registry_prepare(const struct registry *reg, struct http_request *q)
{
	q->ca_file = reg->ca_file;
	q->cert_file = reg->cert_file;
	q->key_file = reg->key_file;
	q->unverified = reg->unverified;
	q->timeout_s = reg->o->timeout_s;
	q->stop = reg->o->stop;
}

static int do_authorized(struct registry *reg, struct http *h, struct http_request *q, struct http_response *ret,
			 unsigned *ret_had, struct err *e)
{
	scoped_free char *authorization = NULL;
	int r = registry_authorization(reg, &authorization, ret_had, e);

	if (r == 0 && reg->challenged && !authorization) {
		r = registry_authorize(reg, h, *ret_had, e);
		if (r == 0)
			r = registry_authorization(reg, &authorization, ret_had, e);
	}
	if (r < 0)
		return r;
	q->authorization = authorization;
	r = http_do(h, q, ret, e);
	q->authorization = NULL;
	return r;
}

/* A redirect of the registry may lead an upload's address elsewhere: authority is for this registry alone. */
static bool is_ours(const struct registry *reg, const char *url)
{
	size_t n = strlen(reg->address);

	return strncasecmp(url, reg->address, n) == 0 && url[n] == '/';
}

int registry_do(struct registry *reg, struct http *h, struct http_request *q, struct http_response *ret, struct err *e)
{
	scoped_buf url = BUF(HTTP_URL_MAX);
	const char *given = q->url;
	unsigned had = 0;
	int r;

	if (strstr(given, "://"))
		buf_puts(&url, given);
	else
		buf_putf(&url, "%s/v2/%s%s", reg->address, reg->path, given);
	if (url.failed)
		return buf_status(&url, e);
	q->url = url.p;
	registry_prepare(reg, q);
	if (!is_ours(reg, url.p)) {
		q->ca_file = q->cert_file = q->key_file = NULL;
		r = http_do(h, q, ret, e);
	} else {
		r = do_authorized(reg, h, q, ret, &had, e);
		if (r == 0 && ret->status == 401 && reg->challenged) {
			r = registry_take_challenge(reg, ret->authenticate, e);
			if (r == 0)
				r = registry_authorize(reg, h, had, e);
			if (r == 0)
				r = do_authorized(reg, h, q, ret, &had, e);
		}
	}
	q->url = given;
	return r;
}

static int sink_buf(void *arg, const void *data, size_t n, struct err *e)
{
	return buf_put(arg, data, n) < 0 ? buf_status(arg, e) : 0;
}

int registry_ask(struct registry *reg, struct http *h, struct http_request *q, struct buf *b, struct http_response *ret,
		 struct err *e)
{
	char what[sizeof reg->address + sizeof reg->path + 210];
	size_t before = b->len;
	int r;

	q->sink = sink_buf;
	q->arg = b;
	for (unsigned i = 1;; i++) {
		b->len = before;
		r = registry_do(reg, h, q, ret, e);
		if (!registry_passes(r, ret) || i >= reg->o->attempts)
			break;
		r = registry_pause(reg, i, ret, e);
		if (r < 0)
			return r;
	}
	if (r == 0 && ret->status / 100 != 2) {
		(void)snprintf(what, sizeof what, "%s/v2/%s%.200s", reg->address, reg->path, q->url);
		return registry_error(ret, what, e);
	}
	return r;
}

/* ---- opening ------------------------------------------------------------------------------------------------- */

static char *file_if_there(struct registry *reg, const char *dir, const char *host, const char *name)
{
	char *path = arena_fmt(&reg->arena, "%s/%s/%s", dir, host, name);

	return path && access(path, R_OK) == 0 ? path : NULL;
}

static void find_certificates(struct registry *reg, const char *host)
{
	for (size_t i = 0; reg->o->certs_dirs && reg->o->certs_dirs[i] && !reg->ca_file && !reg->cert_file; i++) {
		const char *dir = reg->o->certs_dirs[i];

		reg->ca_file = file_if_there(reg, dir, host, "ca.crt");
		reg->cert_file = file_if_there(reg, dir, host, "client.cert");
		reg->key_file = reg->cert_file ? file_if_there(reg, dir, host, "client.key") : NULL;
	}
}

static int ping(struct registry *reg, struct http *h, struct err *e)
{
	scoped_buf url = BUF(HTTP_URL_MAX);
	struct http_request q = { .body_fd = -1 };
	struct http_response response;
	int r = 0;

	if (buf_putf(&url, "%s/v2/", reg->address) < 0)
		return buf_status(&url, e);
	q.url = url.p;
	registry_prepare(reg, &q);
	for (unsigned i = 1;; i++) {
		r = http_do(h, &q, &response, e);
		if (!registry_passes(r, &response) || i >= reg->o->attempts)
			break;
		r = registry_pause(reg, i, &response, e);
		if (r < 0)
			break;
	}
	if (r < 0)
		return r;
	if (response.status == 401)
		return registry_take_challenge(reg, response.authenticate, e);
	/* Some answer 404 here and serve images all the same. */
	return response.status / 100 == 2 || response.status == 404 ? 0 : registry_error(&response, url.p, e);
}

static int fill(struct registry *reg, const char *address, const char *domain, const char *path, struct err *e)
{
	const char *host;

	if (sv_copy(sv_from(address), reg->address, sizeof reg->address) < 0 || !strstr(address, "://"))
		return err_set(e, EINVAL, "%.200s is not a registry's address", address);
	for (size_t n = strlen(reg->address); n && reg->address[n - 1] == '/'; n--)
		reg->address[n - 1] = '\0';
	(void)snprintf(reg->domain, sizeof reg->domain, "%s", domain);
	(void)snprintf(reg->path, sizeof reg->path, "%s", path);
	host = strstr(reg->address, "://") + 3;
	find_certificates(reg, host);
	reg->unverified = !reg->ca_file && may_be_insecure(reg->o, host);
	return 0;
}

static int fill_login(struct registry *reg, struct err *e)
{
	const char *host = strstr(reg->address, "://") + 3;
	bool own = strcmp(host, reg->domain) == 0 || strcmp(reg->domain, REFERENCE_DOCKER_HUB) == 0;
	bool mirror = strcmp(reg->address, HUB_ADDRESS) != 0 && strcmp(host, reg->domain) != 0;

	if (!reg->o->login)
		return 0;
	/* A mirror is another host: what it may know is what was said to it by its own name. */
	return reg->o->login(reg->o->arg, mirror || !own ? host : reg->domain, &reg->arena, &reg->login, e);
}

int registry_open(const struct registry_options *o, const char *address, const char *domain, const char *path,
		  const char *actions, struct http *h, struct registry **ret, struct err *e)
{
	struct registry *reg = calloc(1, sizeof *reg);
	int r;

	if (!reg)
		return err_oom(e);
	reg->o = o;
	reg->arena = ARENA(4u << 20);
	reg->actions = actions;
	(void)pthread_mutex_init(&reg->lock, NULL);
	r = fill(reg, address, domain, path, e);
	if (r == 0)
		r = fill_login(reg, e);
	if (r == 0)
		r = ping(reg, h, e);
	if (r == 0 && reg->challenged)
		r = registry_authorize(reg, h, 0, e);
	if (r < 0) {
		registry_free(reg);
		return r;
	}
	*ret = reg;
	return 0;
}

void registry_free(struct registry *reg)
{
	if (!reg)
		return;
	(void)pthread_mutex_destroy(&reg->lock);
	free(reg->authorization);
	arena_done(&reg->arena);
	free(reg);
}

/* ---- documents ----------------------------------------------------------------------------------------------- */

int registry_manifest(struct registry *reg, struct http *h, const char *which, struct buf *b, char ret_type[128],
		      struct digest *ret_digest, struct err *e)
{
	char url[REFERENCE_TAG_MAX + 100];
	struct http_request q = { .url = url, .headers = { ACCEPT }, .body_fd = -1 };
	struct http_response response;
	struct digest real, wanted;
	size_t before = b->len;
	int r;

	(void)snprintf(url, sizeof url, "/manifests/%s", which);
	r = registry_ask(reg, h, &q, b, &response, e);
	if (r == 0)
		r = sha256_of(b->p ? b->p + before : "", b->len - before, &real, e);
	if (r < 0)
		return r;
	if (digest_parse(sv_from(which), &wanted, NULL) == 0 ||
	    digest_parse(sv_from(response.digest), &wanted, NULL) == 0) {
		if (strcmp(wanted.hex, real.hex) != 0)
			return err_set(e, EBADMSG, "manifest %s: its bytes have the digest sha256:%s, not sha256:%s",
				       which, real.hex, wanted.hex);
	}
	if (ret_type)
		(void)snprintf(ret_type, 128, "%.*s", (int)strcspn(response.type, "; "), response.type);
	*ret_digest = real;
	return 0;
}

struct tags_answer {
	struct oci_strings tags;
};

static const struct json_row tags_rows[] = {
	{ "tags", JSON_TEXTS, 0, .offset = offsetof(struct tags_answer, tags) },
};
static const struct json_table tags_table = JSON_TABLE(tags_rows, struct tags_answer);

static int tags_page(struct registry *reg, struct http *h, char url[2048], struct arena *a, struct oci_strings *list,
		     struct err *e)
{
	scoped_buf b = BUF(LIMIT_MANIFEST);
	struct http_request q = { .url = url, .body_fd = -1 };
	struct http_response response;
	struct tags_answer page = { 0 };
	const char *at;
	int r = registry_ask(reg, h, &q, &b, &response, e);

	if (r == 0)
		r = json_decode(buf_sv(&b), &tags_table, a, &page, e);
	for (size_t i = 0; r == 0 && i < page.tags.n; i++) {
		if (list->n >= LIMIT_PULL_TAGS)
			return err_set(e, EFBIG, "more than %u tags", LIMIT_PULL_TAGS);
		list->v[list->n++] = page.tags.v[i];
	}
	if (r < 0)
		return r;
	at = strstr(response.next, "/tags/list"); /* on this registry, whatever it says before that */
	(void)snprintf(url, 2048, "%.1500s", at ? at : "");
	return 0;
}

int registry_tags(struct registry *reg, struct http *h, struct arena *a, struct oci_strings *ret, struct err *e)
{
	struct oci_strings list = { arena_array(a, LIMIT_PULL_TAGS, sizeof *list.v), 0 };
	char url[2048] = "/tags/list";
	int r = list.v ? 0 : err_oom(e);

	for (int i = 0; r == 0 && url[0]; i++)
		r = i < TAG_PAGES ? tags_page(reg, h, url, a, &list, e) : err_set(e, EFBIG, "tags: too many pages");
	if (r == 0)
		*ret = list;
	return r;
}
