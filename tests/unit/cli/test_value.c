/* SPDX-License-Identifier: Apache-2.0 */
/* Values as Docker's client reads them (each case was tried with it), and where tare says no. */
#include "base/scope.h"
#include "base/path.h"
#include "cli/value.h"

#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define UNTOUCHED 7

static const struct {
	const char *text;
	int64_t value; /* UNTOUCHED: an error is expected */
	const char *message;
} sizes[] = {
	{ "4", 4 },
	{ "4b", 4 },
	{ "4k", 4096 },
	{ "4kb", 4096 },
	{ "4KiB", 4096 },
	{ "4 k", 4096 },
	{ "1 ", 1 },
	{ "+4m", 4194304 },
	{ "1.5g", 1610612736 },
	{ "1.", 1 },
	{ ".5g", 536870912 },
	{ "1.999", 1 },
	{ "0.5k", 512 },
	{ "1.1g", 1181116006 },
	{ "7T", 7696581394432 },
	{ "1p", 1125899906842624 },
	{ "0", 0 },
	{ "9223372036854775807", INT64_MAX },
	{ "0.0000000000000000000001p", 0 },
	{ "4x", UNTOUCHED, "invalid size: '4x' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "", UNTOUCHED, "invalid size: '' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "k", UNTOUCHED, "invalid size: 'k' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ ".", UNTOUCHED, "invalid size: '.' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "4i", UNTOUCHED, "invalid size: '4i' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "4ki", UNTOUCHED, "invalid size: '4ki' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "4kbb", UNTOUCHED, "invalid size: '4kbb' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "4  k", UNTOUCHED, "invalid size: '4  k' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ " 1", UNTOUCHED, "invalid size: ' 1' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "1,5", UNTOUCHED, "invalid size: '1,5' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "1.5.5", UNTOUCHED, "invalid size: '1.5.5' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "1e", UNTOUCHED, "invalid size: '1e' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "-1", UNTOUCHED, "invalid size: '-1' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "0x10", UNTOUCHED, "invalid size: '0x10' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "inf", UNTOUCHED, "invalid size: 'inf' (a number and one of b, k, m, g, t, p: 512m, 1.5g)" },
	{ "9223372036854775808", UNTOUCHED, "invalid size: '9223372036854775808' (at most 9223372036854775807 bytes)" },
	{ "8192p", UNTOUCHED, "invalid size: '8192p' (at most 9223372036854775807 bytes)" },
	{ "99999999999999999999p", UNTOUCHED,
	  "invalid size: '99999999999999999999p' (at most 9223372036854775807 bytes)" },
};

TEST(sizes_are_dockers_binary_units)
{
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct err e = { 0 };
		int64_t v = UNTOUCHED;

		assert_int_equal(sizes[i].message ? -EINVAL : 0, value_bytes(sizes[i].text, &v, &e));
		assert_int_equal(sizes[i].value, v);
		if (sizes[i].message)
			assert_string_equal(sizes[i].message, e.msg);
	}
}

static const struct {
	const char *text;
	int64_t value;
	const char *message;
} integers[] = {
	{ "0", 0 },
	{ "10", 10 },
	{ "-1", -1 },
	{ "+5", 5 },
	{ "0x10", 16 },
	{ "0XfF", 255 },
	{ "010", 8 },
	{ "0o10", 8 },
	{ "0b101", 5 },
	{ "-0x1", -1 },
	{ "9223372036854775807", INT64_MAX },
	{ "-9223372036854775808", INT64_MIN },
	{ "", UNTOUCHED, "not an integer" },
	{ "-", UNTOUCHED, "not an integer" },
	{ "x", UNTOUCHED, "not an integer" },
	{ "5x", UNTOUCHED, "not an integer" },
	{ "1.5", UNTOUCHED, "not an integer" },
	{ " 1", UNTOUCHED, "not an integer" },
	{ "08", UNTOUCHED, "not an integer" },
	{ "0x", UNTOUCHED, "not an integer" },
	{ "0b2", UNTOUCHED, "not an integer" },
	{ "9223372036854775808", UNTOUCHED, "out of range: -9223372036854775808 to 9223372036854775807" },
	{ "-9223372036854775809", UNTOUCHED, "out of range: -9223372036854775808 to 9223372036854775807" },
	{ "99999999999999999999", UNTOUCHED, "out of range: -9223372036854775808 to 9223372036854775807" },
	{ "99999999999999999999x", UNTOUCHED, "not an integer" },
};

TEST(integers_have_the_prefixes_of_go)
{
	for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
		struct err e = { 0 };
		int64_t v = UNTOUCHED;

		assert_int_equal(integers[i].message ? -EINVAL : 0, value_i64(integers[i].text, &v, &e));
		assert_true(integers[i].value == v);
		if (integers[i].message)
			assert_string_equal(integers[i].message, e.msg);
	}
}

static const struct {
	const char *text;
	int64_t value;
	const char *message;
} cpus[] = {
	{ "1.5", 1500000000 },
	{ "1", 1000000000 },
	{ "+2", 2000000000 },
	{ ".5", 500000000 },
	{ "1.", 1000000000 },
	{ "1/2", 500000000 },
	{ "3/4", 750000000 },
	{ "0.000000001", 1 },
	{ "0.1000000000000", 100000000 },
	{ "-1", -1000000000 },
	{ "0", 0 },
	{ "0.0000000001", UNTOUCHED, "value is too precise" },
	{ "1/3", UNTOUCHED, "value is too precise" },
	{ "abc", UNTOUCHED, "failed to parse abc as a rational number" },
	{ "", UNTOUCHED, "failed to parse  as a rational number" },
	{ ".", UNTOUCHED, "failed to parse . as a rational number" },
	{ "1/0", UNTOUCHED, "failed to parse 1/0 as a rational number" },
	{ "1/", UNTOUCHED, "failed to parse 1/ as a rational number" },
	{ "1 ", UNTOUCHED, "failed to parse 1  as a rational number" },
	{ "1x", UNTOUCHED, "failed to parse 1x as a rational number" },
	{ "99999999999", UNTOUCHED, "out of range: at most 9223372036 CPUs" },
};

TEST(cpus_are_exact_to_the_nano)
{
	for (size_t i = 0; i < sizeof cpus / sizeof *cpus; i++) {
		struct err e = { 0 };
		int64_t v = UNTOUCHED;

		assert_int_equal(cpus[i].message ? -EINVAL : 0, value_nano(cpus[i].text, &v, &e));
		assert_int_equal(cpus[i].value, v);
		if (cpus[i].message)
			assert_string_equal(cpus[i].message, e.msg);
	}
}

TEST(booleans_are_those_of_go)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };
	bool v;

	for (size_t i = 0; i < 6; i++) {
		v = false;
		assert_int_equal(0, value_bool(yes[i], &v, NULL));
		assert_true(v);
		assert_int_equal(0, value_bool(no[i], &v, NULL));
		assert_false(v);
	}
	v = true;
	assert_int_equal(-EINVAL, value_bool("tRUE", &v, NULL));
	assert_int_equal(-EINVAL, value_bool("", &v, NULL));
	assert_true(v);
}

TEST(number_lists_are_ranges_of_at_most_8192)
{
	static const char *const good[] = { "0", "0-3", "0-3,7", "7,0", "8191", "5-5" };
	static const char *const bad[] = { "", "0-", "-1", "foo", "3-1", "0,,1", "1,", "8192", "0-3:2", " 0" };
	struct err e;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(0, value_number_list(good[i], "cpus", NULL));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(-EINVAL, value_number_list(bad[i], "cpus", NULL));
	value_number_list("0-", "mems", &e);
	assert_string_equal("Invalid value 0- for cpuset mems (a list as 0-3,7)", e.msg);
}

static const struct {
	const char *text, *type;
	uint64_t soft, hard;
	const char *message;
} ulimits[] = {
	{ "nofile=1024:2048", "RLIMIT_NOFILE", 1024, 2048 },
	{ "nofile=1024", "RLIMIT_NOFILE", 1024, 1024 },
	{ "core=-1", "RLIMIT_CORE", UINT64_MAX, UINT64_MAX },
	{ "nproc=5:-1", "RLIMIT_NPROC", 5, UINT64_MAX },
	{ "stack=0:0", "RLIMIT_STACK", 0, 0 },
	{ "x", .message = "invalid ulimit argument: x (NAME=SOFT[:HARD])" },
	{ "nofile=", .message = "invalid ulimit value: '' (0 to 9223372036854775807, -1 is unlimited)" },
	{ "nofile=a", .message = "invalid ulimit value: 'a' (0 to 9223372036854775807, -1 is unlimited)" },
	{ "nofile=-2", .message = "invalid ulimit value: '-2' (0 to 9223372036854775807, -1 is unlimited)" },
	{ "nofile=1:", .message = "invalid ulimit value: '' (0 to 9223372036854775807, -1 is unlimited)" },
	{ "nofile=1=2", .message = "invalid ulimit value: '1=2' (0 to 9223372036854775807, -1 is unlimited)" },
	{ "nofile=99999999999999999999",
	  .message = "invalid ulimit value: '99999999999999999999' (0 to 9223372036854775807, -1 is unlimited)" },
	{ "nofile=2:1", .message = "ulimit soft limit must be less than or equal to hard limit: 2 > 1" },
	{ "nofile=-1:5",
	  .message = "ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: 5" },
	{ "nofile=1:2:3", .message = "too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`" },
	{ "NOFILE=1",
	  .message =
		  "invalid ulimit type: NOFILE (core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, "
		  "rss, rtprio, rttime, sigpending, stack)" },
};

TEST(ulimits_are_soft_and_hard)
{
	for (size_t i = 0; i < sizeof ulimits / sizeof *ulimits; i++) {
		struct oci_rlimit l = { "untouched", 1, 2 };
		struct err e = { 0 };
		int r = value_ulimit(ulimits[i].text, NULL, &l, &e);

		assert_int_equal(ulimits[i].message ? -EINVAL : 0, r);
		assert_string_equal(r ? ulimits[i].message : ulimits[i].type, r ? e.msg : l.type);
		assert_true(l.soft == (r ? 1 : ulimits[i].soft) && l.hard == (r ? 2 : ulimits[i].hard));
	}
}

static const struct {
	const char *text, *host, *container, *access, *message;
} devices[] = {
	{ "/dev/null", "/dev/null", "/dev/null", "rwm" },
	{ "/dev/null:/dev/x", "/dev/null", "/dev/x", "rwm" },
	{ "/dev/null:rw", "/dev/null", "/dev/null", "rw" },
	{ "/dev/null:/x:mr", "/dev/null", "/x", "mr" },
	{ "/dev/../dev//null", "/dev/null", "/dev/null", "rwm" },
	{ "rel", .message = "rel is not an absolute path" },
	{ "/dev/null:", .message = " is not an absolute path" },
	{ "/dev/null:rel:r", .message = "rel is not an absolute path" },
	{ "/a:/b:q", .message = "bad mode specified: q (some of r, w and m)" },
	{ "/a:/b:rr", .message = "bad mode specified: rr (some of r, w and m)" },
	{ "/a:/b:", .message = "bad mode specified:  (some of r, w and m)" },
	{ "/a:/b:r:w", .message = "bad format for path: /a:/b:r:w (PATH[:PATH][:rwm])" },
	{ ":x", .message = "bad format for path: :x (PATH[:PATH][:rwm])" },
	{ "", .message = "bad format for path:  (PATH[:PATH][:rwm])" },
	{ "vendor.com/class=name", .message = "CDI devices are not supported" },
};

TEST(devices_are_paths_and_access)
{
	scoped_arena a = ARENA(1 << 20);

	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
		struct device_config d = { 0 };
		struct err e = { 0 };

		if (value_device(devices[i].text, &a, &d, &e) < 0) {
			assert_non_null(devices[i].message);
			assert_string_equal(devices[i].message, e.msg);
			assert_null(d.host_path);
			continue;
		}
		assert_null(devices[i].message);
		assert_string_equal(devices[i].host, d.host_path);
		assert_string_equal(devices[i].container, d.container_path);
		assert_string_equal(devices[i].access, d.access);
	}
}

TEST(device_rules_are_type_numbers_access)
{
	static const char *const good[] = { "c 1:3 rwm", "b *:* m", "a *:* rwm", "c 10:* r", "c 4294967295:0 w" };
	static const char *const bad[] = {
		"",         "c",          "foo",      "c 1:3",    "c 1:3 ",    "d 1:3 r",          "c 1 r",   "c 1:x r",
		"c -1:3 r", "c 1:3 rwmx", "c  1:3 r", "cc 1:3 r", "c 1:3:4 r", "c 4294967296:0 r", "c 1:3 r "
	};
	scoped_arena a = ARENA(1 << 20);
	struct err e;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(0, value_device_rule(good[i], &a, NULL));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(-EINVAL, value_device_rule(bad[i], &a, NULL));
	value_device_rule("foo", &a, &e);
	assert_string_equal("invalid device cgroup format 'foo' (TYPE MAJOR:MINOR ACCESS, as 'c 1:3 rwm')", e.msg);
}

TEST(relative_paths_count_from_the_working_directory)
{
	scoped_arena a = ARENA(1 << 20);
	char cwd[4096], want[4200];
	const char *p;

	assert_non_null(getcwd(cwd, sizeof cwd));
	assert_int_equal(0, path_absolute(&a, "./x/../y", &p, NULL));
	(void)snprintf(want, sizeof want, "%s/y", cwd);
	assert_string_equal(want, p);
	assert_int_equal(0, path_absolute(&a, "/x//y", &p, NULL));
	assert_string_equal("/x/y", p);
}

/* ---- environment -------------------------------------------------------------------------------------------- */

static char *const here[] = { (char *)"HOME=/root", (char *)"HOMER=no", (char *)"EMPTY=", NULL };

TEST(env_takes_what_is_here)
{
	static const char *const cases[][2] = {
		{ "A=1", "A=1" },      { "A=", "A=" },   { "A=b=c", "A=b=c" }, { "HOME", "HOME=/root" },
		{ "EMPTY", "EMPTY=" }, { "HOM", "HOM" }, { "NOPE", "NOPE" },
	};
	const char *v = NULL;
	struct err e;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(0, value_env(cases[i][0], here, NULL, &v, NULL));
		assert_string_equal(cases[i][1], v);
	}
	assert_int_equal(-EINVAL, value_env("=x", here, NULL, &v, &e));
	assert_string_equal("invalid environment variable: =x (NAME=VALUE or NAME)", e.msg);
	assert_int_equal(-EINVAL, value_env("", here, NULL, &v, &e));
}

static const struct {
	struct sv text;
	const char *lines, *message; /* lines joined by '|' */
} env_files[] = {
	{ SV(""), "" },
	{ SV("\xef\xbb\xbf"
	     "A=1\n# c\n\n  B=2 \nHOME\nNOPE\nQ=\"x y\"\n\tT=t\n  #not\nK==v\nCR=1\r\n"),
	  "A=1|B=2 |HOME=/root|Q=\"x y\"|T=t|K==v|CR=1" },
	{ SV("A=\xc3\xa4"), "A=\xc3\xa4" },
	{ SV("A="), "A=" },
	{ SV("A B=1\n"), .message = "variable 'A B' contains whitespaces" },
	{ SV("A B\n"), .message = "variable 'A B' contains whitespaces" },
	{ SV("ok=1\n=x\n"), .message = "no variable name on line '=x'" },
	{ SV("A=1\nB=\xff\n"), .message = "invalid utf8 bytes at line 2" },
	{ SV("A=\xc0\x80"), .message = "invalid utf8 bytes at line 1" },
	{ SV("A=\xed\xa0\x80"), .message = "invalid utf8 bytes at line 1" },
	{ SV("A=\xe2\x82"), .message = "invalid utf8 bytes at line 1" },
	{ SV("A=\xf4\x90\x80\x80"), .message = "invalid utf8 bytes at line 1" },
	{ SV("A=x\0y\n"), .message = "variable 'A' holds a NUL byte" },
};

static void join(const struct oci_strings *lines, char *ret)
{
	*ret = '\0';
	for (size_t i = 0; i < lines->n; i++)
		ret += snprintf(ret, 200, "%s%s", i ? "|" : "", lines->v[i]);
}

TEST(env_files_are_lines_without_quotes)
{
	scoped_arena a = ARENA(1 << 20);
	char text[1000];

	for (size_t i = 0; i < sizeof env_files / sizeof *env_files; i++) {
		struct oci_strings lines = { 0 };
		struct err e = { 0 };
		int r = value_env_file(env_files[i].text, here, &a, &lines, &e);

		assert_int_equal(env_files[i].message ? -EINVAL : 0, r);
		join(&lines, text);
		assert_string_equal(r ? env_files[i].message : env_files[i].lines, r ? e.msg : text);
	}
}

TEST(label_files_keep_names_without_value)
{
	scoped_arena a = ARENA(1 << 20);
	struct oci_strings lines = { 0 };
	char text[100];

	assert_int_equal(0, value_env_file(SV("l1=v\nHOME\n a=b\n"), NULL, &a, &lines, NULL));
	join(&lines, text);
	assert_string_equal("l1=v|HOME|a=b", text);
}

TEST(labels_have_names)
{
	scoped_arena a = ARENA(1 << 20);
	struct oci_pair l;
	struct err e;

	assert_int_equal(0, value_label("a=b=c", &a, &l, NULL));
	assert_string_equal("a", l.key);
	assert_string_equal("b=c", l.value);
	assert_int_equal(0, value_label("a:b", &a, &l, NULL));
	assert_string_equal("a:b", l.key);
	assert_string_equal("", l.value);
	assert_int_equal(-EINVAL, value_label("=v", &a, &l, &e));
	assert_string_equal("invalid label '=v': empty name", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(sizes_are_dockers_binary_units),
		RUN(integers_have_the_prefixes_of_go),
		RUN(cpus_are_exact_to_the_nano),
		RUN(booleans_are_those_of_go),
		RUN(number_lists_are_ranges_of_at_most_8192),
		RUN(ulimits_are_soft_and_hard),
		RUN(devices_are_paths_and_access),
		RUN(device_rules_are_type_numbers_access),
		RUN(relative_paths_count_from_the_working_directory),
		RUN(env_takes_what_is_here),
		RUN(env_files_are_lines_without_quotes),
		RUN(label_files_keep_names_without_value),
		RUN(labels_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
