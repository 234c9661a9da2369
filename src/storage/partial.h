/* SPDX-License-Identifier: Apache-2.0 */
/* partial.h - blobs that are on their way: <data root>/content/partial/<hex>, the first bytes of the blob of that digest.
 *
 * The name is the blob's, so whoever wants it next goes on where a crash, a signal or a full disk ended the last attempt;
 * flock(2) on the file makes others wait for the one who is at it, and then find the blob. What nobody went on with for a
 * day is removed by the sweep. */
#pragma once

#include "base/err.h"
#include "oci/digest.h"

#include <stdatomic.h>
#include <stdbool.h>

struct partial {
	int fd;    /* open for reading and writing, locked; -1: none */
	bool whole; /* it is the blob itself, which was there: read only */
};

/* partial_obtain - the blob, or what there is of it. Waits for another one who has it; -ECANCELED when *stop became true
 * (NULL: never). partial_done() lets go. */
int partial_obtain(int content, const struct digest *d, const atomic_bool *stop, struct partial *ret, struct err *e);
void partial_done(struct partial *p);

/* partial_adopt - its bytes have the digest now: it becomes the blob. */
int partial_adopt(int content, const struct digest *d, struct partial *p, struct err *e);
/* partial_drop - its bytes are wrong: away with it, or with the blob that it is. */
int partial_drop(int content, const struct digest *d, struct partial *p, struct err *e);

/* partials_sweep - those that nobody has and that are older than max_age_s. */
int partials_sweep(int content, int64_t max_age_s, struct err *e);
