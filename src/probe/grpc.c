/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum { FRAME_DATA = 0, FRAME_HEADERS = 1, FRAME_RST = 3, FRAME_SETTINGS = 4, FRAME_PING = 6, FRAME_GOAWAY = 7 };
#define FLAG_ACK 1
#define FLAG_END_STREAM 1
#define FLAG_END_HEADERS 4
#define FLAG_PADDED 8
#define FRAME_HEAD 9
#define FRAME_MOST (1u << 14) /* without settings of ours nobody may send larger ones */

/* ---- the call ---------------------------------------------------------------------------------------------------- */

static void put_frame(struct buf *out, int type, int flags, int stream, struct sv payload)
{
	const unsigned char head[FRAME_HEAD] = { (unsigned char)(payload.n >> 16),
						 (unsigned char)(payload.n >> 8),
						 (unsigned char)payload.n,
						 (unsigned char)type,
						 (unsigned char)flags,
						 0,
						 0,
						 0,
						 (unsigned char)stream };

	(void)buf_put(out, head, sizeof head);
	if (payload.n)
		(void)buf_put(out, payload.p, payload.n);
}

/* RFC 7541, 5.2: a text as it is; all of ours are shorter than the seven bits of a length */
static void put_text(struct buf *out, const char *text)
{
	unsigned char n = (unsigned char)strlen(text);

	(void)buf_put(out, &n, 1);
	(void)buf_put(out, text, n);
}

static void put_header(struct buf *out, const void *name, size_t n, const char *value)
{
	(void)buf_put(out, name, n);
	put_text(out, value);
}

/* RFC 7541, appendix A: numbers of names that both sides know */
static void put_headers(struct buf *out, const char *authority)
{
	(void)buf_put(out, "\x83\x86", 2); /* :method POST, :scheme http */
	put_header(out, "\x04", 1, "/grpc.health.v1.Health/Check"); /* :path */
	put_header(out, "\x01", 1, authority);                       /* :authority */
	put_header(out, "\x0f\x10", 2, "application/grpc");          /* content-type */
	put_header(out, "\x00\x02te", 4, "trailers");
}

int grpc_request(const char *authority, const char *service, struct buf *out, struct err *e)
{
	struct buf head = BUF(1024), body = BUF(1024);
	size_t n = strlen(service), message = n ? n + 2 : 0;
	const char prefix[] = { 0, 0, 0, 0, (char)message, 0x0a, (char)n };
	int r;

	if (n > 120 || strlen(authority) > 120)
		return err_set(e, EINVAL, "the name of the service is longer than 120 bytes");
	put_headers(&head, authority);
	(void)buf_put(&body, prefix, n ? 7 : 5); /* not compressed, its length; field 1, a text */
	(void)buf_put(&body, service, n);
	(void)buf_puts(out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	put_frame(out, FRAME_SETTINGS, 0, 0, SV(""));
	put_frame(out, FRAME_HEADERS, FLAG_END_HEADERS, 1, buf_sv(&head));
	put_frame(out, FRAME_DATA, FLAG_END_STREAM, 1, buf_sv(&body));
	r = buf_status(&head, e) < 0 || buf_status(&body, e) < 0 ? -ENOMEM : buf_status(out, e);
	buf_done(&head);
	buf_done(&body);
	return r;
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static int take_data(struct sv payload, int flags, struct grpc_answer *a, struct err *e)
{
	if (flags & FLAG_PADDED) {
		size_t pad = payload.n ? (unsigned char)payload.p[0] : 0;

		if (payload.n < pad + 1)
			return err_set(e, EPROTO, "a frame with too much padding");
		payload = (struct sv){ payload.p + 1, payload.n - 1 - pad };
	}
	if (payload.n)
		(void)buf_put(&a->message, payload.p, payload.n);
	return buf_status(&a->message, e);
}

static int take(int type, int flags, struct sv payload, struct grpc_answer *a, struct err *e)
{
	int r = 0;

	switch (type) {
	case FRAME_SETTINGS:
	case FRAME_PING:
		if (!(flags & FLAG_ACK))
			put_frame(&a->reply, type, FLAG_ACK, 0, type == FRAME_PING ? payload : SV(""));
		return buf_status(&a->reply, e);
	case FRAME_DATA:
		r = take_data(payload, flags, a, e);
		/* fall through */
	case FRAME_HEADERS:
		a->over |= (flags & FLAG_END_STREAM) != 0;
		return r;
	case FRAME_RST:
	case FRAME_GOAWAY:
		return err_set(e, EPROTO, "the server ended the call");
	default:
		return 0;
	}
}

int grpc_take(struct sv *in, struct grpc_answer *a, struct err *e)
{
	const unsigned char *h = (const unsigned char *)in->p;
	size_t n = in->n < FRAME_HEAD ? 0 : (size_t)h[0] << 16 | (size_t)h[1] << 8 | h[2];
	int r;

	if (in->n < FRAME_HEAD)
		return 0;
	if (n > FRAME_MOST)
		return err_set(e, EPROTO, "not a gRPC server");
	if (in->n < FRAME_HEAD + n)
		return 0;
	r = take(h[3], h[4], (struct sv){ in->p + FRAME_HEAD, n }, a, e);
	*in = (struct sv){ in->p + FRAME_HEAD + n, in->n - FRAME_HEAD - n };
	return r < 0 ? r : 1;
}

/* HealthCheckResponse: field 1, a number below 128; 0 may be left out. */
int grpc_verdict(struct sv message, struct err *e)
{
	static const char *const names[] = { "UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN" };
	unsigned status = message.n >= 7 && message.p[5] == 0x08 ? (unsigned char)message.p[6] : 0;

	if (message.n < 5)
		return err_set(e, EPROTO, "the server does not know the health protocol, or not this service");
	if (status == 1)
		return 0;
	return err_set(e, EHOSTDOWN, "service unhealthy (responded with \"%s\")", status < 4 ? names[status] : "?");
}
