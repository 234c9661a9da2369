/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/digest.h"

#include "../test.h"

#include <errno.h>

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct {
	const char *text;
	int rc;
} cases[] = {
	{ "sha256:" HEX, 0 },
	{ "", -EINVAL },
	{ HEX, -EINVAL },
	{ "sha256:" HEX "0", -EINVAL },
	{ "sha256:", -EINVAL },
	{ "sha512:" HEX, -EINVAL },
	{ "SHA256:" HEX, -EINVAL },
	{ "sha256:E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", -EINVAL },
	{ "sha256:../../../../../etc/passwd/////////////////////////////////////////", -EINVAL },
	{ "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85g", -EINVAL },
};

TEST(digest_takes_sha256_in_lower_case_and_nothing_else)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct digest d = { "untouched" };
		struct err e = { 0 };

		assert_int_equal(cases[i].rc, digest_parse(sv_from(cases[i].text), &d, &e));
		assert_string_equal(cases[i].rc ? "untouched" : HEX, d.hex);
	}
}

TEST(digest_error_shows_the_text)
{
	struct err e = { 0 };
	struct digest d;

	assert_int_equal(-EINVAL, digest_parse(SV("md5:1"), &d, &e));
	assert_string_equal("\"md5:1\" is not a digest (sha256: and 64 hexadecimal digits)", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(digest_takes_sha256_in_lower_case_and_nothing_else),
		RUN(digest_error_shows_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
