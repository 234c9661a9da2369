/* SPDX-License-Identifier: Apache-2.0 */
/* pull.h - an image of a registry comes into the store: what its name means there, then its layers, downloaded, inflated,
 * digested and unpacked at the same time. */
#pragma once

#include "image/fetch.h"
#include "image/load.h"
#include "image/registry.h"
#include "oci/platform.h"

struct pull_options {
	struct registry_options registry; /* .stop is set here */
	struct platform platform;
	unsigned downloads, workers; /* at a time; 0: the default */
	/* What a name became, before any blob is fetched; NULL. */
	void (*resolved)(void *arg, const struct image_manifest *manifest, const struct digest *digest);
	fetch_told_fn *told;
	void *arg;
};

/* A name, as a registry understands it. */
struct pull;

/* pull_begin - ask where the name may be, in order, until somebody knows it. -ENOENT, -EACCES … of the one who answered
 * best. -ENOTSUP: nothing for this platform. */
int pull_begin(const struct pull_options *o, const struct reference *ref, struct pull **ret, struct err *e);
void pull_free(struct pull *p);

/* pull_digest - of what the name stands for there: an index or a manifest. */
const struct digest *pull_digest(const struct pull *p);

/* pull_image - as image_load() says. -ESTALE: what was there turned out to be damaged, and is gone: once more. */
int pull_image(struct pull *p, const char *reference, const struct image_store *store, struct arena *a,
	       struct image_loaded *ret, struct err *e);

/* pull_tags - all tags of a repository. */
int pull_tags(const struct pull_options *o, const struct reference *ref, struct arena *a, struct oci_strings *ret,
	      struct err *e);

static inline void pull_scope_end(struct pull **p)
{
	pull_free(*p);
}

#define scoped_pull SCOPED(pull_scope_end) struct pull *
