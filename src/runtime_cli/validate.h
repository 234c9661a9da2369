/* SPDX-License-Identifier: Apache-2.0 */
/* validate.h - every problem of a bundle at once.
 *
 * What reads and plans a document stops at the first problem, and names its place. So the document is read again and again,
 * each time without what was complained of, until nothing is: no check is written twice, and one that is added to the
 * reader or the planner is found here, too. */
#pragma once

#include "base/buf.h"
#include "runtime_cli/finding.h"

/* A document of which places are taken out. */
struct document_copy {
	struct arena *arena;
	struct buf text;
	struct {
		const char *list; /* path of an array, in the numbers of the original */
		size_t index;
	} *removed;
	size_t n, cap;
};

/* document_place - the place that an error's text begins with ("bundle /b: mounts[3]: destination: …"), as it is numbered in
 * the original; NULL: none. *ret_now: the same as the copy has it now, *ret_rest: what follows it. */
const char *document_place(struct document_copy *d, const char *message, const char **ret_now, const char **ret_rest);

/* document_original - a path in the copy, as it is numbered in the original */
const char *document_original(struct document_copy *d, const char *now);

/* document_is_consequence - a complaint that only what was taken out has brought about */
bool document_is_consequence(const struct document_copy *d, const char *now);

/* document_neutralise - that is no problem any more: an element leaves its list, what must be there becomes something that
 * is right, all else becomes null. false: it is not there. */
bool document_neutralise(struct document_copy *d, const char *now, const char *original);

/* validate_host - what only the host can tell: files, namespaces, kernel features. */
struct bundle;
void validate_host(struct runtime *rt, struct bundle *b, struct document_copy *d, struct findings *l);
