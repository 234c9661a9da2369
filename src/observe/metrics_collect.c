/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/metrics_collect.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/parallel.h"
#include "base/scope.h"
#include "engine/kube.h"
#include "engine/survey.h"
#include "oci/list.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

/* As cAdvisor, nothing is told of periods where there is no quota. */
#define WHAT                                                                                                           \
	(CGROUP_STAT_AT_LIMITS | CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_DETAIL | CGROUP_STAT_EVENTS |                 \
	 CGROUP_STAT_PIDS | CGROUP_STAT_IO | CGROUP_STAT_PRESSURE)
#define UNIT_DEPTH 8    /* of slices in slices */
#define UNITS_MAX 4096
#define DEVICES_MAX 256

/* What will be looked at: all of a subject but its numbers. */
struct wanted {
	struct metrics_subject labels;
	const char *id; /* of a container; NULL: a group */
	struct metrics_life life; /* of a container */
	pid_t pid;      /* whose network is the subject's; 0: it has none of its own */
	bool read;
};

struct wanted_list {
	struct wanted *v;
	size_t n;
};

/* One of those that look at the same time. */
struct looker {
	struct cgroup_stat_reader files;
	int rc; /* its first failure: no memory */
	struct err err;
	bool failed; /* something was not to be read */
};

struct devices {
	struct metrics_device *v;
	size_t n;
};

struct collector {
	struct engine *en;
	struct metrics_before *before; /* NULL: nothing is remembered */
	struct arena *arena;
	const struct cgroup_layout *layout;
	struct looker lookers[PARALLEL_MAX];
	struct net_own own_net;
	bool told[CGROUP_STAT_FIELDS]; /* by the metrics */
	pthread_mutex_t arena_lock; /* while several look */
	struct container_items items;
	struct kube_world world;
	struct wanted_list wanted;
	struct metrics_subject *subjects; /* of what was wanted, those that were there */
	size_t n_subjects;
	bool failed;
	struct err *e;
};

/* ---- one group ----------------------------------------------------------------------------------------------------- */

/* Of a container it is only known that it has a record of a life. */
static bool is_there(struct collector *c, const struct wanted *w, const struct cgroup_stat *st)
{
	if (!c->layout->n)
		return true;
	if (w->id)
		return survey_confirms(c->en, w->id, st);
	return st->cpu.usage_ns != CG_UNSET || st->memory.usage_bytes != CG_UNSET || st->pids.current != CG_UNSET;
}

/* Memory that lives on; by whichever thread. Most containers have no interface but the loopback. */
static int keep(struct collector *c, struct looker *me, const struct cgroup_stat *st, struct wanted *w)
{
	struct net_interfaces net = { .n = 0 }, *kept = NULL;

	if (w->pid)
		(void)net_dev_read_list(c->en->host, &c->own_net, w->pid, &net, NULL);
	(void)pthread_mutex_lock(&c->arena_lock);
	w->labels.st = cgroup_stat_keep(c->arena, st);
	if (net.n)
		kept = arena_alloc(c->arena, sizeof *kept);
	(void)pthread_mutex_unlock(&c->arena_lock);
	if (!w->labels.st || (net.n && !kept))
		return err_oom(&me->err);
	if (kept)
		*kept = net;
	w->labels.net = kept;
	w->read = true;
	return 0;
}

/* What this reader need not read again. */
static void remember(const struct collector *c, struct cgroup_stat_reader *files, struct wanted *w)
{
	files->before = NULL;
	files->same = 0;
	if (!c->before || !w->id)
		return;
	w->life = (struct metrics_life){ .id = w->id, .cgroup = w->labels.id, .started_ns = w->labels.started_ns };
	files->before = metrics_before_look(c->before, &w->life, &files->same);
}

/* One that is not to be read is left out. */
static void look_at(void *context, unsigned worker, size_t i)
{
	struct collector *c = context;
	struct looker *me = &c->lookers[worker];
	struct wanted *w = &c->wanted.v[i];
	struct cgroup_stat st;
	int r = me->rc;

	if (r == 0) {
		remember(c, &me->files, w);
		r = cgroup_stat_reader_read(&me->files, w->labels.id, WHAT, &st, &me->err);
	}
	me->failed |= r < 0 && r != -ENOENT && r != -ENODEV;
	if (r == 0 && is_there(c, w, &st))
		r = keep(c, me, &st, w);
	if (r == -ENOMEM)
		me->rc = r;
}

static int look_at_all(struct collector *c)
{
	unsigned workers = parallel_workers(c->wanted.n);
	int r = 0;

	metrics_wants(c->told);
	net_own_init(&c->own_net, c->en->host);
	for (unsigned i = 0; i < workers; i++) {
		cgroup_stat_reader_init(&c->lookers[i].files, c->en->host, c->layout);
		c->lookers[i].files.wanted = c->told;
	}
	parallel_for(c->wanted.n, workers, look_at, c);
	for (unsigned i = 0; i < workers; i++) {
		struct looker *one = &c->lookers[i];

		cgroup_stat_reader_done(&one->files);
		c->failed |= one->failed;
		if (one->rc < 0)
			r = err_oom(c->e);
	}
	return r;
}

static int by_netns(const void *a, const void *b)
{
	const struct metrics_subject *const *x = a, *const *y = b;
	uint64_t m = (*x)->net->netns, n = (*y)->net->netns;

	return m != n ? (m < n ? -1 : 1) : (*x > *y ? -1 : *x < *y);
}

/* Of those that share a network one tells of it, so that a sum over all does not count it again: the pod, or the container
 * that was there first. They are the last ones. */
static int tell_networks_once(struct collector *c)
{
	struct metrics_subject **with = arena_array(c->arena, c->n_subjects + 1, sizeof *with);
	size_t n = 0;
	uint64_t last = 0;

	if (!with)
		return err_oom(c->e);
	for (size_t i = 0; i < c->n_subjects; i++)
		if (c->subjects[i].net && c->subjects[i].net->netns)
			with[n++] = &c->subjects[i];
	if (n)
		qsort(with, n, sizeof *with, by_netns);
	for (size_t i = 0; i < n; i++) {
		uint64_t netns = with[i]->net->netns;

		if (netns == last)
			with[i]->net = NULL;
		last = netns;
	}
	return 0;
}

/* For the next scrape. */
static int note_all(struct collector *c)
{
	const struct metrics_life **lives = arena_array(c->arena, c->wanted.n + 1, sizeof *lives);
	const struct cgroup_stat **stats = arena_array(c->arena, c->wanted.n + 1, sizeof *stats);
	size_t n = 0;

	if (!lives || !stats)
		return err_oom(c->e);
	for (size_t i = 0; i < c->wanted.n; i++) {
		const struct wanted *w = &c->wanted.v[i];

		if (!w->read || !w->life.id)
			continue;
		lives[n] = &w->life;
		stats[n++] = w->labels.st;
	}
	metrics_before_end(c->before, lives, stats, n);
	return 0;
}

static int gather(struct collector *c)
{
	c->subjects = arena_array(c->arena, c->wanted.n + 1, sizeof *c->subjects);
	if (!c->subjects)
		return err_oom(c->e);
	for (size_t i = 0; i < c->wanted.n; i++)
		if (c->wanted.v[i].read)
			c->subjects[c->n_subjects++] = c->wanted.v[i].labels;
	return tell_networks_once(c);
}

static int add(struct collector *c, const struct metrics_subject *labels, const char *id, pid_t pid)
{
	struct wanted *w = LIST_ADD(c->arena, &c->wanted);

	if (!w)
		return err_oom(c->e);
	*w = (struct wanted){ .labels = *labels, .id = id, .pid = pid };
	return 0;
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
	const struct kube_running *p = kube_container_is(s.name) ? pod_of(c, s.name) : NULL;
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
	return add(c, &s, i->row.id, *ret_is_new_pod ? 0 : i->state.outcome.pid); /* a network is the pod's */
}

/* Among those from the one at `from` on; NULL: not yet. */
static struct wanted *find_wanted(const struct collector *c, size_t from, const char *id)
{
	for (size_t i = from; i < c->wanted.n; i++)
		if (strcmp(c->wanted.v[i].labels.id, id) == 0)
			return &c->wanted.v[i];
	return NULL;
}

/* Of each container. */
struct pods {
	struct pod_seen {
		struct metrics_subject pod;
		pid_t pid;
	} *v;
	size_t n;
};

static int add_pod(struct collector *c, size_t first, const struct pod_seen *p)
{
	struct wanted *there = find_wanted(c, first, p->pod.id);

	if (!there)
		return add(c, &p->pod, NULL, p->pid);
	if (!there->pid)
		there->pid = p->pid;
	return 0;
}

/* Containers first, neighbours in one folder; then the groups of their pods. */
static int add_containers(struct collector *c)
{
	struct pods pods = { 0 };
	size_t first;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->items.n; i++) {
		struct metrics_subject pod;
		struct pod_seen *to;
		bool more;

		if (!container_is_active(c->items.v[i].state.status) || cgroup_is_none(c->items.v[i].row.cgroup))
			continue;
		r = add_container(c, &c->items.v[i], &more, &pod);
		if (r < 0 || !more)
			continue;
		to = LIST_ADD(c->arena, &pods);
		if (!to)
			return err_oom(c->e);
		*to = (struct pod_seen){ pod, c->items.v[i].state.outcome.pid };
	}
	first = c->wanted.n;
	for (size_t i = 0; r == 0 && i < pods.n; i++)
		r = add_pod(c, first, &pods.v[i]);
	return r;
}

static bool has_pods(const struct container_items *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (kube_container_is(l->v[i].row.name))
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
		if (!find_wanted(c, 0, units.v[i]))
			r = add(c, &(struct metrics_subject){ .id = units.v[i] }, NULL, 0);
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

	for (size_t i = 0; i < c->n_subjects; i++) {
		const struct cgroup_stat *st = c->subjects[i].st;

		for (size_t k = 0; r == 0 && k < st->io.n && l->n < DEVICES_MAX; k++)
			if (!is_known(l, &st->io.device[k]))
				r = name_device(c, &st->io.device[k], l);
	}
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
	int r;

	if (c->before)
		metrics_before_begin(c->before, c->en->host);
	r = engine_survey(c->en, SURVEY_CLAIMED, c->arena, &c->items, c->e);
	c->failed |= r < 0;
	if (has_pods(&c->items) && kube_load(c->en, c->arena, &c->world, NULL) < 0) {
		c->failed = true;
		c->world = (struct kube_world){ .n_pods = 0 };
	}
	r = add_containers(c);
	if (r == 0)
		r = add_units(c);
	if (r == 0)
		r = look_at_all(c);
	if (r == 0 && c->before)
		r = note_all(c);
	if (r == 0)
		r = gather(c);
	return r < 0 ? r : name_devices(c, devices);
}

int metrics_collect(struct engine *en, struct metrics_before *before, struct arena *a, struct metrics *ret,
		    struct err *e)
{
	struct collector c = {
		.en = en, .before = before, .arena = a, .arena_lock = PTHREAD_MUTEX_INITIALIZER, .e = e
	};
	struct devices devices = { 0 };
	int r = engine_layout(en, &c.layout, e);

	if (r < 0)
		return r;
	r = collect(&c, &devices);
	if (r < 0)
		return r;
	*ret = (struct metrics){ .subjects = c.subjects, .n = c.n_subjects, .devices = devices.v,
				 .n_devices = devices.n, .now_ns = clock_real_ns(), .failed = c.failed };
	describe_host(en->host, ret);
	return 0;
}
