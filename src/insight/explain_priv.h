/* SPDX-License-Identifier: Apache-2.0 */
/* explain_priv.h - what the files of explain share; nobody else includes it. */
#pragma once

#include "insight/explain.h"
#include "insight/limits.h"

struct explainer {
	const struct explain_input *in;
	struct arena *arena;
	struct levels levels;
	const struct level *cpu, *memory, *pids, *io, *pressure; /* NULL: not to be seen */
	const struct level *io_later; /* a moment after `io`; NULL: nobody has a limit */
	int64_t io_moment_ns;
	int64_t host_memory;
	unsigned cpus;
	struct explanation *x;
	int failed;
};

#define EXPLAIN_FACTS 96
#define EXPLAIN_TROUBLES 24
#define EXPLAIN_UNSEEN 16

void explain_fact(struct explainer *k, struct explain_fact f); /* a value of CG_UNSET is left out */
void explain_trouble(struct explainer *k, enum trouble kind, const char *advice, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void explain_unseen(struct explainer *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* explain_owner - whose limit, in a sentence: "of the container", "of cgroup /a", "of the host" */
const char *explain_owner(struct explainer *k, const char *owner);
bool explain_is_own(const struct explainer *k, const char *owner);
const char *explain_bytes(struct arena *a, int64_t bytes); /* "1.5 GiB" */
const char *explain_cpus(struct arena *a, int64_t milli);  /* "0.5 CPU" */

#define EXPLAIN_RESOURCES 4
extern const struct explain_resource {
	const char *name, *title;
} explain_resources[EXPLAIN_RESOURCES];

/* explain_facts.c, explain_troubles.c, explain_files.c */
void explain_facts(struct explainer *k);
void explain_troubles(struct explainer *k);
void explain_files(struct explainer *k);
