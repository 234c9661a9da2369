/* SPDX-License-Identifier: Apache-2.0 */
/* kube_events.h - what a pod's monitor has noted (monitor/happening.c). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "engine/engine.h"

struct kube_event {
	int64_t first_ns, last_ns; /* since 1970 */
	uint64_t count;
	const char *type, *reason, *container, *text;
};

struct kube_events {
	struct kube_event *v;
	size_t n;
};

/* kube_events_read - none: *ret is empty. Lines that are not understood are left out. */
int kube_events_read(struct engine *en, const char *uid, struct arena *a, struct kube_events *ret, struct err *e);
/* kube_events_parse - of such a file's text. -ENOMEM */
int kube_events_parse(struct sv text, struct arena *a, struct kube_events *ret);
