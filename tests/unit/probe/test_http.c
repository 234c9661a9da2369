/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include "../test.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *where;
	int rc;
	const char *host, *port, *path, *error; /* NULL: as before */
	bool tls;
} moves[] = {
	{ "/b", 1, NULL, NULL, "/b", NULL },
	{ "b?x=1#part", 1, NULL, NULL, "/a/b?x=1", NULL },
	{ "?y=2", 1, NULL, NULL, "/a/old?y=2", NULL },
	{ "#part", 1, NULL, NULL, NULL, NULL },
	{ "http://10.0.0.1/b", 1, NULL, "80", "/b", NULL },
	{ "http://user:word@10.0.0.1:81", 1, NULL, "81", "/", NULL },
	{ "//10.0.0.1:81/b", 1, NULL, "81", "/b", NULL },
	{ "http://10.0.0.2:8080/b", 0, NULL, NULL, NULL, NULL },
	{ "https://elsewhere.example/", 0, NULL, NULL, NULL, NULL },
	{ "http://[fd00::1]:8080/b", 0, NULL, NULL, NULL, NULL },
	{ "https://10.0.0.1/b", 1, NULL, "443", "/b", NULL, true },
	{ "https://10.0.0.1:8443", 1, NULL, "8443", "/", NULL, true },
	{ "http:///b", -EPROTO, NULL, NULL, NULL, "failed to parse Location header \"http:///b\"" },
	{ "http://[fd00::1/b", -EPROTO, NULL, NULL, NULL, "failed to parse Location header \"http://[fd00::1/b\"" },
	{ "/b c", -EPROTO, NULL, NULL, NULL, "failed to parse Location header \"/b c\"" },
};

TEST(a_redirect_is_followed_on_the_same_host_alone)
{
	for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
		const struct http_target from = { .host = "10.0.0.1", .port = "8080", .path = "/a/old?x=0" };
		struct http_target to = from;
		struct err e = { 0 };

		assert_int_equal(moves[i].rc, http_follow(sv_from(moves[i].where), &from, &to, &e));
		assert_string_equal(moves[i].host ? moves[i].host : from.host, to.host);
		assert_string_equal(moves[i].port ? moves[i].port : from.port, to.port);
		assert_string_equal(moves[i].path ? moves[i].path : from.path, to.path);
		assert_int_equal(moves[i].tls, to.tls);
		if (moves[i].error)
			assert_string_equal(moves[i].error, e.msg);
	}
}

TEST(from_https_a_whole_address_says_whether_it_stays_that)
{
	static const struct {
		const char *where, *port;
		bool tls;
	} from_tls[] = {
		{ "/b", "8443", true },
		{ "//10.0.0.1/b", "443", true },
		{ "http://10.0.0.1/b", "80", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(from_tls); i++) {
		const struct http_target from = { .tls = true, .host = "10.0.0.1", .port = "8443", .path = "/" };
		struct http_target to = from;

		assert_int_equal(1, http_follow(sv_from(from_tls[i].where), &from, &to, NULL));
		assert_string_equal(from_tls[i].port, to.port);
		assert_int_equal(from_tls[i].tls, to.tls);
	}
}

TEST(a_redirect_to_a_path_that_is_too_long_is_refused)
{
	const struct http_target from = { .host = "10.0.0.1", .port = "80", .path = "/" };
	struct http_target to = from;
	char where[sizeof to.path + 1];
	struct err e = { 0 };

	memset(where, '/', sizeof where - 1);
	where[1] = 'a';
	where[sizeof where - 1] = '\0';
	assert_int_equal(-EPROTO, http_follow(sv_from(where), &from, &to, &e));
}

TEST(a_header_is_found_whatever_its_case_and_only_in_the_head)
{
	static const char answer[] =
		"HTTP/1.1 302 Found\r\nLocations: /x\r\nlocation:  /b \r\nA: b\r\n\r\nServer: no\r\n";

	assert_true(sv_is(http_header(sv_from(answer), "Location"), "/b"));
	assert_int_equal(0, http_header(sv_from(answer), "Server").n);
	assert_int_equal(0, http_header(sv_from("HTTP/1.1 302"), "Location").n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_redirect_is_followed_on_the_same_host_alone),
		RUN(from_https_a_whole_address_says_whether_it_stays_that),
		RUN(a_redirect_to_a_path_that_is_too_long_is_refused),
		RUN(a_header_is_found_whatever_its_case_and_only_in_the_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
