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

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(memory_high_is_between_request_and_limit),
		RUN(tiered_reservation_keeps_what_was_asked_for),
		RUN(limited_swap_is_shared_by_request),
		RUN(cpus_of_its_own_need_no_quota),
		RUN(page_sizes_have_the_kernels_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
