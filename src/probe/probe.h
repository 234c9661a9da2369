/* SPDX-License-Identifier: Apache-2.0 */
/* probe.h - one question to a server, as the kubelet asks it. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>

/* probe_run - arguments: "tcp" HOST PORT | "http" HOST PORT PATH [HEADER: VALUE…] | "grpc" HOST PORT SERVICE; HOST is an
 * address. 0: it answered as it should. < 0: the text says what it did instead. Waits without end. */
int probe_run(char *const *argv, int argc, struct err *e);

/* ---- http.c ---- */

/* probe_http_status - of the first line of an answer; 0: it is none */
int probe_http_status(struct sv answer);
bool http_is_redirect(int status); /* one that says where else to ask */
/* http_header - of an answer's head; empty: not there */
struct sv http_header(struct sv answer, const char *name);

struct http_target {
	char host[80], port[8], path[2048]; /* host: an address */
	bool moved; /* a redirect named the host: a Host header of the probe's own no longer counts */
};

/* http_follow - a Location, as the kubelet takes it: 1: ask *ret. 0: on another host, where nobody follows. -EPROTO: it is no
 * URL; -ENOTSUP: https. */
int http_follow(struct sv where, const struct http_target *from, struct http_target *ret, struct err *e);

/* ---- grpc.c: HTTP/2 (RFC 9113) as far as one call needs it, and grpc.health.v1 ---- */

/* grpc_request - the preface, settings, and the call of Health/Check */
int grpc_request(const char *authority, const char *service, struct buf *out, struct err *e);

struct grpc_answer {
	struct buf message; /* DATA of the call */
	struct buf reply;   /* frames to be sent back: acknowledgements */
	bool over;          /* the call has ended */
};

/* grpc_take - one frame off the front of *in. 1: taken. 0: more is needed. -EPROTO: it goes wrong, the text says how. */
int grpc_take(struct sv *in, struct grpc_answer *a, struct err *e);
/* grpc_verdict - 0: SERVING. -EHOSTDOWN: another status. */
int grpc_verdict(struct sv message, struct err *e);
