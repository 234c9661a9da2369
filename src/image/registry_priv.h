/* SPDX-License-Identifier: Apache-2.0 */
/* registry_priv.h - what registry*.c share. */
#pragma once

#include "image/registry.h"
#include "oci/auth_challenge.h"

#include <limits.h>
#include <pthread.h>

struct registry {
	const struct registry_options *o;
	struct arena arena;
	char address[512];  /* "https://host:5000" */
	char domain[REFERENCE_DOMAIN_MAX + 1], path[REFERENCE_PATH_MAX + 1];
	const char *actions;
	const char *also_path; /* a repository to mount blobs from; NULL: none */
	bool unverified;
	char *ca_file, *cert_file, *key_file; /* NULL: none; the arena's */
	bool challenged;
	struct auth_challenge challenge;
	struct registry_login login;

	pthread_mutex_t lock; /* of what follows */
	char *authorization;  /* value of the header; NULL: none yet */
	unsigned generation;  /* of it */
};

/* registry_prepare - what every request to this registry's host has in common. */
void registry_prepare(const struct registry *reg, struct http_request *q);

/* registry_take_challenge - the one that is understood best. -ENOTSUP: none is. */
int registry_take_challenge(struct registry *reg, const char *header, struct err *e);
/* registry_authorize - fetch what the challenge asks for, unless another thread just did: `had` is the generation that the
 * caller's request had. */
int registry_authorize(struct registry *reg, struct http *h, unsigned had, struct err *e);
/* registry_authorization - a copy, or NULL; to be freed. */
int registry_authorization(struct registry *reg, char **ret, unsigned *ret_generation, struct err *e);
