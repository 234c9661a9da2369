/* SPDX-License-Identifier: Apache-2.0 */
/* named.h - what `network` and `volume` have alike: objects of a name, with a driver, labels, and containers that use them,
 * which are listed, removed, and pruned. A kind says where its objects come from and what else is shown of them. */
#pragma once

#include "cli/each.h"
#include "cli/filter.h"
#include "cli/listing.h"
#include "cli/prune.h"

struct named {
	const char *name, *id, *driver;
	const struct oci_pairs *labels;
	int64_t created_ns;
	bool used;     /* by a container, whatever it does */
	bool stays;    /* prune leaves it, used or not; and nobody misses a user of it */
	bool is_named; /* somebody gave it its name */
	const void *more; /* the kind's own */
};

struct named_list {
	struct named *v;
	size_t n;
};

struct named_kind {
	const char *plural; /* "Networks" */
	const struct listing_kind *listing;
	int (*list)(struct engine *en, struct arena *a, struct named_list *ret, struct err *e);
	/* fills what listing_add() wants; whole: ids are not cut */
	void (*show)(struct engine *en, const struct named *n, bool whole, struct arena *a, const char **ret_values);
	/* -EBUSY: it is used; -ENOENT. id: what struct named has */
	int (*remove)(struct engine *en, const char *id, struct arena *a, struct err *e);
	/* how many bytes it takes; NULL: that is not counted */
	int64_t (*bytes)(struct engine *en, const struct named *n);
};

/* ---- options and filters: rows, which the caller's own stand among ---------------------------------------------- */

struct named_ls_options {
	struct listing_options how;
	struct filters filters; /* look at a struct named */
};

struct named_rm_options {
	bool force;
};

bool named_dangling(const struct filter *f, const void *object),
	named_driver(const struct filter *f, const void *object),
	named_label(const struct filter *f, const void *object), named_name(const struct filter *f, const void *object);

#define NAMED_FILTER(text, names)                                                                                      \
	{ "filter", 'f', "NAME=VALUE", text, filter_set, offsetof(struct named_ls_options, filters), .words = names }
#define NAMED_FORCE(text) { "force", 'f', NULL, text, option_switch, offsetof(struct named_rm_options, force) }
option_set_fn named_add_label; /* into a struct oci_pairs */

/* named_labels - "a=b,c=d"; NULL: out of memory */
const char *named_labels(const struct oci_pairs *l, struct arena *a);

/* ---- the commands ------------------------------------------------------------------------------------------------ */

int named_ls(struct cli *cli, const struct named_kind *kind, const struct named_ls_options *o, struct err *e);
/* named_rm - of one operand, for each_operand() */
int named_rm(struct engine *en, const struct named_kind *kind, const char *name, const struct named_rm_options *o,
	     struct err *e);
/* named_prune - what nobody uses. also_named: those that somebody gave a name, too */
int named_prune(struct engine *en, const struct named_kind *kind, const struct prune_options *o, bool also_named,
		struct arena *a, struct buf *out, int64_t *freed, struct err *e);
