/* SPDX-License-Identifier: Apache-2.0 */
/* The cases are those of the grammar's own tests (distribution/reference), restated. */
#include "oci/reference.h"

#include "../test.h"

#include <errno.h>
#include <string.h>

#define HEX64 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define LEN(a) (sizeof(a) / sizeof(*(a)))

static const struct {
	const char *text, *full, *familiar;
} good[] = {
	{ "busybox", "docker.io/library/busybox", "busybox" },
	{ "busybox:1.35", "docker.io/library/busybox:1.35", "busybox:1.35" },
	{ "library/busybox", "docker.io/library/busybox", "busybox" },
	{ "docker.io/busybox", "docker.io/library/busybox", "busybox" },
	{ "docker.io/library/busybox", "docker.io/library/busybox", "busybox" },
	{ "index.docker.io/busybox", "docker.io/library/busybox", "busybox" },
	{ "index.docker.io/library/busybox", "docker.io/library/busybox", "busybox" },
	{ "index.docker.io/team/app", "docker.io/team/app", "team/app" },
	{ "team/app", "docker.io/team/app", "team/app" },
	{ "docker.io/team/app:2@sha256:" HEX64, "docker.io/team/app:2@sha256:" HEX64, "team/app:2@sha256:" HEX64 },
	{ "busybox@sha256:" HEX64, "docker.io/library/busybox@sha256:" HEX64, "busybox@sha256:" HEX64 },
	{ "library/a/b", "docker.io/library/a/b", "library/a/b" },
	{ "test_com", "docker.io/library/test_com", "test_com" },
	{ "test.com:tag", "docker.io/library/test.com:tag", "test.com:tag" },
	{ "test.com:5000", "docker.io/library/test.com:5000", "test.com:5000" },
	{ "test.com/repo:tag", "test.com/repo:tag", "test.com/repo:tag" },
	{ "test:5000/repo", "test:5000/repo", "test:5000/repo" },
	{ "test:5000/repo:tag", "test:5000/repo:tag", "test:5000/repo:tag" },
	{ "test:5000/repo:tag@sha256:" HEX64, "test:5000/repo:tag@sha256:" HEX64, "test:5000/repo:tag@sha256:" HEX64 },
	{ "lowercase:Uppercase", "docker.io/library/lowercase:Uppercase", "lowercase:Uppercase" },
	{ "localhost/x", "localhost/x", "localhost/x" },
	{ "localhost:5000/x", "localhost:5000/x", "localhost:5000/x" },
	{ "sub-dom1.foo.com/bar/baz/quux", "sub-dom1.foo.com/bar/baz/quux", "sub-dom1.foo.com/bar/baz/quux" },
	{ "b.gcr.io/test.example.com/my-app:test.example.com", "b.gcr.io/test.example.com/my-app:test.example.com",
	  "b.gcr.io/test.example.com/my-app:test.example.com" },
	{ "xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com/myimage:xn--n3h.com" },
	{ "foo_bar.com:8080", "docker.io/library/foo_bar.com:8080", "foo_bar.com:8080" },
	{ "foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com:8080", "foo/foo_bar.com:8080" },
	{ "192.168.1.1", "docker.io/library/192.168.1.1", "192.168.1.1" },
	{ "192.168.1.1:5000", "docker.io/library/192.168.1.1:5000", "192.168.1.1:5000" },
	{ "192.168.1.1:5000/repo:5050", "192.168.1.1:5000/repo:5050", "192.168.1.1:5000/repo:5050" },
	{ "127.0.0.1:5000/library/debian", "127.0.0.1:5000/library/debian", "127.0.0.1:5000/library/debian" },
	{ "[2001:db8::1]/repo", "[2001:db8::1]/repo", "[2001:db8::1]/repo" },
	{ "[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000/repo:tag" },
	{ "[::1]:5000/repo", "[::1]:5000/repo", "[::1]:5000/repo" },
	{ "Docker/docker", "Docker/docker", "Docker/docker" },
	{ "DOCKER/docker", "DOCKER/docker", "DOCKER/docker" },
	{ "a__b", "docker.io/library/a__b", "a__b" },
	{ "a---b.c", "docker.io/library/a---b.c", "a---b.c" },
	{ "1/2", "docker.io/1/2", "1/2" },
	{ "docker.io/" HEX64, "docker.io/library/" HEX64, HEX64 },
	{ HEX64 "f", "docker.io/library/" HEX64 "f", HEX64 "f" },
	{ "docker.io/localhost/x", "docker.io/localhost/x", "docker.io/localhost/x" },
	{ "docker.io/a.b/x", "docker.io/a.b/x", "docker.io/a.b/x" },
	{ "x:_", "docker.io/library/x:_", "x:_" },
};

static const struct {
	const char *text, *why;
} bad[] = {
	{ "", "must have at least one component" },
	{ ":justtag", "invalid reference format" },
	{ "@sha256:" HEX64, "invalid reference format" },
	{ "repo@sha256:ffff", "invalid digest" },
	{ "repo@md5:" HEX64, "invalid digest" },
	{ "repo@", "invalid digest" },
	{ "repo:tag@sha256:" HEX64 "@", "invalid digest" },
	{ "repo:", "invalid reference format" },
	{ "repo:.tag", "invalid reference format" },
	{ "repo:-tag", "invalid reference format" },
	{ "repo:a:b", "invalid reference format" },
	{ "repo:t\xc3\xa9", "invalid reference format" },
	{ "Uppercase:tag", "repository name (library/Uppercase) must be lowercase" },
	{ "test:5000/Uppercase/lowercase:tag", "repository name (Uppercase/lowercase) must be lowercase" },
	{ "docker/Docker", "repository name (docker/Docker) must be lowercase" },
	{ "aa/asdf$$^/aa", "invalid reference format" },
	{ "https://github.com/docker/docker", "invalid reference format" },
	{ "-docker", "invalid reference format" },
	{ "-docker/docker", "invalid reference format" },
	{ "-docker.io/docker/docker", "invalid reference format" },
	{ "docker-.io/docker/docker", "invalid reference format" },
	{ "docker///docker", "invalid reference format" },
	{ "docker/", "invalid reference format" },
	{ "/docker", "invalid reference format" },
	{ "docker.io/", "invalid reference format" },
	{ "docker.io/docker///docker", "invalid reference format" },
	{ "foo..com/x", "invalid reference format" },
	{ "foo.com./x", "invalid reference format" },
	{ "a..b", "invalid reference format" },
	{ "a___b", "invalid reference format" },
	{ "a._b", "invalid reference format" },
	{ "a-", "invalid reference format" },
	{ "a.", "invalid reference format" },
	{ "a b", "invalid reference format" },
	{ "a\n", "invalid reference format" },
	{ "[2001:db8::1]", "invalid reference format" },
	{ "[2001:db8::1]:5000", "invalid reference format" },
	{ "[fc00::1]:/x", "invalid reference format" },
	{ "[]/x", "invalid reference format" },
	{ "fc00::1:5000/debian", "invalid reference format" },
	{ "[fe80::1%eth0]:5000/debian", "invalid reference format" },
	{ "[fe80::1%@invalidzone]:5000/repo", "invalid reference format" },
	{ "[2001:db8:3:4::192.0.2.33]:5000/debian", "invalid reference format" },
	{ "localhost:port/x", "invalid reference format" },
	{ ":5000/x", "invalid reference format" },
	{ HEX64, "cannot specify 64-byte hexadecimal strings" },
};

TEST(a_name_is_made_complete_and_familiar_again)
{
	for (size_t i = 0; i < LEN(good); i++) {
		char text[REFERENCE_SIZE];
		struct reference r;
		struct err e = { 0 };

		if (reference_parse(sv_from(good[i].text), &r, &e) < 0)
			fail_msg("%s: %s", good[i].text, e.msg);
		assert_string_equal(good[i].full, reference_print(&r, text));
		assert_string_equal(good[i].familiar, reference_print_familiar(&r, text));
	}
}

TEST(a_wrong_name_is_refused_with_dockers_words)
{
	for (size_t i = 0; i < LEN(bad); i++) {
		struct reference r = { .tag = "untouched" };
		struct err e = { 0 };

		if (reference_parse(sv_from(bad[i].text), &r, &e) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i].text);
		if (!strstr(e.msg, bad[i].why))
			fail_msg("\"%s\": \"%s\" does not say \"%s\"", bad[i].text, e.msg, bad[i].why);
		assert_string_equal("untouched", r.tag);
	}
}

static void repeat(char *to, const char *what, size_t times, const char *end)
{
	size_t n = strlen(what);

	for (size_t i = 0; i < times; i++)
		memcpy(to + i * n, what, n);
	memcpy(to + times * n, end, strlen(end) + 1);
}

TEST(lengths_end_where_the_grammar_says)
{
	char text[1024];
	struct reference r;

	repeat(text, "a", 247, ""); /* library/ and 247 */
	assert_int_equal(0, reference_parse(sv_from(text), &r, NULL));
	repeat(text, "a", 248, "");
	assert_int_equal(-EINVAL, reference_parse(sv_from(text), &r, NULL));
	repeat(text, "a/", 127, "a:tag"); /* 255 */
	assert_int_equal(0, reference_parse(sv_from(text), &r, NULL));
	repeat(text, "a/", 128, "a:tag");
	assert_int_equal(-EINVAL, reference_parse(sv_from(text), &r, NULL));
	repeat(text, "a.", 127, "a/x"); /* the registry's name: 255 */
	assert_int_equal(0, reference_parse(sv_from(text), &r, NULL));
	repeat(text, "a.", 128, "a/x");
	assert_int_equal(-EINVAL, reference_parse(sv_from(text), &r, NULL));
	memcpy(text, "x:", 2);
	repeat(text + 2, "t", 128, "");
	assert_int_equal(0, reference_parse(sv_from(text), &r, NULL));
	repeat(text + 2, "t", 129, "");
	assert_int_equal(-EINVAL, reference_parse(sv_from(text), &r, NULL));
}

TEST(the_default_tag_is_only_for_names_without_tag_and_digest)
{
	static const struct {
		const char *text, *full;
	} cases[] = {
		{ "x", "docker.io/library/x:latest" },
		{ "x:1", "docker.io/library/x:1" },
		{ "x@sha256:" HEX64, "docker.io/library/x@sha256:" HEX64 },
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		char text[REFERENCE_SIZE];
		struct reference r;

		assert_int_equal(0, reference_parse(sv_from(cases[i].text), &r, NULL));
		reference_default_tag(&r);
		assert_string_equal(cases[i].full, reference_print(&r, text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_name_is_made_complete_and_familiar_again),
		RUN(a_wrong_name_is_refused_with_dockers_words),
		RUN(lengths_end_where_the_grammar_says),
		RUN(the_default_tag_is_only_for_names_without_tag_and_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
