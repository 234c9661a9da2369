/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/cpu.h"

#include "../test.h"
#include "kernel/cgroup.h"

static const struct {
	int64_t milli;
	uint64_t shares, linear, curve;
	int64_t quota_us;
} rows[] = {
	{ 0, 2, 1, 1, 0 },
	{ 1, 2, 1, 1, 1000 },
	{ 2, 2, 1, 1, 1000 },
	{ 5, 5, 1, 2, 1000 },
	{ 10, 10, 1, 4, 1000 },
	{ 50, 51, 2, 11, 5000 },
	{ 100, 102, 4, 17, 10000 },
	{ 250, 256, 10, 35, 25000 },
	{ 500, 512, 20, 59, 50000 },
	{ 750, 768, 30, 80, 75000 },
	{ 1000, 1024, 39, 100, 100000 },
	{ 1500, 1536, 59, 138, 150000 },
	{ 2000, 2048, 79, 174, 200000 },
	{ 4000, 4096, 157, 303, 400000 },
	{ 8000, 8192, 313, 532, 800000 },
	{ 16000, 16384, 625, 942, 1600000 },
	{ 32000, 32768, 1250, 1681, 3200000 },
	{ 64000, 65536, 2500, 3023, 6400000 },
	{ 256000, 262144, 10000, 10000, 25600000 },
	{ INT64_MAX, 262144, 10000, 10000, INT64_MAX },
	{ -1, 2, 1, 1, 0 },
};

TEST(millis_become_the_kernels_numbers)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(rows[i].shares, cpu_shares(rows[i].milli));
		assert_int_equal(rows[i].linear, cpu_weight_linear(rows[i].shares));
		assert_int_equal(rows[i].curve, cgroup_weight(rows[i].shares));
		assert_int_equal(rows[i].quota_us, cpu_quota_us(rows[i].milli, CPU_PERIOD_US));
	}
}

TEST(back_is_not_always_what_it_was)
{
	assert_int_equal(2, cpu_shares_milli(2));
	assert_int_equal(100, cpu_shares_milli(102));
	assert_int_equal(1000, cpu_shares_milli(1024));
	assert_int_equal(500, cpu_quota_milli(50000, 100000));
	assert_int_equal(10, cpu_quota_milli(cpu_quota_us(1, 100000), 100000));
	assert_int_equal(0, cpu_quota_milli(-1, 100000));
}

TEST(burst_is_at_most_the_quota)
{
	assert_int_equal(0, cpu_burst_us(0, 100));
	assert_int_equal(25000, cpu_burst_us(50000, 50));
	assert_int_equal(50000, cpu_burst_us(50000, 100));
	assert_int_equal(50000, cpu_burst_us(50000, 400));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(millis_become_the_kernels_numbers),
		RUN(back_is_not_always_what_it_was),
		RUN(burst_is_at_most_the_quota),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
