/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_site.h"

#include "base/scope.h"
#include "engine/network.h"
#include "engine/settings.h"
#include "kube/node.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- what the host has -------------------------------------------------------------------------------------- */

/* sys/kernel/mm/hugepages/hugepages-2048kB */
static size_t read_page_sizes(const struct host *h, int64_t *sizes, size_t max)
{
	int fd = openat(h->sys, "kernel/mm/hugepages", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scoped_dir d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	size_t n = 0;

	while (d && n < max && (entry = readdir(d))) {
		struct sv name = sv_from(entry->d_name);
		uint64_t kib;

		if (!sv_has_prefix(name, "hugepages-") || !sv_has_suffix(name, "kB"))
			continue;
		name = (struct sv){ name.p + 10, name.n - 12 };
		if (sv_u64(name, &kib) == 0 && kib < INT64_MAX / 1024)
			sizes[n++] = (int64_t)kib * 1024;
	}
	return n;
}

static int set_allocatable(struct kube_site *s, struct arena *a, int64_t cpus, int64_t memory,
			   const struct settings *settings)
{
	struct quantity cpu = quantity_of(cpus, QUANTITY_DECIMAL_SI), bytes = quantity_of(memory, QUANTITY_BINARY_SI);
	struct quantity pods = quantity_of(settings->kube_max_pods, QUANTITY_DECIMAL_SI);
	struct resource_list capacity = { 0 };
	int r = resource_set(a, &capacity, "cpu", &cpu);

	if (r == 0)
		r = resource_set(a, &capacity, "memory", &bytes);
	if (r == 0)
		r = resource_set(a, &capacity, "pods", &pods);
	return r == 0 ? node_allocatable(&capacity, &settings->kube_reserved, 1, a, &s->node.allocatable) : r;
}

int kube_site_read(struct engine *en, const char *root, struct arena *a, struct kube_site *ret, struct err *e)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), page = sysconf(_SC_PAGESIZE);
	struct settings settings;
	uint64_t memory, swap;
	int r;

	*ret = (struct kube_site){ .en = en };
	ret->v1 = (struct kube_policy){ .root = root };
	ret->v2 = (struct kube_policy){ .v2 = true, .root = root };
	r = engine_layout(en, &ret->layout, e);
	if (r == 0)
		r = settings_read(en->settings_path, a, &settings, e);
	if (r == 0)
		r = host_memory(en->host, &memory, &swap, e);
	if (r < 0)
		return r;
	/* a pod that wants the host's says so itself */
	ret->network = strcmp(settings.network, "host") == 0 ? NETWORK_DEFAULT : settings.network;
	ret->v1.swap_account = ret->layout->memory_swap;
	ret->node.memory_bytes = (int64_t)memory;
	ret->node.swap_bytes = (int64_t)swap;
	ret->node.page_bytes = page > 0 ? page : 4096;
	ret->node.n_hugepages = read_page_sizes(en->host, ret->sizes, ARRAY_LEN(ret->sizes));
	ret->node.hugepages = ret->sizes;
	return set_allocatable(ret, a, cpus > 0 ? cpus : 1, (int64_t)memory, &settings) < 0 ? err_oom(e) : 0;
}

bool kube_site_serves_v2(const struct kube_site *s, enum cgroup_controller c)
{
	int i = cgroup_layout_find(s->layout, c);

	return i >= 0 && s->layout->h[i].v2;
}

/* ---- groups ------------------------------------------------------------------------------------------------- */

static int write_files(struct kube_site *s, struct cgroup *cg, const struct kube_level *l, bool v2, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		int h = cgroup_layout_find(s->layout, l->v[i].controller), r;
		struct cgroup_write w = { .file = l->v[i].file, .value = l->v[i].value };

		if (h < 0 || s->layout->h[h].v2 != v2)
			continue;
		w.hierarchy = (unsigned)h;
		if (l->v[i].controller == CGROUP_MEMORY || l->v[i].controller == CGROUP_HUGETLB)
			w.check = CGROUP_CHECK_PAGES;
		r = cgroup_apply(cg, &w, e);
		if (r < 0)
			return err_wrap(e, r, "group %s", l->path);
	}
	return 0;
}

/* The same level by the files of both versions. */
static int write_level(struct kube_site *s, const struct kube_level *v1, const struct kube_level *v2, struct err *e)
{
	struct cgroup *cg;
	int r = cgroup_create(s->en->host, s->layout, v1->path, false, &cg, e);

	if (r < 0)
		return r;
	r = write_files(s, cg, v1, false, e);
	if (r == 0)
		r = write_files(s, cg, v2, true, e);
	cgroup_free(cg);
	return r;
}

/* From below to above; what is not empty stays. */
static void remove_tiers(struct kube_site *s, const struct kube_level l[3])
{
	for (int i = 3; i-- > 0;)
		for (unsigned h = 0; h < s->layout->n; h++) {
			char path[512];

			if (snprintf(path, sizeof path, "%s%s", s->layout->h[h].mount, l[i].path) < (int)sizeof path)
				(void)unlinkat(s->en->host->root, path, AT_REMOVEDIR);
		}
}

int kube_site_write_tiers(struct kube_site *s, const struct kube_pod *const *pods, size_t n, struct arena *a,
			  struct err *e)
{
	struct kube_level v1[3], v2[3];
	int r = 0;

	if (kubepods_plan(&s->v1, &s->node, pods, n, a, v1) < 0 || kubepods_plan(&s->v2, &s->node, pods, n, a, v2) < 0)
		return err_oom(e);
	if (n == 0) {
		remove_tiers(s, v1);
		return 0;
	}
	for (int i = 0; r == 0 && i < 3; i++)
		r = write_level(s, &v1[i], &v2[i], e);
	return r;
}

int kube_site_make_pod(struct kube_site *s, const struct kube_pod *pod, struct arena *a, struct err *e)
{
	struct kube_level v1, v2;

	if (pod_plan(&s->v1, &s->node, pod, false, a, &v1) < 0 || pod_plan(&s->v2, &s->node, pod, false, a, &v2) < 0)
		return err_oom(e);
	return write_level(s, &v1, &v2, e);
}

static bool is_of(const char *file, enum kube_part part)
{
	struct sv name = sv_from(file);

	switch (part) {
	case KUBE_PART_MEMORY:
		return sv_has_prefix(name, "memory.");
	case KUBE_PART_SHARES:
		return sv_is(name, "cpu.shares") || sv_is(name, "cpu.weight");
	case KUBE_PART_QUOTA:
		return sv_is(name, "cpu.max") || sv_has_prefix(name, "cpu.cfs_");
	}
	return false;
}

static void add_writes(struct kube_site *s, const struct kube_level *l, bool v2, enum kube_part part,
		       struct cgroup_writes *to)
{
	for (size_t i = 0; i < l->n; i++) {
		int h = cgroup_layout_find(s->layout, l->v[i].controller);

		if (h < 0 || s->layout->h[h].v2 != v2 || !is_of(l->v[i].file, part))
			continue;
		to->w[to->n++] = (struct cgroup_write){
			.hierarchy = (unsigned)h,
			.file = l->v[i].file,
			.value = l->v[i].value,
			.check = part == KUBE_PART_MEMORY ? CGROUP_CHECK_PAGES : CGROUP_CHECK_EXACT,
		};
	}
}

static int writes_of(struct kube_site *s, const struct kube_pod *pod, enum kube_part part, struct arena *a,
		     struct cgroup_writes *ret)
{
	struct kube_level v1, v2;

	*ret = (struct cgroup_writes){ 0 };
	if (pod_plan(&s->v1, &s->node, pod, false, a, &v1) < 0 || pod_plan(&s->v2, &s->node, pod, false, a, &v2) < 0)
		return -ENOMEM;
	ret->w = arena_array(a, v1.n + v2.n + 1, sizeof *ret->w);
	if (!ret->w)
		return -ENOMEM;
	add_writes(s, &v1, false, part, ret);
	add_writes(s, &v2, true, part, ret);
	return 0;
}

int kube_site_change_pod(struct kube_site *s, const struct kube_pod *from, const struct kube_pod *to,
			 enum kube_part part, struct arena *a, struct err *e)
{
	struct cgroup_writes before, after, change;
	const char *path = pod_path(&s->v1, to, a);
	struct cgroup *cg;
	int r;

	if (!path || writes_of(s, from, part, a, &before) < 0 || writes_of(s, to, part, a, &after) < 0)
		return err_oom(e);
	r = cgroup_change_plan(&before, &after, false, a, &change, e);
	if (r < 0 || change.n == 0)
		return r;
	r = cgroup_open(s->en->host, s->layout, path, &cg, e);
	if (r < 0)
		return r;
	r = cgroup_change(cg, &change, a, e);
	cgroup_free(cg);
	return r;
}

#define REMOVE_TIMEOUT_MS 2000

int kube_site_remove_pod(struct kube_site *s, const struct kube_pod *pod, struct arena *a, struct err *e)
{
	const char *path = pod_path(&s->v1, pod, a);

	return path ? cgroup_remove(s->en->host, s->layout, path, REMOVE_TIMEOUT_MS, e) : err_oom(e);
}
