/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/user_namespaces.h"

#include "../test.h"
#include "base/scope.h"

#include <errno.h>

static const struct id_extent split[] = { { 0, 100000, 1000 }, { 1000, 1000, 1 }, { 1001, 101000, 64535 } };
static const struct id_map map = { split, ARRAY_LEN(split) };

TEST(a_map_tells_the_id_outside)
{
	static const struct {
		uint32_t inside, outside;
	} cases[] = {
		{ 0, 100000 },	      { 999, 100999 },	     { 1000, 1000 },	     { 1001, 101000 },
		{ 65535, 165534 },    { 65536, ID_NONE },    { UINT32_MAX, ID_NONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(cases[i].outside, id_map_outside(&map, cases[i].inside));
}

TEST(a_map_prints_as_the_kernel_takes_it)
{
	scoped_buf b = BUF(ID_MAP_TEXT);

	id_map_print(&map, &b);
	assert_string_equal("0 100000 1000\n1000 1000 1\n1001 101000 64535\n", b.p);
}

TEST(a_map_of_the_kernel_is_read)
{
	static const struct {
		const char *text;
		int rc;
		size_t n;
	} cases[] = {
		{ "         0     100000      65536\n", 0, 1 },
		{ "0 1 2\n\n3 4 5", 0, 2 },
		{ "", 0, 0 },
		{ "0 1\n", -EINVAL, 7 },
		{ "0 1 2 3\n", -EINVAL, 7 },
		{ "0 x 2\n", -EINVAL, 7 },
	};
	struct id_extent v[ID_MAP_EXTENTS];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = 7;

		assert_int_equal(cases[i].rc, id_map_parse(sv_from(cases[i].text), v, &n, NULL));
		assert_int_equal(cases[i].n, n);
	}
	assert_int_equal(0, id_map_parse(sv_from("  7  100  9\n"), v, &(size_t){ 0 }, NULL));
	assert_int_equal(7, v[0].inside);
	assert_int_equal(100, v[0].outside);
	assert_int_equal(9, v[0].count);
}

TEST(equal_maps_have_the_same_extents)
{
	static const struct id_extent other[] = { { 0, 100000, 1000 }, { 1000, 1000, 1 }, { 1001, 101000, 64534 } };

	assert_true(id_map_equal(&map, &(struct id_map){ split, 3 }));
	assert_true(id_map_equal(&(struct id_map){ 0 }, &(struct id_map){ 0 }));
	assert_false(id_map_equal(&map, &(struct id_map){ split, 2 }));
	assert_false(id_map_equal(&map, &(struct id_map){ other, 3 }));
}

#define MAP(...) { (const struct id_extent[]){ __VA_ARGS__ }, \
		   sizeof((const struct id_extent[]){ __VA_ARGS__ }) / sizeof(struct id_extent) }

TEST(what_the_kernel_would_refuse_is_refused_with_its_reason)
{
	const struct {
		struct id_map m;
		const char *text;
	} cases[] = {
		{ MAP({ 0, 100000, 65536 }), NULL },
		{ MAP({ 0, 0, 4294967295 }), NULL },
		{ MAP({ 0, 5, 1 }, { 1, 4, 1 }, { 2, 6, 1 }), NULL },
		{ { NULL, 0 }, "0 ranges of ids; allowed are 1 to 340" },
		{ { split, 341 }, "341 ranges of ids; allowed are 1 to 340" },
		{ MAP({ 0, 100000, 0 }), "0:100000:0: no ids" },
		{ MAP({ 1, 0, 4294967295 }), "1:0:4294967295: ids end at 4294967294" },
		{ MAP({ 0, 4294967295, 1 }), "0:4294967295:1: ids end at 4294967294" },
		{ MAP({ 0, 100, 10 }, { 9, 200, 10 }), "0:100:10 and 9:200:10 overlap" },
		{ MAP({ 0, 100, 10 }, { 10, 91, 10 }), "0:100:10 and 10:91:10 overlap" },
		{ MAP({ 50, 100, 10 }, { 0, 200, 10 }, { 52, 300, 1 }), "50:100:10 and 52:300:1 overlap" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = { 0 };

		assert_int_equal(cases[i].text ? -EINVAL : 0, id_map_check(&cases[i].m, &e));
		assert_string_equal(cases[i].text ? cases[i].text : "", e.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_map_tells_the_id_outside),
		RUN(a_map_prints_as_the_kernel_takes_it),
		RUN(a_map_of_the_kernel_is_read),
		RUN(equal_maps_have_the_same_extents),
		RUN(what_the_kernel_would_refuse_is_refused_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
