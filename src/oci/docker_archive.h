/* SPDX-License-Identifier: Apache-2.0 */
/* docker_archive.h - manifest.json of an archive that `docker save` wrote: which of its files are an image. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"
#include "oci/runtime_spec.h"

struct docker_archive_image {
	const char *config;                  /* paths in the archive */
	struct oci_strings repo_tags, layers; /* layers: lowest first */
};

struct docker_archive {
	struct {
		struct docker_archive_image *v;
		size_t n;
	} images;
};

/* docker_archive_parse - -EINVAL: malformed. Memory belongs to the arena. */
int docker_archive_parse(struct sv json, struct arena *a, struct docker_archive *ret, struct err *e);
