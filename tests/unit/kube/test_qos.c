/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/qos.h"

#include "pods.h"

/* v10 to v19, l1, a0 to a6: what an API server of Kubernetes 1.34 said. */
static const struct {
	const char *pod, *class;
} classes[] = {
	{ "c: /cpu=0.1m memory=1.5Gi", "Guaranteed" },		     /* v10 */
	{ "c: /cpu=1 memory=1Gi", "Guaranteed" },		     /* v11 */
	{ "c: cpu=0 memory=0 /cpu=0 memory=0", "BestEffort" },	     /* v12 */
	{ "c:; *: /cpu=1 memory=1Gi", "Guaranteed" },		     /* v13 */
	{ "c: /cpu=1 memory=1Gi; +s: /cpu=1 memory=1Gi", "Guaranteed" }, /* v17 */
	{ "c: /ephemeral-storage=1Gi", "BestEffort" },		     /* v19 */
	{ "c: cpu=100m memory=1Gi /cpu=500m memory=1Gi", "Burstable" }, /* l1 */
	{ "c: cpu=100m memory=64Mi /cpu=1 memory=64Mi", "Burstable" }, /* a0 */
	{ "c:; *: cpu=100m", "Burstable" },			     /* a6 */

	{ "c:", "BestEffort" },
	{ "c: /cpu=1", "Burstable" },
	{ "c: memory=1", "Burstable" },
	{ "c: /cpu=1 memory=1Gi; d:", "Burstable" },
	{ "c: /cpu=1 memory=1Gi; -i:", "Burstable" },
	{ "c: /cpu=1 memory=1Gi; +s: cpu=1", "Burstable" },
	{ "c: /cpu=1 memory=1Gi example.com/gpu=1", "Guaranteed" },
	{ "c: cpu=1; *: /cpu=1 memory=1Gi", "Guaranteed" },
	{ "c: /cpu=1 memory=1Gi; *: cpu=1", "Burstable" },
	{ "c:; *: /memory=1Gi", "Burstable" },
};

TEST(class_follows_from_cpu_and_memory)
{
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		scoped_arena a = ARENA(1 << 20);
		struct kube_pod p = pod_of(&a, classes[i].pod);

		if (strcmp(classes[i].class, qos_name(pod_qos(&p))) != 0)
			fail_msg("%s: %s", classes[i].pod, qos_name(pod_qos(&p)));
	}
}

static const struct kube_container *named(const struct kube_pod *p, const char *name)
{
	for (size_t i = 0; i < p->n_containers; i++)
		if (strcmp(p->containers[i].name, name) == 0)
			return &p->containers[i];
	for (size_t i = 0; i < p->n_inits; i++)
		if (strcmp(p->inits[i].name, name) == 0)
			return &p->inits[i];
	fail_msg("no container %s", name);
	return NULL;
}

#define GI (INT64_C(1) << 30)

TEST(oom_score_grows_as_the_request_is_small)
{
	static const struct {
		const char *pod, *container;
		int64_t node;
		int adj;
	} cases[] = {
		{ "c: /cpu=1 memory=1Gi", "c", 4 * GI, -997 },
		{ "c:", "c", 4 * GI, 1000 },
		/* seen on a kubelet 1.34 with 23 GiB: the sidecar's small request does not send it first */
		{ "app: cpu=250m memory=128Mi /cpu=500m memory=256Mi; +s: cpu=50m memory=32Mi /memory=64Mi", "app",
		  23 * GI, 995 },
		{ "app: cpu=250m memory=128Mi /cpu=500m memory=256Mi; +s: cpu=50m memory=32Mi /memory=64Mi", "+s",
		  23 * GI, 995 },
		{ "app: memory=1Gi; +s: memory=32Mi", "+s", 4 * GI, 750 },
		{ "app: memory=32Mi; +s: memory=1Gi", "+s", 4 * GI, 750 },
		{ "c: memory=1", "c", 4 * GI, 999 },
		{ "c: cpu=1", "c", 4 * GI, 999 },
		{ "c: memory=4Gi", "c", 4 * GI, 3 },
		{ "c: memory=8Gi", "c", 4 * GI, 3 },
		{ "c: memory=8Ei", "c", 4 * GI, 3 },
		{ "c: memory=1Gi", "c", 0, 3 },
		/* what the pod asks for beyond its containers is shared among them */
		{ "c: memory=1Gi; d:; *: memory=2Gi", "c", 4 * GI, 625 },
		{ "c: memory=1Gi; d:; *: memory=2Gi", "d", 4 * GI, 875 },
		{ "c: memory=2Gi; d:; *: memory=1Gi", "d", 4 * GI, 999 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scoped_arena a = ARENA(1 << 20);
		struct kube_pod p = pod_of(&a, cases[i].pod);
		int got = container_oom_score_adj(&p, named(&p, cases[i].container), cases[i].node);

		if (got != cases[i].adj)
			fail_msg("%s, %s: %d, not %d", cases[i].pod, cases[i].container, got, cases[i].adj);
		p.critical = true;
		assert_int_equal(-997, container_oom_score_adj(&p, named(&p, cases[i].container), cases[i].node));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(class_follows_from_cpu_and_memory),
		RUN(oom_score_grows_as_the_request_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
