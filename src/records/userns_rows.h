/* SPDX-License-Identifier: Apache-2.0 */
/* userns_rows.h - which container has which ids of the host: the table id_ranges. */
#pragma once

#include "records/db.h"
#include "spec/userns.h"

/* userns_take - for a container whose row is being inserted: inside its transaction (db_begin). Of auto the first gap in
 * uids and in gids that no container has; a map as it is, unless another container got one of its ids by auto.
 * -ENOSPC: no gap. -EBUSY: they are another container's. Memory belongs to a. */
int userns_take(struct db *db, const char *container, const struct userns_mode *m, const struct id_ranges *uids,
		const struct id_ranges *gids, struct arena *a, struct userns_ids *ret, struct err *e);

/* userns_share - the ids of another container, so that nobody else gets them as long as this one is there; allotted: that one got
 * them by auto. Inside the transaction of its row. */
int userns_share(struct db *db, const char *container, const struct userns_ids *ids, bool allotted, struct err *e);

/* userns_choose - what userns_take() would give now; nothing is written. */
int userns_choose(struct db *db, const struct userns_mode *m, const struct id_ranges *uids,
		  const struct id_ranges *gids, struct arena *a, struct userns_ids *ret, struct err *e);

/* userns_find - what a container has got. -ENOENT: nothing. */
int userns_find(struct db *db, const char *container, const struct userns_mode *m, struct arena *a,
		struct userns_ids *ret, struct err *e);
