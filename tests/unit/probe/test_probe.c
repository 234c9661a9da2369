/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

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
	{ { "udp", "127.0.0.1", "80" },
	  3,
	  -EINVAL,
	  "started by tare-monitor, not by hand: tcp|http|https|grpc HOST PORT …" },
	{ { "after", "11", "tcp", "127.0.0.1", "0" },
	  5,
	  -EINVAL,
	  "started by tare-monitor, not by hand: tcp|http|https|grpc HOST PORT …" },
	{ { NULL }, 0, -EINVAL, "started by tare-monitor, not by hand: tcp|http|https|grpc HOST PORT …" },
};

TEST(wrong_arguments_are_named)
{
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct err e = { 0 };

		assert_int_equal(calls[i].rc,
				 probe_run(&(struct probe_asker){ .tls = NULL }, calls[i].argv, calls[i].argc, &e));
		assert_string_equal(calls[i].text, e.msg);
	}
}

static char handed[200];

static int take_over(char *const *argv, struct err *e)
{
	handed[0] = '\0';
	for (; *argv; argv++)
		(void)snprintf(handed + strlen(handed), sizeof handed - strlen(handed), " %s", *argv);
	return err_set(e, ENOEXEC, "not here");
}

TEST(who_knows_no_tls_hands_the_whole_question_on)
{
	const struct probe_asker by = { .hand_on = take_over };
	char *const argv[] = { "after", "3", "https", "::1", "8443", "/ok", "Host: me", "X-Y: z" };
	struct err e = { 0 };

	assert_int_equal(-ENOEXEC, probe_run(&by, argv, 8, &e));
	assert_string_equal(" after 3 https ::1 8443 /ok Host: me X-Y: z", handed);
	assert_string_equal("Get \"https://[::1]:8443/ok\": not here", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(the_first_line_has_the_status),
		RUN(wrong_arguments_are_named),
		RUN(who_knows_no_tls_hands_the_whole_question_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
