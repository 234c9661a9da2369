/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"
#include "observe/address.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *text, *path, *host, *port; /* path and host NULL: refused */
} cases[] = {
	{ "127.0.0.1:9323", NULL, "127.0.0.1", "9323" },
	{ ":9323", NULL, "", "9323" },
	{ "localhost:0", NULL, "localhost", "0" },
	{ "[::1]:80", NULL, "::1", "80" },
	{ "unix:///run/x.sock", "/run/x.sock", NULL, NULL },
	{ "/run/x.sock", "/run/x.sock", NULL, NULL },
	{ "", NULL, NULL, NULL },
	{ "9323", NULL, NULL, NULL },
	{ "host:", NULL, NULL, NULL },
	{ "host:65536", NULL, NULL, NULL },
	{ "host:-1", NULL, NULL, NULL },
	{ "::1:80", NULL, NULL, NULL },
	{ "[::1:80", NULL, NULL, NULL },
	{ "[]:80", NULL, NULL, NULL },
	{ "unix://run/x", NULL, NULL, NULL },
	{ "/a/path/that/is/longer/than/the/hundred/and/seven/bytes/which/an/address/of/a/socket/file/has/room/for/in/linux/x",
	  NULL, NULL, NULL },
};

TEST(an_address_is_a_socket_or_a_port)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool good = cases[i].path || cases[i].host;
		struct address a = { .port = "same" };
		struct err e = { 0 };
		int r = address_parse(sv_from(cases[i].text), &a, &e);

		if ((r == 0) != good)
			fail_msg("%s: %s", cases[i].text, r < 0 ? e.msg : "taken");
		if (!good) {
			assert_string_equal("same", a.port);
			assert_true(e.msg[0]);
		} else if (cases[i].path) {
			assert_true(a.local);
			assert_string_equal(cases[i].path, a.path);
		} else {
			assert_string_equal(cases[i].host, a.host);
			assert_string_equal(cases[i].port, a.port);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { RUN(an_address_is_a_socket_or_a_port) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
