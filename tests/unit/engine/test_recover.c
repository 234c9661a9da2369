/* SPDX-License-Identifier: Apache-2.0 */
/* What is found is put right; operations are killed before each of their system calls. */
#include "engine/survey.h"
#include "kernel/cgroup_stat.h"

#include "made.h"

/* ---- looking ------------------------------------------------------------------------------------------------ */

TEST(with_a_monitor_the_record_is_believed)
{
	static const enum container_status want[] = { [OUTCOME_CREATED] = CONTAINER_CREATED,
						      [OUTCOME_RUNNING] = CONTAINER_RUNNING,
						      [OUTCOME_PAUSED] = CONTAINER_PAUSED,
						      [OUTCOME_RESTARTING] = CONTAINER_RESTARTING,
						      [OUTCOME_EXITED] = CONTAINER_EXITED };

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
	assert_true(s.outcome.oom_killed);
	assert_true(s.outcome.finished_ns > 0);
	assert_true(s.outcome.started_ns == 2);
	assert_int_equal(TRACE_ROW | TRACE_FOLDER | TRACE_STATE, traces(&f, ID));
	assert_true(traces(&f, other.id) & TRACE_GROUP); /* nobody looked at that one */
	assert_int_equal(0, look(&f, false, &s, NULL)); /* and it stays so */
	assert_int_equal(CONTAINER_EXITED, s.status);
}

TEST(so_it_does_for_one_that_was_paused_or_waited_to_run_again)
{
	static const enum outcome_state states[] = { OUTCOME_PAUSED, OUTCOME_RESTARTING };

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		scoped_fixture f = fixture_new();
		struct container_state s;
		struct made m = { ID, .state = states[i] };

		fake = &f;
		make_container(&f, &m);
		assert_int_equal(0, look(&f, false, &s, NULL));
		assert_int_equal(CONTAINER_EXITED, s.status);
		assert_int_equal(137, s.outcome.exit_code);
	}
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

/* What a disk has of a record that was not synced when the power went: nothing, zeros, a part. */
static void damage(struct fixture *f, size_t how)
{
	static const struct sv texts[] = { { "", 0 }, { "\0\0\0\0", 4 }, { "tare-outcome 1\nstate ru", 23 } };
	scoped_fd dir = -1;

	assert_true(how < ARRAY_LEN(texts));
	assert_int_equal(0, engine_container_dir(&f->en, ID, false, &dir, NULL));
	assert_int_equal(0, io_replace_at(dir, OUTCOME_FILE, texts[how].p, texts[how].n, 0600, IO_DISK_LATER, NULL));
}

TEST(a_damaged_record_is_a_life_that_was_lost)
{
	for (size_t i = 0; i < 3; i++) {
		scoped_fixture f = fixture_new();
		struct container_state s;
		struct made m = { ID, .state = OUTCOME_RUNNING };

		fake = &f;
		make_container(&f, &m);
		damage(&f, i);
		assert_int_equal(0, look(&f, false, &s, NULL));
		assert_int_equal(CONTAINER_EXITED, s.status);
		assert_int_equal(255, s.outcome.exit_code);
		assert_string_equal("its record was damaged", s.outcome.error);
		assert_int_equal(TRACE_ROW | TRACE_FOLDER | TRACE_STATE, traces(&f, ID));
		assert_int_equal(0, look(&f, false, &s, NULL)); /* it has a record again */
		assert_int_equal(CONTAINER_EXITED, s.status);
	}
}

TEST(a_damaged_record_is_its_monitors_to_write_anew)
{
	scoped_fixture f = fixture_new();
	struct container_state s;
	struct made m = { ID, .auto_remove = true, .state = OUTCOME_RUNNING };
	int fd;

	fake = &f;
	make_container(&f, &m);
	damage(&f, 0);
	fd = hold_monitor_lock(&f, ID);
	assert_int_equal(0, look(&f, true, &s, NULL));
	assert_int_equal(CONTAINER_RUNNING, s.status);
	assert_int_equal(TRACE_ROW | TRACE_FOLDER | TRACE_STATE | TRACE_GROUP, traces(&f, ID));
	close(fd);
	assert_int_equal(-ENOENT, look(&f, true, &s, NULL));
	assert_int_equal(0, traces(&f, ID));
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

TEST(an_update_cut_short_is_finished_once)
{
	scoped_fixture f = fixture_new();
	scoped_fd dir = -1;
	struct container_state s;
	struct lock l = LOCK_NONE;
	struct made m = { ID, .state = OUTCOME_RUNNING };
	int fd;

	fake = &f;
	updates = 0;
	make_container(&f, &m);
	fd = hold_monitor_lock(&f, ID);
	assert_int_equal(0, container_lock(&f.en, ID, "update", 0, &l, &dir, NULL, NULL));
	assert_int_equal(0, look(&f, false, &s, NULL));
	assert_int_equal(0, updates); /* somebody is at it */
	lock_abandon(&l);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(0, look(&f, false, &s, NULL));
		assert_int_equal(CONTAINER_RUNNING, s.status);
		assert_int_equal(1, updates);
	}
	close(fd);
}

TEST(what_was_made_and_never_started_stays)
{
	scoped_fixture f = fixture_new();
	scoped_fd dir = -1;
	struct container_state s;
	struct made m = { ID, .auto_remove = true, .no_outcome = true };
	struct outcome o = { .state = OUTCOME_CREATED, .created_ns = 1 };

	fake = &f;
	make_container(&f, &m);
	assert_int_equal(0, engine_container_dir(&f.en, ID, false, &dir, NULL));
	assert_int_equal(0, outcome_write(dir, &o, NULL));
	assert_int_equal(0, look(&f, true, &s, NULL));
	assert_int_equal(CONTAINER_CREATED, s.status);
	assert_true(traces(&f, ID) & TRACE_FOLDER);
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

TEST(half_removed_volumes_are_swept)
{
	scoped_fixture f = fixture_new();
	scoped_fd volumes = -1, half = -1;
	struct stat st;
	bool made;

	fake = &f;
	assert_int_equal(0, engine_recover(&f.en, NULL)); /* no volume yet: no folder for them is made */
	assert_int_equal(-1, fstatat(f.en.root, "volumes", &st, 0));
	assert_int_equal(0, volumes_open(f.en.root, &volumes, NULL));
	assert_int_equal(0, volume_create(volumes, "kept", &made, NULL));
	assert_int_equal(0, io_mkdir_at(volumes, ".del." ID, 0700, &half, NULL));
	close(fd_take(&half)); /* nobody holds it */
	assert_int_equal(0, engine_recover(&f.en, NULL));
	assert_int_equal(-1, fstatat(volumes, ".del." ID, &st, 0));
	assert_int_equal(0, fstatat(volumes, "kept/_data", &st, 0));
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

/* ---- a list of what lives ----------------------------------------------------------------------------------- */

TEST(what_has_the_pid_of_a_monitor_that_is_gone_is_not_the_monitor)
{
	scoped_fixture f = fixture_new();
	scoped_arena a = ARENA(1 << 20);
	struct outcome o = { .state = OUTCOME_RUNNING, .pid = getpid(), .monitor_pid = getpid(), .started_ns = 2 };
	struct container_items items;
	scoped_fd dir = -1;

	fake = &f;
	make_container(&f, &(struct made){ ID, .state = OUTCOME_RUNNING });
	(void)snprintf(o.boot_id, sizeof o.boot_id, "%s", f.en.boot_id);
	assert_int_equal(0, engine_container_dir(&f.en, ID, false, &dir, NULL));
	assert_int_equal(0, outcome_write(dir, &o, NULL));
	assert_int_equal(0, engine_survey(&f.en, SURVEY_LIVING, &a, &items, NULL));
	assert_int_equal(1, items.n);
	assert_int_equal(CONTAINER_EXITED, items.v[0].state.status);
}

TEST(a_claim_to_live_is_confirmed_by_processes_or_by_a_monitor)
{
	scoped_fixture f = fixture_new();
	struct cgroup_stat st = { .cpu.usage_ns = CG_UNSET, .memory.usage_bytes = CG_UNSET, .pids.current = CG_UNSET };

	assert_false(survey_confirms(&f.en, ID, &st)); /* its group is not there */
	st.cpu.usage_ns = 1;
	assert_false(survey_confirms(&f.en, ID, &st)); /* no processes are counted, and it has no monitor */
	assert_true(survey_confirms(&f.en, NULL, &st));
	st.pids.current = 0;
	assert_false(survey_confirms(&f.en, NULL, &st));
	st.pids.current = 1;
	assert_true(survey_confirms(&f.en, ID, &st));
}

/* ---- taking ------------------------------------------------------------------------------------------------- */

static struct container_row row_found_before(struct fixture *f, struct arena *a, const struct made *m)
{
	struct container_row row;

	fake = f;
	make_container(f, m);
	assert_int_equal(0, container_find(&f->en, SV(ID), a, &row, NULL));
	return row;
}

TEST(who_takes_a_container_has_its_row_as_it_is_now)
{
	scoped_fixture f = fixture_new();
	scoped_arena a = ARENA(1 << 20);
	struct container_row row = row_found_before(&f, &a, &(struct made){ ID, .state = OUTCOME_CREATED });
	struct container_state s;
	scoped_lock l = LOCK_NONE;
	scoped_fd dir = -1;
	struct db *db;

	assert_int_equal(0, engine_db(&f.en, &db, NULL));
	assert_int_equal(0, containers_set_config(db, ID, "{\"Memory\":1}", NULL)); /* while it waits for the lock */
	assert_int_equal(0, container_take(&f.en, "update", 0, &a, &row, &l, &dir, &s, NULL));
	assert_string_equal("{\"Memory\":1}", row.config);
	assert_true(lock_is_held(dir));
}

TEST(what_went_meanwhile_cannot_be_taken)
{
	scoped_fixture f = fixture_new();
	scoped_arena a = ARENA(1 << 20);
	struct container_row row = row_found_before(&f, &a, &(struct made){ ID, .state = OUTCOME_CREATED });
	struct container_state s;
	scoped_lock l = LOCK_NONE;
	scoped_fd dir = -1, folder = -1;
	struct db *db;

	assert_int_equal(0, engine_db(&f.en, &db, NULL));
	assert_int_equal(0, containers_delete(db, ID, NULL));
	assert_int_equal(-ENOENT, container_take(&f.en, "update", 0, &a, &row, &l, &dir, &s, NULL));
	assert_int_equal(-1, dir);
	assert_int_equal(0, engine_container_dir(&f.en, ID, false, &folder, NULL));
	assert_false(lock_is_held(folder));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(with_a_monitor_the_record_is_believed),
		RUN(a_killed_monitor_means_exited_137_and_an_empty_group),
		RUN(so_it_does_for_one_that_was_paused_or_waited_to_run_again),
		RUN(after_a_reboot_nobody_knows_the_status),
		RUN(a_damaged_record_is_a_life_that_was_lost),
		RUN(a_damaged_record_is_its_monitors_to_write_anew),
		RUN(created_without_a_monitor_stays_created_but_holds_nothing),
		RUN(an_end_that_nobody_cleaned_up_is_cleaned_up),
		RUN(a_container_in_the_making_is_left_to_its_maker),
		RUN(a_removal_cut_short_is_finished),
		RUN(an_update_cut_short_is_finished_once),
		RUN(what_was_made_and_never_started_stays),
		RUN(a_row_without_folder_goes_with_what_is_left),
		RUN(folders_without_a_row_are_swept),
		RUN(half_removed_volumes_are_swept),
		RUN(a_group_that_is_not_the_containers_own_is_never_killed),
		RUN(remove_killed_anywhere_ends_in_all_or_nothing),
		RUN(reap_killed_anywhere_is_finished_at_the_next_look),
		RUN(recovery_killed_anywhere_is_finished_at_the_next_look),
		RUN(creation_killed_anywhere_leaves_a_container_or_nothing),
		RUN(what_has_the_pid_of_a_monitor_that_is_gone_is_not_the_monitor),
		RUN(a_claim_to_live_is_confirmed_by_processes_or_by_a_monitor),
		RUN(who_takes_a_container_has_its_row_as_it_is_now),
		RUN(what_went_meanwhile_cannot_be_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
