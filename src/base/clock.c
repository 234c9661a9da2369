/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t now(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_real_ns(void)
{
	return now(CLOCK_REALTIME);
}

int64_t clock_monotonic_ns(void)
{
	return now(CLOCK_MONOTONIC);
}

const char *clock_rfc3339(int64_t real_ns, char ret[RFC3339_SIZE])
{
	time_t sec = (time_t)(real_ns / 1000000000);
	struct tm tm;
	size_t n;

	if (real_ns <= 0 || !gmtime_r(&sec, &tm)) {
		(void)snprintf(ret, RFC3339_SIZE, "0001-01-01T00:00:00Z");
		return ret;
	}
	n = strftime(ret, RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(ret + n, RFC3339_SIZE - n, ".%09dZ", (int)(real_ns % 1000000000));
	return ret;
}
