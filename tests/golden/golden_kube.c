/* SPDX-License-Identifier: Apache-2.0 */
/* The pods of kube/pods.yaml become the groups of a node, with every file that is written: kube/<layout>.txt. */
#include "golden.h"

#include "../unit/test.h"
#include "base/io.h"
#include "base/scope.h"
#include "kube/pod_cgroup.h"
#include "manifest/objects.h"

#include <fcntl.h>
#include <stdlib.h>

static const struct {
	const char *name;
	struct kube_policy policy;
} layouts[] = {
	{ "v1", { .swap_account = true, .root = "" } },
	{ "v2", { .v2 = true, .pod_pids_limit = 1000, .root = "" } },
	{ "v2-systemd", { .v2 = true, .systemd = true } },
	{ "v2-below", { .v2 = true, .root = "/tare/test" } },
};

#define GI (INT64_C(1) << 30)
#define PODS_MAX 16

static struct objects read_pods(struct arena *a)
{
	const char *top = getenv("TARE_TOP");
	scoped_fd dir = open(arena_fmt(a, "%s/tests/golden/kube", top ? top : "."), O_PATH | O_DIRECTORY | O_CLOEXEC);
	scoped_buf text = BUF(1 << 20);
	struct remarks remarks = { .strict = true };
	struct objects o;
	struct err e = { 0 };

	if (io_read_at(dir, "pods.yaml", &text, &e) < 0)
		fail_msg("%s", e.msg);
	if (objects_read(buf_sv(&text), a, &remarks, &o, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(o.n <= PODS_MAX);
	for (size_t i = 0; i < o.n; i++)
		o.v[i].meta.uid = arena_fmt(a, "00000000-0000-0000-0000-%012zu", i);
	return o;
}

static void put(const struct kube_policy *p, const struct kube_node *node, const struct kube_pod *pod, struct arena *a,
		struct buf *out)
{
	struct kube_level l;

	(void)buf_putf(out, "\n# %s: %s\n", pod->name, qos_name(pod_qos(pod)));
	assert_int_equal(0, pod_plan(p, node, pod, false, a, &l));
	kube_level_print(&l, out);
	for (size_t i = 0; i < pod->n_inits; i++) {
		assert_int_equal(0, container_plan(p, node, pod, &pod->inits[i], pod->inits[i].name, false, a, &l));
		kube_level_print(&l, out);
	}
	for (size_t i = 0; i < pod->n_containers; i++) {
		const struct kube_container *c = &pod->containers[i];

		assert_int_equal(0, container_plan(p, node, pod, c, c->name, false, a, &l));
		kube_level_print(&l, out);
	}
}

static struct kube_node node_of(struct arena *a)
{
	static const int64_t sizes[] = { 2 << 20, GI };
	struct kube_node node = { .memory_bytes = 8 * GI, .page_bytes = 4096, .hugepages = sizes, .n_hugepages = 2 };
	const struct quantity cpu = quantity_of_milli(3800), memory = quantity_of(7 * GI, QUANTITY_BINARY_SI);
	const struct quantity pids = quantity_of(30000, QUANTITY_DECIMAL_SI);

	assert_int_equal(0, resource_set(a, &node.allocatable, "cpu", &cpu));
	assert_int_equal(0, resource_set(a, &node.allocatable, "memory", &memory));
	assert_int_equal(0, resource_set(a, &node.allocatable, "pids", &pids));
	return node;
}

TEST(every_file_of_every_level)
{
	scoped_arena a = ARENA(16 << 20);
	struct objects o = read_pods(&a);
	struct kube_node node = node_of(&a);
	struct kube_pod pods[PODS_MAX];
	const struct kube_pod *all[PODS_MAX];

	for (size_t i = 0; i < o.n; i++) {
		assert_int_equal(0, object_pod(&o.v[i], &a, &pods[i]));
		all[i] = &pods[i];
	}
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		scoped_buf out = BUF(1 << 20);
		struct kube_level l[3];

		assert_int_equal(0, kubepods_plan(&layouts[i].policy, &node, all, o.n, &a, l));
		for (int k = 0; k < 3; k++)
			kube_level_print(&l[k], &out);
		for (size_t k = 0; k < o.n; k++)
			put(&layouts[i].policy, &node, &pods[k], &a, &out);
		golden_check(arena_fmt(&a, "kube/%s.txt", layouts[i].name), buf_sv(&out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(every_file_of_every_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
