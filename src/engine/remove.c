/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/remove.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/scope.h"
#include "spec/config.h"
#include "records/containers.h"
#include "engine/image_remove.h"
#include "engine/kube_plain.h"
#include "engine/network.h"
#include "engine/recover.h"
#include "engine/volume.h"
#include "kernel/cgroup.h"
#include "monitor/control.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define CGROUP_TIMEOUT_MS 10000
#define STOP_TIMEOUT_MS 10000
#define ASK_AGAIN_MS 200
#define LOCK_TIMEOUT_MS 10000
#define ARENA_MAX (32u << 20)

/* ---- 1: processes ------------------------------------------------------------------------------------------- */

static int check_path(const char *id, const char *path, struct err *e)
{
	const char *leaf = strrchr(path, '/');

	if (cgroup_is_none(path) || (path[0] == '/' && leaf && strstr(leaf, id)))
		return 0;
	return err_set(e, EINVAL, "cgroup %s is not one of container %.12s alone: left as it is", path, id);
}

static int kill_group(struct engine *en, const struct cgroup_layout *l, const char *path, struct err *e)
{
	struct cgroup *cg;
	int r = cgroup_open(en->host, l, path, &cg, e);

	if (r < 0)
		return r;
	r = cgroup_kill(cg, e);
	cgroup_free(cg);
	return r < 0 ? r : cgroup_remove(en->host, l, path, CGROUP_TIMEOUT_MS, e);
}

int container_end_processes(struct engine *en, const char *id, const char *path, struct err *e)
{
	const struct cgroup_layout *l;
	int r = check_path(id, path, e);

	if (r == 0)
		r = engine_layout(en, &l, e);
	if (r < 0 || cgroup_is_none(path))
		return r;
	r = kill_group(en, l, path, e);
	return r == -ENOENT ? 0 : r;
}

/* ---- 4 and 6: the folder ------------------------------------------------------------------------------------ */

static bool is_kept(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, LOCK_FILE) == 0;
}

static int empty_folder(int dir, struct err *e)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	scoped_dir d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *ent;

	if (!d) {
		r = err_sys(e, "open");
		if (copy >= 0)
			close(copy);
		return r;
	}
	while (r == 0 && (ent = readdir(d)))
		if (!is_kept(ent->d_name))
			r = io_remove_tree_at(dir, ent->d_name, e);
	return r;
}

/* Whoever waits for the lock finds that the file has no name any more, and goes away; whoever makes the lock anew before
 * the folder is gone finds no row, and removes the folder. */
int container_remove_folder(struct engine *en, const char *id, int dir, struct err *e)
{
	if (unlinkat(dir, LOCK_FILE, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove " LOCK_FILE);
	if (unlinkat(en->containers, id, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != ENOTEMPTY)
		return err_sys(e, "remove folder");
	return 0;
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

static int remove_steps(struct engine *en, const char *id, bool volumes, int dir, struct arena *a,
			struct container_row *ret, struct err *e)
{
	struct container_row row = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = containers_find(db, sv_from(id), a, &row, e);
	if (r == -ENOENT)
		r = 0;
	*ret = row;
	if (r == 0 && row.id)
		r = container_end_processes(en, id, row.cgroup, e);
	if (r == 0 && row.id && row.ranked)
		r = kube_plain_remove_group(en, row.cgroup, e);
	if (r == 0 && row.networked)
		r = network_down(en, id, true, e);
	if (r == 0)
		r = io_remove_tree_at(en->state, id, e);
	if (r == 0 && row.id && (volumes || row.auto_remove))
		r = volumes_end(en, id, e);
	if (r == 0)
		r = empty_folder(dir, e);
	if (r == 0 && row.id)
		r = containers_delete(db, id, e);
	return r < 0 ? r : container_remove_folder(en, id, dir, e);
}

int container_remove_locked(struct engine *en, const char *id, bool volumes, struct lock *l, struct err *e)
{
	scoped_arena a = ARENA(ARENA_MAX);
	struct container_row row = { 0 };
	scoped_fd dir = -1;
	int r = engine_container_dir(en, id, false, &dir, e);

	if (r == 0)
		r = lock_intend(en, l, volumes ? "remove-volumes" : "remove", e);
	if (r == 0)
		r = remove_steps(en, id, volumes, dir, &a, &row, e);
	lock_abandon(l);
	if (r == 0 && row.ranked)
		r = kube_plain_gone(en, row.cgroup, e);
	return r < 0 ? err_wrap(e, r, "remove container %.12s", id) : 0;
}

int container_leave_locked(struct engine *en, const char *id, bool networked, struct lock *l, struct err *e)
{
	struct db *db;
	int r = lock_intend(en, l, "remove-volumes", e);

	if (r == 0)
		r = engine_db(en, &db, e);
	if (r == 0 && !networked)
		r = containers_delete_lone(db, id, &networked, e);
	if (r == 0 && networked)
		r = network_down(en, id, true, e);
	if (r == 0 && networked)
		r = containers_delete(db, id, e);
	lock_abandon(l);
	return r < 0 ? err_wrap(e, r, "remove container %.12s", id) : 0;
}

int container_remove_ended(struct engine *en, const char *id, int sock, bool simple, bool networked, struct err *e)
{
	struct lock l = LOCK_NONE;
	scoped_fd dir = -1;
	int r = container_lock(en, id, "remove", LOCK_TIMEOUT_MS, &l, &dir, NULL, e);

	if (r == -ENOENT) /* `tare rm -f` was quicker */
		r = simple = 0;
	else if (r == 0)
		r = simple ? container_leave_locked(en, id, networked, &l, e) :
			     container_remove_locked(en, id, true, &l, e);
	(void)control_tell(sock, CONTROL_REAPED, 0, r == 0 && simple, NULL);
	return r;
}

int container_forget(struct engine *en, const char *id, const char *cgroup, struct err *e)
{
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r == 0)
		r = container_end_processes(en, id, cgroup, e);
	if (r == 0)
		r = network_down(en, id, true, e);
	if (r == 0)
		r = io_remove_tree_at(en->state, id, e);
	return r < 0 ? r : containers_delete(db, id, e);
}

/* ---- on request --------------------------------------------------------------------------------------------- */

/* The monitor ends it in its own way; if it cannot, its processes are killed over its head, and it sees them end. */
static void ask_to_stop(struct engine *en, const struct container_row *row)
{
	scoped_fd state = -1, sock = -1;
	const struct cgroup_layout *l;
	struct cgroup *cg;

	if (engine_state_dir(en, row->id, false, &state, NULL) == 0)
		sock = control_connect(state, NULL);
	if (sock >= 0)
		(void)control_tell(sock, CONTROL_STOP, 0, SIGKILL, NULL);
	if (check_path(row->id, row->cgroup, NULL) < 0 || engine_layout(en, &l, NULL) < 0 ||
	    cgroup_open(en->host, l, row->cgroup, &cg, NULL) < 0)
		return;
	(void)cgroup_kill(cg, NULL);
	cgroup_free(cg);
}

static bool is_active(const struct engine *en, const struct container_state *s, const char *id)
{
	return container_is_active(s->status) || (s->status == CONTAINER_CREATED && container_monitor_is_alive(en, id));
}

/* Asked again from time to time: somebody may have started it since. */
static int stop(struct engine *en, const struct container_row *row, struct err *e)
{
	int64_t now = clock_monotonic_ns(), end_ns = now + STOP_TIMEOUT_MS * 1000000LL, ask_ns = now;
	struct container_state s = { 0 };
	int r;

	for (;; now = clock_monotonic_ns()) {
		if (now >= ask_ns) {
			ask_to_stop(en, row);
			ask_ns = now + ASK_AGAIN_MS * 1000000LL;
		}
		r = container_look(en, row, &s, e);
		if (r < 0 || !is_active(en, &s, row->id))
			return r;
		if (now > end_ns)
			return err_set(e, EBUSY, "container %s: does not end within %d s", row->name,
				       STOP_TIMEOUT_MS / 1000);
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

/* One of a pod that has ended may have the place in the network that all of the pod share: it goes with the pod. */
static int refuse_pods(const struct engine *en, const struct container_row *row, struct err *e)
{
	scoped_arena a = ARENA(ARENA_MAX);
	struct container_config c;
	int r = row->networked && container_monitor_is_alive(en, row->id) ?
			config_parse(sv_from(row->config), &a, &c, e) : -ENOENT;

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return c.pod ? err_set(e, EBUSY, "cannot remove container \"/%s\": its pod runs: delete the pod", row->name) :
		       0;
}

static int make_inactive(struct engine *en, const struct container_row *row, bool force, struct err *e)
{
	struct container_state s = { 0 };
	int r = container_look(en, row, &s, e);

	if (r < 0)
		return r;
	if (s.status == CONTAINER_PAUSED && !force)
		return err_set(e, EBUSY,
			       "cannot remove container \"/%s\": container is paused and must be unpaused first",
			       row->name);
	if (container_is_active(s.status) && !force)
		return err_set(e, EBUSY,
			       "cannot remove container \"/%s\": container is %s: stop the container before removing "
			       "or force remove",
			       row->name, container_status_name(s.status));
	if (!is_active(en, &s, row->id))
		return force ? 0 : refuse_pods(en, row, e);
	return stop(en, row, e);
}

static int remove_row(struct engine *en, const struct container_row *row, const struct remove_options *o, struct err *e)
{
	scoped_fd dir = -1;
	struct lock l = LOCK_NONE;
	struct container_state s = { 0 };
	int r = make_inactive(en, row, o->force, e);

	if (r == 0)
		r = container_lock(en, row->id, o->volumes ? "remove-volumes" : "remove", LOCK_TIMEOUT_MS, &l, &dir,
				   NULL, e);
	if (r < 0)
		return r;
	/* Started again between the look and the lock? */
	if (outcome_read(dir, &s.outcome, NULL) == 0 && s.outcome.state != OUTCOME_EXITED &&
	    container_monitor_is_alive(en, row->id)) {
		lock_release(&l);
		return err_set(e, EBUSY, "cannot remove container \"/%s\": it was started again", row->name);
	}
	return container_remove_locked(en, row->id, o->volumes, &l, e);
}

int engine_remove(struct engine *en, struct sv ref, const struct remove_options *o, struct err *e)
{
	scoped_arena a = ARENA(ARENA_MAX);
	struct container_row row = { 0 };
	struct db *db;
	int r = engine_db(en, &db, e);

	if (r < 0)
		return r;
	r = containers_find(db, ref, &a, &row, e);
	if (r < 0)
		return r;
	r = remove_row(en, &row, o, e);
	if (r == 0 && row.image_id)
		(void)engine_images_release(en, NULL); /* else the next sweep does it */
	return r == -ENOENT ? 0 : r; /* --rm or somebody else was quicker */
}
