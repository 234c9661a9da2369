/* SPDX-License-Identifier: Apache-2.0 */
/* layout_priv.h - what layout.c and layout_docker.c share. */
#pragma once

#include "image/layout.h"

/* A file of an archive, written out; or another name of one. */
struct layout_file {
	const char *path;
	const char *link; /* path of the file that is meant; NULL: staged is it */
	struct staged staged;
};

struct layout {
	int dir; /* directory; -1: an archive's files */
	struct staging staging;
	struct arena arena;
	void *files; /* tsearch(3): struct layout_file by path */
	size_t n_files;
	int64_t bytes; /* of all that was staged */
	size_t walked; /* entries of indexes */
	struct layout_image *images;
	size_t n_images, cap_images;
};

/* layout_add_file - path is copied. link or staged. Of two with one path the last counts, as for tar(1). */
int layout_add_file(struct layout *l, const char *path, const char *link, const struct staged *staged, struct err *e);
/* layout_stage_file - any file of the layout, by its path, written out and digested. -ENOENT */
int layout_stage_file(struct layout *l, const char *path, struct staged *ret, struct err *e);
int layout_read_file(struct layout *l, const char *path, size_t max_bytes, struct sv *ret, struct err *e);
int layout_add_image(struct layout *l, const struct digest *manifest, const char *reference, struct err *e);

/* layout_docker_images - the images of an archive of `docker save` that has no index.json: manifests are made for them. */
int layout_docker_images(struct layout *l, struct err *e);
