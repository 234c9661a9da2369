/* SPDX-License-Identifier: Apache-2.0 */
#include "pods.h"

static const struct {
	const char *pod, *requests, *limits;
} sums[] = {
	{ "c:", "", "" },
	{ "a: cpu=1; b: cpu=500m memory=1Mi", "cpu=1500m memory=1Mi", "" },
	{ "a: /cpu=1 memory=1Gi", "cpu=1 memory=1Gi", "cpu=1 memory=1Gi" },
	/* an init container needs more than the containers */
	{ "a: cpu=1; -i: cpu=3", "cpu=3", "" },
	/* a sidecar runs beside the containers, and beside what starts after it */
	{ "a: cpu=1; +s: cpu=500m; -i: cpu=2", "cpu=2500m", "" },
	{ "a: cpu=1; -i: cpu=2; +s: cpu=500m", "cpu=2", "" },
	{ "a: cpu=1; +s: cpu=2; +t: cpu=3", "cpu=6", "" },
	/* each resource for itself */
	{ "a: cpu=1 memory=4Mi; -i: cpu=3 memory=1Mi", "cpu=3 memory=4Mi", "" },
	/* the pod level overrides, also when it is less; what it does not name is the sum */
	{ "a: cpu=1 memory=1Mi; *: cpu=2", "cpu=2 memory=1Mi", "" },
	{ "a:; *: /cpu=1 memory=1Gi", "cpu=1 memory=1Gi", "cpu=1 memory=1Gi" },
	/* of a pod with limits a missing request is what the containers ask for */
	{ "a: cpu=300m; b: cpu=200m; *: /cpu=1", "cpu=500m", "cpu=1" },
	/* extended resources are not of the pod level */
	{ "a: /example.com/gpu=1; *: example.com/gpu=5", "example.com/gpu=1", "example.com/gpu=1" },
	/* rounded up to thousandths */
	{ "a: /cpu=0.1m memory=1.5Gi", "cpu=1m memory=1536Mi", "cpu=1m memory=1536Mi" },
};

TEST(requests_and_limits_are_summed_as_the_node_needs_them)
{
	for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
		scoped_arena a = ARENA(1 << 20);
		struct kube_pod p = pod_of(&a, sums[i].pod);
		struct resource_list l;

		assert_int_equal(0, pod_requests(&p, &a, &l));
		assert_string_equal(sums[i].requests, list_text(&a, &l));
		assert_int_equal(0, pod_limits(&p, &a, &l));
		assert_string_equal(sums[i].limits, list_text(&a, &l));
	}
}

TEST(overhead_is_added_to_requests_and_to_limits_that_are_there)
{
	scoped_arena a = ARENA(1 << 20);
	struct kube_pod p = pod_of(&a, "a: memory=1Mi /cpu=1");
	struct resource_list l;

	list_of(&a, SV("cpu=250m memory=10Mi"), &p.overhead);
	assert_int_equal(0, pod_requests(&p, &a, &l));
	assert_string_equal("cpu=1250m memory=11Mi", list_text(&a, &l));
	assert_int_equal(0, pod_limits(&p, &a, &l));
	assert_string_equal("cpu=1250m", list_text(&a, &l));
}

TEST(a_limit_holds_for_the_pod_when_everything_in_it_has_one)
{
	static const struct {
		const char *pod;
		bool all;
	} cases[] = {
		{ "a: /cpu=1; b: /cpu=1", true },	{ "a: /cpu=1; b:", false },
		{ "a: /cpu=1; -i:", false },		{ "a: /cpu=1; +s: /cpu=1", true },
		{ "a:; *: /cpu=1", true },		{ "a:; *: /memory=1Mi", false },
		{ "a: /cpu=0", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scoped_arena a = ARENA(1 << 20);
		struct kube_pod p = pod_of(&a, cases[i].pod);

		assert_int_equal(cases[i].all, pod_limits_all(&p, "cpu"));
	}
}

TEST(hugepages_say_their_size)
{
	assert_int_equal(2 << 20, resource_hugepages("hugepages-2Mi"));
	assert_int_equal(1 << 30, resource_hugepages("hugepages-1Gi"));
	assert_int_equal(0, resource_hugepages("hugepages-"));
	assert_int_equal(0, resource_hugepages("hugepages-2MB"));
	assert_int_equal(0, resource_hugepages("memory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(requests_and_limits_are_summed_as_the_node_needs_them),
		RUN(overhead_is_added_to_requests_and_to_limits_that_are_there),
		RUN(a_limit_holds_for_the_pod_when_everything_in_it_has_one),
		RUN(hugepages_say_their_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
