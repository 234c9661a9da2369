/* SPDX-License-Identifier: Apache-2.0 */
/* explain.h - why is it slow, why was it killed: of each resource what was asked for, what holds, whose limit binds, what is
 * used and how often it was held back; and from all that the troubles, the gravest first, each with what to do.
 *
 * The caller says where the group is and what was asked for; numbers are read here, at one moment. What cannot be read is
 * left out and named in `unseen`. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "kernel/cgroup_place.h"
#include "kernel/cgroup_stat.h"

#include <stdbool.h>
#include <sys/types.h>

/* In the order of their weight. */
#define TROUBLES(X)                                                                                     \
	X(OOM_OWN_LIMIT, "oom-own-limit") X(OOM_OTHER_LIMIT, "oom-parent-limit") X(OOM_HOST, "oom-host") \
	X(OOM_UNKNOWN, "oom") X(PIDS, "pids-limit") X(FILES_FULL, "disk-full") X(MEMORY_TMPFS, "memory-tmpfs") \
	X(MEMORY_FULL, "memory-full") X(THROTTLED, "throttled-own-limit")                                \
	X(THROTTLED_ABOVE, "throttled-parent-limit") X(IO_LIMIT, "disk-limit") X(PRESSURE, "pressure")   \
	X(CHANGED, "changed") X(CACHE, "memory-cache")
enum trouble {
#define X(id, text) TROUBLE_##id,
	TROUBLES(X)
#undef X
};
const char *trouble_name(enum trouble t);

struct trouble_found {
	enum trouble kind;
	const char *text, *advice; /* advice NULL: nothing to do */
};

/* What an option became. */
struct explain_setting {
	const char *resource; /* "cpu", "memory", "pids", "io" */
	const char *option, *given; /* "--memory", "64m"; given NULL: follows from another option */
	const char *file;     /* from the root of the host: "/sys/fs/cgroup/memory/tare/x/memory.limit_in_bytes" */
	const char *wrote, *now; /* now NULL: gone, or not to be read */
	bool changed;         /* somebody wrote something else since */
};

/* What the OOM killer did, when somebody has kept it; a group that is gone cannot tell any more. */
struct explain_oom {
	int64_t kills; /* 0: none, or to be looked for in the group */
	const char *owner; /* path; "/" the host; NULL: not known */
	int64_t limit_bytes; /* 0: not known */
	const char *victim;
	pid_t victim_pid;
};

struct explain_input {
	const struct host *host;
	const struct cgroup_layout *layout;
	const char *subject; /* "container web", "process 17", "cgroup /a" */
	const char *name;    /* of `own` limits in sentences: "the container", "the group" */
	struct cgroup_place place;
	bool no_group;       /* it has none of its own: what proc(5) tells of pid and those below */
	bool in_root;        /* and that is so because it is in the root group, whose numbers are the host's */
	bool alive;          /* else there is no group; only settings and oom count */
	pid_t pid;           /* some process of it: its file systems; 0: none */
	bool pid_is_first;   /* of a container */
	const char *ended;   /* "exited with status 137 2 minutes ago"; NULL: it runs */
	struct explain_oom oom;
	struct explain_setting *settings;
	size_t n_settings;
};

enum explain_unit { UNIT_BYTES, UNIT_NS, UNIT_US, UNIT_COUNT, UNIT_HUNDREDTHS /* of a percent */, UNIT_MILLI_CPU };

struct explain_fact {
	const char *resource, *key, *title; /* "memory", "head_room", "head-room" */
	enum explain_unit unit;
	int64_t value;     /* CG_MAX: no limit */
	const char *owner; /* of a limit: path of the group; NULL: nobody's, or it is the subject's own */
};

struct explanation {
	const struct explain_input *in;
	struct arena *arena;
	struct trouble_found *troubles;
	size_t n_troubles;
	struct explain_fact *facts; /* neighbours are of one resource */
	size_t n_facts;
	const char **unseen;
	size_t n_unseen;
};

/* explain - may wait a quarter of a second, when a limit of block I/O has to be compared with a rate. */
int explain(const struct explain_input *in, struct arena *a, struct explanation *ret, struct err *e);

/* explain_brief - the troubles alone, by what was read already: *at has EXPLAIN_BRIEF, all above it EXPLAIN_BRIEF_ABOVE.
 * Nothing is waited for, and no file systems are looked at. */
#define EXPLAIN_BRIEF (CGROUP_STAT_TROUBLES | CGROUP_STAT_EVENTS | CGROUP_STAT_PRESSURE)
#define EXPLAIN_BRIEF_ABOVE (CGROUP_STAT_TROUBLES | CGROUP_STAT_EVENTS_LOCAL)
/* Hundredths of a percent of waiting, in ten seconds, that are a trouble. */
#define EXPLAIN_PRESSURE 1000
struct level;
int explain_brief(const struct explain_input *in, const struct level *at, struct arena *a, struct explanation *ret,
		  struct err *e);

/* The first line names the gravest trouble. */
void explain_print(const struct explanation *x, struct buf *out);
int explain_print_json(const struct explanation *x, struct buf *out, struct err *e);
