/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.h - a bundle's config.json, or the copy that a container's folder has of it, and its plan. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "runtime/plan.h"
#include "runtime_cli/state.h"

struct bundle {
	const char *dir; /* absolute */
	struct buf json; /* config.json as it stands */
	pid_t pid;       /* of the container that it is of; 0: that is still to be made */
	struct runtime_spec spec;
	struct plan plan;
};
#define BUNDLE ((struct bundle){ .json = BUF(LIMIT_CONFIG_JSON) })

/* bundle_read - of this directory (NULL: the working directory), which becomes the working directory. Paths of the document
 * that are relative are made absolute. -EINVAL, -ENOTSUP with the JSON path. */
int bundle_read(struct runtime *rt, const char *path, struct bundle *ret, struct err *e);

/* bundle_text, bundle_parse - the two halves of it: the folder and its document, and what that says. dir: absolute */
int bundle_text(struct runtime *rt, const char *path, const char **ret_dir, struct buf *text, struct err *e);
int bundle_parse(struct runtime *rt, const char *dir, struct sv text, struct bundle *ret, struct err *e);

/* bundle_read_saved - as it was when the container was created */
int bundle_read_saved(struct runtime *rt, const struct entry *c, struct bundle *ret, struct err *e);

/* bundle_subject - for runtime/hooks.h. bundle_poststop - its hooks; what fails is a warning. */
struct hook_subject bundle_subject(const struct bundle *b, const char *id, pid_t pid);
/* bundle_unmount - the root of a container that has ended, where it is in a mount namespace of others; what fails is a warning */
void bundle_unmount(struct runtime *rt, const struct bundle *b, const struct record *r);
void bundle_poststop(const struct bundle *b, const char *id);

/* bundle_plan - b->plan, by in but for its root */
int bundle_make_plan(struct runtime *rt, struct bundle *b, struct plan_inputs in, struct err *e); /* without a word */
int bundle_plan(struct runtime *rt, struct bundle *b, struct plan_inputs in, struct err *e);

void bundle_done(struct bundle *b);
#define scoped_bundle SCOPED(bundle_done) struct bundle
