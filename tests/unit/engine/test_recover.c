/* SPDX-License-Identifier: Apache-2.0 */
/* Containers are built by hand, in every state that a crash can leave; operations are killed at each of their system
 * calls. Control groups are files in a folder here (the real ones have tests of their own): what is checked is that the
 * right one is killed and removed, and no other. */
#include "engine/recover.h"

#include "../test.h"
#include "fixture.h"
#include "kernel/cgroup.h"
#include "monitor/control.h"
#include "storage/volumes.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#define ID "c0ffee0000000000000000000000000000000000000000000000000000000001"
#define GROUP "/tare/" ID

/* ---- control groups as files -------------------------------------------------------------------------------- */

struct cgroup {
	char name[128];
};

static struct fixture *fake; /* "<dir>/group<id>": exists; content "killed": was killed */

static const char *group_path(const char *path)
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

/* ---- containers by hand ------------------------------------------------------------------------------------- */

struct made {
	const char *id;
	bool auto_remove, volume, no_outcome;
	enum outcome_state state;
	const char *boot_id; /* NULL: this boot */
};

static void touch_at(int dir, const char *name)
{
	close(openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void make_volume(struct fixture *f, struct db *db, const char *id)
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

static void make_container(struct fixture *f, const struct made *m)
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
static int hold_monitor_lock(struct fixture *f, const char *id)
{
	scoped_fd state = -1;
	int fd;

	assert_int_equal(0, engine_state_dir(&f->en, id, false, &state, NULL));
	fd = openat(state, CONTROL_LOCK, O_RDWR | O_CLOEXEC);
	assert_int_equal(0, ofd_lock_take(fd, 0, NULL));
	return fd;
}

enum { TRACE_ROW = 1, TRACE_FOLDER = 2, TRACE_STATE = 4, TRACE_GROUP = 8, TRACE_VOLUME = 16 };

static bool has_row(struct db *db, const char *sql, const char *value)
{
	scoped_rows rows = { 0 };

	assert_int_equal(0, db_query(db, sql, DB_ARGS(db_text(value)), &rows, NULL));
	return db_next(&rows, NULL) == 1;
}

static unsigned traces(struct fixture *f, const char *id)
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

static struct container_row row_of(const char *id, bool auto_remove)
{
	return (struct container_row){
		.id = id, .name = "web", .cgroup = GROUP, .auto_remove = auto_remove, .config = "{}"
	};
}

static int look(struct fixture *f, bool auto_remove, struct container_state *ret, struct err *e)
{
	struct container_row row = row_of(ID, auto_remove);

	return container_look(&f->en, &row, ret, e);
}

/* ---- looking ------------------------------------------------------------------------------------------------ */

TEST(with_a_monitor_the_record_is_believed)
{
	static const enum container_status want[] = { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_EXITED };

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		scoped_fixture f = fixture_new();
		struct container_state s;
		struct made m = { ID, .auto_remove = true, .state = (enum outcome_state)i };
		int fd;

		fake = &f;
		make_container(&f, &m);
		fd = hold_monitor_lock(&f, ID);
		assert_int_equal(0, look(&f, true, &s, NULL));
		assert_int_equal(want[i], s.status);
		assert_int_equal(4242, s.outcome.pid);
		assert_int_equal(TRACE_ROW | TRACE_FOLDER | TRACE_STATE | TRACE_GROUP, traces(&f, ID));
		close(fd);
	}
}

TEST(a_killed_monitor_means_exited_137_and_an_empty_group)
{
	scoped_fixture f = fixture_new();
	struct container_state s;
	struct made m = { ID, .state = OUTCOME_RUNNING }, other = m;

	fake = &f;
	other.id = "c0ffee0000000000000000000000000000000000000000000000000000000002";
	make_container(&f, &m);
	make_container(&f, &other);
	assert_int_equal(0, look(&f, false, &s, NULL));
	assert_int_equal(CONTAINER_EXITED, s.status);
	assert_int_equal(137, s.outcome.exit_code);
	assert_string_equal("the monitor was killed", s.outcome.error);
	assert_true(s.outcome.finished_ns > 0);
	assert_true(s.outcome.started_ns == 2);
	assert_int_equal(TRACE_ROW | TRACE_FOLDER | TRACE_STATE, traces(&f, ID));
	assert_true(traces(&f, other.id) & TRACE_GROUP); /* nobody looked at that one */
	assert_int_equal(0, look(&f, false, &s, NULL)); /* and it stays so */
	assert_int_equal(CONTAINER_EXITED, s.status);
}

TEST(after_a_reboot_nobody_knows_the_status)
{
	scoped_fixture f = fixture_new();
	struct container_state s;
	struct made m = { ID, .state = OUTCOME_RUNNING, .boot_id = "00000000-0000-0000-0000-000000000000" };

	fake = &f;
	make_container(&f, &m);
	assert_int_equal(0, io_remove_tree_at(f.en.state, ID, NULL)); /* /run is empty then */
	assert_int_equal(0, unlink(group_path(GROUP)));
	assert_int_equal(0, look(&f, false, &s, NULL));
	assert_int_equal(CONTAINER_EXITED, s.status);
	assert_int_equal(255, s.outcome.exit_code);
	assert_string_equal("the host was restarted", s.outcome.error);
}

TEST(created_without_a_monitor_stays_created_but_holds_nothing)
{
	scoped_fixture f = fixture_new();
	struct container_state s;
	struct made m = { ID, .state = OUTCOME_CREATED };

	fake = &f;
	make_container(&f, &m);
	assert_int_equal(0, look(&f, false, &s, NULL));
	assert_int_equal(CONTAINER_CREATED, s.status);
	assert_int_equal(0, s.outcome.pid);
	assert_int_equal(TRACE_ROW | TRACE_FOLDER | TRACE_STATE, traces(&f, ID));
}

TEST(an_end_that_nobody_cleaned_up_is_cleaned_up)
{
	static const enum outcome_state states[] = { OUTCOME_CREATED, OUTCOME_RUNNING, OUTCOME_EXITED };

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		scoped_fixture f = fixture_new();
		struct container_state s;
		struct made m = { ID, .auto_remove = true, .volume = true, .state = states[i] };
		struct err e = { 0 };

		fake = &f;
		make_container(&f, &m);
		assert_int_equal(-ENOENT, look(&f, true, &s, &e));
		assert_string_equal("No such container: " ID, e.msg);
		assert_int_equal(0, traces(&f, ID));
	}
}

TEST(a_container_in_the_making_is_left_to_its_maker)
{
	scoped_fixture f = fixture_new();
	scoped_fd dir = -1;
	struct container_state s;
	struct lock l = LOCK_NONE;
	struct made m = { ID, .no_outcome = true };

	fake = &f;
	make_container(&f, &m);
	assert_int_equal(0, container_lock(&f.en, ID, "create", 0, &l, &dir, NULL, NULL));
	assert_int_equal(0, look(&f, false, &s, NULL));
	assert_int_equal(CONTAINER_CREATED, s.status);
	assert_int_equal(0, engine_recover(&f.en, NULL));
	assert_int_equal(TRACE_ROW | TRACE_FOLDER | TRACE_STATE | TRACE_GROUP, traces(&f, ID));
	lock_abandon(&l); /* it dies */
	assert_int_equal(-ENOENT, look(&f, false, &s, NULL));
	assert_int_equal(0, traces(&f, ID));
}

TEST(a_removal_cut_short_is_finished)
{
	scoped_fixture f = fixture_new();
	scoped_fd dir = -1;
	struct container_state s;
	struct lock l = LOCK_NONE;
	struct made m = { ID, .state = OUTCOME_EXITED };

	fake = &f;
	make_container(&f, &m);
	assert_int_equal(0, container_lock(&f.en, ID, "remove", 0, &l, &dir, NULL, NULL));
	assert_int_equal(0, look(&f, false, &s, NULL));
	assert_int_equal(CONTAINER_REMOVING, s.status);
	assert_int_equal(TRACE_ROW | TRACE_FOLDER | TRACE_STATE | TRACE_GROUP, traces(&f, ID));
	lock_abandon(&l);
	assert_int_equal(-ENOENT, look(&f, false, &s, NULL));
	assert_int_equal(0, traces(&f, ID));
}

TEST(a_row_without_folder_goes_with_what_is_left)
{
	scoped_fixture f = fixture_new();
	struct container_state s;
	struct made m = { ID, .state = OUTCOME_RUNNING };

	fake = &f;
	make_container(&f, &m);
	assert_int_equal(0, io_remove_tree_at(f.en.containers, ID, NULL));
	assert_int_equal(-ENOENT, look(&f, false, &s, NULL));
	assert_int_equal(0, traces(&f, ID));
}

TEST(folders_without_a_row_are_swept)
{
	scoped_fixture f = fixture_new();
	scoped_fd dir = -1, run = -1, alien = -1;
	struct lock l = LOCK_NONE;
	struct stat st;

	fake = &f;
	assert_int_equal(0, container_lock_new(&f.en, ID, &l, &dir, NULL));
	touch_at(dir, "half");
	assert_int_equal(0, engine_state_dir(&f.en, ID, true, &run, NULL));
	assert_int_equal(0, io_mkdir_at(f.en.containers, "not-an-id", 0700, &alien, NULL));
	assert_int_equal(0, engine_recover(&f.en, NULL));
	assert_int_equal(TRACE_FOLDER | TRACE_STATE, traces(&f, ID)); /* its maker lives */
	lock_abandon(&l);
	assert_int_equal(0, engine_recover(&f.en, NULL));
	assert_int_equal(0, traces(&f, ID));
	assert_int_equal(0, fstatat(f.en.containers, "not-an-id", &st, 0)); /* not ours to judge */
}

TEST(a_group_that_is_not_the_containers_own_is_never_killed)
{
	static const char *const paths[] = { "/", "/tare", "/tare/", "tare/" ID, "/tare/" ID "/..", "/system.slice" };
	scoped_fixture f = fixture_new();

	fake = &f;
	touch_at(f.dir.fd, "group-tare");
	touch_at(f.dir.fd, "group-system.slice");
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct err e = { 0 };

		assert_int_equal(-EINVAL, container_end_processes(&f.en, ID, paths[i], &e));
		assert_non_null(strstr(e.msg, paths[i]));
	}
	assert_int_equal(0, access(group_path("tare"), F_OK));
	assert_int_equal(0, access(group_path("system.slice"), F_OK));
	assert_int_equal(
		0, container_end_processes(&f.en, ID, "/x/tare-" ID ".scope", NULL)); /* systemd's way; not there */
}

/* ---- reap and remove ---------------------------------------------------------------------------------------- */

TEST(reap_of_a_running_container_is_refused)
{
	scoped_fixture f = fixture_new();
	struct made m = { ID, .auto_remove = true, .state = OUTCOME_RUNNING };
	struct err e = { 0 };
	int fd;

	fake = &f;
	make_container(&f, &m);
	fd = hold_monitor_lock(&f, ID);
	assert_int_equal(-EBUSY, engine_reap(&f.en, ID, &e));
	assert_string_equal("container c0ffee000000: it is running", e.msg);
	assert_int_equal(TRACE_ROW | TRACE_FOLDER | TRACE_STATE | TRACE_GROUP, traces(&f, ID));
	close(fd);
}

TEST(reap_with_rm_takes_everything_even_beside_a_living_monitor)
{
	scoped_fixture f = fixture_new();
	struct made m = { ID, .auto_remove = true, .volume = true, .state = OUTCOME_EXITED };
	int fd;

	fake = &f;
	make_container(&f, &m);
	fd = hold_monitor_lock(&f, ID);
	assert_int_equal(0, engine_reap(&f.en, ID, NULL));
	assert_int_equal(0, traces(&f, ID));
	assert_int_equal(0, engine_reap(&f.en, ID, NULL)); /* again is fine */
	close(fd);
}

TEST(reap_without_rm_keeps_what_can_be_looked_at)
{
	scoped_fixture f = fixture_new();
	struct made m = { ID, .volume = true, .state = OUTCOME_EXITED };

	fake = &f;
	make_container(&f, &m);
	assert_int_equal(0, engine_reap(&f.en, ID, NULL));
	assert_int_equal(TRACE_ROW | TRACE_FOLDER | TRACE_STATE | TRACE_VOLUME, traces(&f, ID));
}

TEST(remove_refuses_what_runs_and_keeps_volumes_unless_told)
{
	scoped_fixture f = fixture_new();
	struct made m = { ID, .volume = true, .state = OUTCOME_RUNNING };
	struct remove_options o = { 0 };
	struct err e = { 0 };
	int fd;

	fake = &f;
	make_container(&f, &m);
	fd = hold_monitor_lock(&f, ID);
	assert_int_equal(-EBUSY, engine_remove(&f.en, SV("c0ffee"), &o, &e));
	assert_non_null(strstr(e.msg, "container is running: stop the container before removing or force remove"));
	close(fd);
	assert_int_equal(-ENOENT, engine_remove(&f.en, SV("nobody"), &o, &e));
	assert_string_equal("No such container: nobody", e.msg);
	assert_int_equal(0, engine_remove(&f.en, SV("c0ffee"), &o, &e)); /* no monitor: found dead, removed */
	assert_int_equal(TRACE_VOLUME, traces(&f, ID));
}

TEST(remove_with_volumes_spares_those_of_others)
{
	scoped_fixture f = fixture_new();
	struct made m = { ID, .volume = true, .state = OUTCOME_EXITED };
	struct remove_options o = { .volumes = true };
	struct db *db;

	fake = &f;
	make_container(&f, &m);
	assert_int_equal(0, engine_db(&f.en, &db, NULL));
	assert_int_equal(
		0, db_run(db, "INSERT INTO container_volumes VALUES('other', '/x', 'anon')", DB_NO_ARGS, NULL, NULL));
	assert_int_equal(0, engine_remove(&f.en, SV(ID), &o, NULL));
	assert_int_equal(TRACE_VOLUME, traces(&f, ID));
}

/* A monitor that ends its container when it is told to; it stands in for tare-monitor. */
static void obedient_monitor(struct fixture *f, int ready)
{
	struct outcome o = { .state = OUTCOME_EXITED, .exit_code = 137 };
	struct control_message msg;
	int fds[3], lock = hold_monitor_lock(f, ID), listener, sock;
	scoped_fd state = -1, dir = -1;

	if (engine_state_dir(&f->en, ID, false, &state, NULL) < 0 || fchdir(state) < 0 ||
	    engine_container_dir(&f->en, ID, false, &dir, NULL) < 0)
		_exit(1);
	listener = control_listen(NULL);
	(void)!write(ready, "x", 1);
	(void)poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, 10000);
	sock = control_accept(listener, NULL);
	if (lock < 0 || control_receive(sock, &msg, fds, NULL) != 1 || msg.type != CONTROL_STOP)
		_exit(2);
	_exit(outcome_write(dir, &o, NULL) < 0);
}

TEST(remove_by_force_ends_it_first)
{
	scoped_fixture f = fixture_new();
	struct made m = { ID, .state = OUTCOME_RUNNING };
	struct remove_options o = { .force = true };
	struct err e = { 0 };
	int ready[2], status, r;
	char c;
	pid_t pid;

	fake = &f;
	make_container(&f, &m);
	assert_int_equal(0, pipe(ready));
	pid = fork();
	if (pid == 0)
		obedient_monitor(&f, ready[1]);
	assert_int_equal(1, read(ready[0], &c, 1));
	r = engine_remove(&f.en, SV(ID), &o, &e);
	if (r < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(0, traces(&f, ID));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
	close(ready[0]);
	close(ready[1]);
}

static int remove_it(void *arg)
{
	struct fixture *f = arg;
	struct remove_options o = { .volumes = true };
	scoped_engine en = { .root_path = NULL };
	int r = engine_open(&en, f->host, f->root, f->state, NULL);

	if (r == 0)
		r = engine_remove(&en, SV(ID), &o, NULL);
	return r == -ENOENT ? 0 : r;
}

TEST(many_may_remove_it_at_once)
{
	scoped_fixture f = fixture_new();
	struct made m = { ID, .volume = true, .state = OUTCOME_EXITED };
	pid_t pids[6];

	fake = &f;
	for (int round = 0; round < 10; round++) {
		make_container(&f, &m);
		for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
			pids[i] = fork();
			if (pids[i] == 0)
				_exit(remove_it(&f) == 0 ? 0 : 1);
		}
		for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
			int status;

			assert_int_equal(pids[i], waitpid(pids[i], &status, 0));
			assert_int_equal(0, status);
		}
		assert_int_equal(0, traces(&f, ID));
	}
}

/* ---- killed at every system call ---------------------------------------------------------------------------- */

static int reap_it(void *arg)
{
	struct fixture *f = arg;
	scoped_engine en = { .root_path = NULL };
	int r = engine_open(&en, f->host, f->root, f->state, NULL);

	return r < 0 ? r : engine_reap(&en, ID, NULL);
}

static int recover_it(void *arg)
{
	struct fixture *f = arg;
	scoped_engine en = { .root_path = NULL };
	int r = engine_open(&en, f->host, f->root, f->state, NULL);

	return r < 0 ? r : engine_recover(&en, NULL);
}

static int create_it(void *arg)
{
	struct fixture *f = arg;
	struct container_row row = row_of(ID, false);
	struct outcome o = { .state = OUTCOME_CREATED, .pid = 4242 };
	struct lock l = LOCK_NONE;
	char name[NAME_SIZE];
	struct engine en;
	struct db *db;
	int dir = -1, state = -1, r = engine_open(&en, f->host, f->root, f->state, NULL);

	if (r == 0)
		r = container_lock_new(&en, ID, &l, &dir, NULL);
	if (r == 0)
		r = engine_db(&en, &db, NULL);
	if (r == 0)
		r = containers_insert(db, &row, name, NULL);
	if (r == 0)
		r = mkdirat(dir, "upper", 0700);
	if (r == 0)
		r = engine_state_dir(&en, ID, true, &state, NULL);
	if (r == 0)
		touch_at(f->dir.fd, "group-" ID);
	if (r == 0)
		r = outcome_write(dir, &o, NULL);
	lock_release(&l);
	return r;
}

/* Whole as before, or nothing of it: what `left` says after a recovery. */
static bool is_whole(struct fixture *f, unsigned left)
{
	struct stat st;
	char path[128];

	(void)snprintf(path, sizeof path, "%s/upper/payload", ID);
	return (left & (TRACE_ROW | TRACE_FOLDER | TRACE_VOLUME)) == (TRACE_ROW | TRACE_FOLDER | TRACE_VOLUME) &&
	       fstatat(f->en.containers, path, &st, 0) == 0;
}

/* A sanitizer's fork takes ten times as long; the other builds look at every call. */
#if defined(__SANITIZE_ADDRESS__)
#define STRIDE 7
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STRIDE 7
#endif
#endif
#ifndef STRIDE
#define STRIDE 1
#endif

static unsigned kill_everywhere(struct fixture *f, const struct made *m, int (*operation)(void *),
				void (*check)(struct fixture *, unsigned n, unsigned left))
{
	for (unsigned n = 0;; n += STRIDE) {
		struct err e = { 0 };
		bool killed;

		if (m)
			make_container(f, m);
		killed = killed_at(n, operation, f);
		if (engine_recover(&f->en, &e) < 0)
			fail_msg("killed at %u: %s", n, e.msg);
		check(f, n, traces(f, ID));
		if (traces(f, ID)) { /* clear the table for the next one */
			assert_int_equal(0, remove_it(f));
			assert_int_equal(0, traces(f, ID));
		}
		if (!killed)
			return n;
	}
}

static void check_whole_or_gone(struct fixture *f, unsigned n, unsigned left)
{
	if (left && !is_whole(f, left))
		fail_msg("killed at %u: left %#x", n, left);
}

static void check_gone(struct fixture *f, unsigned n, unsigned left)
{
	if (left)
		fail_msg("killed at %u: left %#x", n, left);
}

static void check_exited(struct fixture *f, unsigned n, unsigned left)
{
	struct container_state s;

	assert_int_equal(0, look(f, false, &s, NULL));
	if (s.status != CONTAINER_EXITED || s.outcome.exit_code != 137 || left & TRACE_GROUP || !is_whole(f, left))
		fail_msg("killed at %u: status %d, left %#x", n, s.status, left);
}

static void check_created_or_gone(struct fixture *f, unsigned n, unsigned left)
{
	struct container_state s;

	unlink(group_path(GROUP)); /* made by the front door before there was a record of it: only in this test */
	if (left == 0 || left == TRACE_GROUP)
		return;
	assert_int_equal(0, look(f, false, &s, NULL));
	if (s.status != CONTAINER_CREATED || s.outcome.pid != 0)
		fail_msg("killed at %u: status %d, left %#x", n, s.status, left);
}

TEST(remove_killed_anywhere_ends_in_all_or_nothing)
{
	scoped_fixture f = fixture_new();
	struct made m = { ID, .volume = true, .state = OUTCOME_EXITED };

	fake = &f;
	assert_true(kill_everywhere(&f, &m, remove_it, check_whole_or_gone) > 50);
}

TEST(reap_killed_anywhere_is_finished_at_the_next_look)
{
	scoped_fixture f = fixture_new();
	struct made m = { ID, .auto_remove = true, .volume = true, .state = OUTCOME_EXITED };

	fake = &f;
	assert_true(kill_everywhere(&f, &m, reap_it, check_gone) > 50);
}

TEST(recovery_killed_anywhere_is_finished_at_the_next_look)
{
	scoped_fixture f = fixture_new();
	struct made m = { ID, .volume = true, .state = OUTCOME_RUNNING };

	fake = &f;
	assert_true(kill_everywhere(&f, &m, recover_it, check_exited) > 50);
}

TEST(creation_killed_anywhere_leaves_a_container_or_nothing)
{
	scoped_fixture f = fixture_new();

	fake = &f;
	assert_true(kill_everywhere(&f, NULL, create_it, check_created_or_gone) > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(with_a_monitor_the_record_is_believed),
		RUN(a_killed_monitor_means_exited_137_and_an_empty_group),
		RUN(after_a_reboot_nobody_knows_the_status),
		RUN(created_without_a_monitor_stays_created_but_holds_nothing),
		RUN(an_end_that_nobody_cleaned_up_is_cleaned_up),
		RUN(a_container_in_the_making_is_left_to_its_maker),
		RUN(a_removal_cut_short_is_finished),
		RUN(a_row_without_folder_goes_with_what_is_left),
		RUN(folders_without_a_row_are_swept),
		RUN(a_group_that_is_not_the_containers_own_is_never_killed),
		RUN(reap_of_a_running_container_is_refused),
		RUN(reap_with_rm_takes_everything_even_beside_a_living_monitor),
		RUN(reap_without_rm_keeps_what_can_be_looked_at),
		RUN(remove_refuses_what_runs_and_keeps_volumes_unless_told),
		RUN(remove_with_volumes_spares_those_of_others),
		RUN(remove_by_force_ends_it_first),
		RUN(many_may_remove_it_at_once),
		RUN(remove_killed_anywhere_ends_in_all_or_nothing),
		RUN(reap_killed_anywhere_is_finished_at_the_next_look),
		RUN(recovery_killed_anywhere_is_finished_at_the_next_look),
		RUN(creation_killed_anywhere_leaves_a_container_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
