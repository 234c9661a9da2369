/* SPDX-License-Identifier: Apache-2.0 */
/* registry.h - the OCI distribution specification from a client's side: one repository at one address.
 *
 * Opening it asks GET /v2/ how it wants to be spoken to: https, or plain http where that is allowed; with a token, with a
 * password, or with nothing. What follows is told to a registry with the authority that this repository needs, which is
 * fetched again when it has run out. May be used by several threads, each with its own struct http. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "image/http.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "oci/runtime_spec.h"

/* Whoever asks; each NULL when there is none. */
struct registry_login {
	const char *user, *password;
	const char *identity_token; /* OAuth2 refresh token instead of a password */
};

struct registry_options {
	struct oci_strings mirrors;  /* "docker.io https://mirror:5000": an address to be asked first */
	struct oci_strings insecure; /* "host:port": plain http or any certificate will do, as for loopback addresses */
	unsigned timeout_s;          /* without a byte (or nearly) a registry is given up */
	unsigned attempts;           /* at a transfer that does not get on */
	const char *const *certs_dirs; /* <dir>/<host:port>/{ca.crt,client.cert,client.key}; ends with NULL */
	const atomic_bool *stop;     /* NULL: nothing stops it */
	/* login - for this registry's name ("docker.io"). Text belongs to the arena. NULL: nobody logs in. */
	int (*login)(void *arg, const char *domain, struct arena *a, struct registry_login *ret, struct err *e);
	void *arg;
};

struct registry;

/* registry_addresses - where a domain's images may be: its mirrors, then its own, each "https://…". Memory is the arena's. */
int registry_addresses(const struct registry_options *o, const char *domain, struct arena *a, struct oci_strings *ret,
		       struct err *e);

/* registry_open - address: of registry_addresses(). actions: "pull", "pull,push"; "" for a login alone, whose path is "".
 * The options are borrowed. -EACCES: login failed. */
int registry_open(const struct registry_options *o, const char *address, const char *domain, const char *path,
		  const char *actions, struct http *h, struct registry **ret, struct err *e);
void registry_free(struct registry *reg);
/* registry_also_from - further requests may also read this repository of the same registry (for blob mounts). */
int registry_also_from(struct registry *reg, const char *path, struct err *e);

/* registry_do - a request whose url is what follows "<address>/v2/<path>", or a whole address of this registry; with
 * authority, which is renewed when it has run out. *ret is the response, whatever its status. */
int registry_do(struct registry *reg, struct http *h, struct http_request *q, struct http_response *ret, struct err *e);

/* registry_ask - the same for what can be asked again: tried again after a pause while it fails in ways that pass. The
 * body (of at most b->max bytes) is appended to b. A status other than 2xx is an error: -ENOENT for 404, -EACCES for 401 and
 * 403, with what the registry says. */
int registry_ask(struct registry *reg, struct http *h, struct http_request *q, struct buf *b, struct http_response *ret,
		 struct err *e);

/* registry_error - as an error, what a registry answered. what: "manifest for x:1". */
int registry_error(const struct http_response *response, const char *what, struct err *e);

/* registry_passes - may it be better next time? rc of registry_do(), or 0 and the response. */
bool registry_passes(int rc, const struct http_response *response);
/* registry_pause - before attempt number n (1: the second). -ECANCELED when it shall stop. */
int registry_pause(const struct registry *reg, unsigned n, const struct http_response *response, struct err *e);
unsigned registry_attempts(const struct registry *reg);

/* registry_manifest - which: a tag or "sha256:…"; its bytes are appended, *ret_digest is theirs. ret_type: what the
 * registry calls it (may be NULL). -EBADMSG: it has another digest than was asked for or announced. */
int registry_manifest(struct registry *reg, struct http *h, const char *which, struct buf *b, char ret_type[128],
		      struct digest *ret_digest, struct err *e);

/* registry_tags - of the repository. */
int registry_tags(struct registry *reg, struct http *h, struct arena *a, struct oci_strings *ret, struct err *e);

static inline void registry_scope_end(struct registry **reg)
{
	registry_free(*reg);
}

#define scoped_registry SCOPED(registry_scope_end) struct registry *
