/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_manifest.c - files of objects: a failure has a message and leaves the result alone; what is read can be reckoned with. */
#include "base/scope.h"
#include "kube/pod_cgroup.h"
#include "manifest/pod_specs.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void reckon(struct object *o, struct arena *a)
{
	static const struct kube_policy policies[] = { { .v2 = true, .memory_qos = true, .limited_swap = true },
						       { 0 } };
	struct kube_node node = { .memory_bytes = 1ll << 33, .page_bytes = 4096 };
	struct kube_level l;
	struct kube_pod p;

	o->meta.uid = "1-2";
	require(object_pod(o, a, &p) == 0 && p.n_containers > 0);
	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		require(pod_plan(&policies[i], &node, &p, false, a, &l) == 0 && l.n > 0);
		for (size_t k = 0; k < p.n_containers; k++)
			require(container_plan(&policies[i], &node, &p, &p.containers[k], "id", false, a, &l) == 0 &&
				l.oom_score_adj >= -997 && l.oom_score_adj <= 1000);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena a = ARENA(256u << 20);
	struct objects o = { .n = 7777777 };
	struct remarks remarks = { 0 };
	struct pods_of pods = { .n = 7777777 };
	struct err e = { 0 };

	if (pod_specs_read((struct sv){ (const char *)data, size }, &a, &pods, &e) < 0)
		require(e.msg[0] && pods.n == 7777777);
	for (size_t i = 0; pods.n != 7777777 && i < pods.n; i++)
		require(pods.v[i].kind && pods.v[i].name && pods.v[i].pod);
	e.msg[0] = '\0';
	if (objects_read((struct sv){ (const char *)data, size }, &a, &remarks, &o, &e) < 0) {
		require(e.msg[0] && o.n == 7777777);
		return 0;
	}
	for (size_t i = 0; i < o.n; i++) {
		require(o.v[i].meta.name && o.v[i].meta.name[0]);
		if (o.v[i].pod)
			reckon(&o.v[i], &a);
	}
	return 0;
}
