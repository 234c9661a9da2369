/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/quantity.h"

#include "../test.h"

#include <errno.h>
#include <string.h>

#define PATTERN "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
#define SUFFIX "unable to parse quantity's suffix"
#define DIGITS "a quantity has at most 38 digits"

/* Up to the blank line: what Kubernetes 1.34 answers, but saturated where that overflows, and "+1" and "1." as "1". */
static const struct {
	const char *text, *canonical;
	int64_t value, milli;
	const char *format, *rounded, *error;
} rows[] = {
	{ "0", "0", 0, 0, "DecimalSI", "0" },
	{ "0.0", "0", 0, 0, "DecimalSI", "0" },
	{ "-0", "0", 0, 0, "DecimalSI", "0" },
	{ "+1", "1", 1, 1000, "DecimalSI", "1" },
	{ "1.0", "1", 1, 1000, "DecimalSI", "1" },
	{ "1.", "1", 1, 1000, "DecimalSI", "1" },
	{ "0.5", "500m", 1, 500, "DecimalSI", "500m" },
	{ "1.5", "1500m", 2, 1500, "DecimalSI", "1500m" },
	{ "0.1", "100m", 1, 100, "DecimalSI", "100m" },
	{ "0.1m", "100u", 1, 1, "DecimalSI", "1m" },
	{ "1500m", "1500m", 2, 1500, "DecimalSI", "1500m" },
	{ "1000m", "1", 1, 1000, "DecimalSI", "1" },
	{ "2e3", "2e3", 2000, 2000000, "DecimalExponent", "2e3" },
	{ "2E3", "2E3", 2000, 2000000, "DecimalExponent", "2E3" },
	{ "1e3", "1e3", 1000, 1000000, "DecimalExponent", "1e3" },
	{ "12e6", "12e6", 12000000, 12000000000, "DecimalExponent", "12e6" },
	{ "1Ei", "1Ei", 1152921504606846976, INT64_MAX, "BinarySI", "1Ei" },
	{ "8Ei", "9223372036854775807", INT64_MAX, INT64_MAX, "BinarySI", "9223372036854775807" },
	{ "9223372036854775808", "9223372036854775808", INT64_MAX, INT64_MAX, "DecimalSI", "9223372036854775808" },
	{ "1e30", "1e30", INT64_MAX, INT64_MAX, "DecimalExponent", "1e30" },
	{ "1K", .error = SUFFIX },
	{ "1Ki", "1Ki", 1024, 1024000, "BinarySI", "1Ki" },
	{ "1.5G", "1500M", 1500000000, 1500000000000, "DecimalSI", "1500M" },
	{ "0.5Ki", "512", 512, 512000, "BinarySI", "512" },
	{ "0.1Ki", "102400m", 103, 102400, "BinarySI", "102400m" },
	{ "1023", "1023", 1023, 1023000, "DecimalSI", "1023" },
	{ "1025Ki", "1025Ki", 1049600, 1049600000, "BinarySI", "1025Ki" },
	{ "1024Ki", "1Mi", 1048576, 1048576000, "BinarySI", "1Mi" },
	{ "128974848", "128974848", 128974848, 128974848000, "DecimalSI", "128974848" },
	{ "129e6", "129e6", 129000000, 129000000000, "DecimalExponent", "129e6" },
	{ "128974848000m", "128974848", 128974848, 128974848000, "DecimalSI", "128974848" },
	{ "123Mi", "123Mi", 128974848, 128974848000, "BinarySI", "123Mi" },
	{ "1n", "1n", 1, 1, "DecimalSI", "1m" },
	{ "0.5n", "1n", 1, 1, "DecimalSI", "1m" },
	{ "-1", "-1", -1, -1000, "DecimalSI", "-1" },
	{ "-1.5Gi", "-1536Mi", -1610612736, -1610612736000, "BinarySI", "-1536Mi" },
	{ "1m5", .error = SUFFIX },
	{ "1 Gi", .error = PATTERN },
	{ "", .error = PATTERN },
	{ "abc", .error = PATTERN },
	{ "1g", .error = PATTERN },
	{ "1.2.3", .error = PATTERN },
	{ "1e+3", "1e+3", 1000, 1000000, "DecimalExponent", "1e+3" },
	{ "1E+3", "1E+3", 1000, 1000000, "DecimalExponent", "1E+3" },
	{ "0x10", .error = PATTERN },
	{ "1_000", .error = PATTERN },
	{ "٣", .error = PATTERN },
	{ "250m", "250m", 1, 250, "DecimalSI", "250m" },
	{ "3.14159", "3141590u", 4, 3142, "DecimalSI", "3142m" },
	{ "1000Mi", "1000Mi", 1048576000, 1048576000000, "BinarySI", "1000Mi" },
	{ "1048576Ki", "1Gi", 1073741824, 1073741824000, "BinarySI", "1Gi" },
	{ "1048577Ki", "1048577Ki", 1073742848, 1073742848000, "BinarySI", "1048577Ki" },
	{ "999999999999999999999", "999999999999999999999", INT64_MAX, INT64_MAX, "DecimalSI",
	  "999999999999999999999" },
	{ "4.0Gi", "4Gi", 4294967296, 4294967296000, "BinarySI", "4Gi" },
	{ "1Mi ", .error = PATTERN },
	{ "10000000000000000000Ki", "9223372036854775807", INT64_MAX, INT64_MAX, "BinarySI", "9223372036854775807" },
	{ "1e9", "1e9", 1000000000, 1000000000000, "DecimalExponent", "1e9" },
	{ "1000000000", "1G", 1000000000, 1000000000000, "DecimalSI", "1G" },

	{ "Gi", .error = PATTERN },
	{ ".", .error = PATTERN },
	{ "-", .error = PATTERN },
	{ "1KiB", .error = PATTERN },
	{ "1,5", .error = PATTERN },
	{ "1e", .error = SUFFIX },
	{ "1e1e1", .error = PATTERN },
	{ "1iK", .error = SUFFIX },
	{ "1E", "1E", 1000000000000000000, INT64_MAX, "DecimalSI", "1E" },
	{ "1000E", "1000E", INT64_MAX, INT64_MAX, "DecimalSI", "1000E" },
	{ ".5", "500m", 1, 500, "DecimalSI", "500m" },
	{ "0Ki", "0", 0, 0, "BinarySI", "0" },
	{ "-0.0000000001", "-1n", -1, -1, "DecimalSI", "-1m" },
	{ "1e-3", "1e-3", 1, 1, "DecimalExponent", "1e-3" },
	{ "1e-12", "1e-9", 1, 1, "DecimalExponent", "1e-3" },
	{ "1e-99999999999999999999", "1e-9", 1, 1, "DecimalExponent", "1e-3" },
	{ "0e99999999999999999999", "0", 0, 0, "DecimalExponent", "0" },
	{ "1.5e1", "15", 15, 15000, "DecimalExponent", "15" },
	{ "0.0001Ki", "102400u", 1, 103, "DecimalSI", "103m" },
	{ "-8Ei", "-9223372036854775807", -INT64_MAX, -INT64_MAX, "BinarySI", "-9223372036854775807" },
	{ "7.99999999999999999999Ei", "9223372036854775807", INT64_MAX, INT64_MAX, "BinarySI", "9223372036854775807" },
	{ "0.00000000000000000000000000000000000001Ei", "1n", 1, 1, "DecimalSI", "1m" },
	{ "0.10000000000000000000000000000000000000000000000", "100m", 1, 100, "DecimalSI", "100m" },
	{ "99999999999999999999999999999999999999", "99999999999999999999999999999999999999", INT64_MAX, INT64_MAX,
	  "DecimalSI", "99999999999999999999999999999999999999" },
	{ "100000000000000000000000000000000000000", .error = DIGITS },
	{ "99999999999999999999999999999999999999.5", .error = DIGITS },
	{ "99999999999999999999999999999.9999999999", .error = NULL, .canonical = "100000000000E", .value = INT64_MAX,
	  .milli = INT64_MAX, .format = "DecimalSI", .rounded = "100000000000E" },
	{ "1e38", .error = DIGITS },
	{ "1e99999999999999999999", .error = DIGITS },
};

static struct quantity q(const char *text)
{
	struct quantity ret;

	assert_int_equal(0, quantity_parse(sv_from(text), &ret, NULL));
	return ret;
}

static void is(const char *want, struct quantity got)
{
	char text[QUANTITY_TEXT];

	assert_string_equal(want, quantity_print(&got, text));
}

TEST(text_becomes_what_the_original_says)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct quantity got = { .scale = 77 };
		struct err e = { 0 };
		int r = quantity_parse(sv_from(rows[i].text), &got, &e);

		if (rows[i].error) {
			assert_true(r == -EINVAL || r == -ERANGE);
			assert_string_equal(rows[i].error, e.msg);
			assert_int_equal(77, got.scale);
			continue;
		}
		if (r < 0)
			fail_msg("%s: %s", rows[i].text, e.msg);
		is(rows[i].canonical, got);
		assert_int_equal(rows[i].value, quantity_value(&got));
		assert_int_equal(rows[i].milli, quantity_milli(&got));
		assert_string_equal(rows[i].format, quantity_format_name(&got));
		is(rows[i].rounded, quantity_round(&got, -3));
	}
}

TEST(what_is_printed_reads_as_the_same)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct quantity once, again;
		char text[QUANTITY_TEXT];

		if (rows[i].error)
			continue;
		once = q(rows[i].text);
		again = q(quantity_print(&once, text));
		assert_int_equal(0, quantity_compare(&once, &again));
		is(text, again);
	}
}

TEST(text_may_be_as_long_as_its_zeros)
{
	char text[2048];

	memset(text, '0', sizeof text);
	text[1023] = '1';
	is("1", ({
		   struct quantity ret;

		   assert_int_equal(0, quantity_parse((struct sv){ text, 1024 }, &ret, NULL));
		   ret;
	   }));
	assert_int_equal(-ERANGE, quantity_parse((struct sv){ text, 1025 }, &(struct quantity){ 0 }, NULL));
}

TEST(sums_keep_the_first_ones_format_unless_that_is_zero)
{
	static const struct {
		const char *a, *b, *sum, *difference;
	} sums[] = {
		{ "1", "1", "2", "0" },
		{ "0", "1Mi", "1Mi", "-1Mi" },
		{ "100m", "900m", "1", "-800m" },
		{ "1Gi", "512Mi", "1536Mi", "512Mi" },
		{ "1G", "1Ki", "1000001024", "999998976" },
		{ "-1", "1n", "-999999999n", "-1000000001n" },
		{ "2E3", "1e3", "3e3", "1e3" },
		{ "8Ei", "1", "9223372036854775808", "9223372036854775806" },
		{ "99999999999999999999999999999999999999", "1", "99999999999999999999999999999999999999",
		  "99999999999999999999999999999999999998" },
		{ "10000000000000000000000000000000000000", "1n", "10000000000000000000000000000000000001", NULL },
	};

	for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
		struct quantity a = q(sums[i].a), b = q(sums[i].b);

		is(sums[i].sum, quantity_add(&a, &b));
		if (sums[i].difference)
			is(sums[i].difference, quantity_sub(&a, &b));
	}
}

TEST(numbers_are_compared_whatever_their_spelling)
{
	static const char *const rising[] = { "-1e30", "-8Ei",	 "-1.5", "-1",	"-1n",	"0",   "1n",	  "0.1m", "0.5",
					      "999m",  "1",	 "1001m", "1k",	 "1Ki",	 "1M",	"1Mi",	  "8Ei",
					      "9223372036854775808", "1e30", "9999999999999999999999999999999999999",
					      "1e37",  "10000000000000000000000000000000000001" };

	for (size_t i = 0; i < sizeof rising / sizeof *rising; i++)
		for (size_t k = 0; k < sizeof rising / sizeof *rising; k++) {
			struct quantity a = q(rising[i]), b = q(rising[k]);
			int got = quantity_compare(&a, &b);

			if (i < k ? got >= 0 : i > k ? got <= 0 : got != 0)
				fail_msg("%s and %s: %d", rising[i], rising[k], got);
		}
}

TEST(numbers_of_c_become_quantities)
{
	is("1500m", quantity_of_milli(1500));
	is("-2", quantity_of_milli(-2000));
	is("1Gi", quantity_of(1 << 30, QUANTITY_BINARY_SI));
	is("-9223372036854775808", quantity_of(INT64_MIN, QUANTITY_DECIMAL_SI));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(text_becomes_what_the_original_says),
		RUN(what_is_printed_reads_as_the_same),
		RUN(text_may_be_as_long_as_its_zeros),
		RUN(sums_keep_the_first_ones_format_unless_that_is_zero),
		RUN(numbers_are_compared_whatever_their_spelling),
		RUN(numbers_of_c_become_quantities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
