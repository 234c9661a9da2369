/* SPDX-License-Identifier: Apache-2.0 */
/* units.h - groups that are units of systemd's, where the administrator wants it so (cgroup-manager of tare.conf(5)).
 *
 * path is the group's, below the root of the hierarchy; its last part is the unit's name. tare-systemd is started at the first
 * call and ends with the engine. systemd is told what it must not forget when it writes the files anew; whoever calls
 * writes them as well, as there are more files than properties, and numbers finer than systemd's. */
#pragma once

#include "engine/engine.h"
#include "kernel/cgroup.h"

/* units_is_path - is this the group of a unit? Containers' own groups are named by their ids otherwise. */
bool units_is_path(const char *path);

/* units_slice - made with these limits, or changed. units_set - of one that is there. */
int units_slice(struct engine *en, const char *path, const struct cgroup_writes *limits, struct arena *a,
		struct err *e);
int units_set(struct engine *en, const char *path, const struct cgroup_writes *limits, struct arena *a, struct err *e);
/* units_stop - it ends, and everything in it; gone is success. */
int units_stop(struct engine *en, const char *path, struct err *e);
/* units_program - tare-systemd */
int units_program(struct arena *a, const char **ret, struct err *e);
