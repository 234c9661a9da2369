/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kube_site.h"

#include "base/scope.h"
#include "engine/kube.h"
#include "engine/network.h"
#include "engine/settings.h"
#include "engine/units.h"
#include "kernel/smallfile.h"
#include "kube/node.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <limits.h>
#include <sys/stat.h>
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

static int64_t read_pages(const struct host *h, int64_t page_bytes)
{
	char path[80], text[32];
	struct sv pages;
	uint64_t n;

	(void)snprintf(path, sizeof path, "kernel/mm/hugepages/hugepages-%lldkB/nr_hugepages",
		       (long long)page_bytes / 1024);
	if (smallfile_read(h->sys, path, text, sizeof text, &pages) < 0 || sv_u64(sv_trim(pages), &n) < 0)
		return 0;
	return n < (uint64_t)(INT64_MAX / page_bytes) ? (int64_t)n * page_bytes : 0;
}

/* Huge pages are set apart: they are no other memory's. */
static int set_hugepages(struct kube_site *s, struct arena *a, struct resource_list *capacity, int64_t *memory)
{
	for (size_t i = 0; i < s->node.n_hugepages; i++) {
		struct quantity size = quantity_of(s->sizes[i], QUANTITY_BINARY_SI), all;
		int64_t bytes = read_pages(s->en->host, s->sizes[i]);
		char text[QUANTITY_TEXT];
		const char *name = arena_fmt(a, "hugepages-%s", quantity_print(&size, text));

		all = quantity_of(bytes, QUANTITY_BINARY_SI);
		*memory -= bytes < *memory ? bytes : *memory;
		if (!name || resource_set(a, capacity, name, &all) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int set_allocatable(struct kube_site *s, struct arena *a, int64_t cpus, int64_t memory,
			   const struct settings *settings)
{
	struct quantity cpu = quantity_of(cpus, QUANTITY_DECIMAL_SI), bytes;
	struct quantity pods = quantity_of(settings->kube_max_pods, QUANTITY_DECIMAL_SI);
	struct resource_list capacity = { 0 };
	int r = resource_set(a, &capacity, "cpu", &cpu);

	if (r == 0)
		r = set_hugepages(s, a, &capacity, &memory);
	bytes = quantity_of(memory, QUANTITY_BINARY_SI);
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
	r = engine_layout(en, &ret->layout, e);
	if (r == 0)
		r = settings_read(en->settings_path, a, &settings, e);
	if (r == 0)
		r = host_memory(en->host, &memory, &swap, e);
	if (r < 0)
		return r;
	/* a pod that wants the host's says so itself */
	ret->network = strcmp(settings.network, "host") == 0 ? NETWORK_DEFAULT : settings.network;
	ret->systemd = settings.systemd && geteuid() == 0;
	ret->v1 = ret->v2 = kube_policy_of(root ? root : ret->systemd ? KUBE_ROOT_SLICE : KUBE_ROOT);
	ret->v2.v2 = true;
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

static bool is_of(const char *file, enum kube_part part)
{
	struct sv name = sv_from(file);

	switch (part) {
	case KUBE_PART_ALL:
		return true;
	case KUBE_PART_MEMORY:
		return sv_has_prefix(name, "memory.");
	case KUBE_PART_SHARES:
		return sv_is(name, "cpu.shares") || sv_is(name, "cpu.weight");
	case KUBE_PART_QUOTA:
		return sv_is(name, "cpu.max") || sv_has_prefix(name, "cpu.cfs_");
	}
	return false;
}

static void add_writes(const struct kube_site *s, const struct kube_level *l, bool v2, enum kube_part part,
		       struct cgroup_writes *to)
{
	for (size_t i = 0; i < l->n; i++) {
		enum cgroup_controller c = l->v[i].controller;
		int h = cgroup_layout_find(s->layout, c);

		if (h < 0 || s->layout->h[h].v2 != v2 || !is_of(l->v[i].file, part))
			continue;
		to->w[to->n++] = (struct cgroup_write){
			.hierarchy = (unsigned)h,
			.file = l->v[i].file,
			.value = l->v[i].value,
			.check = c == CGROUP_MEMORY || c == CGROUP_HUGETLB ? CGROUP_CHECK_PAGES : CGROUP_CHECK_EXACT,
		};
	}
}

/* The same level by the files of both versions. */
static int writes_of(const struct kube_site *s, const struct kube_level *v1, const struct kube_level *v2,
		     enum kube_part part, struct arena *a, struct cgroup_writes *ret)
{
	*ret = (struct cgroup_writes){ .w = arena_array(a, v1->n + v2->n + 1, sizeof *ret->w) };
	if (!ret->w)
		return -ENOMEM;
	add_writes(s, v1, false, part, ret);
	add_writes(s, v2, true, part, ret);
	return 0;
}

static int write_files(struct cgroup *cg, const struct cgroup_writes *w, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->n; i++)
		r = cgroup_apply(cg, &w->w[i], e);
	return r;
}

/* systemd makes it first, where it is the manager: what it does not know of a group is made and written beside it. */
static int write_level(struct kube_site *s, const struct kube_level *v1, const struct kube_level *v2, struct arena *a,
		       struct err *e)
{
	struct cgroup_writes w;
	struct cgroup *cg;
	int r = writes_of(s, v1, v2, KUBE_PART_ALL, a, &w) < 0 ? err_oom(e) : 0;

	if (r == 0 && s->v1.systemd)
		r = units_slice(s->en, v1->path, &w, a, e);
	if (r == 0)
		r = cgroup_create(s->en->host, s->layout, v1->path, false, &cg, e);
	if (r < 0)
		return r;
	r = write_files(cg, &w, e);
	cgroup_free(cg);
	return r < 0 ? err_wrap(e, r, "group %s", v1->path) : 0;
}

static bool place_in(const struct kube_site *s, unsigned h, const char *path, char ret[static PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s%s", s->layout->h[h].mount, path);

	return n > 0 && n < PATH_MAX;
}

/* A directory of cgroupfs has two links, and one for each group in it. 0: there is none in any hierarchy. */
static nlink_t links_of(const struct kube_site *s, const char *path)
{
	char place[PATH_MAX];
	nlink_t most = 0;
	struct stat st;

	for (unsigned h = 0; h < s->layout->n; h++)
		if (place_in(s, h, path, place) && fstatat(s->en->host->root, place, &st, 0) == 0 && st.st_nlink > most)
			most = st.st_nlink;
	return most;
}

static int remove_tier(struct kube_site *s, const char *path, struct err *e)
{
	char place[PATH_MAX];
	int r = s->v1.systemd ? units_stop(s->en, path, e) : 0;

	for (unsigned h = 0; r == 0 && h < s->layout->n; h++)
		if (place_in(s, h, path, place) && unlinkat(s->en->host->root, place, AT_REMOVEDIR) < 0 &&
		    errno != ENOENT && errno != EBUSY && errno != ENOTEMPTY)
			r = err_sys(e, "rmdir /%s", place);
	return r;
}

/* From below to above; what is not empty stays. */
static int remove_tiers(struct kube_site *s, const struct kube_level l[3], struct err *e)
{
	int r = 0;

	for (int i = 2; r == 0 && i >= 0; i--) {
		nlink_t links = links_of(s, l[i].path);

		if (links && links <= 2)
			r = remove_tier(s, l[i].path, e);
	}
	return r;
}

int kube_site_write_tiers(struct kube_site *s, const struct kube_pod *const *pods, size_t n, struct arena *a,
			  struct err *e)
{
	struct kube_level v1[3], v2[3];
	int r = 0;

	if (kubepods_plan(&s->v1, &s->node, pods, n, a, v1) < 0 || kubepods_plan(&s->v2, &s->node, pods, n, a, v2) < 0)
		return err_oom(e);
	if (n == 0)
		return remove_tiers(s, v1, e);
	for (int i = 0; r == 0 && i < 3; i++)
		r = write_level(s, &v1[i], &v2[i], a, e);
	return r;
}

static int plan_pod(const struct kube_site *s, const struct kube_pod *pod, struct arena *a, struct kube_level *ret_v1,
		    struct kube_level *ret_v2)
{
	int r = pod_plan(&s->v1, &s->node, pod, false, a, ret_v1);

	return r < 0 ? r : pod_plan(&s->v2, &s->node, pod, false, a, ret_v2);
}

int kube_site_make_pod(struct kube_site *s, const struct kube_pod *pod, struct arena *a, struct err *e)
{
	struct kube_level v1, v2;

	return plan_pod(s, pod, a, &v1, &v2) < 0 ? err_oom(e) : write_level(s, &v1, &v2, a, e);
}

static int pod_writes(const struct kube_site *s, const struct kube_pod *pod, enum kube_part part, struct arena *a,
		      struct cgroup_writes *ret)
{
	struct kube_level v1, v2;
	int r = plan_pod(s, pod, a, &v1, &v2);

	return r < 0 ? r : writes_of(s, &v1, &v2, part, a, ret);
}

/* systemd is told what holds now, and writes it once more in its own way; so the files are written after it again. */
static int tell_systemd(struct kube_site *s, const char *path, struct cgroup *cg, const struct cgroup_writes *now,
			struct arena *a, struct err *e)
{
	int r = units_set(s->en, path, now, a, e);

	return r < 0 ? r : write_files(cg, now, e);
}

int kube_site_change_pod(struct kube_site *s, const struct kube_pod *from, const struct kube_pod *to,
			 enum kube_part part, struct arena *a, struct err *e)
{
	struct cgroup_writes before, after, change;
	const char *path = pod_path(&s->v1, to, a);
	struct cgroup *cg;
	int r;

	if (!path || pod_writes(s, from, part, a, &before) < 0 || pod_writes(s, to, part, a, &after) < 0)
		return err_oom(e);
	r = cgroup_change_plan(&before, &after, false, a, &change, e);
	if (r < 0 || change.n == 0)
		return r;
	r = cgroup_open(s->en->host, s->layout, path, &cg, e);
	if (r < 0)
		return r;
	r = cgroup_change(cg, &change, a, e);
	if (r == 0 && s->v1.systemd)
		r = tell_systemd(s, path, cg, &change, a, e);
	cgroup_free(cg);
	return r;
}

#define REMOVE_TIMEOUT_MS 2000

int kube_site_remove_path(struct engine *en, const struct cgroup_layout *l, const char *path, struct err *e)
{
	int r = units_is_path(path) ? units_stop(en, path, e) : 0;

	return r < 0 ? r : cgroup_remove(en->host, l, path, REMOVE_TIMEOUT_MS, e);
}

int kube_site_remove_pod(struct kube_site *s, const struct kube_pod *pod, struct arena *a, struct err *e)
{
	const char *path = pod_path(&s->v1, pod, a);

	return path ? kube_site_remove_path(s->en, s->layout, path, e) : err_oom(e);
}
