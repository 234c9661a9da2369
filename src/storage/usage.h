/* SPDX-License-Identifier: Apache-2.0 */
/* usage.h - how much a tree holds: what a container wrote, what is in a volume, all that is below the data root.
 *
 * Others may change the trees meanwhile; nothing outside of them is looked at, nor another file system. What is too deep to
 * be named in one path is left out. */
#pragma once

#include "base/err.h"

#include <stdint.h>

struct usage {
	int64_t bytes; /* sizes of all that is not a directory, as Docker counts */
	int64_t disk;  /* what all of it takes on the disk, as du(1) counts */
	int64_t files; /* of all types but directories */
};

/* Trees that are counted together: a file of several names counts once, where it is met first. */
struct usage_counter;

int usage_counter_new(struct usage_counter **ret, struct err *e);
void usage_counter_free(struct usage_counter *c);

/* usage_add - *to grows by dir/name and all below it. One that is gone is nothing. */
int usage_add(struct usage_counter *c, int dir, const char *name, struct usage *to, struct err *e);
/* usage_add_self - by dir/name alone, whatever is in it. */
int usage_add_self(struct usage_counter *c, int dir, const char *name, struct usage *to, struct err *e);

/* usage_count - bytes of dir/name alone. -ENOENT: no such directory. */
int usage_count(int dir, const char *name, int64_t *ret_bytes, struct err *e);

static inline void usage_counter_scope_end(struct usage_counter **c)
{
	usage_counter_free(*c);
}

#define scoped_usage_counter SCOPED(usage_counter_scope_end) struct usage_counter *
