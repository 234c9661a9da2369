/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kfeat.h"

#include "../test.h"
#include "base/clock.h"
#include "fake_tree.h"
#include "kernel/sys.h"

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
		RUN(probing_leaves_no_descriptor_and_is_cheap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
