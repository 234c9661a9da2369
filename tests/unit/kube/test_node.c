/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/node.h"

#include "pods.h"

TEST(allocatable_is_capacity_less_what_is_kept)
{
	scoped_arena a = ARENA(1 << 20);
	struct resource_list capacity = resources_of(&a, "cpu=4 memory=8Gi pods=110").requests, left;
	struct resource_list kept[3] = { resources_of(&a, "cpu=100m memory=256Mi").requests,
					 resources_of(&a, "cpu=5 memory=256Mi").requests,
					 resources_of(&a, "memory=100Mi").requests };

	assert_int_equal(0, node_allocatable(&capacity, kept, 1, &a, &left));
	assert_string_equal("cpu=3900m memory=7936Mi pods=110", list_text(&a, &left));
	assert_int_equal(0, node_allocatable(&capacity, kept, 3, &a, &left));
	assert_string_equal("cpu=0 memory=7580Mi pods=110", list_text(&a, &left));
}

TEST(threshold_is_an_amount_or_a_percentage)
{
	struct quantity capacity = quantity_of(8 << 20, QUANTITY_BINARY_SI), got;
	char text[QUANTITY_TEXT];
	struct err e;

	assert_int_equal(0, eviction_threshold(SV("100Ki"), &capacity, &got, NULL));
	assert_string_equal("100Ki", quantity_print(&got, text));
	assert_int_equal(0, eviction_threshold(SV("12.5%"), &capacity, &got, NULL));
	assert_string_equal("1Mi", quantity_print(&got, text));
	assert_int_equal(-EINVAL, eviction_threshold(SV("101%"), &capacity, &got, &e));
	assert_string_equal("101%: a percentage is above 0 and at most 100", e.msg);
	assert_int_equal(-EINVAL, eviction_threshold(SV("%"), &capacity, &got, NULL));
	assert_int_equal(-EINVAL, eviction_threshold(SV("-1"), &capacity, &got, NULL));
}

static const struct candidate {
	const char *name;
	int64_t priority, usage, request;
} candidates[] = {
	{ "within", 0, 90, 100 },   { "over", 0, 110, 100 },	   { "over-most", 0, 300, 100 },
	{ "besteffort", 0, 50, 0 }, { "important", 1000, 900, 0 }, { "within-low", -5, 10, 100 },
};

static void ranked(const char *want, enum eviction_signal signal)
{
	struct eviction_candidate v[sizeof candidates / sizeof *candidates];
	struct kube_pod pods[sizeof candidates / sizeof *candidates];
	scoped_arena a = ARENA(1 << 16);
	const char *got = "";

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		pods[i] = (struct kube_pod){ .name = candidates[i].name, .namespace = "default",
					     .priority = candidates[i].priority };
		v[i] = (struct eviction_candidate){ &pods[i], candidates[i].usage, candidates[i].request };
	}
	eviction_rank(v, sizeof v / sizeof *v, signal);
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		got = arena_fmt(&a, "%s%s%s", got, i ? " " : "", v[i].pod->name);
	assert_string_equal(want, got);
}

TEST(who_goes_first)
{
	ranked("over-most besteffort over important within-low within", EVICTION_MEMORY);
	ranked("over-most over besteffort important within-low within", EVICTION_DISK);
	ranked("within-low over-most over within besteffort important", EVICTION_PIDS);
	eviction_rank(NULL, 0, EVICTION_MEMORY);
}

TEST(a_pod_fits_or_the_reasons_are_named)
{
	scoped_arena a = ARENA(1 << 20);
	struct resource_list all = resources_of(&a, "cpu=2 memory=1Gi pods=2").requests;
	struct resource_list asked = resources_of(&a, "cpu=1500m memory=512Mi pods=1").requests;
	struct resource_list fits = resources_of(&a, "cpu=500m memory=512Mi").requests;
	struct resource_list large = resources_of(&a, "cpu=501m memory=513Mi example.com/gpu=1").requests;
	struct resource_list full = resources_of(&a, "pods=2").requests;
	struct err e;

	assert_int_equal(0, node_fits(&all, &asked, &fits, &e));
	assert_int_equal(-ENOSPC, node_fits(&all, &asked, &large, &e));
	assert_string_equal("1 Insufficient cpu, 1 Insufficient example.com/gpu, 1 Insufficient memory", e.msg);
	assert_int_equal(-ENOSPC, node_fits(&all, &full, &fits, &e));
	assert_string_equal("1 Too many pods", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(allocatable_is_capacity_less_what_is_kept),
		RUN(threshold_is_an_amount_or_a_percentage),
		RUN(who_goes_first),
		RUN(a_pod_fits_or_the_reasons_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
