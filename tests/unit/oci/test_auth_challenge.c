/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/auth_challenge.h"

#include "../test.h"
#include "base/buf.h"
#include "base/scope.h"

#include <errno.h>
#include <string.h>

/* scheme|realm|service|scope of each challenge, one a line */
static const struct {
	const char *header, *want;
	int rc;
} cases[] = {
	{ "", "", 0 },
	{ " , ,", "", 0 },
	{ "Basic realm=\"Registry Realm\"", "basic|Registry Realm||\n", 0 },
	{ "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull\"",
	  "bearer|https://a/t|s|repository:x:pull\n", 0 },
	{ "BEARER Realm = \"https://a/t\" , SERVICE=s", "bearer|https://a/t|s|\n", 0 },
	{ "Negotiate, Basic realm=x, Bearer realm=\"y\"", "negotiate|||\nbasic|x||\nbearer|y||\n", 0 },
	{ "Bearer error=\"invalid_token\",realm=\"a\\\"b,c\"", "bearer|a\"b,c||\n", 0 },
	{ "Bearer realm=\"a", "", -EINVAL },
	{ "Bearer realm=\"a\", \"", "bearer|a||\n", -EINVAL },
	{ "\"", "", -EINVAL },
};

static void add(struct buf *text, const struct auth_challenge *c)
{
	buf_putf(text, "%s|%s|%s|%s\n", c->scheme, c->realm, c->service, c->scope);
}

TEST(challenges_are_taken_one_by_one)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sv header = sv_from(cases[i].header);
		struct auth_challenge c;
		struct err e = { 0 };
		scoped_buf got = BUF(4096);
		int r;

		buf_puts(&got, "");
		while ((r = auth_challenge_next(&header, &c, &e)) == 1)
			add(&got, &c);
		assert_string_equal(cases[i].want, got.p);
		assert_int_equal(cases[i].rc, r);
	}
}

TEST(a_value_has_a_ceiling)
{
	char header[AUTH_REALM_SIZE + 100];
	struct auth_challenge c;
	struct err e = { 0 };
	struct sv s;

	memset(header, 'a', sizeof header);
	memcpy(header, "Bearer realm=\"", 14);
	header[sizeof header - 1] = '"';
	s = (struct sv){ header, sizeof header };
	assert_int_equal(-ERANGE, auth_challenge_next(&s, &c, &e));
	assert_string_equal("WWW-Authenticate: a value of more than 2047 bytes", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(challenges_are_taken_one_by_one),
		RUN(a_value_has_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
