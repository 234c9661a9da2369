/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - a container as `state` and `list` tell it. */
#pragma once

#include "base/clock.h"
#include "runtime_cli/state.h"

struct report {
	const char *oci_version, *id, *status, *bundle, *rootfs, *owner;
	int64_t pid;
	char created[RFC3339_SIZE];
	const char *created_text;
	struct oci_pairs annotations;
	struct {
		bool present; /* it has ended */
		const char *how; /* "exited", "killed", "unknown" */
		int64_t exit_code, signal, oom_killed; /* JSON_UNSET: not known, or none */
		char time[RFC3339_SIZE];
		const char *time_text;
	} end;
};

int report_make(struct runtime *rt, const struct entry *c, struct report *ret, struct err *e);
int report_print(const struct report *r, bool pretty, struct buf *out, struct err *e);
