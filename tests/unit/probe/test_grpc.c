/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>

#define FRAME(n, type, flags, stream) "\x00\x00" n type flags "\x00\x00\x00" stream
#define SETTINGS FRAME("\x00", "\x04", "\x00", "\x00")
#define HEADERS FRAME("\x02", "\x01", "\x04", "\x01") "\x88\x5f"
#define TRAILERS FRAME("\x01", "\x01", "\x05", "\x01") "\x40"
#define DATA(status) FRAME("\x07", "\x00", "\x00", "\x01") "\x00\x00\x00\x00\x02\x08" status
#define PADDED FRAME("\x0b", "\x00", "\x08", "\x01") "\x03\x00\x00\x00\x00\x02\x08\x01\x00\x00\x00"
#define TEXT(t) { (t), sizeof(t) - 1 }

static const struct {
	struct sv answer;
	int rc;
	const char *text;
} cases[] = {
	{ TEXT(SETTINGS HEADERS DATA("\x01") TRAILERS), 0, NULL },
	{ TEXT(SETTINGS HEADERS PADDED TRAILERS), 0, NULL },
	{ TEXT(SETTINGS HEADERS DATA("\x02") TRAILERS), -EHOSTDOWN,
	  "service unhealthy (responded with \"NOT_SERVING\")" },
	{ TEXT(SETTINGS HEADERS TRAILERS), -EPROTO,
	  "the server does not know the health protocol, or not this service" },
	{ TEXT(SETTINGS FRAME("\x04", "\x03", "\x00", "\x01") "\x00\x00\x00\x01"), -EPROTO,
	  "the server ended the call" },
	{ TEXT("HTTP/1.1 400 Bad Request\r\n"), -EPROTO, "not a gRPC server" },
	{ TEXT(FRAME("\x01", "\x00", "\x08", "\x01") "\x05"), -EPROTO, "a frame with too much padding" },
};

static int read_all(struct sv in, struct grpc_answer *a, struct err *e)
{
	int r = 1;

	while (r == 1 && !a->over)
		r = grpc_take(&in, a, e);
	return r < 0 ? r : grpc_verdict(buf_sv(&a->message), e);
}

TEST(an_answer_says_whether_the_service_serves)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct grpc_answer a = { .message = BUF(4096), .reply = BUF(4096) };
		struct err e = { 0 };

		assert_int_equal(cases[i].rc, read_all(cases[i].answer, &a, &e));
		if (cases[i].text)
			assert_string_equal(cases[i].text, e.msg);
		buf_done(&a.message);
		buf_done(&a.reply);
	}
}

TEST(settings_and_pings_are_acknowledged)
{
	struct grpc_answer a = { .message = BUF(4096), .reply = BUF(4096) };
	struct sv in = TEXT(SETTINGS FRAME("\x08", "\x06", "\x00", "\x00") "12345678");

	assert_int_equal(1, grpc_take(&in, &a, NULL));
	assert_int_equal(1, grpc_take(&in, &a, NULL));
	assert_int_equal(0, grpc_take(&in, &a, NULL));
	assert_int_equal(9 + 17, (int)a.reply.len);
	assert_memory_equal(FRAME("\x00", "\x04", "\x01", "\x00") FRAME("\x08", "\x06", "\x01", "\x00") "12345678",
			    a.reply.p, 26);
	buf_done(&a.message);
	buf_done(&a.reply);
}

TEST(a_call_is_preface_settings_headers_and_message)
{
	scoped_buf b = BUF(4096);

	assert_int_equal(0, grpc_request("127.0.0.1:1", "db", &b, NULL));
	assert_memory_equal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" SETTINGS, b.p, 24 + 9);
	assert_memory_equal("\x00\x00\x00\x00\x04\x0a\x02"
			    "db",
			    b.p + b.len - 9, 9);
	b.len = 0;
	assert_int_equal(0, grpc_request("127.0.0.1:1", "", &b, NULL));
	assert_memory_equal(FRAME("\x05", "\x00", "\x01", "\x01") "\x00\x00\x00\x00\x00", b.p + b.len - 14, 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(an_answer_says_whether_the_service_serves),
		RUN(settings_and_pings_are_acknowledged),
		RUN(a_call_is_preface_settings_headers_and_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
