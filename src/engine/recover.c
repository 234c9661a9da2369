/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/recover.h"
#include "engine/network.h"
#include "engine/update.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/scope.h"
#include "kernel/ofd_lock.h"
#include "monitor/control.h"
#include "monitor/oom.h"

#include <fcntl.h>
#include <string.h>

#define REAP_LOCK_MS 10000
#define ARENA_MAX (64u << 20)
#define CREATE_ATTEMPTS 10
#define BUSY_MS 2000 /* somebody starts or ends it */

static const char *const status_names[] = {
#define X(id, text) [CONTAINER_##id] = text,
	CONTAINER_STATUSES(X)
#undef X
};

const char *container_status_name(enum container_status s)
{
	return status_names[s];
}

bool container_is_active(enum container_status s)
{
	return s == CONTAINER_RUNNING || s == CONTAINER_PAUSED || s == CONTAINER_RESTARTING;
}

int container_find(struct engine *en, struct sv ref, struct arena *a, struct container_row *ret, struct err *e)
{
	struct db *db;
	int r = engine_db(en, &db, e);

	return r < 0 ? r : containers_find(db, ref, a, ret, e);
}

/* ---- locks -------------------------------------------------------------------------------------------------- */

/* Between the mkdir and the lock a sweep may take the still empty folder for a leftover: then once more. */
int container_lock_new(struct engine *en, const char *id, struct lock *ret, int *ret_dir, struct err *e)
{
	scoped_fd dir = -1;
	int r = -ENOENT;

	for (int i = 0; r == -ENOENT && i < CREATE_ATTEMPTS; i++) {
		if (dir >= 0)
			close(fd_take(&dir));
		r = engine_container_dir(en, id, true, &dir, e);
		if (r == 0)
			r = lock_take(en, dir, "create", REAP_LOCK_MS, ret, NULL, e);
	}
	if (r == 0)
		*ret_dir = fd_take(&dir);
	else if (dir >= 0 && r != -ENOENT && r != -EAGAIN) /* a full disk: the folder is there, its lock is not */
		(void)container_remove_folder(en, id, dir, NULL);
	return r;
}

int container_lock(struct engine *en, const char *id, const char *op, unsigned timeout_ms, struct lock *ret,
		   int *ret_dir, struct intent *ret_before, struct err *e)
{
	scoped_fd dir = -1;
	int r = engine_container_dir(en, id, false, &dir, e);

	if (r == -ENOENT)
		r = err_set(e, ENOENT, "removed meanwhile");
	if (r == 0)
		r = lock_take(en, dir, op, timeout_ms, ret, ret_before, e);
	if (r < 0)
		return err_wrap(e, r, "container %.12s", id);
	*ret_dir = fd_take(&dir);
	return 0;
}

bool container_monitor_is_alive(const struct engine *en, const char *id)
{
	char path[ID_LEN + sizeof "/" CONTROL_LOCK];
	scoped_fd fd = -1;

	(void)snprintf(path, sizeof path, "%s/" CONTROL_LOCK, id);
	fd = openat(en->state, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? errno != ENOENT : ofd_lock_is_held(fd);
}

bool container_is_up(const struct engine *en, const char *id)
{
	char path[ID_LEN + sizeof "/" LOCK_FILE];
	struct intent in = { 0 };
	bool held = false, known;

	(void)snprintf(path, sizeof path, "%s/" LOCK_FILE, id);
	known = lock_peek(en->containers, path, &held, &in, NULL) == 0;
	if (known && strncmp(in.op, "remove", 6) == 0)
		return false; /* its elements may be gone already, and its rows not yet */
	if (container_monitor_is_alive(en, id))
		return true;
	return known && held &&
	       (strcmp(in.op, "create") == 0 || strcmp(in.op, "start") == 0 || strcmp(in.op, "restart") == 0);
}

/* A record is not synced: that would cost each start milliseconds. What the disk did not get of it when the power went tells of
 * a life in an earlier boot, if of nothing else. */
static int read_outcome(int dir, const char *path, struct outcome *ret, struct err *e)
{
	struct err why = { 0 };
	int r = outcome_read_at(dir, path, ret, &why);

	if (r == -EINVAL)
		*ret = (struct outcome){ .state = OUTCOME_RUNNING };
	return r < 0 && r != -EINVAL ? err_set(e, -r, "%s", why.msg) : 0;
}

/* ---- putting right, with the lock held ---------------------------------------------------------------------- */

static int write_lost(struct engine *en, int dir, struct outcome *o, struct err *e)
{
	bool same_boot = strcmp(o->boot_id, en->boot_id) == 0;

	o->pid = o->monitor_pid = 0;
	if (o->state == OUTCOME_CREATED) /* never started: it can still be */
		return outcome_write(dir, o, e);
	o->state = OUTCOME_EXITED;
	o->finished_ns = clock_real_ns();
	o->exit_code = same_boot ? RECOVER_EXIT_LOST : RECOVER_EXIT_REBOOT;
	(void)snprintf(o->error, sizeof o->error, "%s",
		       same_boot     ? "the monitor was killed" :
		       o->boot_id[0] ? "the host was restarted" :
				       "its record was damaged");
	return outcome_write(dir, o, e);
}

/* Processes first: the record must not say "exited" while something still runs. */
static int end_lost(struct engine *en, const struct container_row *row, int dir, struct outcome *o, struct err *e)
{
	const struct cgroup_layout *layout;
	int r = engine_layout(en, &layout, e);

	if (r == 0 && !cgroup_is_none(row->cgroup) && strcmp(o->boot_id, en->boot_id) == 0)
		oom_look(en->host, layout, row->cgroup, false, o);
	if (r == 0)
		r = container_end_processes(en, row->id, row->cgroup, e);
	if (r == 0 && row->networked)
		r = network_down(en, row->id, false, e);
	return r < 0 ? r : write_lost(en, dir, o, e);
}

static bool is_removal(const struct intent *before)
{
	return strncmp(before->op, "remove", 6) == 0;
}

static bool is_update(const struct intent *before)
{
	return strcmp(before->op, "update") == 0;
}

/* That is, if it has no monitor. */
static bool is_lost(const struct outcome *o)
{
	return o->state == OUTCOME_CREATED ? o->pid != 0 : o->state != OUTCOME_EXITED;
}

/* What --rm asks to go when nobody is at work on it: all that was started. */
static bool has_lived(const struct outcome *o)
{
	return o->state != OUTCOME_CREATED || o->pid;
}

enum settled { SETTLED_STAYS, SETTLED_GONE };

/* Returns enum settled, or < 0. With SETTLED_GONE *l is let go, and as container_remove_locked() says when that fails; else it
 * is still the caller's. */
static int settle(struct engine *en, const struct container_row *row, int dir, const struct intent *before,
		  struct lock *l, struct err *e)
{
	bool alive = container_monitor_is_alive(en, row->id), lived;
	struct outcome o = { 0 };
	int known = read_outcome(dir, OUTCOME_FILE, &o, e), r = 0;

	if (known < 0 && known != -ENOENT)
		return err_wrap(e, known, "container %.12s", row->id);
	if (!is_removal(before) && alive) {
		if (is_update(before) && known == 0 && update_again(en, row, e) < 0)
			log_warning("container %.12s: an update was cut short and cannot be undone: %s", row->id,
				    e ? e->msg : "");
		return SETTLED_STAYS;
	}
	lived = has_lived(&o);
	if (!is_removal(before) && known == 0 && is_lost(&o))
		r = end_lost(en, row, dir, &o, e);
	if (r < 0)
		return r;
	if (is_removal(before) || known == -ENOENT || (row->auto_remove && lived)) {
		r = container_remove_locked(en, row->id, strcmp(before->op, "remove-volumes") == 0, l, e);
		return r < 0 ? r : SETTLED_GONE;
	}
	return SETTLED_STAYS;
}

/* ---- looking ------------------------------------------------------------------------------------------------ */

enum container_status container_status_of(const struct outcome *o)
{
	static const enum container_status of[] = {
		[OUTCOME_CREATED] = CONTAINER_CREATED,
		[OUTCOME_RUNNING] = CONTAINER_RUNNING,
		[OUTCOME_PAUSED] = CONTAINER_PAUSED,
		[OUTCOME_RESTARTING] = CONTAINER_RESTARTING,
		[OUTCOME_EXITED] = CONTAINER_EXITED,
	};

	return of[o->state];
}

#define NAME_IN_FOLDER (ID_LEN + sizeof "/" CONTROL_LOCK)

int container_glance(const struct engine *en, const struct container_row *row, const struct outcome *seen,
		     struct container_state *ret, bool *ret_wrong, struct err *e)
{
	struct container_state s = { 0 };
	struct intent in = { 0 };
	bool held = false;
	char path[NAME_IN_FOLDER];
	int r = 0, locked;

	(void)snprintf(path, sizeof path, "%s/" LOCK_FILE, row->id);
	locked = lock_peek(en->containers, path, &held, &in, NULL);
	(void)snprintf(path, sizeof path, "%s/" OUTCOME_FILE, row->id);
	if (seen)
		s.outcome = *seen;
	else
		r = read_outcome(en->containers, path, &s.outcome, e);
	if (r < 0 && r != -ENOENT)
		return err_wrap(e, r, "container %.12s", row->id);
	if (r == -ENOENT && locked == -ENOENT && faccessat(en->containers, row->id, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return -ENOENT;
	if (is_removal(&in)) {
		s.status = CONTAINER_REMOVING;
		*ret_wrong = !held;
	} else {
		s.status = r == 0 ? container_status_of(&s.outcome) : CONTAINER_CREATED;
		*ret_wrong = !held &&
			     (r == -ENOENT || is_lost(&s.outcome) || (row->auto_remove && has_lived(&s.outcome))) &&
			     !container_monitor_is_alive(en, row->id);
		*ret_wrong |= !held && is_update(&in);
	}
	*ret = s;
	return 0;
}

/* A removal that cannot be finished is a state of its own, which the next look tries to leave. */
int container_look_locked(struct engine *en, const struct container_row *row, int dir, const struct intent *before,
			  struct lock *l, struct container_state *ret, struct err *e)
{
	struct container_state s = { 0 };
	struct err why = { 0 };
	int settled = settle(en, row, dir, before, l, &why), r;

	if (settled == SETTLED_GONE)
		return err_set(e, ENOENT, "No such container: %s", row->id);
	if (settled < 0 && !is_removal(before))
		return err_set(e, why.code, "%s", why.msg);
	r = read_outcome(dir, OUTCOME_FILE, &s.outcome, e);
	if (r < 0 && r != -ENOENT)
		return err_wrap(e, r, "container %.12s", row->id);
	s.status = r == 0 ? container_status_of(&s.outcome) : CONTAINER_CREATED;
	if (settled < 0) {
		s.status = CONTAINER_DEAD;
		(void)sv_copy(sv_from(why.msg), s.outcome.error, sizeof s.outcome.error);
	}
	*ret = s;
	return 0;
}

int container_take(struct engine *en, const char *op, unsigned timeout_ms, struct arena *a, struct container_row *row,
		   struct lock *ret, int *ret_dir, struct container_state *ret_state, struct err *e)
{
	struct lock l = LOCK_NONE;
	struct intent before = { 0 };
	scoped_fd dir = -1;
	int r = container_lock(en, row->id, op, timeout_ms, &l, &dir, &before, e);

	if (r == 0)
		r = container_find(en, sv_from(row->id), a, row, e);
	if (r == 0)
		r = container_look_locked(en, row, dir, &before, &l, ret_state, e);
	if (r < 0) {
		lock_abandon(&l);
		return r;
	}
	*ret = l;
	*ret_dir = fd_take(&dir);
	return 0;
}

/* A list is read without the configurations; who puts something right may need one. */
static int look_in_full(struct engine *en, const struct container_row *row, int dir, const struct intent *before,
			struct lock *l, struct container_state *ret, struct err *e)
{
	scoped_arena a = ARENA(ARENA_MAX);
	struct container_row full = *row;
	int r = row->config ? 0 : container_find(en, sv_from(row->id), &a, &full, e);

	return r < 0 ? r : container_look_locked(en, &full, dir, before, l, ret, e);
}

static int put_right(struct engine *en, const struct container_row *row, struct container_state *s, struct err *e)
{
	struct lock l = LOCK_NONE;
	struct intent before = { 0 };
	scoped_fd dir = -1;
	int r = container_lock(en, row->id, "recover", 0, &l, &dir, &before, e);

	if (r == -EAGAIN)
		return 0; /* somebody is doing it: what was seen is still true enough */
	if (r < 0)
		return r;
	r = look_in_full(en, row, dir, &before, &l, s, e);
	if (r < 0)
		lock_abandon(&l);
	else
		lock_release(&l);
	return r;
}

int container_look(struct engine *en, const struct container_row *row, struct container_state *ret, struct err *e)
{
	struct container_state s = { 0 };
	bool wrong = false;
	int r = container_glance(en, row, NULL, &s, &wrong, e);

	if (r == -ENOENT) {
		r = container_forget(en, row->id, row->cgroup, e);
		return r < 0 ? r : err_set(e, ENOENT, "No such container: %s", row->id);
	}
	if (r == 0 && wrong)
		r = put_right(en, row, &s, e);
	if (r == 0)
		*ret = s;
	return r;
}

/* ---- what it has in the network ----------------------------------------------------------------------------- */

static bool is_idle(const struct engine *en, const struct container_row *row, const struct container_state *s)
{
	return !container_is_active(s->status) && !container_monitor_is_alive(en, row->id);
}

/* With its lock: one that is being started has its ports before its monitor is there and its record says so. */
static bool give_back(struct engine *en, struct arena *a, struct container_row *row)
{
	struct container_state s;
	scoped_lock l = LOCK_NONE;
	scoped_fd dir = -1;
	int r = container_take(en, "recover", BUSY_MS, a, row, &l, &dir, &s, NULL);

	if (r < 0)
		return r == -ENOENT;
	return is_idle(en, row, &s) && network_down(en, row->id, false, NULL) == 0;
}

bool container_let_go_network(struct engine *en, const char *id)
{
	scoped_arena a = ARENA(ARENA_MAX);
	struct container_row row;
	struct container_state s;
	int r = container_find(en, sv_from(id), &a, &row, NULL);

	if (r == 0)
		r = container_look(en, &row, &s, NULL);
	if (r < 0)
		return r == -ENOENT;
	if (s.status == CONTAINER_REMOVING) /* it never starts again, but its files may take their time */
		return network_down(en, id, false, NULL) == 0;
	return is_idle(en, &row, &s) && give_back(en, &a, &row);
}

/* ---- after an end ------------------------------------------------------------------------------------------- */

static int reap_locked(struct engine *en, const char *id, int dir, const struct intent *before, struct lock *l,
		       struct err *e)
{
	scoped_arena a = ARENA(ARENA_MAX);
	struct container_row row = { 0 };
	struct outcome o = { 0 };
	int r = container_find(en, sv_from(id), &a, &row, e), known;

	if (r == -ENOENT)
		return container_remove_locked(en, id, true, l, e);
	if (r < 0)
		return r;
	known = read_outcome(dir, OUTCOME_FILE, &o, e);
	if (known < 0 && known != -ENOENT)
		return err_wrap(e, known, "container %.12s", id);
	if (known == 0 && o.state == OUTCOME_EXITED) {
		if (row.auto_remove || is_removal(before))
			return container_remove_locked(en, id, strcmp(before->op, "remove-volumes") == 0, l, e);
		r = container_end_processes(en, id, row.cgroup, e);
		return r == 0 && row.networked ? network_down(en, id, false, e) : r;
	}
	if (container_monitor_is_alive(en, id))
		return err_set(e, EBUSY, "container %.12s: it is running", id);
	r = settle(en, &row, dir, before, l, e);
	return r < 0 ? r : 0;
}

int engine_reap(struct engine *en, const char *id, struct err *e)
{
	scoped_fd dir = -1;
	struct intent before = { 0 };
	struct lock l = LOCK_NONE;
	int r = container_lock(en, id, "reap", REAP_LOCK_MS, &l, &dir, &before, e);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = reap_locked(en, id, dir, &before, &l, e);
	if (r == 0 || r == -EBUSY)
		lock_release(&l);
	else
		lock_abandon(&l);
	return r;
}
