/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/metrics_collect.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/scope.h"
#include "engine/kube.h"
#include "engine/survey.h"
#include "oci/list.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define WHAT                                                                                                           \
	(CGROUP_STAT_CPU | CGROUP_STAT_CPU_LIMIT | CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_DETAIL | CGROUP_STAT_EVENTS | \
	 CGROUP_STAT_EVENTS_LOCAL | CGROUP_STAT_PIDS | CGROUP_STAT_IO | CGROUP_STAT_PRESSURE)
#define UNIT_DEPTH 8    /* of slices in slices */
#define UNITS_MAX 4096
#define DEVICES_MAX 256

struct subjects {
	struct metrics_subject *v;
	size_t n;
};

struct devices {
	struct metrics_device *v;
	size_t n;
};

struct collector {
	struct engine *en;
	struct arena *arena;
	const struct cgroup_layout *layout;
	struct cgroup_stat_reader files;
	struct container_items items;
	struct kube_world world;
	struct subjects subjects;
	bool failed;
	struct err *e;
};

/* ---- one group ----------------------------------------------------------------------------------------------------- */

static bool is_empty(const struct cgroup_stat *st)
{
	return st->cpu.usage_ns == CG_UNSET && st->memory.usage_bytes == CG_UNSET && st->pids.current == CG_UNSET;
}

static int read_net(struct collector *c, pid_t pid, struct metrics_subject *s)
{
	struct net_interfaces *net;

	if (!pid)
		return 0;
	net = arena_alloc(c->arena, sizeof *net);
	if (!net)
		return err_oom(c->e);
	if (net_dev_read_list(c->en->host, pid, net, NULL) == 0)
		s->net = net;
	return 0;
}

/* labels: all of the subject but its numbers. One that is not to be read is left out. */
static int add(struct collector *c, const struct metrics_subject *labels, pid_t pid)
{
	struct metrics_subject *s;
	struct cgroup_stat st;
	int r = cgroup_stat_reader_read(&c->files, labels->id, WHAT, &st, c->e);

	if (r == -ENOMEM)
		return r;
	c->failed |= r < 0 && r != -ENOENT && r != -ENODEV;
	if (r < 0 || (c->layout->n && is_empty(&st)))
		return 0;
	s = LIST_ADD(c->arena, &c->subjects);
	if (!s)
		return err_oom(c->e);
	*s = *labels;
	s->st = cgroup_stat_keep(c->arena, &st);
	return s->st ? read_net(c, pid, s) : err_oom(c->e);
}

/* ---- containers and pods ------------------------------------------------------------------------------------------- */

/* The pod of a container whose name is k8s_CONTAINER_UID. */
static const struct kube_running *pod_of(const struct collector *c, const char *name)
{
	const char *uid = strrchr(name, '_');

	for (size_t i = 0; uid && i < c->world.n_pods; i++)
		if (c->world.pods[i].pod.uid && strcmp(c->world.pods[i].pod.uid, uid + 1) == 0)
			return &c->world.pods[i];
	return NULL;
}

static const char *container_part(struct arena *a, const char *name)
{
	struct sv head, uid, prefix = { name + 4, strlen(name) - 4 };

	return sv_rcut(prefix, '_', &head, &uid) ? arena_sv(a, head) : name;
}

static int add_container(struct collector *c, const struct container_item *i, bool *ret_is_new_pod,
			 struct metrics_subject *ret_pod)
{
	struct metrics_subject s = { .id = i->row.cgroup, .name = i->row.name, .image = i->row.image_ref,
				     .started_ns = i->state.outcome.started_ns };
	const struct kube_running *p = strncmp(s.name, "k8s_", 4) == 0 ? pod_of(c, s.name) : NULL;
	struct sv group, leaf;

	*ret_is_new_pod = false;
	if (p) {
		s.pod = p->pod.name;
		s.namespace = p->pod.namespace;
		s.container = container_part(c->arena, s.name);
		*ret_pod = (struct metrics_subject){ .pod = s.pod, .namespace = s.namespace };
		*ret_is_new_pod = sv_rcut(sv_from(s.id), '/', &group, &leaf) && group.n;
		ret_pod->id = arena_sv(c->arena, group);
		if (!s.container || !ret_pod->id)
			return err_oom(c->e);
	}
	return add(c, &s, i->state.outcome.pid);
}

static bool is_there(const struct subjects *l, const char *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].id, id) == 0)
			return true;
	return false;
}

/* Containers first, neighbours in one folder; then the groups of their pods. */
static int add_containers(struct collector *c)
{
	struct subjects pods = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->items.n; i++) {
		struct metrics_subject pod, *to;
		bool more;

		if (!container_is_active(c->items.v[i].state.status))
			continue;
		r = add_container(c, &c->items.v[i], &more, &pod);
		if (r < 0 || !more || is_there(&pods, pod.id))
			continue;
		to = LIST_ADD(c->arena, &pods);
		if (!to)
			return err_oom(c->e);
		*to = pod;
	}
	for (size_t i = 0; r == 0 && i < pods.n; i++)
		r = add(c, &pods.v[i], 0);
	return r;
}

static bool has_pods(const struct container_items *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (strncmp(l->v[i].row.name, "k8s_", 4) == 0)
			return true;
	return false;
}

/* ---- slices -------------------------------------------------------------------------------------------------------- */

static bool is_unit(const char *name)
{
	struct sv s = sv_from(name);

	return sv_has_suffix(s, ".slice") || sv_has_suffix(s, ".service") || sv_has_suffix(s, ".scope");
}

/* Where systemd keeps its tree: its own hierarchy on v1, the one of v2. */
static const char *units_mount(const struct cgroup_layout *l)
{
	for (unsigned i = 0; i < l->n; i++)
		if (strcmp(l->h[i].name, "name=systemd") == 0)
			return l->h[i].mount;
	return l->n && l->h[0].v2 ? l->h[0].mount : NULL;
}

static int list_units(struct collector *c, int dir, const char *path, unsigned depth, struct oci_strings *to)
{
	scoped_dir d = fdopendir(dir);
	struct dirent *entry;
	int r = 0;

	if (!d) {
		close(dir);
		return 0;
	}
	while (r == 0 && to->n < UNITS_MAX && (entry = readdir(d))) {
		const char *below;
		int sub;

		if (entry->d_type != DT_DIR || !is_unit(entry->d_name))
			continue;
		below = arena_fmt(c->arena, "%s/%s", path, entry->d_name);
		r = strings_add(c->arena, to, below) < 0 ? err_oom(c->e) : 0;
		sub = r == 0 && depth ? openat(dirfd(d), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		if (sub >= 0)
			r = list_units(c, sub, below, depth - 1, to);
	}
	return r;
}

static int add_units(struct collector *c)
{
	const char *mount = units_mount(c->layout);
	struct oci_strings units = { 0 };
	int r = 0, dir = mount ? openat(c->en->host->root, mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (dir >= 0)
		r = list_units(c, dir, "", UNIT_DEPTH, &units);
	for (size_t i = 0; r == 0 && i < units.n; i++)
		if (!is_there(&c->subjects, units.v[i]))
			r = add(c, &(struct metrics_subject){ .id = units.v[i] }, 0);
	return r;
}

/* ---- devices and the host ------------------------------------------------------------------------------------------- */

static bool is_known(const struct devices *l, const struct cgroup_device_io *d)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].major == d->major && l->v[i].minor == d->minor)
			return true;
	return false;
}

/* sys/dev/block/8:0 -> ../../devices/.../block/sda */
static int name_device(struct collector *c, const struct cgroup_device_io *d, struct devices *l)
{
	char path[64], target[512];
	struct metrics_device *to = LIST_ADD(c->arena, l);
	const char *name;
	ssize_t n;

	if (!to)
		return err_oom(c->e);
	(void)snprintf(path, sizeof path, "dev/block/%u:%u", d->major, d->minor);
	n = readlinkat(c->en->host->sys, path, target, sizeof target - 1);
	target[n > 0 ? n : 0] = '\0';
	name = strrchr(target, '/');
	to->major = d->major;
	to->minor = d->minor;
	if (name)
		(void)snprintf(to->name, sizeof to->name, "/dev/%.50s", name + 1);
	else
		(void)snprintf(to->name, sizeof to->name, "%u:%u", d->major, d->minor);
	return 0;
}

static int name_devices(struct collector *c, struct devices *l)
{
	int r = 0;

	for (size_t i = 0; i < c->subjects.n; i++)
		for (size_t k = 0; r == 0 && k < c->subjects.v[i].st->io.n && l->n < DEVICES_MAX; k++)
			if (!is_known(l, &c->subjects.v[i].st->io.device[k]))
				r = name_device(c, &c->subjects.v[i].st->io.device[k], l);
	return r;
}

static void describe_host(const struct host *h, struct metrics *m)
{
	uint64_t memory = 0, swap = 0;

	(void)host_memory(h, &memory, &swap, NULL);
	m->memory_bytes = (int64_t)memory;
	m->swap_bytes = (int64_t)swap;
	m->cpus = sysconf(_SC_NPROCESSORS_ONLN);
}

/* -------------------------------------------------------------------------------------------------------------------- */

static int collect(struct collector *c, struct devices *devices)
{
	int r = engine_survey(c->en, SURVEY_ACTIVE, c->arena, &c->items, c->e);

	c->failed |= r < 0;
	if (has_pods(&c->items) && kube_load(c->en, c->arena, &c->world, NULL) < 0) {
		c->failed = true;
		c->world = (struct kube_world){ .n_pods = 0 };
	}
	r = add_containers(c);
	if (r == 0)
		r = add_units(c);
	return r < 0 ? r : name_devices(c, devices);
}

int metrics_collect(struct engine *en, struct arena *a, struct metrics *ret, struct err *e)
{
	struct collector c = { .en = en, .arena = a, .e = e };
	struct devices devices = { 0 };
	int r = engine_layout(en, &c.layout, e);

	if (r < 0)
		return r;
	cgroup_stat_reader_init(&c.files, en->host, c.layout);
	r = collect(&c, &devices);
	cgroup_stat_reader_done(&c.files);
	if (r < 0)
		return r;
	*ret = (struct metrics){ .subjects = c.subjects.v, .n = c.subjects.n, .devices = devices.v,
				 .n_devices = devices.n, .now_ns = clock_real_ns(), .failed = c.failed };
	describe_host(en->host, ret);
	return 0;
}
