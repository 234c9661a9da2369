/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h - which unit of systemd a container is: systemd.unit(5), systemd.slice(5).
 *
 * With --systemd-cgroup linux.cgroupsPath is "slice:prefix:name", as runc reads it: the unit is <prefix>-<name>.scope in
 * that slice, or <name> itself when it ends in ".slice". Nothing given is "tare" and the container's id, in system.slice, or
 * in user.slice of a user's own manager. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

#define UNIT_NAME_MAX 255 /* UNIT_NAME_MAX of systemd, with the suffix */

struct unit_name {
	const char *slice;  /* "machine.slice"; "-.slice" is the root */
	const char *name;   /* "tare-web.scope" */
	const char *cgroup; /* where its group is below the manager's own: "/machine.slice/tare-web.scope" */
	bool is_slice;      /* no process of ours is needed to make it */
};

/* unit_name_parse - cgroups_path may be NULL or empty. What systemd does not take in a name is escaped as it does
 * (systemd-escape(1)). -EINVAL: not of that form, or not the name of a slice. */
int unit_name_parse(const char *cgroups_path, const char *id, bool user, struct arena *a, struct unit_name *ret,
		    struct err *e);

/* slice_expand - "a-b.slice" is in "/a.slice/a-b.slice"; "-.slice" is "". -EINVAL: not the name of a slice. */
int slice_expand(const char *slice, struct arena *a, const char **ret_path, struct err *e);
