/* SPDX-License-Identifier: Apache-2.0 */
/* probe.h - one question to a server, as the kubelet asks it. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>
#include <sys/types.h>

/* How TLS is spoken, by a program that can; one connection at a time, whose certificate nobody looks at. */
struct probe_tls {
	int (*begin)(int sock, struct err *e);
	int (*send)(const void *p, size_t n, struct err *e); /* all of it */
	ssize_t (*receive)(void *p, size_t n, struct err *e); /* 0: the end */
	void (*end)(void);
};

/* Who asks. */
struct probe_asker {
	const struct probe_tls *tls; /* NULL: */
	/* then the whole question goes on to a program that has it, with these arguments; returns only when that fails */
	int (*hand_on)(char *const *argv, struct err *e);
};

/* probe_run - arguments: "tcp" HOST PORT | "http" or "https" HOST PORT PATH [HEADER: VALUE…] | "grpc" HOST PORT SERVICE; HOST is
 * an address; before "http": "after" N, so many questions led here. 0: it answered as it should. < 0: the text says what it
 * did instead. Waits without end. */
int probe_run(const struct probe_asker *by, char *const *argv, int argc, struct err *e);

/* ---- http.c ---- */

/* probe_http_status - of the first line of an answer; 0: it is none */
int probe_http_status(struct sv answer);
bool http_is_redirect(int status); /* one that says where else to ask */
/* http_header - of an answer's head; empty: not there */
struct sv http_header(struct sv answer, const char *name);

struct http_target {
	bool tls; /* https */
	char host[80], port[8], path[2048]; /* host: an address */
	bool moved; /* a redirect named the host: a Host header of the probe's own no longer counts */
};

/* http_follow - a Location, as the kubelet takes it: 1: ask *ret. 0: on another host, where nobody follows. -EPROTO: it is no
 * URL. */
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
