/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - one HTTP(S) request after the other over kept connections: libcurl(3) with what a registry needs. Proxies are
 * libcurl's (http_proxy, https_proxy, no_proxy).
 *
 * Redirects are followed, from https only to https; an Authorization header goes to the host (and port) that was asked and
 * to no other. Everything that a server can grow has a ceiling; one that sends (almost) nothing for timeout_s is given up.
 * One thread at a time for each struct http; http_setup() once before the first. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define HTTP_URL_MAX 8192

struct http;
struct http_response;

struct http_request {
	const char *method; /* "GET"; NULL: that */
	const char *url;
	const char *authorization;  /* value of the header; NULL: none */
	const char *headers[4];     /* "Accept: …"; NULL: no more */
	const char *ca_file, *cert_file, *key_file; /* NULL: the system's; none */
	bool unverified; /* any certificate will do */
	unsigned timeout_s;
	int64_t from; /* Range: from this byte to the end; 0: all */
	struct sv body;    /* to send; or body_size bytes of body_fd from body_at on */
	int body_fd;
	int64_t body_at, body_size;
	bool has_body;
	/* Where a response of status 2xx goes. begin: before its first byte (NULL: not needed). */
	int (*begin)(void *arg, const struct http_response *response, struct err *e);
	int (*sink)(void *arg, const void *data, size_t n, struct err *e);
	void *arg;
	const atomic_bool *stop; /* NULL; or true: give up with -ECANCELED */
	void (*sent)(void *arg, int64_t n); /* bytes of body_fd on their way; NULL */
};

struct http_response {
	int status;
	int64_t length; /* of the body; -1: not said */
	int64_t retry_after_s; /* -1: not said */
	int64_t range_end;     /* of Range: 0-N, how much of an upload is there; -1: not said */
	char type[128], digest[128], location[HTTP_URL_MAX]; /* absolute */
	char next[1024];          /* of Link: <…>; rel="next" */
	char authenticate[4096];  /* all WWW-Authenticate, with commas between */
	char text[512];           /* the beginning of an error's body */
};

int http_setup(struct err *e);
int http_new(struct http **ret, struct err *e);
void http_free(struct http *h);

/* http_do - *ret is set when any response came, whatever its status. The error names method and URL without its query.
 * -EHOSTUNREACH: no such host; -ECONNREFUSED, -ETIMEDOUT, -ECONNRESET; -EPROTO: TLS; or what begin and sink said. */
int http_do(struct http *h, const struct http_request *q, struct http_response *ret, struct err *e);

/* http_encode - append text as it stands in a query. */
struct buf;
int http_encode(struct buf *to, const char *text);

static inline void http_scope_end(struct http **h)
{
	http_free(*h);
}

#define scoped_http SCOPED(http_scope_end) struct http *
