/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/update_priv.h"

#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/create.h"
#include "engine/kube_plain.h"
#include "engine/network_connect.h"
#include "engine/recover.h"
#include "engine/request.h"
#include "engine/units.h"
#include "runtime/plan.h"

#include <string.h>

#define LOCK_MS 60000

/* A container with a life, on its way from one set of limits to another. */
struct job {
	struct engine *en;
	const struct container_row *row;
	struct creation cr; /* looked up for the configuration that is to hold */
	struct arena *a;
	bool all; /* what it has now is not known for sure */
	int state, container_dir;
	struct buf old_spec, old_charter; /* bytes of the bundle until now */
	struct runtime_spec spec;
	struct charter charter;
	bool restart_changed; /* the one thing of the charter that an update can change */
	struct cgroup_writes from, to;
	bool written; /* the bundle is the new one */
	uint64_t life; /* start time of the first process that was changed; 0: none */
};

static void job_init(struct job *j, struct engine *en, const struct container_row *row, struct arena *a)
{
	*j = (struct job){ .en = en, .row = row, .a = a, .state = -1, .container_dir = -1,
			   .old_spec = BUF(LIMIT_CONFIG_JSON), .old_charter = BUF(LIMIT_CONTROL_MSG) };
}

static void job_done(struct job *j)
{
	fd_scope_end(&j->state);
	fd_scope_end(&j->container_dir);
	buf_done(&j->old_spec);
	buf_done(&j->old_charter);
}

/* ---- what it has and what it is to have --------------------------------------------------------------------------- */

static int read_bundle(struct job *j, struct err *e)
{
	int r = engine_state_dir(j->en, j->row->id, false, &j->state, e);

	if (r == 0)
		r = io_read_at(j->state, CONFIG_FILE, &j->old_spec, e);
	if (r == 0)
		r = io_read_at(j->state, CHARTER_FILE, &j->old_charter, e);
	if (r == 0)
		r = runtime_spec_parse(buf_sv(&j->old_spec), j->a, &j->spec, e);
	return r < 0 ? r : charter_read(j->state, j->a, &j->charter, e);
}

static int plan_both(struct job *j, struct err *e)
{
	const struct cgroup_layout *l = &j->cr.facts.cgroup;
	int r = plan_resources(&j->spec.resources, l, j->a, &j->from, e);

	if (r == 0)
		r = spec_limits(j->cr.config, &j->cr.facts, &j->cr.inputs, j->a, &j->spec.resources, e);
	if (r == 0)
		r = plan_resources(&j->spec.resources, l, j->a, &j->to, e);
	return r;
}

static void set_restart(struct job *j)
{
	enum restart_policy name = j->cr.config->restart.name;
	int most = (int)j->cr.config->restart.maximum_retry_count;

	j->restart_changed = j->charter.restart != name || j->charter.restart_max != most;
	j->charter.restart = name;
	j->charter.restart_max = most;
}

/* ---- doing and undoing -------------------------------------------------------------------------------------------- */

static int write_bundle(struct job *j, struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	int r = runtime_spec_print(&j->spec, false, &json, e);

	j->written = true;
	if (r == 0)
		r = io_replace_at(j->state, CONFIG_FILE, json.p, json.len, 0600, IO_DISK_LATER, e);
	return r < 0 || !j->restart_changed ? r : charter_write(j->state, &j->charter, e);
}

static void restore_bundle(struct job *j)
{
	if (!j->written)
		return;
	(void)io_replace_at(j->state, CONFIG_FILE, j->old_spec.p, j->old_spec.len, 0600, IO_DISK_LATER, NULL);
	(void)io_replace_at(j->state, CHARTER_FILE, j->old_charter.p, j->old_charter.len, 0600, IO_DISK_LATER, NULL);
}

/* It writes what it is told in its own way, coarser quotas, and more of the same controller than that. */
static int tell_systemd(struct job *j, struct cgroup *cg, const struct cgroup_writes *change,
			const struct cgroup_writes *to, struct err *e)
{
	const struct cgroup_writes *const lists[] = { change, to };
	int r = units_set(j->en, j->row->cgroup, change, j->a, e);

	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (size_t i = 0; r == 0 && i < lists[l]->n; i++)
			r = cgroup_apply(cg, &lists[l]->w[i], e);
	return r;
}

/* Between two lives it has no group: the next one is made by the new bundle. */
static int change_group(struct job *j, const struct cgroup_writes *from, const struct cgroup_writes *to, bool all,
			struct err *e)
{
	struct cgroup_writes change;
	struct cgroup *cg;
	int r = cgroup_change_plan(from, to, all, j->a, &change, e);

	if (r < 0 || change.n == 0)
		return r;
	r = cgroup_open(j->en->host, &j->cr.facts.cgroup, j->row->cgroup, &cg, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = cgroup_change(cg, &change, j->a, e);
	if (r == 0 && units_is_path(j->row->cgroup))
		r = tell_systemd(j, cg, &change, to, e);
	cgroup_free(cg);
	return r;
}

static uint64_t life_of(const struct job *j)
{
	struct outcome o;

	return outcome_read(j->container_dir, &o, NULL) == 0 && o.pid ? o.pid_start_ticks : 0;
}

static int change_live(struct job *j, struct err *e)
{
	int r = engine_container_dir(j->en, j->row->id, false, &j->container_dir, e);

	if (r == 0)
		r = read_bundle(j, e);
	if (r == 0)
		r = plan_both(j, e);
	if (r < 0)
		return r;
	set_restart(j);
	j->life = life_of(j);
	r = write_bundle(j, e);
	if (r == 0)
		r = change_group(j, &j->from, &j->to, j->all, e);
	if (r < 0)
		restore_bundle(j);
	return r;
}

static void undo(struct job *j)
{
	(void)change_group(j, &j->to, &j->from, false, NULL);
	restore_bundle(j);
}

/* The monitor may have begun another life of it by the old bundle while the group was changed. After RELOAD it has read
 * the new one for whatever it begins, so once more is enough. */
static int tell_monitor(struct job *j, struct err *e)
{
	uint64_t now;
	int r = request(j->en, j->row->id, CONTROL_RELOAD, 0, 0, e);

	if (r == -ESRCH || r == -ENOENT) /* it ended meanwhile */
		return 0;
	now = life_of(j);
	return r == 0 && now && now != j->life ? change_group(j, &j->from, &j->to, true, e) : r;
}

/* ---- an update ---------------------------------------------------------------------------------------------------- */

static int store(struct engine *en, const char *id, const struct container_config *c, struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	struct db *db;
	int r = config_print(c, &json, e);

	if (r == 0)
		r = engine_db(en, &db, e);
	return r < 0 ? r : containers_set_config(db, id, json.p, e);
}

static int update_alive(struct job *j, struct err *e)
{
	int r = change_live(j, e);

	if (r < 0)
		return r;
	r = store(j->en, j->row->id, j->cr.config, e);
	if (r < 0) {
		undo(j);
		return r;
	}
	return tell_monitor(j, e);
}

/* What quotas are about is changed where they are asked. */
static int check_admitted(const struct container_config *c, const struct update *u, struct err *e)
{
	const int64_t counted[] = { u->to.nano_cpus, u->to.cpu_shares, u->to.cpu_quota_us, u->to.cpu_period_us,
				    u->to.memory };

	for (size_t i = 0; kube_plain_is(c) && !u->admitted && i < ARRAY_LEN(counted); i++)
		if (counted[i] != UPDATE_KEEP)
			return err_set(e, EINVAL,
				       "quotas of namespace %s hold for its CPU and memory limits: change them with "
				       "'tare kube resize'",
				       c->kube_namespace);
	return 0;
}

static int update_locked(struct engine *en, const struct container_row *row, const struct container_state *s,
			 const struct update *u, struct arena *a, struct err *e)
{
	struct container_config c;
	struct job j;
	int r;

	job_init(&j, en, row, a);
	config_init(&c);
	r = config_parse(sv_from(row->config), a, &c, e);
	if (r == 0)
		r = check_admitted(&c, u, e);
	if (r == 0)
		r = update_merge(&c, u, a, e);
	if (r == 0)
		r = creation_limits(en, &c, row->cgroup, a, &j.cr, e);
	if (r == 0)
		creation_print_warnings(&j.cr);
	if (r == 0)
		r = container_is_active(s->status) ? update_alive(&j, e) : store(en, row->id, &c, e);
	job_done(&j);
	return r;
}

/* What its limits were, as the row had them that the caller knows. */
static void restore(struct engine *en, const struct container_row *row, const struct container_state *s)
{
	struct db *db;
	int r = engine_db(en, &db, NULL);

	if (r == 0)
		r = containers_set_config(db, row->id, row->config, NULL);
	if (r == 0 && container_is_active(s->status))
		(void)update_again(en, row, NULL);
}

/* Limits first: they can be what they were in every case, and somebody else may have a port by then. */
static int change_locked(struct engine *en, const struct container_row *row, const struct container_state *s,
			 const struct update *u, struct arena *a, struct err *e)
{
	bool limits = !update_is_empty(u);
	struct container_row now;
	int r = limits ? update_locked(en, row, s, u, a, e) : 0;

	if (r < 0 || (!u->publish_add.n && !u->publish_rm.n))
		return r;
	r = container_find(en, sv_from(row->id), a, &now, e);
	if (r == 0)
		r = network_publish(en, &now, s, &u->publish_add, &u->publish_rm, a, e);
	if (r < 0 && limits)
		restore(en, row, s);
	return r;
}

static int update_row(struct engine *en, struct container_row *row, const struct update *u, struct arena *a,
		      struct err *e)
{
	struct lock l = LOCK_NONE;
	struct container_state s;
	scoped_fd dir = -1;
	int r = container_take(en, "update", LOCK_MS, a, row, &l, &dir, &s, e);

	if (r < 0)
		return r;
	if (s.status == CONTAINER_DEAD) {
		lock_abandon(&l);
		return err_set(e, EINVAL, "container is marked for removal and cannot be \"update\"");
	}
	r = change_locked(en, row, &s, u, a, e);
	lock_release(&l);
	return r;
}

int engine_update(struct engine *en, struct sv ref, const struct update *u, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct container_row row;
	int r = container_find(en, ref, &a, &row, e);

	if (r < 0)
		return r;
	r = update_row(en, &row, u, &a, e);
	return r < 0 ? err_wrap(e, r, "Cannot update container %.12s", row.id) : 0;
}

int update_again(struct engine *en, const struct container_row *row, struct err *e)
{
	scoped_arena a = ARENA(LIMIT_ARENA_SPEC);
	struct container_config c;
	struct job j;
	int r;

	job_init(&j, en, row, &a);
	j.all = true;
	config_init(&c);
	r = config_parse(sv_from(row->config), &a, &c, e);
	if (r == 0)
		r = creation_limits(en, &c, row->cgroup, &a, &j.cr, e);
	if (r == 0)
		r = change_live(&j, e);
	if (r == 0)
		r = tell_monitor(&j, e);
	job_done(&j);
	return r;
}
