/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include "base/io.h"
#include "base/scope.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_MAX (64u << 10)

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

int probe_http_status(struct sv answer)
{
	struct sv version, rest;
	uint64_t n;

	if (!sv_cut(answer, ' ', &version, &rest) || !sv_has_prefix(version, "HTTP/1.") || rest.n < 3 ||
	    sv_u64((struct sv){ rest.p, 3 }, &n) < 0)
		return 0;
	return (int)n;
}

static bool has_header(char *const *headers, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strncasecmp(headers[i], name, strlen(name)) == 0 && headers[i][strlen(name)] == ':')
			return true;
	return false;
}

static int put_request(struct buf *b, char *const *argv, int argc, struct err *e)
{
	const char *host = argv[1], *path = argv[3];

	buf_putf(b, "GET %s%s HTTP/1.1\r\n", path[0] == '/' ? "" : "/", path);
	if (!has_header(argv + 4, argc - 4, "Host"))
		buf_putf(b, strchr(host, ':') ? "Host: [%s]:%s\r\n" : "Host: %s:%s\r\n", host, argv[2]);
	if (!has_header(argv + 4, argc - 4, "User-Agent"))
		buf_puts(b, "User-Agent: kube-probe/1.34\r\n");
	if (!has_header(argv + 4, argc - 4, "Accept"))
		buf_puts(b, "Accept: */*\r\n");
	for (int i = 4; i < argc; i++)
		buf_putf(b, "%s\r\n", argv[i]);
	buf_puts(b, "Connection: close\r\n\r\n");
	return buf_status(b, e);
}

/* As far as its first line. */
static int read_answer(int sock, char *buf, size_t cap, size_t *ret_n, struct err *e)
{
	size_t n = 0;

	while (n < cap && !memchr(buf, '\n', n)) {
		ssize_t more = recv(sock, buf + n, cap - n, 0);

		if (more < 0)
			return err_sys(e, "read");
		if (more == 0)
			break;
		n += (size_t)more;
	}
	*ret_n = n;
	return 0;
}

static int ask_http(char *const *argv, int argc, struct err *e)
{
	scoped_buf request = BUF(ANSWER_MAX);
	scoped_fd sock = -1;
	char answer[1024];
	size_t n = 0;
	int status, r = put_request(&request, argv, argc, e);

	if (r == 0)
		r = sock = dial(argv[1], argv[2], e);
	if (r >= 0)
		r = io_write_all(sock, request.p, request.len, e);
	if (r >= 0)
		r = read_answer(sock, answer, sizeof answer, &n, e);
	if (r < 0)
		return err_wrap(e, r, "Get \"http://%s:%s%s\"", argv[1], argv[2], argv[3]);
	status = probe_http_status((struct sv){ answer, n });
	if (!status)
		return err_set(e, EPROTO, "Get \"http://%s:%s%s\": malformed HTTP response", argv[1], argv[2], argv[3]);
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

int probe_run(char *const *argv, int argc, struct err *e)
{
	int r;

	if (argc == 3 && strcmp(argv[0], "tcp") == 0) {
		r = dial(argv[1], argv[2], e);
		if (r >= 0)
			close(r);
		return r < 0 ? r : 0;
	}
	if (argc >= 4 && strcmp(argv[0], "http") == 0)
		return ask_http(argv, argc, e);
	if (argc == 4 && strcmp(argv[0], "grpc") == 0)
		return ask_grpc(argv, e);
	return err_set(e, EINVAL, "started by tare-monitor, not by hand: tcp|http|grpc HOST PORT …");
}
