/* SPDX-License-Identifier: Apache-2.0 */
/* spec_priv.h - what the parts of spec_make() share; only for spec*.c and their tests. */
#pragma once

#include "oci/list.h"
#include "spec/spec.h"

/* The document under construction. The first failure sticks; every part may go on after it. */
struct spec_builder {
	const struct container_config *c;
	const struct image_config *image; /* never NULL: an empty one for --rootfs */
	const struct host_facts *f;
	const struct spec_inputs *in;
	struct arena *a;
	struct runtime_spec *s;
	struct warnings *w;
	struct err *e;
	int failed;
};

#define SPEC_INIT "/sbin/docker-init" /* where --init's program is in a container, as with Docker */

void spec_fail(struct spec_builder *b, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void spec_oom(struct spec_builder *b);
void spec_add(struct spec_builder *b, struct oci_strings *l, const char *text);
void spec_addf(struct spec_builder *b, struct oci_strings *l, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void spec_add_pair(struct spec_builder *b, struct oci_pairs *l, const char *key, const char *value);

void spec_process(struct spec_builder *b);    /* spec_process.c */
void spec_namespaces(struct spec_builder *b); /* spec.c */
void spec_mounts(struct spec_builder *b);     /* spec_mounts.c */
void spec_security(struct spec_builder *b);   /* spec_security.c: capabilities, paths, seccomp */
void spec_devices(struct spec_builder *b);    /* spec_devices.c */
void spec_resources(struct spec_builder *b);  /* spec_resources.c */

/* The set of capabilities that the options leave, of those that the host has. Names were checked. */
uint64_t spec_capabilities(const struct container_config *c, const struct host_facts *f);
