/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/remove.h"

#include "made.h"

#include <poll.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(reap_of_a_running_container_is_refused),
		RUN(reap_with_rm_takes_everything_even_beside_a_living_monitor),
		RUN(reap_without_rm_keeps_what_can_be_looked_at),
		RUN(remove_refuses_what_runs_and_keeps_volumes_unless_told),
		RUN(remove_with_volumes_spares_those_of_others),
		RUN(remove_by_force_ends_it_first),
		RUN(many_may_remove_it_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
