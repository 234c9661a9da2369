/* SPDX-License-Identifier: Apache-2.0 */
/* image_post.c - tare-image post URL: standard input is sent as JSON; for `tare watch --post`. */
#include "base/buf.h"
#include "base/io.h"
#include "base/scope.h"
#include "image/http.h"
#include "main/image_session.h"

#include <errno.h>
#include <string.h>

#define BODY_MAX (64u << 10)
#define TIMEOUT_S 10

int image_post(struct session *s, int argc, char **argv, struct err *e)
{
	scoped_buf body = BUF(BODY_MAX);
	scoped_http h = NULL;
	struct http_response *response = arena_alloc(&s->arena, sizeof *response);
	struct http_request q = { .method = "POST",
				  .headers = { "Content-Type: application/json" },
				  .timeout_s = TIMEOUT_S,
				  .has_body = true,
				  .body_fd = -1 };
	int r = response ? 0 : err_oom(e);

	if (r == 0 && argc != 2)
		r = err_set(e, EINVAL, "usage: tare-image post URL");
	if (r == 0)
		r = io_read_fd(STDIN_FILENO, &body, e);
	if (r == 0)
		r = http_setup(e);
	if (r == 0)
		r = http_new(&h, e);
	if (r < 0)
		return r;
	q.url = argv[1];
	q.body = buf_sv(&body);
	r = http_do(h, &q, response, e);
	if (r == 0 && (response->status < 200 || response->status > 299))
		r = err_set(e, EPROTO, "POST %.200s: status %d", q.url, response->status);
	return r;
}
