/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/platform.h"

#include "../test.h"

#include <errno.h>

static const struct {
	const char *text, *printed;
} parsed[] = {
	{ "linux/amd64", "linux/amd64" },
	{ "linux/x86_64", "linux/amd64" },
	{ "linux/amd64/v1", "linux/amd64" },
	{ "linux/arm64/v8", "linux/arm64" },
	{ "linux/aarch64", "linux/arm64" },
	{ "linux/arm", "linux/arm/v7" },
	{ "linux/armhf", "linux/arm/v7" },
	{ "linux/arm/v6", "linux/arm/v6" },
	{ "windows/amd64", "windows/amd64" },
	{ "linux", NULL },
	{ "", NULL },
	{ "linux/", NULL },
	{ "linux/amd64/", NULL },
	{ "linux/amd64/v1/x", NULL },
	{ "linux/a b", NULL },
	{ "linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
};

TEST(platforms_in_any_spelling)
{
	for (size_t i = 0; i < sizeof parsed / sizeof *parsed; i++) {
		struct platform p = { .os = "untouched" };
		char text[PLATFORM_SIZE];
		struct err e = { 0 };
		int r = platform_parse(sv_from(parsed[i].text), &p, &e);

		assert_int_equal(parsed[i].printed ? 0 : -EINVAL, r);
		assert_string_equal(parsed[i].printed ? parsed[i].printed : "untouched",
				    r == 0 ? platform_print(&p, text) : p.os);
	}
}

/* Each row: what is wanted, and what there is from worst to best; 'x' in front: does not fit. */
static const struct {
	const char *want, *has[6];
} ranks[] = {
	{ "linux/arm/v7", { "xlinux/arm64", "linux/arm/v5", "linux/arm/v6", "linux/arm/v7" } },
	{ "linux/arm/v6", { "xlinux/arm/v7", "linux/arm/v5", "linux/arm/v6" } },
	{ "linux/amd64", { "xlinux/amd64/v3", "xwindows/amd64", "xunknown/unknown", "linux/amd64" } },
	{ "linux/amd64/v3", { "linux/amd64", "linux/amd64/v2", "linux/amd64/v3" } },
};

TEST(the_nearest_elder_variant_fits_best)
{
	for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
		struct platform want;
		int last = 0;

		assert_int_equal(0, platform_parse(sv_from(ranks[i].want), &want, NULL));
		for (size_t k = 0; k < 6 && ranks[i].has[k]; k++) {
			bool no = ranks[i].has[k][0] == 'x';
			struct platform has;
			int fits;

			assert_int_equal(0, platform_parse(sv_from(ranks[i].has[k] + no), &has, NULL));
			fits = platform_fits(&want, has.os, has.architecture, has.variant[0] ? has.variant : NULL);
			assert_true(no ? fits == 0 : fits > last);
			last = no ? last : fits;
		}
	}
}

TEST(what_says_nothing_fits)
{
	struct platform want = platform_of_machine("x86_64");

	assert_true(platform_fits(&want, NULL, NULL, NULL) > 0);
	assert_true(platform_fits(&want, "linux", NULL, NULL) > 0);
	assert_int_equal(0, platform_fits(&want, "windows", NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(platforms_in_any_spelling),
		RUN(the_nearest_elder_variant_fits_best),
		RUN(what_says_nothing_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
