/* SPDX-License-Identifier: Apache-2.0 */
/* image_spec.h - OCI image-spec 1.1.1: image config, manifest, index (and Docker's v2s2 equivalents) as types.
 * All memory belongs to the arena. What is not listed here is ignored. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oci/digest.h"
#include "oci/runtime_spec.h"

#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_OCI_LAYER_GZIP MEDIA_OCI_LAYER "+gzip"
#define MEDIA_OCI_LAYER_ZSTD MEDIA_OCI_LAYER "+zstd"
#define MEDIA_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"

struct image_config {
	const char *created, *author, *architecture, *os, *variant;
	const char *user, *working_dir, *stop_signal; /* of .config */
	struct oci_strings env, entrypoint, cmd, volumes, exposed_ports; /* the keys of the two maps, sorted */
	struct oci_pairs labels;
	struct {
		struct digest *v;
		size_t n;
	} diff_ids;
	const char *rootfs_type; /* "layers" or NULL */
};

/* How an image came about, one step; NULL: it does not say. */
struct image_history_row {
	const char *created, *created_by, *author, *comment;
	bool empty_layer;
};

/* Docker's Healthcheck; times in ns, 0: the default. */
struct image_health {
	struct oci_strings test;
	int64_t interval, timeout, start_period, start_interval, retries;
};

/* All that is known of a configuration: what an image is made of anew. */
struct image_full_config {
	struct image_config base; /* first: the tables share their rows */
	struct image_health health;
	struct oci_strings shell, on_build;
	struct {
		struct image_history_row *v;
		size_t n;
	} history;
};

struct image_descriptor {
	const char *media_type;
	struct digest digest;
	int64_t size;
	const char *os, *architecture, *variant; /* platform of an index entry; NULL when absent */
	struct oci_pairs annotations;
};

struct image_manifest {
	int64_t schema_version; /* 2 */
	const char *media_type;
	struct image_descriptor config;
	struct {
		struct image_descriptor *v;
		size_t n;
	} layers;
};

struct image_index {
	int64_t schema_version; /* 2 */
	const char *media_type;
	struct {
		struct image_descriptor *v;
		size_t n;
	} manifests;
};

/* The parsers: -EINVAL with the JSON path, as of json.h; a manifest whose mediaType is that of another document is
 * refused too. *ret is untouched on failure. */
int image_config_parse(struct sv json, struct arena *a, struct image_config *ret, struct err *e);
int image_config_print(const struct image_config *c, struct buf *out, struct err *e);
int image_full_config_parse(struct sv json, struct arena *a, struct image_full_config *ret, struct err *e);
int image_full_config_print(const struct image_full_config *c, struct buf *out, struct err *e);
int image_manifest_parse(struct sv json, struct arena *a, struct image_manifest *ret, struct err *e);
int image_manifest_print(const struct image_manifest *m, struct buf *out, struct err *e);
int image_index_parse(struct sv json, struct arena *a, struct image_index *ret, struct err *e);
