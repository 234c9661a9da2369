/* SPDX-License-Identifier: Apache-2.0 */
/* What the golden tables (tests/golden/kube) do not show: options that they do not have. */
#include "kube/pod_cgroup.h"

#include "pods.h"

#define MI (INT64_C(1) << 20)

static const struct kube_policy v2 = { .v2 = true, .throttling_permille = 900 };

static struct kube_node node_of(struct arena *a)
{
	return (struct kube_node){ .memory_bytes = 4096 * MI,
				   .swap_bytes = 1024 * MI,
				   .page_bytes = 4096,
				   .allocatable = resources_of(a, "cpu=2 memory=3Gi").requests };
}

static const char *value_of(const struct kube_level *l, const char *file)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].file, file) == 0)
			return l->v[i].value;
	return "";
}

static struct kube_level container(struct arena *a, const struct kube_policy *p, const char *text, bool exclusive)
{
	struct kube_node node = node_of(a);
	struct kube_pod pod = pod_of(a, text);
	struct kube_level l;

	assert_int_equal(0, container_plan(p, &node, &pod, &pod.containers[0], "abc", exclusive, a, &l));
	return l;
}

TEST(memory_high_is_between_request_and_limit)
{
	scoped_arena a = ARENA(1 << 20);
	struct kube_policy p = v2;
	struct kube_level l;

	l = container(&a, &p, "c: memory=100Mi /memory=200Mi", false);
	assert_string_equal("", value_of(&l, "memory.high"));
	p.memory_qos = true;
	l = container(&a, &p, "c: memory=100Mi /memory=200Mi", false);
	assert_string_equal("199229440", value_of(&l, "memory.high")); /* 190 MiB */
	assert_string_equal("0", value_of(&l, "memory.low"));
	l = container(&a, &p, "c: memory=100Mi", false); /* up to what the node has */
	assert_string_equal("2909585408", value_of(&l, "memory.high"));
	l = container(&a, &p, "c: cpu=1 /cpu=1 memory=200Mi", false);
	assert_string_equal("", value_of(&l, "memory.high"));
	l = container(&a, &p, "c:", false);
	assert_string_equal("", value_of(&l, "memory.high"));
}

TEST(tiered_reservation_keeps_what_was_asked_for)
{
	scoped_arena a = ARENA(1 << 20);
	struct kube_policy p = v2;
	struct kube_node node = node_of(&a);
	struct kube_pod guaranteed = pod_of(&a, "c: /cpu=1 memory=100Mi"), burstable = pod_of(&a, "c: memory=50Mi");
	const struct kube_pod *const pods[] = { &guaranteed, &burstable };
	struct kube_level l[3];

	p.memory_qos = p.tiered = true;
	assert_int_equal(0, kubepods_plan(&p, &node, pods, 2, &a, l));
	assert_string_equal("157286400", value_of(&l[0], "memory.min"));
	assert_string_equal("52428800", value_of(&l[1], "memory.low"));
	assert_int_equal(0, pod_plan(&p, &node, &guaranteed, false, &a, l));
	assert_string_equal("104857600", value_of(l, "memory.min"));
	assert_int_equal(0, pod_plan(&p, &node, &burstable, false, &a, l));
	assert_string_equal("52428800", value_of(l, "memory.low"));
}

TEST(limited_swap_is_shared_by_request)
{
	scoped_arena a = ARENA(1 << 20);
	struct kube_policy p = v2;
	struct kube_level l;

	p.limited_swap = true;
	l = container(&a, &p, "c: memory=1Gi", false);
	assert_string_equal("268435456", value_of(&l, "memory.swap.max"));
	l = container(&a, &p, "c: cpu=1 /memory=1Gi", false); /* no more than it asked for: no swap */
	assert_string_equal("0", value_of(&l, "memory.swap.max"));
	l = container(&a, &p, "c: /cpu=1 memory=1Gi", false);
	assert_string_equal("0", value_of(&l, "memory.swap.max"));
	l = container(&a, &v2, "c: memory=1Gi", false);
	assert_string_equal("0", value_of(&l, "memory.swap.max"));
}

TEST(cpus_of_its_own_need_no_quota)
{
	scoped_arena a = ARENA(1 << 20);
	struct kube_level l = container(&a, &v2, "c: /cpu=2 memory=1Gi", true);

	assert_string_equal("max 100000", value_of(&l, "cpu.max"));
	l = container(&a, &(struct kube_policy){ 0 }, "c: /cpu=2 memory=1Gi", true);
	assert_string_equal("-1", value_of(&l, "cpu.cfs_quota_us"));
}

TEST(page_sizes_have_the_kernels_names)
{
	char text[24];

	assert_string_equal("2MB", hugepages_name(2 * MI, text));
	assert_string_equal("1GB", hugepages_name(1024 * MI, text));
	assert_string_equal("64KB", hugepages_name(65536, text));
	assert_string_equal("16GB", hugepages_name(16384 * MI, text));
}

TEST(slices_are_below_each_other_by_their_names)
{
	static const struct {
		const char *root, *kubepods, *tier;
	} cases[] = {
		{ "", "/kubepods", "/kubepods/burstable" },
		{ "/tare", "/tare/kubepods", "/tare/kubepods/burstable" },
		{ "-.slice", "/kubepods.slice", "/kubepods.slice/kubepods-burstable.slice" },
		{ "a.slice", "/a.slice/a-kubepods.slice", "/a.slice/a-kubepods.slice/a-kubepods-burstable.slice" },
		{ "a-b.slice", "/a.slice/a-b.slice/a-b-kubepods.slice",
		  "/a.slice/a-b.slice/a-b-kubepods.slice/a-b-kubepods-burstable.slice" },
	};
	scoped_arena a = ARENA(1 << 16);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct kube_policy p = kube_policy_of(cases[i].root);
		const char *tier = tier_path(&p, QOS_BURSTABLE, &a);

		assert_string_equal(cases[i].kubepods, kubepods_path(&p, &a));
		assert_string_equal(cases[i].tier, tier);
		assert_string_equal(cases[i].root, kube_root_of_path(arena_fmt(&a, "%s/pod1/x", tier), &a));
	}
}

TEST(what_is_not_below_kubepods_has_no_root_above_it)
{
	static const char *const paths[] = { "", "/", "/tare/x", "/kubepods", "/kubepods.slice", "/xkubepods.slice/a" };
	scoped_arena a = ARENA(1 << 16);

	assert_null(kube_root_of_path(NULL, &a));
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		assert_null(kube_root_of_path(paths[i], &a));
}

TEST(a_container_of_a_slice_is_a_scope)
{
	scoped_arena a = ARENA(1 << 16);
	struct kube_pod pod = pod_of(&a, "c: cpu=1");
	const struct kube_policy p = kube_policy_of("a.slice");

	pod.uid = "1-2";
	assert_string_equal("/a.slice/a-kubepods.slice/a-kubepods-burstable.slice/a-kubepods-burstable-pod1_2.slice/"
			    "tare-abc.scope",
			    container_path(&p, &pod, "abc", &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(memory_high_is_between_request_and_limit),
		RUN(tiered_reservation_keeps_what_was_asked_for),
		RUN(limited_swap_is_shared_by_request),
		RUN(cpus_of_its_own_need_no_quota),
		RUN(page_sizes_have_the_kernels_names),
		RUN(slices_are_below_each_other_by_their_names),
		RUN(what_is_not_below_kubepods_has_no_root_above_it),
		RUN(a_container_of_a_slice_is_a_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
