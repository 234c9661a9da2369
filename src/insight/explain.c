/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - reads all that is needed, and lets facts and troubles be made of it. */
#include "insight/explain_priv.h"

#include "base/clock.h"
#include "base/scope.h"
#include "kernel/host.h"
#include "kernel/proc_use.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>

#define IO_WINDOW_MS 250

static const char *const names[] = {
#define X(id, text) [TROUBLE_##id] = text,
	TROUBLES(X)
#undef X
};

const char *trouble_name(enum trouble t)
{
	return names[t];
}

/* ---- what the other files put together -------------------------------------------------------------------------- */

void explain_fact(struct explainer *k, struct explain_fact f)
{
	if (f.value != CG_UNSET && k->x->n_facts < EXPLAIN_FACTS)
		k->x->facts[k->x->n_facts++] = f;
}

void explain_trouble(struct explainer *k, enum trouble kind, const char *advice, const char *fmt, ...)
{
	va_list ap;
	const char *text;

	va_start(ap, fmt);
	text = arena_vfmt(k->arena, fmt, ap);
	va_end(ap);
	if (!text)
		k->failed = -ENOMEM;
	else if (k->x->n_troubles < EXPLAIN_TROUBLES)
		k->x->troubles[k->x->n_troubles++] = (struct trouble_found){ kind, text, advice };
}

void explain_unseen(struct explainer *k, const char *fmt, ...)
{
	va_list ap;
	const char *text;

	va_start(ap, fmt);
	text = arena_vfmt(k->arena, fmt, ap);
	va_end(ap);
	if (!text)
		k->failed = -ENOMEM;
	else if (k->x->n_unseen < EXPLAIN_UNSEEN)
		k->x->unseen[k->x->n_unseen++] = text;
}

bool explain_is_own(const struct explainer *k, const char *owner)
{
	for (unsigned i = 0; i < k->in->layout->n; i++)
		if (k->in->place.path[i] && strcmp(k->in->place.path[i], owner) == 0)
			return true;
	return false;
}

const char *explain_owner(struct explainer *k, const char *owner)
{
	const char *text;

	if (strcmp(owner, "/") == 0)
		return "of the host";
	if (explain_is_own(k, owner))
		text = arena_fmt(k->arena, "of %s", k->in->name);
	else
		text = arena_fmt(k->arena, "of cgroup %s", owner);
	return text ? text : "";
}

const char *explain_bytes(struct arena *a, int64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double n = (double)bytes;
	unsigned i = 0;
	const char *text;

	while (n >= 1024 && i + 1 < ARRAY_LEN(units)) {
		n /= 1024;
		i++;
	}
	text = arena_fmt(a, "%.4g %s", n, units[i]);
	return text ? text : "";
}

const char *explain_cpus(struct arena *a, int64_t milli)
{
	const char *text = arena_fmt(a, "%g CPU", (double)milli / 1000);

	return text ? text : "";
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static const char *path_for(const struct explainer *k, enum cgroup_controller c)
{
	int h = cgroup_layout_find(k->in->layout, c);

	return h < 0 ? NULL : k->in->place.path[h];
}

static int read_chain(struct explainer *k, const char *path, unsigned what, const char *name, const struct level **ret,
		      struct err *e)
{
	int r;

	if (!path) {
		explain_unseen(k, "%s: this host has no such controller, or not for it", name);
		return 0;
	}
	r = levels_read(&k->levels, path, what, ret, e);
	if (r == -ENOENT || r == -EACCES) {
		explain_unseen(k, "%s: its group %s", name, r == -ENOENT ? "is gone" : "may not be read");
		return 0;
	}
	return r;
}

static bool has_io_limit(const struct level *at)
{
	for (; at; at = at->up)
		for (size_t i = 0; i < at->st.io.n; i++) {
			const struct cgroup_device_io *d = &at->st.io.device[i];

			if (d->read_bps > 0 || d->write_bps > 0 || d->read_iops > 0 || d->write_iops > 0)
				return true;
		}
	return false;
}

/* A rate needs two looks; they are only taken where there is a limit to compare it with. */
static int read_io(struct explainer *k, struct err *e)
{
	const char *path = path_for(k, CGROUP_BLKIO);
	unsigned what = CGROUP_STAT_IO | CGROUP_STAT_IO_LIMIT;
	struct levels later;
	int r = read_chain(k, path, what, "block I/O", &k->io, e);

	if (r < 0 || !has_io_limit(k->io))
		return r;
	k->io_moment_ns = clock_monotonic_ns();
	(void)poll(NULL, 0, IO_WINDOW_MS);
	levels_init(&later, k->in->host, k->in->layout, k->arena);
	if (levels_read(&later, path, what, &k->io_later, NULL) < 0)
		k->io_later = NULL; /* it has ended meanwhile */
	k->io_moment_ns = clock_monotonic_ns() - k->io_moment_ns;
	return 0;
}

static int read_all(struct explainer *k, struct err *e)
{
	const struct cgroup_layout *l = k->in->layout;
	uint64_t total = 0, swap = 0;
	int r = read_chain(k, path_for(k, CGROUP_CPU), CGROUP_STAT_CPU | CGROUP_STAT_CPU_LIMIT, "CPU", &k->cpu, e);

	if (r == 0)
		r = read_chain(k, path_for(k, CGROUP_MEMORY),
			       CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_DETAIL | CGROUP_STAT_EVENTS |
				       CGROUP_STAT_EVENTS_LOCAL,
			       "memory", &k->memory, e);
	if (r == 0)
		r = read_chain(k, path_for(k, CGROUP_PIDS), CGROUP_STAT_PIDS, "processes", &k->pids, e);
	if (r == 0)
		r = read_io(k, e);
	if (r == 0 && l->n && l->h[0].v2 && k->in->place.path[0])
		r = read_chain(k, k->in->place.path[0], CGROUP_STAT_PRESSURE, "pressure", &k->pressure, e);
	(void)host_memory(k->in->host, &total, &swap, NULL);
	k->host_memory = total ? (int64_t)total : CG_MAX;
	return r;
}

/* Its processes are in the group of who started them, with others. */
static int read_without_group(struct explainer *k, struct err *e)
{
	static struct level const nothing = { .path = "" };
	struct level *use = arena_alloc(k->arena, sizeof *use);
	uint64_t total = 0, swap = 0;
	int r = use ? 0 : err_oom(e);

	if (r < 0)
		return r;
	*use = nothing;
	if (k->in->in_root) {
		explain_unseen(k,
			       "its waiting and block I/O: they are counted for groups, and the root's are the host's");
	} else {
		explain_unseen(k, "limits, waiting and block I/O: " CGROUP_NONE_TEXT);
		explain_unseen(k, "limits of the group that its caller is in: `tare explain %d` tells them",
			       (int)k->in->pid);
	}
	(void)host_memory(k->in->host, &total, &swap, NULL);
	k->host_memory = total ? (int64_t)total : CG_MAX;
	if (proc_use_read(k->in->host, k->in->pid, &use->st, NULL) == 0) /* else it has ended meanwhile */
		k->cpu = k->memory = k->pids = use;
	return 0;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static int by_weight(const void *a, const void *b)
{
	const struct trouble_found *x = a, *y = b;

	return (x->kind > y->kind) - (x->kind < y->kind);
}

static int make_room(struct explanation *x, struct arena *a, struct err *e)
{
	x->facts = arena_array(a, EXPLAIN_FACTS, sizeof *x->facts);
	x->troubles = arena_array(a, EXPLAIN_TROUBLES, sizeof *x->troubles);
	x->unseen = arena_array(a, EXPLAIN_UNSEEN, sizeof *x->unseen);
	return x->facts && x->troubles && x->unseen ? 0 : err_oom(e);
}

int explain(const struct explain_input *in, struct arena *a, struct explanation *ret, struct err *e)
{
	struct explainer k = { .in = in, .arena = a, .x = ret };
	int r;

	*ret = (struct explanation){ .in = in, .arena = a };
	r = make_room(ret, a, e);
	if (r < 0)
		return r;
	levels_init(&k.levels, in->host, in->layout, a);
	if (in->alive)
		r = in->no_group ? read_without_group(&k, e) : read_all(&k, e);
	if (r < 0)
		return r;
	explain_facts(&k);
	explain_troubles(&k);
	if (in->alive && in->pid)
		explain_files(&k);
	qsort(ret->troubles, ret->n_troubles, sizeof *ret->troubles, by_weight);
	return k.failed ? err_oom(e) : 0;
}

int explain_brief(const struct explain_input *in, const struct level *at, struct arena *a, struct explanation *ret,
		  struct err *e)
{
	struct explainer k = { .in = in, .arena = a, .x = ret, .cpu = at, .memory = at, .pids = at, .pressure = at };
	int r;

	*ret = (struct explanation){ .in = in, .arena = a };
	r = make_room(ret, a, e);
	if (r < 0)
		return r;
	explain_troubles(&k);
	qsort(ret->troubles, ret->n_troubles, sizeof *ret->troubles, by_weight);
	return k.failed ? err_oom(e) : 0;
}
