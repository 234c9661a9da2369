/* SPDX-License-Identifier: Apache-2.0 */
/* endpoints.h - all records of a state folder, in memory. */
#pragma once

#include "network/record.h"

struct endpoint_slot {
	char file[ENDPOINT_NAME_MAX];
	struct arena memory;
	struct endpoint ep;
};

struct endpoints {
	struct endpoint_slot **v; /* a slot stays where it is until its record changes */
	size_t n, room;
};

/* endpoints_load - all that are there. One that cannot be read is skipped, and told to `bad` (it may be NULL). */
int endpoints_load(struct endpoints *all, int dir, void (*bad)(void *context, const struct err *why), void *context,
		   struct err *e);
/* endpoints_sweep - removes what a process that was killed had not finished writing. */
void endpoints_sweep(int dir);
/* endpoints_reread - what has become of one file: new, changed, or gone. -EINVAL: it is no record; then what was known under
 * this name is gone. -ENOSPC: LIMIT_ENDPOINTS. *ret: the slot, NULL when it is gone. */
int endpoints_reread(struct endpoints *all, int dir, const char *file, struct endpoint_slot **ret, struct err *e);
/* endpoints_of - the next one of a container from *at on, which moves behind it; NULL: no more */
const struct endpoint *endpoints_of(const struct endpoints *all, const char *container, size_t *at);
void endpoints_done(struct endpoints *all);
