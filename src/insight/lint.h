/* SPDX-License-Identifier: Apache-2.0 */
/* lint.h - the well-known mistakes of running a container, as one table of rules. Pure.
 *
 * A rule looks at what was asked for, and at what was observed of a container that runs; it says the reason, and the
 * better line. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "oci/runtime_spec.h"

#include <stdbool.h>
#include <stdint.h>

/* In which words it was asked for: some rules are of one kind alone, and each has its own better line. */
enum lint_form { LINT_OPTIONS /* of docker run */, LINT_COMPOSE, LINT_KUBERNETES, LINT_FORMS };

/* What was asked for; zero or NULL: it was not. */
struct lint_subject {
	enum lint_form form;
	const char *image, *user;
	int64_t memory_bytes, memory_swap_bytes /* together; -1: no limit */, nano_cpus, cpu_quota_us, cpu_period_us;
	int64_t cpu_shares, pids_limit, oom_score_adj;
	int64_t memory_request_bytes, cpu_request_milli; /* Kubernetes */
	bool privileged, readonly_root, oom_kill_disable, init, no_new_privileges;
	bool seccomp_unconfined, apparmor_unconfined, systempaths_unconfined;
	bool host_pid, host_net, host_ipc, host_uts, host_user, own_users; /* own_users: a user namespace */
	bool logs_unlimited;
	struct oci_strings cap_add, cap_drop, env, args; /* args: the command's words */
	struct oci_strings sources;    /* of bind mounts that can be written, paths of the host */
	struct oci_strings ro_sources; /* of those that cannot */
	unsigned devices, device_rules;
	/* observed; -1: not known */
	int64_t peak_bytes, throttled_percent, oom_kills;
};

void lint_subject_init(struct lint_subject *s);

enum lint_weight { LINT_DANGER, LINT_TROUBLE, LINT_ADVICE };
const char *lint_weight_name(enum lint_weight w); /* "danger", "trouble", "advice" */

struct lint_finding {
	const char *rule; /* "memory-swap" */
	enum lint_weight weight;
	const char *reason, *better;
};

struct lint_findings {
	struct lint_finding *v;
	size_t n;
};

/* lint - in the order of the table, the gravest first. Memory belongs to a. -ENOMEM */
int lint(const struct lint_subject *s, struct arena *a, struct lint_findings *ret, struct err *e);

/* lint_rule - the n-th name; NULL: there are no more */
const char *lint_rule(size_t n);
