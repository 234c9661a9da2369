/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/rlimit.h"

#include "base/scope.h"

#include <sys/resource.h>

static const struct {
	const char *full, *word;
} names[] = {
	[RLIMIT_AS] = { "RLIMIT_AS", "as" },
	[RLIMIT_CORE] = { "RLIMIT_CORE", "core" },
	[RLIMIT_CPU] = { "RLIMIT_CPU", "cpu" },
	[RLIMIT_DATA] = { "RLIMIT_DATA", "data" },
	[RLIMIT_FSIZE] = { "RLIMIT_FSIZE", "fsize" },
	[RLIMIT_LOCKS] = { "RLIMIT_LOCKS", "locks" },
	[RLIMIT_MEMLOCK] = { "RLIMIT_MEMLOCK", "memlock" },
	[RLIMIT_MSGQUEUE] = { "RLIMIT_MSGQUEUE", "msgqueue" },
	[RLIMIT_NICE] = { "RLIMIT_NICE", "nice" },
	[RLIMIT_NOFILE] = { "RLIMIT_NOFILE", "nofile" },
	[RLIMIT_NPROC] = { "RLIMIT_NPROC", "nproc" },
	[RLIMIT_RSS] = { "RLIMIT_RSS", "rss" },
	[RLIMIT_RTPRIO] = { "RLIMIT_RTPRIO", "rtprio" },
	[RLIMIT_RTTIME] = { "RLIMIT_RTTIME", "rttime" },
	[RLIMIT_SIGPENDING] = { "RLIMIT_SIGPENDING", "sigpending" },
	[RLIMIT_STACK] = { "RLIMIT_STACK", "stack" },
};

int rlimit_from_name(struct sv name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (sv_is(name, names[i].full) || sv_is(name, names[i].word))
			return (int)i;
	return -1;
}

const char *rlimit_name(unsigned resource)
{
	return resource < ARRAY_LEN(names) ? names[resource].full : NULL;
}
