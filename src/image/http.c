/* SPDX-License-Identifier: Apache-2.0 */
#include "image/http.h"

#include "base/buf.h"
#include "base/scope.h"

#include <curl/curl.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#define REDIRECTS 5
#define RECEIVE (512l << 10) /* libcurl's largest: fewer calls for a layer */
#define SLOW_BYTES 100l      /* a second: less is as good as nothing */
#define HEADER_BYTES (256u << 10)

struct http {
	CURL *curl;
	char text[CURL_ERROR_SIZE];
	/* of the request at hand */
	const struct http_request *q;
	struct http_response *response;
	size_t header_bytes;
	int64_t sent;
	bool begun;
	struct err failed; /* what begin or sink said */
};

int http_setup(struct err *e)
{
	CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

	(void)signal(SIGPIPE, SIG_IGN); /* OpenSSL's writes */
	/* curl leaves this one out for the sake of CGI programs; Docker's users have it */
	if (getenv("HTTP_PROXY"))
		(void)setenv("http_proxy", getenv("HTTP_PROXY"), false);
	return code == CURLE_OK ? 0 : err_set(e, EIO, "libcurl: %s", curl_easy_strerror(code));
}

int http_new(struct http **ret, struct err *e)
{
	struct http *h = calloc(1, sizeof *h);

	if (!h)
		return err_oom(e);
	h->curl = curl_easy_init();
	if (!h->curl) {
		free(h);
		return err_oom(e);
	}
	*ret = h;
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	free(h);
}

int http_encode(struct buf *to, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		    strchr("-._~", *p))
			buf_put(to, p, 1);
		else
			buf_putf(to, "%%%c%c", digits[*p >> 4], digits[*p & 15]);
	}
	return to->failed;
}

/* ---- what comes ---------------------------------------------------------------------------------------------- */

static bool is_success(const struct http *h)
{
	long status = 0;

	(void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

static void keep(struct sv value, char *to, size_t size)
{
	if (sv_copy(value, to, size) < 0)
		to[0] = '\0';
}

static void keep_also(struct sv value, char *to, size_t size)
{
	size_t n = strlen(to);

	if (n + value.n + 3 < size)
		(void)snprintf(to + n, size - n, "%s" SV_FMT, n ? ", " : "", SV_ARG(value));
}

/* <URL>; rel="next" */
static void keep_next(struct sv value, struct http_response *r)
{
	struct sv url, rest;

	if (value.n && value.p[0] == '<' && sv_cut((struct sv){ value.p + 1, value.n - 1 }, '>', &url, &rest) &&
	    memmem(rest.p, rest.n, "next", 4))
		keep(url, r->next, sizeof r->next);
}

static void take_header(struct http_response *r, struct sv name, struct sv value)
{
	static const char *const names[] = { "content-type", "docker-content-digest", "www-authenticate", "retry-after",
					     "content-length", "link", "range" };
	uint64_t number = 0;
	struct sv last;
	size_t i = 0;

	while (i < ARRAY_LEN(names) && !(name.n == strlen(names[i]) && strncasecmp(name.p, names[i], name.n) == 0))
		i++;
	switch (i) {
	case 0:
		keep(value, r->type, sizeof r->type);
		break;
	case 1:
		keep(value, r->digest, sizeof r->digest);
		break;
	case 2:
		keep_also(value, r->authenticate, sizeof r->authenticate);
		break;
	case 3:
		r->retry_after_s = sv_u64(value, &number) == 0 && number < INT32_MAX ? (int64_t)number : -1;
		break;
	case 4:
		r->length = sv_u64(value, &number) == 0 && number < INT64_MAX ? (int64_t)number : -1;
		break;
	case 5:
		keep_next(value, r);
		break;
	case 6:
		(void)sv_rcut(value, '-', &value, &last);
		r->range_end = sv_u64(last, &number) == 0 && number < INT64_MAX ? (int64_t)number : -1;
		break;
	default:
		break;
	}
}

static void response_reset(struct http_response *r)
{
	*r = (struct http_response){ .length = -1, .retry_after_s = -1, .range_end = -1 };
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct http *h = arg;
	struct sv line = sv_trim((struct sv){ data, size * n }), name, value;

	h->header_bytes += size * n;
	if (h->header_bytes > HEADER_BYTES) {
		(void)err_set(&h->failed, EMSGSIZE, "more than %u bytes of headers", HEADER_BYTES);
		return 0;
	}
	if (sv_has_prefix(line, "HTTP/"))
		response_reset(h->response);
	else if (sv_cut(line, ':', &name, &value))
		take_header(h->response, name, sv_trim(value));
	return size * n;
}

static void keep_text(struct http_response *r, const char *data, size_t n)
{
	size_t have = strlen(r->text);

	for (size_t i = 0; i < n && have + 1 < sizeof r->text; i++)
		r->text[have++] = data[i] >= ' ' && data[i] < 127 ? data[i] : ' ';
}

static int begin(struct http *h)
{
	long status = 0;

	if (h->begun || !h->q->begin)
		return 0;
	h->begun = true;
	(void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	h->response->status = (int)status;
	return h->q->begin(h->q->arg, h->response, &h->failed);
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct http *h = arg;

	if (!is_success(h) || !h->q->sink) {
		keep_text(h->response, data, size * n);
		return size * n;
	}
	if (begin(h) < 0 || h->q->sink(h->q->arg, data, size * n, &h->failed) < 0)
		return 0;
	return size * n;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct http *h = arg;

	return h->q->stop && atomic_load(h->q->stop);
}

/* ---- what is sent -------------------------------------------------------------------------------------------- */

static size_t on_read(char *to, size_t size, size_t n, void *arg)
{
	struct http *h = arg;
	int64_t left = h->q->body_size - h->sent;
	size_t want = (int64_t)(size * n) < left ? size * n : (size_t)left;
	ssize_t got;

	if (want == 0)
		return 0;
	do
		got = pread(h->q->body_fd, to, want, h->q->body_at + h->sent);
	while (got < 0 && errno == EINTR);
	if (got <= 0) {
		(void)err_set(&h->failed, got < 0 ? errno : EBADMSG, "read what is sent: %s",
			      got < 0 ? strerror(errno) : "it became shorter");
		return CURL_READFUNC_ABORT;
	}
	h->sent += got;
	if (h->q->sent)
		h->q->sent(h->q->arg, h->sent);
	return (size_t)got;
}

/* No seek function: libcurl would send it all once more when a connection breaks that was used before. The registry may
 * have a part of it: whoever sends asks. */
static void set_body(struct http *h, const struct http_request *q)
{
	CURL *c = h->curl;

	if (!q->has_body)
		return;
	if (q->body_fd >= 0 && q->body_size > 0) {
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1l);
		(void)curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->body_size);
		(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
		(void)curl_easy_setopt(c, CURLOPT_READDATA, h);
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, RECEIVE);
		return;
	}
	(void)curl_easy_setopt(c, CURLOPT_POST, 1l);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body.n ? q->body.p : "");
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
}

static int add_header(struct curl_slist **list, const char *text, struct err *e)
{
	struct curl_slist *more = curl_slist_append(*list, text);

	if (!more)
		return err_oom(e);
	*list = more;
	return 0;
}

static int set_headers(struct http *h, const struct http_request *q, struct curl_slist **ret, struct err *e)
{
	scoped_buf b = BUF(64u << 10);
	int r = add_header(ret, "Expect:", e); /* a registry's 100-continue costs a second where it is not known */

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(q->headers) && q->headers[i]; i++)
		r = add_header(ret, q->headers[i], e);
	if (r == 0 && q->authorization) {
		if (buf_putf(&b, "Authorization: %s", q->authorization) < 0)
			return buf_status(&b, e);
		r = add_header(ret, b.p, e);
	}
	if (r == 0)
		(void)curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, *ret);
	return r;
}

static void set_tls(CURL *c, const struct http_request *q)
{
	bool https = strncasecmp(q->url, "https:", 6) == 0;

	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, q->unverified ? 0l : 1l);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, q->unverified ? 0l : 2l);
	if (q->ca_file)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, q->ca_file);
	if (q->cert_file)
		(void)curl_easy_setopt(c, CURLOPT_SSLCERT, q->cert_file);
	if (q->key_file)
		(void)curl_easy_setopt(c, CURLOPT_SSLKEY, q->key_file);
}

static void set_options(struct http *h, const struct http_request *q)
{
	CURL *c = h->curl;

	curl_easy_reset(c); /* connections stay */
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->text);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1l);
	(void)curl_easy_setopt(c, CURLOPT_URL, q->url);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "tare/" TARE_VERSION);
	(void)curl_easy_setopt(c, CURLOPT_BUFFERSIZE, RECEIVE);
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, q->has_body ? 0l : 1l);
	(void)curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)q->timeout_s);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)q->timeout_s);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
	(void)curl_easy_setopt(c, CURLOPT_NOPROGRESS, q->stop ? 0l : 1l);
	if (q->from > 0) { /* not as something to be resumed: that fails where the whole comes again */
		char range[32];

		(void)snprintf(range, sizeof range, "%lld-", (long long)q->from);
		(void)curl_easy_setopt(c, CURLOPT_RANGE, range);
	}
	set_tls(c, q);
	set_body(h, q);
	if (q->method && strcmp(q->method, "HEAD") == 0)
		(void)curl_easy_setopt(c, CURLOPT_NOBODY, 1l);
	else if (q->method)
		(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
}

/* ---- how it ended -------------------------------------------------------------------------------------------- */

static const struct {
	CURLcode code;
	int error;
} errors[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH },
	{ CURLE_COULDNT_RESOLVE_PROXY, EHOSTUNREACH },
	{ CURLE_COULDNT_CONNECT, ECONNREFUSED },
	{ CURLE_OPERATION_TIMEDOUT, ETIMEDOUT },
	{ CURLE_PARTIAL_FILE, ECONNRESET },
	{ CURLE_GOT_NOTHING, ECONNRESET },
	{ CURLE_RECV_ERROR, ECONNRESET },
	{ CURLE_SEND_ERROR, ECONNRESET },
	{ CURLE_SEND_FAIL_REWIND, ECONNRESET },
	{ CURLE_HTTP2, ECONNRESET },
	{ CURLE_HTTP2_STREAM, ECONNRESET },
	{ CURLE_TOO_MANY_REDIRECTS, ELOOP },
	{ CURLE_UNSUPPORTED_PROTOCOL, EPROTONOSUPPORT },
	{ CURLE_URL_MALFORMAT, EINVAL },
	{ CURLE_OUT_OF_MEMORY, ENOMEM },
	{ CURLE_ABORTED_BY_CALLBACK, ECANCELED },
	{ CURLE_SSL_CONNECT_ERROR, EPROTO },
	{ CURLE_PEER_FAILED_VERIFICATION, EPROTO },
	{ CURLE_SSL_CACERT_BADFILE, EPROTO },
	{ CURLE_SSL_CERTPROBLEM, EPROTO },
};

static int curl_failed(const struct http *h, CURLcode code, struct err *e)
{
	int error = EIO;

	if (h->failed.code)
		return err_set(e, h->failed.code, "%s", h->failed.msg);
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (errors[i].code == code)
			error = errors[i].error;
	return err_set(e, error, "%s", h->text[0] ? h->text : curl_easy_strerror(code));
}

static void keep_location(struct http *h, struct http_response *r)
{
	char *url = NULL;

	if (curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &url) == CURLE_OK && url)
		keep(sv_from(url), r->location, sizeof r->location);
}

/* A redirect's URL is in the header Location only when it is one; an upload's comes with 201 and 202. */
static void keep_upload_location(struct http *h, struct http_response *r)
{
	struct curl_header *header;
	CURLU *u = curl_url();
	char *base = NULL, *whole = NULL;

	if (u && curl_easy_header(h->curl, "location", 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
	    curl_easy_getinfo(h->curl, CURLINFO_EFFECTIVE_URL, &base) == CURLE_OK && base &&
	    curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK &&
	    curl_url_set(u, CURLUPART_URL, header->value, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_URL, &whole, 0) == CURLUE_OK)
		keep(sv_from(whole), r->location, sizeof r->location);
	curl_free(whole);
	curl_url_cleanup(u);
}

static int perform(struct http *h, const struct http_request *q, struct http_response *ret, struct err *e)
{
	long status = 0;
	CURLcode code = curl_easy_perform(h->curl);
	int r = 0;

	(void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	ret->status = (int)status;
	if (code != CURLE_OK)
		r = curl_failed(h, code, e);
	else if (status >= 200 && status < 300 && begin(h) < 0)
		r = curl_failed(h, CURLE_WRITE_ERROR, e);
	if (r == 0 && status >= 300 && status < 400)
		keep_location(h, ret);
	else if (r == 0)
		keep_upload_location(h, ret);
	return r;
}

int http_do(struct http *h, const struct http_request *q, struct http_response *ret, struct err *e)
{
	struct curl_slist *headers = NULL;
	struct sv shown, query;
	int r;

	h->q = q;
	h->response = ret;
	h->header_bytes = 0;
	h->sent = 0;
	h->begun = false;
	h->failed.code = 0;
	h->text[0] = '\0';
	response_reset(ret);
	set_options(h, q);
	r = set_headers(h, q, &headers, e);
	if (r == 0)
		r = perform(h, q, ret, e);
	(void)curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	if (r < 0) {
		(void)sv_cut(sv_from(q->url), '?', &shown, &query);
		return err_wrap(e, r, "%s %.*s", q->method ? q->method : "GET", (int)(shown.n < 200 ? shown.n : 200),
				shown.p);
	}
	return 0;
}
