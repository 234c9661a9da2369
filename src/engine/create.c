/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/create.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "records/containers.h"
#include "engine/create_priv.h"
#include "engine/kube_plain.h"
#include "engine/launch.h"
#include "engine/recover.h"
#include "engine/running.h"
#include "kernel/cgroup.h"
#include "storage/init_layer.h"
#include "storage/layers.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define PLAN_ID "<id>"

/* ---- making ----------------------------------------------------------------------------------------------------------- */

static int insert_row(struct creation *cr, struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	struct container_row row = { .id = cr->id.hex,
				     .name = cr->config->name,
				     .created_ns = clock_real_ns(),
				     .image_ref = cr->config->image,
				     .image_id = cr->image.id,
				     .cgroup = spec_group(cr->config, &cr->facts.cgroup, cr->id.hex, cr->a),
				     .auto_remove = cr->config->auto_remove };
	struct db *db;
	int r = row.cgroup ? config_print(cr->config, &json, e) : err_oom(e);

	if (r == 0)
		r = engine_db(cr->en, &db, e);
	if (r < 0)
		return r;
	row.config = json.p;
	row.networked = create_is_networked(cr);
	row.ranked = cr->kube_row;
	if (cr->userns.kind == USERNS_HOST && !row.networked && !row.ranked)
		return containers_insert(db, &row, cr->name, e);
	r = db_begin(db, e); /* no container without its ids, addresses and requests, and none of these without it */
	if (r < 0)
		return r;
	r = containers_insert(db, &row, cr->name, e);
	if (r == 0 && cr->userns.kind != USERNS_HOST)
		r = create_take_userns(cr, db, e);
	if (r == 0)
		r = create_take_places(cr, db, e);
	if (r == 0)
		r = kube_plain_record(cr, db, e);
	r = db_end(db, r, e);
	kube_plain_admitted(cr);
	return r;
}

static int make_folders(struct creation *cr, struct err *e)
{
	scoped_fd layers = -1;
	int r;

	if (!cr->config->image)
		return 0;
	r = layers_open(cr->en->root, &layers, e);
	if (r == 0)
		r = init_layer_ensure(layers, e);
	if (r < 0)
		return r;
	if (mkdirat(cr->container_dir, "upper", 0755) < 0 || mkdirat(cr->container_dir, "work", 0700) < 0)
		return err_sys(e, "mkdir of upper and work in %s", cr->charter.container_dir);
	return 0;
}

static int open_state(struct creation *cr, struct err *e)
{
	int r;

	if (cr->state_dir >= 0)
		return 0;
	r = engine_state_dir(cr->en, cr->id.hex, true, &cr->state_dir, e);
	return r == -EEXIST ? engine_state_dir(cr->en, cr->id.hex, false, &cr->state_dir, e) : r;
}

/* Nothing of the charter changes any more, unless ids are still to be chosen: its monitor puts the root file
 * system together while we go on. */
static int tell_charter(struct creation *cr, struct err *e)
{
	int r;

	if (!cr->runs_now || cr->userns.kind != USERNS_HOST)
		return 0;
	cr->charter.trace = cr->trace;
	cr->charter.networked = create_is_networked(cr);
	r = open_state(cr, e);
	if (r == 0)
		r = charter_write(cr->state_dir, &cr->charter, e);
	if (r == 0)
		r = monitor_charter_is_there(cr->monitor, e);
	cr->charter_is_there = r == 0;
	return r;
}

static int make(struct creation *cr, struct err *e)
{
	int r = make_folders(cr, e);

	if (r == 0)
		r = tell_charter(cr, e);
	if (r == 0)
		r = insert_row(cr, e);
	if (r == 0)
		r = create_etc_files(cr, e);
	if (r == 0)
		r = create_make_volumes(cr, e);
	return r;
}

static void begin(struct creation *cr, struct engine *en, struct container_config *c, struct arena *a)
{
	*cr = CREATION_NONE;
	cr->en = en;
	cr->config = c;
	cr->a = a;
	cr->warnings.arena = a;
}

int engine_plan(struct engine *en, const struct host *host, struct container_config *c, struct arena *a,
		struct creation *ret, struct err *e)
{
	begin(ret, en, c, a);
	ret->plan_only = true;
	ret->host = host;
	ret->host_is_captured = !host->real;
	(void)sv_copy(SV(PLAN_ID), ret->id.hex, sizeof ret->id.hex);
	return create_look_up(ret, e);
}

int engine_create(struct engine *en, struct container_config *c, const struct creation_start *start, struct arena *a,
		  struct creation *ret, struct err *e)
{
	int r;

	begin(ret, en, c, a);
	ret->runs_now = start;
	ret->trace = start && start->trace;
	r = id_new(&ret->id, e);
	if (r == 0)
		r = create_look_up(ret, e);
	if (r == 0)
		r = container_lock_new(en, ret->id.hex, &ret->lock, &ret->container_dir, e);
	if (r < 0) {
		creation_done(ret);
		return r;
	}
	r = make(ret, e);
	if (r < 0)
		creation_undo(ret);
	return r;
}

int creation_set_process(struct creation *cr, struct err *e)
{
	struct warnings told = { .arena = cr->a };
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	struct runtime_spec now;
	struct db *db;
	int r = spec_make(cr->config, &cr->image_config, &cr->facts, &cr->inputs, cr->a, &now, &told, e);

	if (r == 0)
		r = config_print(cr->config, &json, e);
	if (r == 0)
		r = engine_db(cr->en, &db, e);
	if (r == 0)
		r = containers_set_config(db, cr->id.hex, json.p, e);
	if (r == 0)
		cr->spec.process = now.process;
	return r;
}

int creation_settle(struct creation *cr, struct err *e)
{
	struct outcome o = { .state = OUTCOME_CREATED, .created_ns = clock_real_ns() };
	int r;

	(void)snprintf(o.boot_id, sizeof o.boot_id, "%s", cr->en->boot_id);
	r = outcome_write(cr->container_dir, &o, e);
	if (r < 0)
		creation_undo(cr);
	else
		creation_done(cr);
	return r;
}

/* ---- what is there already ---------------------------------------------------------------------------------------- */

int engine_reopen(struct engine *en, const struct container_row *row, struct container_config *c, struct arena *a,
		  struct creation *ret, struct err *e)
{
	int r = config_parse(sv_from(row->config), a, c, e);

	if (r < 0)
		return err_wrap(e, r, "container %s", row->name);
	begin(ret, en, c, a);
	ret->row = row;
	(void)sv_copy(sv_from(row->id), ret->id.hex, sizeof ret->id.hex);
	(void)sv_copy(sv_from(row->name), ret->name, sizeof ret->name);
	return create_look_up(ret, e);
}

int creation_limits(struct engine *en, struct container_config *c, const char *group, struct arena *a,
		    struct creation *ret, struct err *e)
{
	begin(ret, en, c, a);
	ret->group = group;
	return create_look_up_limits(ret, en->host, e);
}

/* ---- the bundle --------------------------------------------------------------------------------------------------- */

int creation_write_bundle(struct creation *cr, struct err *e)
{
	scoped_buf json = BUF(LIMIT_CONFIG_JSON);
	int r = create_check_others(cr, e);

	if (r == 0)
		r = kube_plain_groups(cr, e);
	if (r == 0)
		r = create_mount_volumes(cr, e);
	if (r == 0)
		r = create_network_up(cr, e);
	if (r == 0 && !cr->runs_now)
		r = creation_let_in(cr, e);
	if (r == 0)
		r = runtime_spec_print(&cr->spec, false, &json, e);
	if (r == 0)
		r = open_state(cr, e);
	if (r == 0)
		r = io_replace_at(cr->state_dir, CONFIG_FILE, json.p, json.len, 0600, IO_DISK_LATER, e);
	if (r == 0)
		r = running_name(cr->state_dir, cr->name, e);
	if (r == 0 && create_is_networked(cr))
		r = charter_write_network(cr->state_dir, &cr->charter, e);
	if (r < 0 || cr->charter_is_there)
		return r;
	cr->charter.trace = cr->trace;
	cr->charter.networked = create_is_networked(cr);
	return charter_write(cr->state_dir, &cr->charter, e);
}

/* A monitor that nothing was made for takes back what it made; one that was killed cannot. */
static void dismiss(struct creation *cr)
{
	if (cr->monitor < 0)
		return;
	monitor_dismiss(&cr->monitor);
	if (cr->cgroup)
		(void)cgroup_remove(cr->en->host, &cr->facts.cgroup, cr->cgroup, 0, NULL);
}

void creation_undo(struct creation *cr)
{
	dismiss(cr);
	(void)container_remove_locked(cr->en, cr->id.hex, true, &cr->lock, NULL);
	creation_done(cr);
}

void creation_print_warnings(const struct creation *cr)
{
	for (size_t i = 0; i < cr->warnings.n; i++)
		log_warning("%s", cr->warnings.v[i]);
}

void creation_done(struct creation *cr)
{
	dismiss(cr);
	lock_release(&cr->lock);
	kube_plain_admitted(cr);
	if (cr->container_dir >= 0)
		close(fd_take(&cr->container_dir));
	if (cr->state_dir >= 0)
		close(fd_take(&cr->state_dir));
}
