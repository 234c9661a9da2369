/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_probe.c - what a probed server answers: the head of HTTP and where it leads, the frames of a gRPC call. */
#include "probe/probe.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void follow(struct sv where, bool tls)
{
	const struct http_target from = { .tls = tls, .host = "10.0.0.1", .port = "80", .path = "/a/b?c" };
	struct http_target to = from;
	struct err e = { 0 };
	int r = http_follow(where, &from, &to, &e);

	if ((r < 0 && !e.msg[0]) || (r == 1 && (strcasecmp(to.host, from.host) != 0 || to.path[0] != '/')))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv in = { (const char *)data, size };
	struct grpc_answer a = { .message = BUF(4096), .reply = BUF(4096) };
	struct err e = { 0 };
	int status = probe_http_status(in), r = 1;

	if (status < 0 || status > 999)
		abort();
	follow(in, true);
	follow(http_header(in, "Location"), false);
	while (r == 1) {
		size_t before = in.n;

		r = grpc_take(&in, &a, &e);
		if (r == 1 && in.n >= before)
			abort();
	}
	if (r < 0 && !e.msg[0])
		abort();
	(void)grpc_verdict(buf_sv(&a.message), &e);
	buf_done(&a.message);
	buf_done(&a.reply);
	return 0;
}
