/* SPDX-License-Identifier: Apache-2.0 */
/* restart.h - whether a container that has ended runs again, and when: Docker's restart policies and their back-off. Pure.
 */
#pragma once

#include "base/exit_rule.h"
#include "monitor/charter.h"
#include "monitor/outcome.h"

#include <stdint.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS 60000
#define BACKOFF_CALM_NS (10 * INT64_C(1000000000)) /* after a run that long it begins anew */

/* restart_wanted - after the end that o tells of. One that somebody asked for is the caller's to know: nothing restarts
 * then. */
bool restart_wanted(const struct charter *c, const struct outcome *o);

/* restart_rules_action - what the first one of the rules of a pod's container (pod_charter.h) says that is about this exit status */
enum exit_action restart_rules_action(const struct oci_strings *rules, int exit_code);
/* restart_rules_have - one of them says that */
bool restart_rules_have(const struct oci_strings *rules, enum exit_action action);

/* backoff_next - *delay_ms: what it was before (0: never), and is now. ran_ns: how long it ran. Returns it. */
int backoff_next(int *delay_ms, int64_t ran_ns);

/* backoff_next_pod - a pod's containers, as the kubelet does: *next_ms is the wait after this one (0: at first). Returns how
 * long to wait now: not at all, then 10 s, twice as long each time. */
#define BACKOFF_POD_FIRST_MS 10000
#define BACKOFF_POD_MOST_MS 300000
#define BACKOFF_POD_CALM_NS (600 * INT64_C(1000000000))
int backoff_next_pod(int *next_ms, int64_t ran_ns);
