/* SPDX-License-Identifier: Apache-2.0 */
/* made.h - containers built by hand, in every state that a crash can leave. Control groups are files in a folder here (the
 * real ones have tests of their own): what is checked is that the right one is killed and removed, and no other. */
#pragma once

#include "engine/kube_plain.h"
#include "engine/survey.h"
#include "engine/update.h"

#include "../test.h"
#include "fixture.h"
#include "kernel/cgroup.h"
#include "monitor/control.h"
#include "monitor/oom.h"
#include "storage/volumes.h"

#include <errno.h>
#include <sys/stat.h>

#define ID "c0ffee0000000000000000000000000000000000000000000000000000000001"
#define GROUP "/tare/" ID

/* ---- what has tests of its own: an update that was cut short, a pod of one -------------------------------------- */

static unsigned updates;

int update_again(struct engine *en, const struct container_row *row, struct err *e)
{
	updates++;
	return 0;
}

int kube_plain_remove_group(struct engine *en, const char *cgroup, struct err *e)
{
	return 0;
}

int kube_plain_gone(struct engine *en, const char *cgroup, struct err *e)
{
	return 0;
}

/* ---- control groups as files -------------------------------------------------------------------------------- */

struct cgroup {
	char name[128];
};

static struct fixture *fake; /* "<dir>/group<id>": exists; content "killed": was killed */

static inline const char *group_path(const char *path)
{
	static char text[256];
	const char *leaf = strrchr(path, '/');

	(void)snprintf(text, sizeof text, "%s/group-%s", fake->dir.path, leaf ? leaf + 1 : path);
	return text;
}

int cgroup_layout_read(const struct host *h, struct cgroup_layout *ret, struct err *e)
{
	*ret = (struct cgroup_layout){ .mode = CGROUP_MODE_V1 };
	return 0;
}

void cgroup_layout_delegated(const struct host *h, struct cgroup_layout *l)
{
}

void cgroup_layout_within(const struct host *h, struct cgroup_layout *l, const char *path)
{
}

const char *cgroup_layout_group(const struct cgroup_layout *l, const char *path, struct arena *a)
{
	return path;
}

int cgroup_open(const struct host *h, const struct cgroup_layout *l, const char *path, struct cgroup **ret,
		struct err *e)
{
	if (access(group_path(path), F_OK) < 0)
		return err_set(e, ENOENT, "no group");
	*ret = calloc(1, sizeof **ret);
	(void)snprintf((*ret)->name, sizeof(*ret)->name, "%s", path);
	return 0;
}

void cgroup_free(struct cgroup *cg)
{
	free(cg);
}

int cgroup_kill(const struct cgroup *cg, struct err *e)
{
	scoped_fd fd = open(group_path(cg->name), O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, "killed", 6) == 6 ? 0 : err_sys(e, "kill");
}

int cgroup_remove(const struct host *h, const struct cgroup_layout *l, const char *path, unsigned timeout_ms,
		  struct err *e)
{
	struct stat st;

	if (stat(group_path(path), &st) == 0 && st.st_size == 0)
		return err_set(e, EBUSY, "processes remain");
	return unlink(group_path(path)) < 0 && errno != ENOENT ? err_sys(e, "rmdir") : 0;
}

/* One kill, in a group that still is as it was made: what is looked for after the end is lost. */
void oom_look(const struct host *h, const struct cgroup_layout *l, const char *cgroup, bool nested, struct outcome *o)
{
	struct stat st;

	o->oom_killed = stat(group_path(cgroup), &st) == 0 && st.st_size == 0;
}

/* ---- containers by hand ------------------------------------------------------------------------------------- */

struct made {
	const char *id;
	bool auto_remove, volume, no_outcome;
	enum outcome_state state;
	const char *boot_id; /* NULL: this boot */
};

static inline void touch_at(int dir, const char *name)
{
	close(openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static inline void make_volume(struct fixture *f, struct db *db, const char *id)
{
	scoped_fd volumes = -1;
	bool made;

	assert_int_equal(
		0, db_run(db, "INSERT INTO volumes VALUES(?1, 0, 1, '{}')", DB_ARGS(db_text("anon")), NULL, NULL));
	assert_int_equal(0, db_run(db, "INSERT INTO container_volumes VALUES(?1, '/data', 'anon')",
				   DB_ARGS(db_text(id)), NULL, NULL));
	assert_int_equal(0, volumes_open(f->en.root, &volumes, NULL));
	assert_int_equal(0, volume_create(volumes, "anon", &made, NULL));
}

static inline void make_container(struct fixture *f, const struct made *m)
{
	scoped_fd dir = -1, state = -1, upper = -1;
	struct outcome o = { .state = m->state, .pid = 4242, .monitor_pid = 4241, .created_ns = 1, .started_ns = 2 };
	struct lock l = LOCK_NONE;
	char cgroup[128], name[NAME_SIZE];
	struct container_row row = {
		.id = m->id, .created_ns = 1, .cgroup = cgroup, .auto_remove = m->auto_remove, .config = "{}"
	};
	struct db *db;

	(void)snprintf(cgroup, sizeof cgroup, "/tare/%s", m->id);
	(void)snprintf(o.boot_id, sizeof o.boot_id, "%s", m->boot_id ? m->boot_id : f->en.boot_id);
	assert_int_equal(0, engine_db(&f->en, &db, NULL));
	assert_int_equal(0, container_lock_new(&f->en, m->id, &l, &dir, NULL));
	assert_int_equal(0, containers_insert(db, &row, name, NULL));
	assert_int_equal(0, io_mkdir_at(dir, "upper", 0700, &upper, NULL));
	touch_at(upper, "payload");
	if (m->volume)
		make_volume(f, db, m->id);
	assert_int_equal(0, engine_state_dir(&f->en, m->id, true, &state, NULL));
	touch_at(state, CONTROL_LOCK);
	close(open(group_path(cgroup), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (!m->no_outcome)
		assert_int_equal(0, outcome_write(dir, &o, NULL));
	lock_release(&l);
}

/* A monitor is whoever holds its lock. */
static inline int hold_monitor_lock(struct fixture *f, const char *id)
{
	scoped_fd state = -1;
	int fd;

	assert_int_equal(0, engine_state_dir(&f->en, id, false, &state, NULL));
	fd = openat(state, CONTROL_LOCK, O_RDWR | O_CLOEXEC);
	assert_int_equal(0, ofd_lock_take(fd, 0, NULL));
	return fd;
}

enum { TRACE_ROW = 1, TRACE_FOLDER = 2, TRACE_STATE = 4, TRACE_GROUP = 8, TRACE_VOLUME = 16 };

static inline bool has_row(struct db *db, const char *sql, const char *value)
{
	scoped_rows rows = { 0 };

	assert_int_equal(0, db_query(db, sql, DB_ARGS(db_text(value)), &rows, NULL));
	return db_next(&rows, NULL) == 1;
}

static inline unsigned traces(struct fixture *f, const char *id)
{
	struct db *db;
	unsigned left = 0;

	assert_int_equal(0, engine_db(&f->en, &db, NULL));
	if (has_row(db, "SELECT 1 FROM containers WHERE id = ?1", id) ||
	    has_row(db, "SELECT 1 FROM container_volumes WHERE container_id = ?1", id))
		left |= TRACE_ROW;
	if (faccessat(f->en.containers, id, F_OK, 0) == 0)
		left |= TRACE_FOLDER;
	if (faccessat(f->en.state, id, F_OK, 0) == 0)
		left |= TRACE_STATE;
	if (access(group_path(id), F_OK) == 0)
		left |= TRACE_GROUP;
	if (has_row(db, "SELECT 1 FROM volumes WHERE name = ?1", "anon") ||
	    faccessat(f->en.root, "volumes/anon", F_OK, 0) == 0)
		left |= TRACE_VOLUME;
	return left;
}

static inline struct container_row row_of(const char *id, bool auto_remove)
{
	return (struct container_row){
		.id = id, .name = "web", .cgroup = GROUP, .auto_remove = auto_remove, .config = "{}"
	};
}

static inline int look(struct fixture *f, bool auto_remove, struct container_state *ret, struct err *e)
{
	struct container_row row = row_of(ID, auto_remove);

	return container_look(&f->en, &row, ret, e);
}

static inline int remove_it(void *arg)
{
	struct fixture *f = arg;
	struct remove_options o = { .volumes = true };
	scoped_engine en = { .root_path = NULL };
	int r = engine_open(&en, f->host, f->root, f->state, NULL);

	if (r == 0)
		r = engine_remove(&en, SV(ID), &o, NULL);
	return r == -ENOENT ? 0 : r;
}
