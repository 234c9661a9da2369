/* SPDX-License-Identifier: Apache-2.0 */
/* image_spec.h - OCI image-spec 1.1.1: image config, manifest, index (and Docker's v2s2 equivalents) as types.
 * All memory belongs to the arena. What is not listed here is ignored. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/runtime_spec.h"

struct image_config {
	const char *created, *author, *architecture, *os, *variant;
	const char *user, *working_dir, *stop_signal; /* of .config */
	struct oci_strings env, entrypoint, cmd, volumes, exposed_ports; /* the keys of the two maps, sorted */
	struct oci_pairs labels;
	struct {
		struct digest *v;
		size_t n;
	} diff_ids;
};

struct image_descriptor {
	const char *media_type;
	struct digest digest;
	int64_t size;
	const char *os, *architecture, *variant; /* platform of an index entry; NULL when absent */
	struct oci_pairs annotations;
};

struct image_manifest {
	const char *media_type;
	struct image_descriptor config;
	struct {
		struct image_descriptor *v;
		size_t n;
	} layers;
};

struct image_index {
	const char *media_type;
	struct {
		struct image_descriptor *v;
		size_t n;
	} manifests;
};

int image_config_parse(struct sv json, struct arena *a, struct image_config *ret, struct err *e);
int image_manifest_parse(struct sv json, struct arena *a, struct image_manifest *ret, struct err *e);
int image_index_parse(struct sv json, struct arena *a, struct image_index *ret, struct err *e);
