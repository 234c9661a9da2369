/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/join.h"

#include "../test.h"

#include "../scratch.h"

#include "base/limits.h"
#include "kernel/procfs.h"
#include "monitor/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Two containers' folders side by side; the other one's first process is this test. */
struct fixture {
	struct scratch folder;
	int own, other;
	struct host host;
	struct outcome outcome;
	struct arena a;
	struct oci_namespace ns;
	struct oci_mount mount;
	struct runtime_spec spec;
	struct joins joins;
};

static void start(struct fixture *x)
{
	struct err e = { 0 };

	*x = (struct fixture){ .folder = scratch_new(), .a = ARENA(LIMIT_ARENA_SPEC) };
	assert_int_equal(0, mkdirat(x->folder.dir, "own", 0700));
	assert_int_equal(0, mkdirat(x->folder.dir, ID, 0700));
	x->own = openat(x->folder.dir, "own", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	x->other = openat(x->folder.dir, ID, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(0, host_open(&x->host, "/", &e));
	x->outcome = (struct outcome){ .state = OUTCOME_RUNNING, .pid = getpid() };
	assert_int_equal(0, procfs_boot_id(&x->host, x->outcome.boot_id, &e));
	assert_int_equal(0, procfs_start_ticks(&x->host, getpid(), &x->outcome.pid_start_ticks, &e));
	x->ns = (struct oci_namespace){ "uts", "container:" ID };
	x->spec.namespaces.v = &x->ns;
	x->spec.namespaces.n = 1;
}

static void end(struct fixture *x)
{
	join_done(&x->joins);
	arena_done(&x->a);
	close(x->own);
	close(x->other);
	host_close(&x->host);
	scratch_end(&x->folder);
}
#define scoped_fixture SCOPED(end) struct fixture

static int resolve(struct fixture *x, struct err *e)
{
	char boot_id[BOOT_ID_SIZE];

	assert_int_equal(0, procfs_boot_id(&x->host, boot_id, e));
	assert_int_equal(0, outcome_write(x->other, &x->outcome, e));
	return join_resolve(&x->joins, &x->host, boot_id, x->own, &x->spec, &x->a, e);
}

TEST(a_path_becomes_the_namespace_of_the_process)
{
	struct stat own, found;
	struct err e = { 0 };
	scoped_fixture x;

	start(&x);
	if (resolve(&x, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(0, stat("/proc/self/ns/uts", &own));
	assert_int_equal(0, stat(x.ns.path, &found));
	assert_true(own.st_ino == found.st_ino && own.st_dev == found.st_dev);
	assert_int_equal(1, x.joins.n);
}

TEST(a_path_of_the_host_stays)
{
	scoped_fixture x;

	start(&x);
	x.ns.path = "/proc/1/ns/uts";
	assert_int_equal(0, resolve(&x, NULL));
	assert_string_equal("/proc/1/ns/uts", x.ns.path);
	assert_int_equal(0, x.joins.n);
}

static void expect_not_running(struct fixture *x)
{
	struct err e = { 0 };

	assert_int_equal(-ESRCH, resolve(x, &e));
	assert_string_equal("cannot join uts of a non running container: " ID, e.msg);
	assert_string_equal("container:" ID, x->ns.path);
	assert_int_equal(0, x->joins.n);
}

/* A pid alone names nobody for long. */
TEST(another_process_with_the_pid_is_not_joined)
{
	scoped_fixture x;

	start(&x);
	x.outcome.pid_start_ticks++;
	expect_not_running(&x);
}

TEST(a_process_of_another_boot_is_not_joined)
{
	scoped_fixture x;

	start(&x);
	x.outcome.boot_id[0] = x.outcome.boot_id[0] == '0' ? '1' : '0';
	expect_not_running(&x);
}

/* A zombie has its pid and its start time still. */
TEST(a_process_that_has_ended_is_not_joined)
{
	struct err e = { 0 };
	scoped_fixture x;
	siginfo_t info;

	start(&x);
	x.outcome.pid = fork();
	if (x.outcome.pid == 0)
		_exit(0);
	assert_int_equal(0, waitid(P_PID, (id_t)x.outcome.pid, &info, WEXITED | WNOWAIT));
	assert_int_equal(0, procfs_start_ticks(&x.host, x.outcome.pid, &x.outcome.pid_start_ticks, &e));
	expect_not_running(&x);
	(void)waitpid(x.outcome.pid, NULL, 0);
}

TEST(what_is_no_container_is_named)
{
	static const char *const ids[] = { "container:web", "container:", "container:../../etc",
					   "container:" ID "0" };
	scoped_fixture x;

	start(&x);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct err e = { 0 };

		x.ns.path = ids[i];
		assert_int_equal(-EINVAL, resolve(&x, &e));
		assert_non_null(strstr(e.msg, "No such container: "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_path_becomes_the_namespace_of_the_process),
		RUN(a_path_of_the_host_stays),
		RUN(another_process_with_the_pid_is_not_joined),
		RUN(a_process_of_another_boot_is_not_joined),
		RUN(a_process_that_has_ended_is_not_joined),
		RUN(what_is_no_container_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
