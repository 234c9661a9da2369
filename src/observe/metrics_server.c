/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/metrics_server.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "observe/metrics_collect.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_server {
	struct engine *en;
	struct MHD_Daemon *daemon;
	int epoll;
};

struct answer {
	unsigned status;
	const char *type, *allow;
	const char *text;
	size_t n;
	enum MHD_ResponseMemoryMode mode;
};

static enum MHD_Result send_answer(struct MHD_Connection *c, const struct answer *a)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(a->n, (void *)a->text, a->mode);
	enum MHD_Result done;

	if (!r && a->mode == MHD_RESPMEM_MUST_FREE)
		free((void *)a->text);
	if (!r)
		return MHD_NO;
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
	if (a->allow)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, a->allow);
	done = MHD_queue_response(c, a->status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned status, const char *text)
{
	const struct answer a = { status, "text/plain; charset=utf-8",
				  status == MHD_HTTP_METHOD_NOT_ALLOWED ? "GET, HEAD" : NULL, text, strlen(text),
				  MHD_RESPMEM_MUST_COPY };

	return send_answer(c, &a);
}

static enum MHD_Result send_metrics(struct metrics_server *s, struct MHD_Connection *c)
{
	scoped_arena a = ARENA(LIMIT_ARENA_STATS);
	scoped_buf out = BUF(LIMIT_METRICS);
	struct answer good;
	struct metrics m;
	struct err e = { 0 };
	int r = metrics_collect(s->en, &a, &m, &e);
	char text[sizeof e.msg + 1];

	if (r == 0)
		r = metrics_print(&m, &a, &out, &e);
	if (r < 0) {
		log_error("metrics: %s", e.msg);
		(void)snprintf(text, sizeof text, "%s\n", e.msg);
		return refuse(c, MHD_HTTP_INTERNAL_SERVER_ERROR, text);
	}
	good = (struct answer){ MHD_HTTP_OK, TEXT_TYPE, NULL, out.p, out.len, MHD_RESPMEM_MUST_FREE };
	out.p = NULL; /* the response's from now on */
	return send_answer(c, &good);
}

/* What a request says beside method and path counts nothing; a body is read over. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *body, size_t *body_size, void **request)
{
	static int begun;

	if (!*request) { /* the first of several calls: only the head is there */
		*request = &begun;
		return MHD_YES;
	}
	if (*body_size) {
		*body_size = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics") != 0)
		return refuse(c, MHD_HTTP_NOT_FOUND, "there is /metrics\n");
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
	return send_metrics(context, c);
}

int metrics_server_new(struct engine *en, int fd, struct metrics_server **ret, struct err *e)
{
	struct metrics_server *s = calloc(1, sizeof *s);

	if (!s) {
		close(fd);
		return err_oom(e);
	}
	s->en = en;
	s->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, fd,
				     MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIMIT_METRICS_CONNECTIONS,
				     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)30, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				     (size_t)LIMIT_METRICS_REQUEST, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (!s->daemon) {
		close(fd);
		free(s);
		return err_set(e, EIO, "the HTTP server does not start");
	}
	s->epoll = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	*ret = s;
	return 0;
}

void metrics_server_free(struct metrics_server *s)
{
	if (!s)
		return;
	MHD_stop_daemon(s->daemon);
	free(s);
}

int metrics_server_fd(const struct metrics_server *s)
{
	return s->epoll;
}

int metrics_server_timeout(const struct metrics_server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(s->daemon, &ms) != MHD_YES)
		return -1;
	return ms < 60000 ? (int)ms : 60000;
}

void metrics_server_run(struct metrics_server *s)
{
	(void)MHD_run(s->daemon);
}
