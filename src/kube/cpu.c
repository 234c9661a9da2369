/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/cpu.h"

uint64_t cpu_shares(int64_t milli)
{
	if (milli <= 0)
		return CPU_SHARES_MIN;
	if (milli >= CPU_SHARES_MAX * 1000ll / 1024)
		return CPU_SHARES_MAX;
	return milli * 1024 / 1000 < CPU_SHARES_MIN ? CPU_SHARES_MIN : (uint64_t)milli * 1024 / 1000;
}

int64_t cpu_shares_milli(uint64_t shares)
{
	return shares > INT64_MAX / 2048 ? INT64_MAX / 2048 : ((int64_t)shares * 1000 + 1023) / 1024;
}

uint64_t cpu_weight_linear(uint64_t shares)
{
	if (shares >= CPU_SHARES_MAX)
		return 10000;
	return shares <= CPU_SHARES_MIN ? 1 : 1 + (shares - 2) * 9999 / 262142;
}

int64_t cpu_quota_us(int64_t milli, int64_t period_us)
{
	__int128 quota = (__int128)milli * period_us / 1000;

	if (milli <= 0)
		return 0;
	return quota < 1000 ? 1000 : quota > INT64_MAX ? INT64_MAX : (int64_t)quota;
}

int64_t cpu_quota_milli(int64_t quota_us, int64_t period_us)
{
	return quota_us <= 0 || period_us <= 0 ? 0 : (int64_t)((__int128)quota_us * 1000 / period_us);
}

int64_t cpu_burst_us(int64_t quota_us, unsigned percent)
{
	if (quota_us <= 0)
		return 0;
	return percent >= 100 ? quota_us : (int64_t)((__int128)quota_us * percent / 100);
}
