/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>

static const struct {
	const char *line;
	int status;
} lines[] = {
	{ "HTTP/1.1 200 OK\r\n", 200 }, { "HTTP/1.0 404\r\n", 404 },  { "HTTP/1.1 50x\r\n", 0 },
	{ "HTTP/2 200\r\n", 0 },        { "SSH-2.0-OpenSSH\r\n", 0 }, { "", 0 },
	{ "HTTP/1.1", 0 },              { "HTTP/1.1 20", 0 },
};

TEST(the_first_line_has_the_status)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_int_equal(lines[i].status, probe_http_status(sv_from(lines[i].line)));
}

static const struct {
	char *const argv[5];
	int argc, rc;
	const char *text;
} calls[] = {
	{ { "tcp", "127.0.0.1", "0" }, 3, -EINVAL, "port 0: not 1 to 65535" },
	{ { "tcp", "localhost", "80" }, 3, -EINVAL, "host localhost: not an address" },
	{ { "http", "::1", "70000", "/" }, 4, -EINVAL, "Get \"http://[::1]:70000/\": port 70000: not 1 to 65535" },
	{ { "udp", "127.0.0.1", "80" }, 3, -EINVAL, "started by tare-monitor, not by hand: tcp|http|grpc HOST PORT …" },
	{ { NULL }, 0, -EINVAL, "started by tare-monitor, not by hand: tcp|http|grpc HOST PORT …" },
};

TEST(wrong_arguments_are_named)
{
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct err e = { 0 };

		assert_int_equal(calls[i].rc, probe_run(calls[i].argv, calls[i].argc, &e));
		assert_string_equal(calls[i].text, e.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(the_first_line_has_the_status),
		RUN(wrong_arguments_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
