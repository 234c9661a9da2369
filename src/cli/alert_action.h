/* SPDX-License-Identifier: Apache-2.0 */
/* alert_action.h - what an alert sets off beside its line: a command, or an HTTP request by tare-image. */
#pragma once

#include "base/err.h"

#include <stddef.h>

#define ALERT_RUNNING_MAX 16 /* at the same time; more wait for one to end */

struct alert_actions {
	const char *command; /* for sh -c; NULL: none */
	const char *url;     /* NULL: none */
	unsigned running;
};

/* alert_act - starts both. variables: "NAME=VALUE" for the command, ends with NULL; json: the body of the request. What is
 * started and fails later says so itself, on standard error. */
int alert_act(struct alert_actions *a, const char *const *variables, const char *json, struct err *e);
/* alert_actions_end - wait for those that still run */
void alert_actions_end(struct alert_actions *a);
