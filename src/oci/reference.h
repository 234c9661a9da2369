/* SPDX-License-Identifier: Apache-2.0 */
/* reference.h - names of images as people write them: "busybox", "localhost:5000/team/app:1.2", "name@sha256:…".
 *
 * The grammar is that of the distribution project (github.com/distribution/reference), with Docker's shorthands:
 * no registry means docker.io, and one word there means library/<word>. Pure, no heap. */
#pragma once

#include "base/err.h"
#include "base/sv.h"
#include "oci/digest.h"

#define REFERENCE_DOMAIN_MAX 255 /* a DNS name is not longer */
#define REFERENCE_PATH_MAX 255   /* distribution's ceiling for the repository's path */
#define REFERENCE_TAG_MAX 128

#define REFERENCE_DOCKER_HUB "docker.io"

struct reference {
	char domain[REFERENCE_DOMAIN_MAX + 1]; /* "docker.io", "localhost:5000", "[::1]:5000" */
	char path[REFERENCE_PATH_MAX + 1];     /* "library/busybox" */
	char tag[REFERENCE_TAG_MAX + 1];       /* "" = none given */
	struct digest digest;                  /* "" = none given */
};

/* domain "/" path ":" tag "@sha256:" hex and a NUL */
#define REFERENCE_SIZE (REFERENCE_DOMAIN_MAX + 1 + REFERENCE_PATH_MAX + 1 + REFERENCE_TAG_MAX + 8 + DIGEST_HEX + 1)

/* reference_parse - the whole text, made complete ("busybox" is docker.io/library/busybox). No tag is made up.
 * -EINVAL with Docker's text after the quoted name. *ret is untouched on failure. */
int reference_parse(struct sv text, struct reference *ret, struct err *e);

/* reference_default_tag - "latest", when there is neither tag nor digest */
void reference_default_tag(struct reference *r);

/* In full: "docker.io/library/busybox:latest". The familiar form: "busybox:latest", as Docker shows it. Both return
 * ret. reference_parse() reads the first back as the same reference; and the second, but for 64 hexadecimal digits. */
const char *reference_print(const struct reference *r, char ret[REFERENCE_SIZE]);
const char *reference_print_familiar(const struct reference *r, char ret[REFERENCE_SIZE]);
