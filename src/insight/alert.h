/* SPDX-License-Identifier: Apache-2.0 */
/* alert.h - rules such as "memory > 90% for 30s", and when one of them speaks. Pure.
 *
 *     METRIC > VALUE [for DURATION] [on TARGET]        also >=, <, <=
 *     oom [on TARGET]                                  each kill
 *
 * A rule fires when it has held for its duration, and is over when the value has come back by a tenth of what was asked for
 * and has stayed there as long (hysteresis), so that a value near its threshold speaks once. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "kernel/cgroup_stat.h"

#include <stdbool.h>

/* Name, what is compared with a percentage ( - see alert_rule_parse()), files. */
#define ALERT_METRICS(X)                                                                            \
	X(MEMORY, "memory", CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_DETAIL)                         \
	X(SWAP, "swap", CGROUP_STAT_MEMORY | CGROUP_STAT_MEMORY_DETAIL)                             \
	X(CPU, "cpu", CGROUP_STAT_CPU)                                                              \
	X(THROTTLED, "throttled", CGROUP_STAT_CPU)                                                  \
	X(PIDS, "pids", CGROUP_STAT_PIDS)                                                           \
	X(OOM, "oom", CGROUP_STAT_EVENTS)                                                           \
	X(READ, "io.read", CGROUP_STAT_IO) X(WRITE, "io.write", CGROUP_STAT_IO)                     \
	X(PRESSURE_CPU, "pressure.cpu", CGROUP_STAT_PRESSURE)                                       \
	X(PRESSURE_CPU_FULL, "pressure.cpu.full", CGROUP_STAT_PRESSURE)                             \
	X(PRESSURE_MEMORY, "pressure.memory", CGROUP_STAT_PRESSURE)                                 \
	X(PRESSURE_MEMORY_FULL, "pressure.memory.full", CGROUP_STAT_PRESSURE)                       \
	X(PRESSURE_IO, "pressure.io", CGROUP_STAT_PRESSURE)                                         \
	X(PRESSURE_IO_FULL, "pressure.io.full", CGROUP_STAT_PRESSURE)
enum alert_metric {
#define X(id, text, what) ALERT_##id,
	ALERT_METRICS(X)
#undef X
};
#define ALERT_PRESSURES 6 /* the last ones, in the order of struct alert_numbers */

enum alert_unit { ALERT_PERCENT /* hundredths of one */, ALERT_BYTES, ALERT_COUNT };

#define ALERT_RULE_MAX 512 /* bytes of one */

struct alert_rule {
	const char *text; /* as it was given */
	enum alert_metric metric;
	enum alert_unit unit;
	bool below, or_equal; /* else above */
	int64_t threshold, for_ns;
	const char *target; /* NULL: whatever is watched */
};

/* alert_rule_parse - texts go to a. -EINVAL: what is wrong, and what is allowed. -ENOMEM */
int alert_rule_parse(struct sv text, struct arena *a, struct alert_rule *ret, struct err *e);
unsigned alert_rule_needs(const struct alert_rule *r); /* CGROUP_STAT_... */
/* alert_rule_is_pressure - 0 to 5: which of `pressure_us`; -1: none of them */
int alert_rule_pressure(const struct alert_rule *r);

/* What rules look at, at a moment; CG_UNSET: not known. */
struct alert_numbers {
	int64_t taken_ns; /* monotonic */
	int64_t memory_bytes, memory_limit_bytes, swap_bytes, swap_limit_bytes; /* memory: the working set */
	int64_t cpu_ns, periods, throttled_periods, pids, pids_limit, oom_kills, read_bytes, write_bytes;
	int64_t pressure_us[ALERT_PRESSURES];
};

/* alert_numbers_of - limits are the ones that bind; CG_MAX: none */
void alert_numbers_of(const struct cgroup_stat *st, int64_t memory_limit, int64_t taken_ns, struct alert_numbers *ret);

/* alert_value - in the rule's unit, of the time between the two; CG_UNSET: not known, or not before a second look. Without
 * a limit a share of it is 0. */
int64_t alert_value(const struct alert_rule *r, const struct alert_numbers *before, const struct alert_numbers *now);

struct alert_state {
	bool firing;
	int64_t since_ns; /* when what would change it began; 0: nothing does */
};

enum alert_change { ALERT_SAME, ALERT_FIRES, ALERT_ENDS };
/* alert_step - a value more. CG_UNSET changes nothing. */
enum alert_change alert_step(const struct alert_rule *r, struct alert_state *s, int64_t value, int64_t now_ns);
/* alert_is_calm - it neither fires, nor has begun to hold */
bool alert_is_calm(const struct alert_state *s);

/* alert_value_text - "93.20%", "512.0MiB", "3", "?" */
const char *alert_value_text(const struct alert_rule *r, int64_t value, char ret[32]);
