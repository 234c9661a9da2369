/* SPDX-License-Identifier: Apache-2.0 */
/* Groups on the kernel that runs, in whatever layout it has: what plain files cannot show. Everything happens below
 * "/tare-test-<pid>", which is removed again. Needs root. */
#include "groups.h"

#include "base/clock.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

static bool is_there(const char *name)
{
	char path[256];

	for (unsigned i = 0; i < facts.cgroup.n; i++) {
		(void)snprintf(path, sizeof path, "/%s%s", facts.cgroup.h[i].mount, below(name));
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

/* ---- making and removing -------------------------------------------------------------------------------------- */

TEST(a_group_is_made_everywhere_and_leaves_nothing)
{
	struct cgroup *cg = create("deep/er/leaf"), *other;
	struct err e = { 0 };
	char path[256];

	for (unsigned i = 0; i < facts.cgroup.n; i++) {
		(void)snprintf(path, sizeof path, "/%s%s", facts.cgroup.h[i].mount, below("deep/er/leaf"));
		assert_int_equal(0, access(path, F_OK));
	}
	assert_int_equal(-EEXIST, cgroup_create(&host, &facts.cgroup, below("deep/er/leaf"), true, &other, &e));
	assert_int_equal(0, cgroup_create(&host, &facts.cgroup, below("deep/er/leaf"), false, &other, &e));
	cgroup_free(other);
	end(cg, "deep");
	assert_false(is_there("deep"));
	assert_int_equal(0, cgroup_remove(&host, &facts.cgroup, below("deep"), 0, &e));
	assert_int_equal(-ENOENT, cgroup_open(&host, &facts.cgroup, below("deep"), &other, &e));
}

TEST(unmake_takes_back_what_its_handle_made_and_no_more)
{
	struct cgroup *above = create("above"), *cg = create("above/one/leaf");
	struct err e = { 0 };

	cgroup_unmake(cg);
	assert_false(is_there("above/one"));
	assert_true(is_there("above"));
	cg = create("above/one/leaf");
	cgroup_free(create("above/one/other"));
	cgroup_unmake(cg);
	assert_false(is_there("above/one/leaf"));
	assert_true(is_there("above/one/other"));
	cgroup_unmake(NULL);
	assert_int_equal(0, cgroup_remove(&host, &facts.cgroup, below("above/one"), 0, &e));
	end(above, "above");
}

TEST(descriptors_are_closed_on_exec_and_given_back)
{
	bool before[100];
	struct cgroup *cg;

	for (int fd = 0; fd < 100; fd++)
		before[fd] = fcntl(fd, F_GETFD) >= 0;
	cg = create("fds");
	for (int fd = 0; fd < 100; fd++)
		assert_true(before[fd] || fcntl(fd, F_GETFD) < 0 || fcntl(fd, F_GETFD) & FD_CLOEXEC);
	end(cg, "fds");
	for (int fd = 0; fd < 100; fd++)
		assert_int_equal(before[fd], fcntl(fd, F_GETFD) >= 0);
}

static void remove_if_empty(const char *name)
{
	char path[256];

	for (unsigned i = 0; i < facts.cgroup.n; i++) {
		(void)snprintf(path, sizeof path, "/%s%s", facts.cgroup.h[i].mount, below(name));
		(void)rmdir(path);
	}
}

static int make_and_remove(const char *name, int rounds)
{
	struct err e = { 0 };
	struct cgroup *cg;

	for (int i = 0; i < rounds; i++) {
		if (cgroup_create(&host, &facts.cgroup, below(name), true, &cg, &e) < 0)
			break;
		cgroup_free(cg);
		if (cgroup_remove(&host, &facts.cgroup, below(name), 1000, &e) < 0)
			break;
		remove_if_empty("race");
		e.code = 0;
	}
	if (e.code)
		(void)dprintf(2, "%s\n", e.msg);
	return e.code ? 1 : 0;
}

/* The parent goes away under the feet of whoever is making a group in it. */
TEST(neighbours_may_come_and_go_at_once)
{
	static const char *const names[] = { "race/a", "race/b", "race/c" };
	pid_t pids[ARRAY_LEN(names)];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(make_and_remove(names[i], 60));
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(0, end_of(pids[i]));
	remove_if_empty("race");
	assert_false(is_there("race"));
}

/* ---- members -------------------------------------------------------------------------------------------------- */

static int read_own(char *buf, size_t cap)
{
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, buf, cap - 1);

	close(fd);
	buf[n < 0 ? 0 : n] = '\0';
	return n < 0 ? -1 : 0;
}

static int is_everywhere(void)
{
	char text[4096], want[160];
	struct sv rest, line;
	unsigned here = 0;

	if (read_own(text, sizeof text) < 0)
		return 98;
	(void)snprintf(want, sizeof want, ":%s", below("join"));
	rest = sv_from(text);
	while (sv_next(&rest, '\n', &line))
		here += sv_has_suffix(line, want);
	return here == facts.cgroup.n ? 0 : 1;
}

TEST(a_child_joins_every_hierarchy)
{
	struct cgroup *cg = create("join");

	assert_int_equal(0, end_of(start(cg, is_everywhere)));
	cgroup_close_tasks(cg);
	end(cg, "join");
}

static int sleep_in_families(void)
{
	for (int i = 0; i < 100; i++)
		if (fork() == 0)
			return sleep_long();
	return sleep_long();
}

static void make_below(const struct cgroup *cg, const char *name)
{
	char path[256];

	for (unsigned i = 0; i < facts.cgroup.n; i++) {
		(void)snprintf(path, sizeof path, "/%s%s/%s", facts.cgroup.h[i].mount, cgroup_path(cg), name);
		assert_int_equal(0, mkdir(path, 0755));
	}
}

/* Children go to groups below; what is outside lives on. */
TEST(kill_takes_all_members_and_nobody_else)
{
	struct cgroup *cg = create("kill"), *sub, *other = create("other");
	pid_t member, nested, outside, unrelated;
	struct err e = { 0 };

	make_below(cg, "sub");
	CHECK_OK(cgroup_open(&host, &facts.cgroup, below("kill/sub"), &sub, &e));
	member = start(cg, sleep_in_families);
	nested = start(sub, sleep_long);
	outside = start(other, sleep_long);
	unrelated = fork();
	if (unrelated == 0)
		_exit(sleep_long());
	(void)nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	assert_true(cgroup_is_populated(cg));
	CHECK_OK(cgroup_kill(cg, &e));
	assert_int_equal(SIGKILL, end_of(member));
	assert_int_equal(SIGKILL, end_of(nested));
	assert_int_equal(0, waitpid(outside, NULL, WNOHANG));
	assert_int_equal(0, waitpid(unrelated, NULL, WNOHANG));
	cgroup_free(sub);
	end(cg, "kill");
	CHECK_OK(cgroup_kill(other, &e));
	assert_int_equal(SIGKILL, end_of(outside));
	kill(unrelated, SIGKILL);
	assert_int_equal(SIGKILL, end_of(unrelated));
	end(other, "other");
}

static bool becomes(const struct cgroup *cg, bool frozen)
{
	for (int i = 0; i < 20000 && cgroup_is_frozen(cg) != frozen; i++)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return cgroup_is_frozen(cg) == frozen;
}

static volatile unsigned *beats;

static int beat(void)
{
	while (nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL) == 0)
		++*beats;
	return 0;
}

static bool goes_on(int within_ms)
{
	unsigned before = *beats;

	for (int i = 0; i < within_ms && *beats == before; i++)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return *beats != before;
}

TEST(a_frozen_group_stops_goes_on_and_can_be_killed)
{
	struct cgroup *cg = create("frozen");
	struct err e = { 0 };
	pid_t pid;

	beats = mmap(NULL, sizeof *beats, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(beats != MAP_FAILED);
	pid = start(cg, beat);
	assert_false(cgroup_is_frozen(cg));
	assert_true(goes_on(20000));
	CHECK_OK(cgroup_freeze(cg, true, &e));
	assert_true(becomes(cg, true));
	assert_false(goes_on(50));
	CHECK_OK(cgroup_freeze(cg, false, &e));
	assert_true(becomes(cg, false));
	assert_true(goes_on(20000));
	CHECK_OK(cgroup_freeze(cg, true, &e));
	assert_true(becomes(cg, true));
	CHECK_OK(cgroup_kill(cg, &e));
	assert_int_equal(SIGKILL, end_of(pid));
	end(cg, "frozen");
}

TEST(an_inhabited_group_stays_until_it_is_empty)
{
	struct cgroup *cg = create("busy");
	int64_t began = clock_monotonic_ns();
	struct err e = { 0 };
	pid_t pid = start(cg, sleep_long);

	assert_int_equal(-EBUSY, cgroup_remove(&host, &facts.cgroup, below("busy"), 30, &e));
	assert_true(clock_monotonic_ns() - began > 25000000);
	assert_non_null(strstr(e.msg, "busy"));
	kill(pid, SIGKILL); /* dead, but nobody has waited for it */
	assert_int_equal(0, cgroup_remove(&host, &facts.cgroup, below("busy"), 5000, &e));
	assert_int_equal(SIGKILL, end_of(pid));
	cgroup_free(cg);
	assert_false(is_there("busy"));
}

/* ---- limits --------------------------------------------------------------------------------------------------- */

TEST(plain_limits_are_taken_as_they_are)
{
	struct cgroup_limits want;
	struct cgroup *cg;

	needs(CGROUP_MEMORY);
	needs(CGROUP_CPU);
	needs(CGROUP_PIDS);
	cg = create("plain");
	cgroup_limits_init(&want);
	want.memory_limit_bytes = 64 << 20;
	want.memory_swap_bytes = facts.cgroup.memory_swap ? 96 << 20 : CG_UNSET;
	want.memory_reservation_bytes = 32 << 20;
	want.cpu_shares = 512;
	want.cpu_quota_us = 50000;
	want.cpu_period_us = 100000;
	want.pids_limit = 17;
	limit(cg, &want);
	want.memory_limit_bytes = (64 << 20) + 1000; /* the kernel rounds down to pages */
	limit(cg, &want);
	cgroup_limits_init(&want);
	want.memory_limit_bytes = 32 << 20;
	want.memory_swap_bytes = want.cpu_quota_us = want.pids_limit = -1;
	if (!facts.cgroup.memory_swap)
		want.memory_swap_bytes = CG_UNSET;
	limit(cg, &want);
	end(cg, "plain");
}

TEST(every_file_that_the_plan_can_name_exists)
{
	static const struct blkio_limit io[] = { { 0, 0, BLKIO_READ_BPS, 1048576 } };
	struct cgroup_limits want;
	struct cgroup_writes w;
	struct cgroup *cg = create("names");
	struct err e = { 0 };

	cgroup_limits_init(&want);
	want.memory_limit_bytes = 64 << 20;
	want.memory_swap_bytes = facts.cgroup.memory_swap ? 96 << 20 : CG_UNSET;
	want.cpu_shares = 512;
	want.cpu_quota_us = 50000;
	want.cpu_burst_us = 1000;
	want.cpu_idle = 0;
	want.cpuset_cpus = facts.cpus;
	want.cpuset_mems = facts.mems;
	want.pids_limit = 17;
	want.blkio_weight = facts.cgroup.blkio_weight ? 500 : CG_UNSET;
	want.blkio = io;
	want.blkio_count = 1;
	CHECK_OK(cgroup_plan(&facts.cgroup, &want, &arena, &w, &e));
	for (size_t i = 0; i < w.n; i++) {
		char path[256];

		(void)snprintf(path, sizeof path, "/%s/%s", cgroup_dir(cg, w.w[i].hierarchy), w.w[i].file);
		if (access(path, F_OK) < 0)
			fail_msg("%s: %s", path, strerror(errno));
	}
	end(cg, "names");
}

TEST(refusals_name_file_value_and_reason)
{
	struct cgroup_limits want;
	struct cgroup_writes w;
	struct err e = { 0 };
	struct cgroup *cg;

	needs(CGROUP_CPUSET);
	cg = create("refused");
	cgroup_limits_init(&want);
	want.cpuset_mems = "1000";
	CHECK_OK(cgroup_plan(&facts.cgroup, &want, &arena, &w, &e));
	assert_true(cgroup_apply(cg, &w.w[0], &e) < 0);
	assert_non_null(strstr(e.msg, "cpuset.mems: write \"1000\""));
	want.cpuset_mems = NULL;
	want.cpuset_cpus = "0";
	CHECK_OK(cgroup_plan(&facts.cgroup, &want, &arena, &w, &e));
	CHECK_OK(cgroup_apply(cg, &w.w[0], &e));
	w.w[0].value = "0-0,0"; /* another spelling of the same */
	CHECK_OK(cgroup_apply(cg, &w.w[0], &e));
	end(cg, "refused");
}

/* v2 gives no controllers to groups below one with processes. That hurts only who wants a limit, and then is said. */
TEST(a_parent_with_processes_is_named)
{
	const struct cgroup_hierarchy *v2 = &facts.cgroup.h[0];
	struct cgroup_write w = { 0, "pids.max", "5", CGROUP_CHECK_EXACT, false };
	struct cgroup *parent, *leaf;
	struct err e = { 0 };
	char want[256];
	pid_t pid;

	if (v2->v2 && !(v2->controllers & 1u << CGROUP_PIDS))
		w.file = "hugetlb.2MB.max";
	if (!v2->v2 || !(v2->controllers & (1u << CGROUP_PIDS | 1u << CGROUP_HUGETLB))) {
		print_message("# skipped: no cgroup v2 with pids or hugetlb here\n");
		skip();
	}
	parent = create("inner");
	pid = start(parent, sleep_long);
	leaf = create("inner/leaf");
	assert_int_equal(-EBUSY, cgroup_apply(leaf, &w, &e));
	(void)snprintf(want, sizeof want, "below group %s, in which processes are: Device or resource busy",
		       below("inner"));
	if (!strstr(e.msg, want))
		fail_msg("%s", e.msg);
	assert_int_equal(0, end_of(start(leaf, do_nothing))); /* "domain invalid" could not be entered */
	CHECK_OK(cgroup_kill(parent, &e));
	assert_int_equal(SIGKILL, end_of(pid));
	cgroup_free(leaf);
	end(parent, "inner");
}

/* How many children there may be beside the one that asks. */
static int count_forks(void)
{
	int n = 0;

	for (;;) {
		pid_t pid = n < 20 ? fork() : -1;

		if (pid == 0)
			return sleep_long();
		if (pid < 0)
			return n;
		n++;
	}
}

TEST(forks_stop_at_the_pids_limit)
{
	struct cgroup_limits want;
	struct err e = { 0 };
	struct cgroup *cg;

	needs(CGROUP_PIDS);
	cg = create("pids");
	cgroup_limits_init(&want);
	want.pids_limit = 5;
	limit(cg, &want);
	assert_int_equal(4, WEXITSTATUS(end_of(start(cg, count_forks))));
	CHECK_OK(cgroup_kill(cg, &e));
	end(cg, "pids");
}

/* ---- devices -------------------------------------------------------------------------------------------------- */

static int device_node(const char *name, unsigned minor)
{
	char path[96];

	(void)snprintf(path, sizeof path, "/tmp%s-%s", top, name);
	if (mknod(path, S_IFCHR | 0666, makedev(1, minor)) < 0 && errno != EEXIST)
		return 90;
	return 0;
}

static int opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* /dev/null is allowed, /dev/zero for reading, /dev/full not at all, and nothing may be made but 1:3. */
static int try_devices(void)
{
	if (opens("/dev/null", O_RDWR) != 0)
		return 1;
	if (opens("/dev/zero", O_RDONLY) != 0)
		return 2;
	if (opens("/dev/zero", O_RDWR) != EPERM)
		return 3;
	if (opens("/dev/full", O_RDONLY) != EPERM)
		return 4;
	if (device_node("null", 3) != 0)
		return 5;
	if (device_node("full", 7) == 0)
		return 6;
	return 0;
}

static int try_full(void)
{
	return opens("/dev/full", O_RDWR) == 0 && opens("/dev/null", O_RDONLY) == EPERM ? 0 : 1;
}

static int try_all(void)
{
	return opens("/dev/full", O_RDWR) == 0 && opens("/dev/null", O_RDWR) == 0 ? 0 : 1;
}

static void set_devices(struct cgroup *cg, const struct device_rule *rules, size_t n)
{
	struct cgroup_limits want;

	cgroup_limits_init(&want);
	want.devices = rules;
	want.device_count = n;
	limit(cg, &want);
}

TEST(a_denied_device_cannot_be_opened)
{
	static const struct device_rule some[] = { { true, 'c', 1, 7, 7 },
						   { false, 'a', CG_MAX, CG_MAX, 7 },
						   { true, 'c', 1, 3, 7 },
						   { true, 'c', 1, 5, DEVICE_READ } };
	static const struct device_rule full[] = { { false, 'a', CG_MAX, CG_MAX, 7 }, { true, 'c', 1, 7, 7 } };
	static const struct device_rule all[] = { { true, 'a', CG_MAX, CG_MAX, 7 } };
	struct cgroup *cg = create("devices");
	char path[96];

	set_devices(cg, some, ARRAY_LEN(some));
	assert_int_equal(0, WEXITSTATUS(end_of(start(cg, try_devices))));
	set_devices(cg, full, ARRAY_LEN(full)); /* in place of the first rules, not beside them */
	assert_int_equal(0, WEXITSTATUS(end_of(start(cg, try_full))));
	set_devices(cg, all, ARRAY_LEN(all));
	assert_int_equal(0, WEXITSTATUS(end_of(start(cg, try_all))));
	end(cg, "devices");
	(void)snprintf(path, sizeof path, "/tmp%s-null", top);
	assert_int_equal(0, unlink(path));
}

/* The unit tests know what a program decides; only the kernel knows whether it takes it. */
TEST(the_verifier_takes_every_program)
{
	struct device_rule rules[10];
	struct err e = { 0 };
	struct cgroup *cg;

	if (!facts.cgroup.h[0].v2 || !facts.kernel.bpf_cgroup_device) {
		print_message("# skipped: no cgroup v2 with BPF here\n");
		skip();
	}
	cg = create("verify");
	srandom(1);
	for (int round = 0; round < 200; round++) {
		size_t n = 1 + (size_t)random() % ARRAY_LEN(rules);

		for (size_t i = 0; i < n; i++)
			rules[i] = (struct device_rule){ random() % 2, "abc"[random() % 3],
							 random() % 4 ? random() % 3 : CG_MAX,
							 random() % 4 ? random() % 3 : CG_MAX,
							 1 + (unsigned)random() % 7 };
		CHECK_OK(cgroup_apply_devices(cg, 0, rules, n, &e));
	}
	end(cg, "verify");
}

/* ---- cost ----------------------------------------------------------------------------------------------------- */

static void limits_of_a_container(struct cgroup_limits *want)
{
	static const struct device_rule rules[] = { { false, 'a', CG_MAX, CG_MAX, 7 }, { true, 'c', 1, 3, 7 },
						    { true, 'c', 1, 5, 7 },	     { true, 'c', 1, 8, 7 },
						    { true, 'c', 1, 9, 7 },	     { true, 'c', 5, 0, 7 },
						    { true, 'c', 136, CG_MAX, 7 } };

	cgroup_limits_init(want);
	want->memory_limit_bytes = cgroup_layout_has(&facts.cgroup, CGROUP_MEMORY) ? 64 << 20 : CG_UNSET;
	want->cpu_quota_us = facts.cgroup.cpu_cfs ? 50000 : CG_UNSET;
	want->pids_limit = cgroup_layout_has(&facts.cgroup, CGROUP_PIDS) ? 100 : CG_UNSET;
	want->devices = rules;
	want->device_count = ARRAY_LEN(rules);
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Only printed: bench/ has the bars. */
TEST(costs_are_told)
{
	enum { ROUNDS = 20 };
	int64_t took[3][ROUNDS];
	struct cgroup_limits want;
	struct cgroup *keep = create("cost");

	limits_of_a_container(&want);
	for (int i = 0; i < ROUNDS; i++) {
		int64_t t0 = clock_monotonic_ns(), t1, t2;
		struct cgroup *cg = create("cost/leaf");

		t1 = clock_monotonic_ns();
		limit(cg, &want);
		t2 = clock_monotonic_ns();
		end(cg, "cost/leaf");
		took[0][i] = t1 - t0;
		took[1][i] = t2 - t1;
		took[2][i] = clock_monotonic_ns() - t2;
	}
	for (int i = 0; i < 3; i++)
		qsort(took[i], ROUNDS, sizeof took[i][0], by_size);
	print_message("# %s, %u hierarchies: create %d us, limit %d us, remove %d us\n",
		      cgroup_mode_name(facts.cgroup.mode), facts.cgroup.n, (int)(took[0][ROUNDS / 2] / 1000),
		      (int)(took[1][ROUNDS / 2] / 1000), (int)(took[2][ROUNDS / 2] / 1000));
	end(keep, "cost");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_group_is_made_everywhere_and_leaves_nothing),
		RUN(unmake_takes_back_what_its_handle_made_and_no_more),
		RUN(descriptors_are_closed_on_exec_and_given_back),
		RUN(neighbours_may_come_and_go_at_once),
		RUN(a_child_joins_every_hierarchy),
		RUN(kill_takes_all_members_and_nobody_else),
		RUN(a_frozen_group_stops_goes_on_and_can_be_killed),
		RUN(an_inhabited_group_stays_until_it_is_empty),
		RUN(plain_limits_are_taken_as_they_are),
		RUN(every_file_that_the_plan_can_name_exists),
		RUN(refusals_name_file_value_and_reason),
		RUN(a_parent_with_processes_is_named),
		RUN(forks_stop_at_the_pids_limit),
		RUN(a_denied_device_cannot_be_opened),
		RUN(the_verifier_takes_every_program),
		RUN(costs_are_told),
	};

	if (geteuid() != 0) {
		(void)puts("1..0 # SKIP control groups need root");
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
