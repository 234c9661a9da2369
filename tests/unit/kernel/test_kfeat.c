/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kfeat.h"

#include "../test.h"
#include "base/clock.h"
#include "fake_tree.h"
#include "kernel/sys.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

static const struct kfeat none;

TEST(all_is_every_bit)
{
	struct kfeat k = kfeat_all();

#define X(name) assert_true(k.name);
	KFEATS(X)
#undef X
}

TEST(a_bit_is_set_by_its_name)
{
	struct kfeat k = none;

	assert_true(kfeat_set(&k, SV("openat2"), true));
	assert_true(k.openat2);
	assert_false(k.pidfd);
	assert_true(kfeat_set(&k, SV("openat2"), false));
	assert_false(k.openat2);
	assert_false(kfeat_set(&k, SV("openat"), true));
	assert_false(kfeat_set(&k, SV(""), true));
}

/* The probes are tricks; where doing the thing itself is harmless, it must agree. */
TEST(probes_agree_with_doing_it)
{
	struct host h;
	struct kfeat k = none;
	struct err e = { 0 };
	int fd;

	assert_int_equal(0, host_open(&h, "/", &e));
	assert_int_equal(0, kfeat_probe(&h, &k, &e));
	host_close(&h);
	fd = sys_openat2(AT_FDCWD, "/", O_PATH, 0);
	assert_int_equal(k.openat2, fd >= 0);
	close(fd);
	fd = sys_pidfd_open(getpid(), 0);
	assert_int_equal(k.pidfd, fd >= 0);
	close(fd);
	fd = dup(0);
	assert_int_equal(k.close_range, sys_close_range((unsigned)fd, (unsigned)fd, 0) == 0);
	fd = sys_fsopen("tmpfs");
	assert_true(fd >= 0 ? k.new_mount_api : geteuid() != 0 || !k.new_mount_api);
	if (fd >= 0)
		close(fd);
}

/* As engines of containers had it that were older than these calls. */
static bool refuse_calls_from(unsigned first)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { ARRAY_LEN(rules), rules };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* In a process of its own: 0: as expected; 1: not; 2: there are no filters here */
static int probe_below(unsigned first, const struct kfeat *plain)
{
	struct host h;
	struct kfeat k = none;
	struct err e = { 0 };

	if (host_open(&h, "/", &e) < 0 || !refuse_calls_from(first))
		return 2;
	if (kfeat_probe(&h, &k, &e) < 0)
		return 1;
	if (k.detached_mounts || k.overlay_detached_layers ||
	    k.cgroup_kill != (first > SYS_process_mrelease && plain->cgroup_kill))
		return 1;
	if (k.openat2 != (first > SYS_openat2 && plain->openat2))
		return 1;
	return k.pidfd != plain->pidfd;
}

TEST(a_filter_that_refuses_what_it_does_not_know_is_not_taken_for_a_new_kernel)
{
	static const unsigned first[] = { SYS_process_mrelease + 1, SYS_openat2 + 1, SYS_close_range,
					  SYS_pidfd_open + 1 };
	struct host h;
	struct kfeat plain = none;
	struct err e = { 0 };

	assert_int_equal(0, host_open(&h, "/", &e));
	assert_int_equal(0, kfeat_probe(&h, &plain, &e));
	host_close(&h);
	for (size_t i = 0; i < ARRAY_LEN(first); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(probe_below(first[i], &plain));
		assert_int_equal(pid, waitpid(pid, &status, 0));
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 2)
			skip();
		assert_int_equal(0, WEXITSTATUS(status));
	}
}

TEST(probing_leaves_no_descriptor_and_is_cheap)
{
	struct host h;
	struct kfeat k;
	struct err e = { 0 };
	int before = dup(0), after;
	int64_t best = INT64_MAX;

	close(before);
	assert_int_equal(0, host_open(&h, "/", &e));
	for (int i = 0; i < 20; i++) {
		int64_t start = clock_monotonic_ns(), took;

		assert_int_equal(0, kfeat_probe(&h, &k, &e));
		took = clock_monotonic_ns() - start;
		best = took < best ? took : best;
	}
	host_close(&h);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
	print_message("# kfeat_probe: %d us\n", (int)(best / 1000));
	assert_true(best <
		    2000000); /* 30 µs on real hardware; an emulated guest is slower, a fork or a mount much more */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(all_is_every_bit),
		RUN(a_bit_is_set_by_its_name),
		RUN(probes_agree_with_doing_it),
		RUN(a_filter_that_refuses_what_it_does_not_know_is_not_taken_for_a_new_kernel),
		RUN(probing_leaves_no_descriptor_and_is_cheap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
