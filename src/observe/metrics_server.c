/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/metrics_server.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "observe/metrics_collect.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#define PIECE ((size_t)48 << 10) /* sent at once; a connection has memory for it */
#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_server {
	struct engine *en;
	struct metrics_before *before; /* NULL: not yet */
	struct MHD_Daemon *daemon;
	int epoll;
	unsigned pages; /* that are on their way */
};

struct answer {
	unsigned status;
	const char *type, *allow;
};

/* One answer while it is sent: numbers of one moment, and the piece of their text that is on its way. */
struct page {
	struct metrics_server *server;
	struct arena arena;
	struct metrics metrics;
	struct metrics_text text;
	struct buf piece;
	size_t sent; /* of the piece */
};

static void page_free(void *context)
{
	struct page *p = context;

	p->server->pages--;
	buf_done(&p->piece);
	arena_done(&p->arena);
	free(p);
}

static ssize_t next_bytes(void *context, uint64_t at, char *to, size_t max)
{
	struct page *p = context;
	size_t n;

	while (p->sent == p->piece.len) {
		buf_reset(&p->piece);
		p->sent = 0;
		if (!metrics_text_next(&p->text, &p->piece))
			return MHD_CONTENT_READER_END_OF_STREAM;
	}
	if (p->piece.failed) {
		log_error("metrics: %s", strerror(-p->piece.failed));
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	n = p->piece.len - p->sent < max ? p->piece.len - p->sent : max;
	memcpy(to, p->piece.p + p->sent, n);
	p->sent += n;
	return (ssize_t)n;
}

/* r NULL: there was no memory for it */
static enum MHD_Result send_answer(struct MHD_Connection *c, const struct answer *a, struct MHD_Response *r)
{
	enum MHD_Result done;

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
				  status == MHD_HTTP_METHOD_NOT_ALLOWED ? "GET, HEAD" : NULL };

	return send_answer(c, &a, MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY));
}

/* What the last scrape knew; made by the first one. */
static struct metrics_before *before_of(struct metrics_server *s)
{
	const struct cgroup_layout *l;

	if (!s->before && engine_layout(s->en, &l, NULL) == 0)
		s->before = metrics_before_new(s->en->host, l);
	return s->before;
}

static struct page *page_new(struct metrics_server *s, struct err *e)
{
	struct page *p = calloc(1, sizeof *p);
	int r;

	if (!p) {
		(void)err_oom(e);
		return NULL;
	}
	p->server = s;
	s->pages++;
	p->arena = ARENA(LIMIT_ARENA_STATS);
	p->piece = BUF(LIMIT_METRICS);
	r = metrics_collect(s->en, before_of(s), &p->arena, &p->metrics, e);
	if (r == 0)
		r = metrics_text_init(&p->text, &p->metrics, &p->arena, e);
	if (r == 0)
		return p;
	page_free(p);
	return NULL;
}

static enum MHD_Result send_metrics(struct metrics_server *s, struct MHD_Connection *c)
{
	static const struct answer good = { MHD_HTTP_OK, TEXT_TYPE, NULL };
	struct MHD_Response *response;
	struct err e = { 0 };
	struct page *p;
	char text[sizeof e.msg + 1];

	/* who reads slowly holds memory */
	if (s->pages == LIMIT_METRICS_PAGES)
		return refuse(c, MHD_HTTP_SERVICE_UNAVAILABLE, "others are still reading\n");
	p = page_new(s, &e);
	if (!p) {
		log_error("metrics: %s", e.msg);
		(void)snprintf(text, sizeof text, "%s\n", e.msg);
		return refuse(c, MHD_HTTP_INTERNAL_SERVER_ERROR, text);
	}
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, next_bytes, p, page_free);
	if (!response)
		page_free(p);
	return send_answer(c, &good, response);
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
				     (size_t)LIMIT_METRICS_CONNECTION, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
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
	metrics_before_free(s->before);
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
