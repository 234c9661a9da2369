/* SPDX-License-Identifier: Apache-2.0 */
/* kube_sandbox.h - a pod's monitor: what it is told (monitor/pod_charter.h), how it is started, asked and ended. */
#pragma once

#include "engine/kube_config.h"
#include "monitor/pod_charter.h"

/* kube_charter_make - order, probes and hooks of the pod, whose address is known; the ids of its containers are the caller's to fill in.
 * -EINVAL: "spec.containers[0].readinessProbe: httpGet.port: no port named web" */
int kube_charter_make(const struct kube_build *b, struct pod_charter *ret);

/* kube_sandbox_start - bundles of all containers, which are made when they are missing, and the monitor, which begins them.
 * *ret_sock: CONTROL_STARTED comes through it when nothing more can begin for now (kube_sandbox_settled()); -1: it runs already,
 * or has ended for good. */
int kube_sandbox_start(const struct kube_build *b, int *ret_sock, struct err *e);
/* kube_sandbox_settled - waits for that; closes the socket */
int kube_sandbox_settled(int sock, struct err *e);

bool kube_sandbox_is_alive(const struct engine *en, const char *uid);
/* kube_sandbox_announce_end - they begin to end; kube_sandbox_end() follows */
void kube_sandbox_announce_end(struct engine *en, const char *uid, int grace_s);
/* kube_sandbox_end - waits until all containers have ended in their order; no monitor is success. grace_s < 0: the pod's.
 * kube_sandbox_forget - its directory. */
int kube_sandbox_end(struct engine *en, const char *uid, int grace_s, struct err *e);
int kube_sandbox_forget(struct engine *en, const char *uid, struct err *e);
/* kube_sandbox_await_ready - until all containers are ready. -ESRCH: it has ended, or does not run. -ETIMEDOUT */
int kube_sandbox_await_ready(struct engine *en, const char *uid, int timeout_ms, struct err *e);
