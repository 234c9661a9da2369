/* SPDX-License-Identifier: Apache-2.0 */
/* prune.h - what `container prune`, `image prune`, `network prune` and `volume prune` have alike: options, filters, the question. */
#pragma once

#include "base/buf.h"
#include "cli/command.h"
#include "cli/filter.h"

struct engine;

struct prune_options {
	bool all, force;
	struct filters filters;
};

/* What the filters look at. */
struct prune_object {
	int64_t created_ns;
	const struct oci_pairs *labels;
};

/* prune_filters - label, label!, until; those of volumes, which have all and no until */
extern const struct filter_row prune_filters[3], prune_volume_filters[3];

/* Rows of the options table. */
#define PRUNE_ALL(text) { "all", 'a', NULL, text, option_switch, offsetof(struct prune_options, all) }
#define PRUNE_FILTER(text, names)                                                                                      \
	{ "filter", 0, "NAME=VALUE", text, filter_set, offsetof(struct prune_options, filters), .words = names }
#define PRUNE_FORCE { "force", 'f', NULL, "do not ask", option_switch, offsetof(struct prune_options, force) }

/* Removes, puts what it removed into out and adds to *freed; what was removed is told on failure, too. */
typedef int prune_fn(struct engine *en, const struct prune_options *o, struct arena *a, struct buf *out,
		     int64_t *freed, struct err *e);

/* What the four commands do; system prune does all of it. */
prune_fn prune_containers, prune_images, prune_networks, prune_volumes;

/* prune_run - ask (unless --force), remove, and tell what, with the space that it gives back. */
int prune_run(struct cli *cli, const struct prune_options *o, const char *warning, prune_fn *prune, struct err *e);
/* prune_head - "Deleted Containers:", before the first of them */
void prune_head(struct buf *out, const char *what);
