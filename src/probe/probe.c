/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include "base/io.h"
#include "base/scope.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_MAX (64u << 10)
#define REDIRECTS 10 /* as many questions, as Go asks */

/* ---- connecting -------------------------------------------------------------------------------------------------- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse_address(const char *host, const char *port, union address *ret, struct err *e)
{
	union address a = { 0 };
	uint64_t n;

	if (sv_u64(sv_from(port), &n) < 0 || n < 1 || n > 65535)
		return err_set(e, EINVAL, "port %.20s: not 1 to 65535", port);
	if (inet_pton(AF_INET, host, &a.v4.sin_addr) == 1) {
		a.v4.sin_family = AF_INET;
		a.v4.sin_port = htons((uint16_t)n);
	} else if (inet_pton(AF_INET6, host, &a.v6.sin6_addr) == 1) {
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_port = htons((uint16_t)n);
	} else {
		return err_set(e, EINVAL, "host %.80s: not an address", host);
	}
	*ret = a;
	return 0;
}

static int dial(const char *host, const char *port, struct err *e)
{
	union address a;
	scoped_fd s = -1;
	int r = parse_address(host, port, &a, e);

	if (r < 0)
		return r;
	s = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return err_sys(e, "socket");
	if (connect(s, &a.any, a.any.sa_family == AF_INET ? sizeof a.v4 : sizeof a.v6) < 0)
		return err_sys(e, "dial tcp %s:%s: connect", host, port);
	return fd_take(&s);
}

/* ---- HTTP -------------------------------------------------------------------------------------------------------- */

static bool has_header(char *const *headers, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strncasecmp(headers[i], name, strlen(name)) == 0 && headers[i][strlen(name)] == ':')
			return true;
	return false;
}

struct asking {
	const struct probe_asker *by;
	char *const *headers;
	int n;
	struct http_target target;
	int asked; /* so often */
	char answer[16 << 10];
	size_t answer_n;
};

static int put_request(struct buf *b, const struct asking *k, struct err *e)
{
	const struct http_target *t = &k->target;
	bool own_host = has_header(k->headers, k->n, "Host") && !t->moved;

	buf_putf(b, "GET %s%s HTTP/1.1\r\n", t->path[0] == '/' ? "" : "/", t->path);
	if (!own_host)
		buf_putf(b, strchr(t->host, ':') ? "Host: [%s]:%s\r\n" : "Host: %s:%s\r\n", t->host, t->port);
	if (!has_header(k->headers, k->n, "User-Agent"))
		buf_puts(b, "User-Agent: kube-probe/1.34\r\n");
	if (!has_header(k->headers, k->n, "Accept"))
		buf_puts(b, "Accept: */*\r\n");
	for (int i = 0; i < k->n; i++)
		if (own_host || !has_header(k->headers + i, 1, "Host"))
			buf_putf(b, "%s\r\n", k->headers[i]);
	buf_puts(b, "Connection: close\r\n\r\n");
	return buf_status(b, e);
}

/* As far as its first line says what it is; of a redirect, the whole head. */
static bool is_enough(const struct asking *k)
{
	struct sv answer = { k->answer, k->answer_n };

	if (!memchr(k->answer, '\n', k->answer_n))
		return false;
	return !http_is_redirect(probe_http_status(answer)) || memmem(k->answer, k->answer_n, "\r\n\r\n", 4) ||
	       memmem(k->answer, k->answer_n, "\n\n", 2);
}

static ssize_t receive(const struct asking *k, int sock, void *p, size_t n, struct err *e)
{
	ssize_t got;

	if (k->target.tls)
		return k->by->tls->receive(p, n, e);
	got = recv(sock, p, n, 0);
	return got < 0 ? err_sys(e, "read") : got;
}

static int read_answer(int sock, struct asking *k, struct err *e)
{
	k->answer_n = 0;
	while (k->answer_n < sizeof k->answer && !is_enough(k)) {
		ssize_t more = receive(k, sock, k->answer + k->answer_n, sizeof k->answer - k->answer_n, e);

		if (more < 0)
			return (int)more;
		if (more == 0)
			break;
		k->answer_n += (size_t)more;
	}
	return k->answer_n ? 0 : err_set(e, EPROTO, "EOF");
}

static int talk(int sock, const struct buf *request, struct asking *k, struct err *e)
{
	const struct probe_tls *tls = k->target.tls ? k->by->tls : NULL;
	int r = tls ? tls->begin(sock, e) : 0;

	if (r == 0)
		r = tls ? tls->send(request->p, request->len, e) : io_write_all(sock, request->p, request->len, e);
	if (r == 0)
		r = read_answer(sock, k, e);
	if (tls)
		tls->end();
	return r;
}

/* Who knows no TLS becomes a program that does, and this is its question. */
static int hand_on(const struct asking *k, struct err *e)
{
	const struct http_target *t = &k->target;
	char **argv = calloc((size_t)k->n + 7, sizeof *argv), asked[12];
	int n = 0, r;

	if (!argv)
		return err_oom(e);
	(void)snprintf(asked, sizeof asked, "%d", k->asked);
	argv[n++] = (char *)"after";
	argv[n++] = asked;
	argv[n++] = (char *)"https";
	argv[n++] = (char *)t->host;
	argv[n++] = (char *)t->port;
	argv[n++] = (char *)t->path;
	for (int i = 0; i < k->n; i++)
		if (!t->moved || !has_header(k->headers + i, 1, "Host"))
			argv[n++] = k->headers[i];
	r = k->by->hand_on(argv, e);
	free(argv);
	return r;
}

static int ask_once(struct asking *k, int *ret_status, struct err *e)
{
	scoped_buf request = BUF(ANSWER_MAX);
	scoped_fd sock = -1;
	int r;

	if (k->asked++ == REDIRECTS)
		return err_set(e, ELOOP, "stopped after %d redirects", REDIRECTS);
	if (k->target.tls && !k->by->tls) {
		k->asked--;
		return hand_on(k, e);
	}
	r = put_request(&request, k, e);
	if (r == 0)
		r = sock = dial(k->target.host, k->target.port, e);
	if (r >= 0)
		r = talk(sock, &request, k, e);
	if (r < 0)
		return r;
	*ret_status = probe_http_status((struct sv){ k->answer, k->answer_n });
	return *ret_status ? 0 : err_set(e, EPROTO, "malformed HTTP response");
}

/* Until an answer leads nowhere else, or to another host, which is good enough for the kubelet. */
static int ask_all(struct asking *k, int *ret_status, struct err *e)
{
	int follow = 1, r = 0;

	while (r == 0 && follow) {
		struct sv where;

		r = ask_once(k, ret_status, e);
		where = http_header((struct sv){ k->answer, k->answer_n }, "Location");
		follow = r == 0 && http_is_redirect(*ret_status) && where.n ?
				 http_follow(where, &k->target, &k->target, e) :
				 0;
		r = follow < 0 ? follow : r;
	}
	return r;
}

static int ask_http(const struct probe_asker *by, int asked, char *const *argv, int argc, struct err *e)
{
	static struct asking k;
	int status = 0, r;

	k = (struct asking){ .by = by, .headers = argv + 4, .n = argc - 4, .asked = asked };
	k.target.tls = strcmp(argv[0], "https") == 0;
	if (sv_copy(sv_from(argv[1]), k.target.host, sizeof k.target.host) < 0 ||
	    sv_copy(sv_from(argv[2]), k.target.port, sizeof k.target.port) < 0 ||
	    sv_copy(sv_from(argv[3]), k.target.path, sizeof k.target.path) < 0)
		return err_set(e, E2BIG, "host, port or path is too long");
	r = ask_all(&k, &status, e);
	if (r < 0)
		return err_wrap(e, r,
				strchr(k.target.host, ':') ? "Get \"http%s://[%s]:%s%s\"" : "Get \"http%s://%s:%s%s\"",
				k.target.tls ? "s" : "", k.target.host, k.target.port, k.target.path);
	return status >= 200 && status < 400 ? 0 :
					       err_set(e, EHOSTDOWN, "HTTP probe failed with statuscode: %d", status);
}

/* ---- gRPC -------------------------------------------------------------------------------------------------------- */

/* Until the call has ended. */
static int talk_grpc(int sock, struct grpc_answer *a, struct err *e)
{
	scoped_buf in = BUF(ANSWER_MAX);
	size_t taken = 0;
	int r = 0;

	while (r >= 0 && !a->over) {
		struct sv rest = { in.p + taken, in.len - taken };
		char some[4096];
		ssize_t n;

		if (in.len && (r = grpc_take(&rest, a, e)) != 0) {
			taken = in.len - rest.n;
			continue;
		}
		if (a->reply.len) {
			r = io_write_all(sock, a->reply.p, a->reply.len, e);
			a->reply.len = 0;
		}
		n = r < 0 ? 0 : recv(sock, some, sizeof some, 0);
		if (n < 0)
			r = err_sys(e, "read");
		else if (n == 0)
			return r < 0 ? r : err_set(e, EPROTO, "the server ended the connection");
		else if (buf_put(&in, some, (size_t)n) < 0)
			r = buf_status(&in, e);
	}
	return r < 0 ? r : 0;
}

static int ask_grpc(char *const *argv, struct err *e)
{
	scoped_buf request = BUF(4096);
	struct grpc_answer a = { .message = BUF(ANSWER_MAX), .reply = BUF(ANSWER_MAX) };
	char authority[100];
	scoped_fd sock = -1;
	int r;

	(void)snprintf(authority, sizeof authority, "%s:%s", argv[1], argv[2]);
	r = grpc_request(authority, argv[3], &request, e);
	if (r == 0)
		r = sock = dial(argv[1], argv[2], e);
	if (r >= 0)
		r = io_write_all(sock, request.p, request.len, e);
	if (r >= 0)
		r = talk_grpc(sock, &a, e);
	if (r >= 0)
		r = grpc_verdict(buf_sv(&a.message), e);
	buf_done(&a.message);
	buf_done(&a.reply);
	return r;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

/* "after" N in front: so many questions led here. */
static int take_asked(char *const **argv, int *argc, int *ret)
{
	uint64_t n = 0;

	if (*argc > 2 && strcmp((*argv)[0], "after") == 0) {
		if (sv_u64(sv_from((*argv)[1]), &n) < 0 || n > REDIRECTS)
			return -EINVAL;
		*argv += 2;
		*argc -= 2;
	}
	*ret = (int)n;
	return 0;
}

int probe_run(const struct probe_asker *by, char *const *argv, int argc, struct err *e)
{
	int asked = 0, r = take_asked(&argv, &argc, &asked);

	if (r == 0 && argc == 3 && strcmp(argv[0], "tcp") == 0) {
		r = dial(argv[1], argv[2], e);
		if (r >= 0)
			close(r);
		return r < 0 ? r : 0;
	}
	if (r == 0 && argc >= 4 && (strcmp(argv[0], "http") == 0 || strcmp(argv[0], "https") == 0))
		return ask_http(by, asked, argv, argc, e);
	if (r == 0 && argc == 4 && strcmp(argv[0], "grpc") == 0)
		return ask_grpc(argv, e);
	return err_set(e, EINVAL, "started by tare-monitor, not by hand: tcp|http|https|grpc HOST PORT …");
}
