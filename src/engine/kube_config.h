/* SPDX-License-Identifier: Apache-2.0 */
/* kube_config.h - a container of a pod in Docker's terms. Pure, but for the looks at env's sources. */
#pragma once

#include "spec/config.h"
#include "engine/kube_pod.h"

struct kube_shared;

struct kube_build {
	const struct kube_site *site;
	const struct kube_running *p;
	const struct kube_sources *sources;
	const char *folder; /* where its volumes are: <root>/kube/<uid> */
	struct kube_shared *shared; /* kube_network.h */
	struct arena *a;
	struct err *e;
};

#define KUBE_GRACE_S 30 /* between the request to end and SIGKILL, where a pod does not say */

/* kube_config_make - -EINVAL: "env POD_IP: …", without the container's name */
int kube_config_make(const struct kube_build *b, const struct container_spec *s, const struct kube_container *k,
		     struct container_config *ret);

/* kube_config_limits - its part about limits alone */
int kube_config_limits(const struct kube_build *b, const struct kube_container *k, struct container_config *c);
/* kube_config_holder - of the process that only holds the pid namespace which the pod's containers share. */
#define KUBE_HOLDER "POD"
int kube_config_holder(const struct kube_build *b, struct container_config *ret);

/* kube_source_find - an object of this kind and name in the pod's namespace; NULL: none */
const struct object *kube_source_find(const struct kube_build *b, enum object_kind kind, const char *name);
/* kube_source_value - of a key: text, or bytes of base64. -ENOENT */
int kube_source_value(const struct kube_build *b, const struct object *o, const char *key, struct sv *ret);
