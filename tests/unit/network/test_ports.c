/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's grammar of -p and --expose. */
#include "../test.h"
#include "base/scope.h"
#include "network/ports.h"

#include <errno.h>

TEST(mappings_are_read_and_printed_in_full)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{ "80", "80/tcp" },
		{ "80/UDP", "80/udp" },
		{ "8080:80", "8080:80/tcp" },
		{ "0:80", "80/tcp" },
		{ "127.0.0.1:8080:80", "127.0.0.1:8080:80/tcp" },
		{ "127.0.0.1::80/sctp", "127.0.0.1::80/sctp" },
		{ "[::1]:8080:80", "[::1]:8080:80/tcp" },
		{ "::1:8080:80", "[::1]:8080:80/tcp" },
		{ "9000-9999:9000-9999", "9000-9999:9000-9999/tcp" },
		{ "8000-9000:80", "8000-9000:80/tcp" },
		{ "80-82/tcp", "80-82/tcp" },
		{ "80/", "80/tcp" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		scoped_buf out = BUF(256), again = BUF(256);
		struct port_mapping m, back;
		struct err e = { 0 };

		assert_int_equal(0, ports_parse(sv_from(cases[i].text), &m, &e));
		ports_print(&m, &out);
		assert_string_equal(cases[i].printed, out.p);
		assert_int_equal(0, ports_parse(buf_sv(&out), &back, &e));
		ports_print(&back, &again);
		assert_string_equal(out.p, again.p);
	}
}

TEST(what_is_no_mapping_is_refused_as_docker_does)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "no port specified: <empty>" },
		{ "80:", "no port specified: <empty>" },
		{ "x", "invalid containerPort: x (1 to 65535)" },
		{ "0", "invalid containerPort: 0 (1 to 65535)" },
		{ "65536", "invalid containerPort: 65536 (1 to 65535)" },
		{ "90-80", "invalid containerPort: 90-80 (1 to 65535)" },
		{ "-1:80", "invalid hostPort: -1 (0 to 65535)" },
		{ "0-5:80", "invalid hostPort: 0-5 (0 to 65535)" },
		{ "99999:80", "invalid hostPort: 99999 (0 to 65535)" },
		{ "80/icmp", "invalid proto: icmp (tcp, udp, sctp)" },
		{ "80-81:90-95", "invalid ranges specified for container and host Ports: 90-95 and 80-81" },
		{ "localhost:80:80", "invalid IP address: localhost" },
		{ "1.2.3:80:80", "invalid IP address: 1.2.3" },
		{ "80/tcp/udp", "invalid proto: tcp/udp (tcp, udp, sctp)" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct port_mapping m = { .first = 7 };
		struct err e = { 0 };

		assert_int_equal(-EINVAL, ports_parse(sv_from(cases[i].text), &m, &e));
		assert_string_equal(cases[i].message, e.msg);
		assert_int_equal(7, m.first);
	}
}

TEST(an_exposed_port_has_no_host)
{
	struct port_mapping m;
	struct err e = { 0 };

	assert_int_equal(0, ports_parse_exposed(SV("80-90/udp"), &m, &e));
	assert_int_equal(80, m.first);
	assert_int_equal(90, m.last);
	assert_int_equal(PORT_UDP, m.protocol);
	assert_int_equal(-EINVAL, ports_parse_exposed(SV("8080:80"), &m, &e));
	assert_string_equal("invalid port format for --expose: 8080:80", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = { RUN(mappings_are_read_and_printed_in_full),
					    RUN(what_is_no_mapping_is_refused_as_docker_does),
					    RUN(an_exposed_port_has_no_host) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
