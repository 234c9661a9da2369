/* SPDX-License-Identifier: Apache-2.0 */
/* env.h - environ(7) as Docker puts it together: "NAME=VALUE" entries, each name once. */
#pragma once

#include "base/sv.h"
#include "oci/list.h"

/* env_find - where the entry of that name stands; NULL: nowhere */
const char **env_find(const struct oci_strings *env, struct sv name);

/* env_put - "NAME=VALUE" takes the place of an earlier one, or comes last. The text is not copied. -ENOMEM */
int env_put(struct arena *a, struct oci_strings *env, const char *entry);
int env_putf(struct arena *a, struct oci_strings *env, const char *name, const char *value);

/* env_merge - every one of them; "NAME" alone takes that variable away. -E2BIG: more than LIMIT_ENV_COUNT. */
int env_merge(struct arena *a, struct oci_strings *env, const struct oci_strings *more, struct err *e);

/* env_of_container - in Docker's order: its own (PATH, HOSTNAME, TERM with a terminal), then what was asked for, then what
 * the image has beside that. HOME depends on the user: whoever knows that adds it. *ret is a new list. */
int env_of_container(struct arena *a, const char *hostname, bool tty, const struct oci_strings *asked,
		     const struct oci_strings *image, struct oci_strings *ret, struct err *e);
/* env_put_home - unless there is one that is not empty */
int env_put_home(struct arena *a, struct oci_strings *env, const char *home);
