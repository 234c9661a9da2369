/* SPDX-License-Identifier: Apache-2.0 */
/* survey.h - all containers at once: what they are, and what a crash left of any is put right (recover.h). */
#pragma once

#include "engine/recover.h"

struct container_item {
	struct container_row row;
	struct container_state state;
};

struct container_items {
	struct container_item *v;
	size_t n;
};

enum survey {
	SURVEY_ALL,
	SURVEY_CONFIGS, /* with their configurations; else row.config is NULL */
	SURVEY_ACTIVE,  /* only what may have a life is looked at; all others are called exited, and nothing is known of it */
	/* as ACTIVE, for numbers that are read of a container's group anyway: who has a record of a life and a living monitor is
	 * believed, and leftovers stay for another survey */
	SURVEY_LIVING,
	/* as LIVING, by its record alone, for who asks survey_confirms() about each with the numbers of its group */
	SURVEY_CLAIMED,
};

/* engine_survey - look at every row, every folder without one, and at what half is a volume. The newest container first.
 * Goes on after an error and returns the first one; *ret holds what could be seen unless there is no list at all (then it
 * is untouched). By several threads: seven system calls for a container that has ended, at most three of SURVEY_ACTIVE; of
 * one that runs ten, of SURVEY_LIVING six and of SURVEY_CLAIMED three. For lists and the daemon's start; not for run. */
int engine_survey(struct engine *en, enum survey what, struct arena *a, struct container_items *ret, struct err *e);

struct cgroup_stat;
/* survey_confirms - the group of this container (NULL: of something else) has a process. Where that is not counted, the
 * container's monitor tells. */
bool survey_confirms(struct engine *en, const char *id, const struct cgroup_stat *st);

/* engine_recover - the same, for its effects. */
int engine_recover(struct engine *en, struct err *e);
