/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/human.h"

#include <stdio.h>
#include <time.h>

enum { MINUTE = 60, HOUR = 3600, DAY = 24 };

static const char *count(long long n, const char *unit, char ret[HUMAN_SIZE])
{
	(void)snprintf(ret, HUMAN_SIZE, "%lld %s", n, unit);
	return ret;
}

static const char *hours_and_more(long long seconds, char ret[HUMAN_SIZE])
{
	long long hours = (seconds + HOUR / 2) / HOUR; /* rounded, as Docker rounds */

	if (hours <= 1)
		return "About an hour";
	if (hours < 48)
		return count(hours, "hours", ret);
	if (hours < DAY * 7 * 2)
		return count(hours / DAY, "days", ret);
	if (hours < DAY * 30 * 2)
		return count(hours / DAY / 7, "weeks", ret);
	if (hours < DAY * 365 * 2)
		return count(hours / DAY / 30, "months", ret);
	return count(hours / DAY / 365, "years", ret);
}

const char *human_duration(int64_t ns, char ret[HUMAN_SIZE])
{
	long long seconds = ns / 1000000000;

	if (seconds < 1)
		return "Less than a second";
	if (seconds == 1)
		return "1 second";
	if (seconds < MINUTE)
		return count(seconds, "seconds", ret);
	if (seconds < 2 * MINUTE)
		return "About a minute";
	if (seconds < HOUR)
		return count(seconds / MINUTE, "minutes", ret);
	return hours_and_more(seconds, ret);
}

const char *human_bytes(int64_t bytes, char ret[HUMAN_SIZE])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double n = (double)bytes;
	unsigned i = 0;

	while (n >= 1000 && i + 1 < sizeof units / sizeof *units) {
		n /= 1000;
		i++;
	}
	(void)snprintf(ret, HUMAN_SIZE, n < 999.5 /* no exponent */ ? "%.3g%s" : "%.4g%s", n, units[i]);
	return ret;
}

const char *human_binary(int64_t bytes, char ret[HUMAN_SIZE])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double n = (double)bytes;
	unsigned i = 0;

	while (n >= 1024 && i + 1 < sizeof units / sizeof *units) {
		n /= 1024;
		i++;
	}
	(void)snprintf(ret, HUMAN_SIZE, "%.4g%s", n, units[i]);
	return ret;
}

const char *human_time(int64_t real_ns, char ret[HUMAN_SIZE])
{
	time_t sec = (time_t)(real_ns / 1000000000);
	struct tm tm;

	if (!gmtime_r(&sec, &tm) || strftime(ret, HUMAN_SIZE, "%Y-%m-%d %H:%M:%S +0000 UTC", &tm) == 0)
		(void)snprintf(ret, HUMAN_SIZE, "N/A");
	return ret;
}
