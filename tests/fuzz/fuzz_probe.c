/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_probe.c - what a probed server answers: the first line of HTTP, the frames of a gRPC call. */
#include "probe/probe.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv in = { (const char *)data, size };
	struct grpc_answer a = { .message = BUF(4096), .reply = BUF(4096) };
	struct err e = { 0 };
	int status = probe_http_status(in), r = 1;

	if (status < 0 || status > 999)
		abort();
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
