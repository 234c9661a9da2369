/* SPDX-License-Identifier: Apache-2.0 */
/* compose.h - the services of a compose file (compose-spec.io) as the options of `run` that they stand for. Pure.
 *
 * What decides about isolation, limits and logs is translated; networks, dependencies, builds, scaling are left aside. */
#pragma once

#include "manifest/node.h"
#include "oci/runtime_spec.h"

struct compose_service {
	const char *name;
	unsigned line;
	struct oci_strings args; /* "--memory", "64m", ..., image, command */
};

struct compose_services {
	struct compose_service *v;
	size_t n;
};

/* What ${NAME} in a value is. NULL: it is not set. */
typedef const char *compose_variable_fn(const char *name);

/* compose_is - a document that has services and is no object of Kubernetes */
bool compose_is(const struct node *document);

/* compose_read - of one document. Memory belongs to a. -EINVAL: "line 9, column 14: services.web.cap_add: ...". -ENOMEM */
int compose_read(const struct node *document, compose_variable_fn *variable, struct arena *a,
		 struct compose_services *ret, struct err *e);

/* compose_expand - $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:+other}, ${NAME+other}, ${NAME:?text},
 * ${NAME?text}; $$ is a dollar. What is not set is empty. NULL: out of memory, or what `?` asks for is not there. */
const char *compose_expand(const char *text, compose_variable_fn *variable, struct arena *a);
