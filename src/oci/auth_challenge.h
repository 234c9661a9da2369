/* SPDX-License-Identifier: Apache-2.0 */
/* auth_challenge.h - WWW-Authenticate (RFC 9110, 11.6.1): how a registry wants to be told who asks. Pure, no heap. */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#define AUTH_SCHEME_SIZE 32
#define AUTH_REALM_SIZE 2048
#define AUTH_SERVICE_SIZE 512
#define AUTH_SCOPE_SIZE 2048

struct auth_challenge {
	char scheme[AUTH_SCHEME_SIZE];   /* lower case: "bearer", "basic" */
	char realm[AUTH_REALM_SIZE];     /* bearer: the URL that gives tokens; each "" when absent */
	char service[AUTH_SERVICE_SIZE];
	char scope[AUTH_SCOPE_SIZE];
};

/* auth_challenge_next - take the next challenge off the header's text. 1: *ret is set; 0: there is no other one.
 * -EINVAL: malformed. -ERANGE: a part is too long. */
int auth_challenge_next(struct sv *header, struct auth_challenge *ret, struct err *e);
