/* SPDX-License-Identifier: Apache-2.0 */
/* What an update leaves of a configuration. */
#include "engine/update_priv.h"

#include "../test.h"
#include "base/scope.h"
#include "oci/list.h"

#include <errno.h>
#include <string.h>

static struct container_config config_new(void)
{
	struct container_config c;

	config_init(&c);
	return c;
}

TEST(what_is_not_asked_for_stays)
{
	scoped_arena a = ARENA(1 << 20);
	struct container_config c = config_new();
	struct update u;

	update_init(&u);
	assert_true(update_is_empty(&u));
	c.memory = 5;
	c.memory_swap = -1;
	c.cpuset_cpus = "0";
	c.pids_limit = 7;
	c.memory_swappiness = 3;
	c.restart.name = RESTART_ALWAYS;
	assert_int_equal(0, update_merge(&c, &u, &a, NULL));
	assert_int_equal(5, c.memory);
	assert_int_equal(-1, c.memory_swap);
	assert_string_equal("0", c.cpuset_cpus);
	assert_int_equal(7, c.pids_limit);
	assert_int_equal(3, c.memory_swappiness);
	assert_int_equal(RESTART_ALWAYS, c.restart.name);
}

TEST(nothing_or_less_takes_a_limit_away)
{
	scoped_arena a = ARENA(1 << 20);
	struct container_config c = config_new();
	struct update u;

	update_init(&u);
	c.memory = 5;
	c.memory_swap = 10;
	c.nano_cpus = 9;
	c.cpuset_cpus = "0";
	c.pids_limit = 7;
	u.to.memory = -1;
	u.to.nano_cpus = 0;
	u.to.cpuset_cpus = "";
	u.to.pids_limit = -1;
	assert_false(update_is_empty(&u));
	assert_int_equal(0, update_merge(&c, &u, &a, NULL));
	assert_int_equal(0, c.memory);
	assert_int_equal(0, c.memory_swap); /* with it, since it counts both */
	assert_int_equal(0, c.nano_cpus);
	assert_null(c.cpuset_cpus);
	assert_int_equal(0, c.pids_limit);
}

TEST(entries_of_lists_are_replaced_by_disk_and_by_file)
{
	scoped_arena a = ARENA(1 << 20);
	struct container_config c = config_new();
	struct rate_config old[] = { { "/dev/a", 1 }, { "/dev/b", 2 } }, to[] = { { "/dev/b", 0 }, { "/dev/c", 3 } };
	struct weight_config weights[] = { { "/dev/a", 10 } }, weight[] = { { "/dev/a", 500 } };
	struct update u;

	update_init(&u);
	c.device_read_bps = (struct rates){ old, 2 };
	c.blkio_weight_devices.v = weights;
	c.blkio_weight_devices.n = 1;
	assert_int_equal(0, pairs_set(&a, &c.cgroup_conf, "memory.high", "1"));
	assert_int_equal(0, pairs_set(&a, &c.cgroup_conf, "memory.min", "2"));
	u.to.device_read_bps = (struct rates){ to, 2 };
	u.to.blkio_weight_devices.v = weight;
	u.to.blkio_weight_devices.n = 1;
	assert_int_equal(0, pairs_set(&a, &u.to.cgroup_conf, "memory.high", ""));
	assert_int_equal(0, update_merge(&c, &u, &a, NULL));
	assert_int_equal(2, c.device_read_bps.n);
	assert_string_equal("/dev/a", c.device_read_bps.v[0].path);
	assert_string_equal("/dev/c", c.device_read_bps.v[1].path);
	assert_int_equal(1, c.blkio_weight_devices.n);
	assert_int_equal(500, c.blkio_weight_devices.v[0].weight);
	assert_int_equal(1, c.cgroup_conf.n);
	assert_string_equal("memory.min", c.cgroup_conf.v[0].key);
}

static const struct {
	int64_t cpus, quota, period, memory, swap; /* of the container */
	int64_t to_cpus, to_quota, to_period, to_memory, to_swap;
	const char *text; /* NULL: taken */
} refusals[] = {
	{ .period = 1000, .to_cpus = 1, .text = "Nano CPUs cannot be updated as CPU Period has already been set" },
	{ .quota = 1000, .to_cpus = 1, .text = "Nano CPUs cannot be updated as CPU Quota has already been set" },
	{ .cpus = 1, .to_period = 1000, .text = "CPU Period cannot be updated as NanoCPUs has already been set" },
	{ .cpus = 1, .to_quota = 1000, .text = "CPU Quota cannot be updated as NanoCPUs has already been set" },
	{ .cpus = 1, .to_cpus = -1, .to_quota = 1000 }, /* one for the other, in one go */
	{ .quota = 1000, .to_quota = -1, .to_cpus = 1 },
	{ .memory = 1, .swap = 5, .to_memory = 6,
	  .text = "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time" },
	{ .memory = 1, .swap = 5, .to_memory = 5 },
	{ .memory = 1, .swap = 5, .to_memory = 6, .to_swap = 7 },
	{ .memory = 1, .to_memory = 6 },
};

static int64_t or_keep(int64_t n)
{
	return n ? n : UPDATE_KEEP;
}

TEST(what_contradicts_the_rest_is_refused_in_dockers_words)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		scoped_arena a = ARENA(1 << 20);
		struct container_config c = config_new();
		struct update u;
		struct err e = { 0 };

		update_init(&u);
		c.nano_cpus = refusals[i].cpus;
		c.cpu_quota_us = refusals[i].quota;
		c.cpu_period_us = refusals[i].period;
		c.memory = refusals[i].memory;
		c.memory_swap = refusals[i].swap;
		u.to.nano_cpus = or_keep(refusals[i].to_cpus);
		u.to.cpu_quota_us = or_keep(refusals[i].to_quota);
		u.to.cpu_period_us = or_keep(refusals[i].to_period);
		u.to.memory = or_keep(refusals[i].to_memory);
		u.to.memory_swap = or_keep(refusals[i].to_swap);
		assert_int_equal(refusals[i].text ? -EINVAL : 0, update_merge(&c, &u, &a, &e));
		if (refusals[i].text)
			assert_non_null(strstr(e.msg, refusals[i].text));
	}
}

TEST(a_container_that_goes_with_its_end_is_not_to_be_restarted)
{
	scoped_arena a = ARENA(1 << 20);
	struct container_config c = config_new();
	struct update u;
	struct err e;

	update_init(&u);
	c.auto_remove = true;
	u.restart_given = true;
	assert_int_equal(0, update_merge(&c, &u, &a, NULL));
	u.to.restart.name = RESTART_ALWAYS;
	assert_int_equal(-EINVAL, update_merge(&c, &u, &a, &e));
	assert_string_equal("Restart policy cannot be updated because AutoRemove is enabled for the container", e.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_not_asked_for_stays),
		RUN(nothing_or_less_takes_a_limit_away),
		RUN(entries_of_lists_are_replaced_by_disk_and_by_file),
		RUN(what_contradicts_the_rest_is_refused_in_dockers_words),
		RUN(a_container_that_goes_with_its_end_is_not_to_be_restarted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
