/* SPDX-License-Identifier: Apache-2.0 */
/* kube_expire.h - Jobs that have ended go by themselves, so long after it as their ttlSecondsAfterFinished says.
 *
 * No daemon watches them. The monitor of a pod that has ended becomes `tare _kube-settle`, which finds the Jobs that have ended,
 * removes those whose time is over, and writes when the next one's is into <state>/kube.due; then it becomes
 * `tare _kube-wait`, which sleeps until that moment and becomes the other one again. One sleeper is enough for all: it has
 * the file's lock. Whoever changes something holds kube.lock and writes the moment anew, which wakes the sleeper; when there is
 * none any more the file goes, and the sleeper with it. Was the sleeper killed, the next command that looks at pods removes
 * what is overdue. */
#pragma once

#include "engine/kube_priv.h"

#define KUBE_DUE_FILE "kube.due" /* ns since 1970, decimal */

/* kube_expire - the holder of the lock looks: what is overdue goes, and k's world is as it is then; the file tells of the next
 * one. Cheap where no Job has such a time. */
int kube_expire(struct kube_work *k);
/* kube_expire_note - the file alone, after a change. */
int kube_expire_note(struct engine *en, const struct kube_world *w, struct arena *a, struct err *e);
/* kube_expire_is_due - is there anything that should have gone? */
bool kube_expire_is_due(struct engine *en, const struct kube_world *w, struct arena *a);

/* kube_expire_has_sleeper - nothing is to be waited for, or somebody does. */
bool kube_expire_has_sleeper(const struct engine *en);
/* kube_expire_sleep - until the moment has come: 1. 0: there is nothing to wait for, or somebody does already. */
int kube_expire_sleep(struct engine *en, struct err *e);
