/* SPDX-License-Identifier: Apache-2.0 */
/* compose.h - the services of a compose file (compose-spec.io) as the options of `run` that they stand for. Pure.
 *
 * What decides about isolation, limits and logs is translated; networks, dependencies, builds, scaling are left aside.
 * What a service extends is read first, in its file or another one. Profiles are not asked for: every service is there. */
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

/* What the file says of the world outside. */
struct compose_outside {
	void *context;
	const char *(*variable)(void *context, const char *name); /* what ${NAME} is; NULL: it is not set */
	/* the document of another file, by the name that `extends` has; NULL: there are no others */
	int (*document)(void *context, const char *file, const struct node **ret, struct err *e);
};

/* compose_is - a document that has services and is no object of Kubernetes */
bool compose_is(const struct node *document);

/* compose_read - of one document. Memory belongs to a. -EINVAL: "line 9, column 14: services.web.cap_add: ...". -ENOMEM */
int compose_read(const struct node *document, const struct compose_outside *outside, struct arena *a,
		 struct compose_services *ret, struct err *e);

/* compose_expand - $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:+other}, ${NAME+other}, ${NAME:?text},
 * ${NAME?text}; $$ is a dollar. What is not set is empty. NULL: out of memory, or what `?` asks for is not there. */
const char *compose_expand(const char *text, const struct compose_outside *outside, struct arena *a);

/* compose_dotenv - the lines of a file .env: NAME=VALUE, with or without "export"; VALUE to the end of the line or to " #",
 * in '...' as it is, in "..." with \n, \t, \\, \" and variables of lines before or from outside; likewise without quotes.
 * A name alone is left aside. -EINVAL: "line 3: ..." */
int compose_dotenv(struct sv text, const struct compose_outside *outside, struct arena *a, struct oci_pairs *ret,
		   struct err *e);
