/* SPDX-License-Identifier: Apache-2.0 */
/* images.h - the rows of images, their names and their layers. The trees and blobs themselves are image/'s and
 * storage/'s; image.h there tells the order in which rows and trees come and go. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "records/db.h"
#include "image/image.h"
#include "oci/reference.h"
#include "oci/runtime_spec.h"

#include <stdint.h>

struct image_row {
	const char *id;        /* 64 hexadecimal digits: the digest of config */
	const char *reference; /* the name that it was found by, in full; NULL: found by id */
	struct sv config;      /* raw bytes of the config blob, NUL-terminated */
	const char *created;   /* RFC 3339, of the config; NULL: it does not say */
	const char *manifest;  /* 64 digits: the digest of its manifest */
	const char *digest;    /* likewise, of what its name stands for in a registry: the manifest or an index of such */
	int64_t size_bytes;    /* of all its layers, unpacked */
};

struct image_rows {
	struct image_row *v;
	size_t n;
};

struct image_numbers {
	unsigned *v; /* layers/<number>/, lowest first */
	size_t n;
	const char
		*unsynced; /* the boot in which one of them was unpacked that may not be on the disk yet; NULL: all are.
	                         Of another boot than this one, it is not to be used */
};

#define LAYER_LOST "lost" /* no boot's id: it was not known to be on the disk when the machine went down */

/* images_record - rows for an image that is on the disk, and img->reference (if any) now names it; all or nothing.
 * An image that has its rows already is fine. ret_renamed (may be NULL): the id of the image that had this name until now,
 * or "". -ESTALE: a layer that the load found is gone again (load once more). -EINVAL: config or reference is malformed. */
int images_record(struct db *db, const struct image_loaded *img, char ret_renamed[DIGEST_HEX + 1], struct err *e);

/* images_tag - a further name ("web", "web:2") for the image with this id; taken from another image if that has it.
 * -EINVAL: not a name, or one with a digest. -ENOENT: no such image. */
int images_tag(struct db *db, const char *id, struct sv name, struct err *e);

/* images_find - by "sha256:<hex>" or the 64 digits, then by name (Docker's shorthand, tag "latest"), then by the digest of
 * its manifest ("busybox@sha256:…"), then by a unique prefix of an id. -ENOENT "No such image: busybox:latest"; -EINVAL: not a name, or several ids begin so. */
int images_find(struct db *db, struct sv ref, struct arena *a, struct image_row *ret, struct err *e);

/* images_get - by its id, even when it is force-removed and stays only for its containers. -ENOENT */
int images_get(struct db *db, const char *id, struct arena *a, struct image_row *ret, struct err *e);

/* images_refs - all its names, in full, sorted. No such image: none. */
int images_refs(struct db *db, const char *id, struct arena *a, struct oci_strings *ret, struct err *e);

/* images_stored_name - the text by which a name stands in the database; *r gets its default tag. Returns ret. */
const char *images_stored_name(struct reference *r, char ret[REFERENCE_SIZE]);

/* images_layers - of the image with this id. -ENOENT: no such image. */
int images_layers(struct db *db, const char *id, struct arena *a, struct image_numbers *ret, struct err *e);

/* images_list - one row for each name, and one for each image without a name; the last recorded first. */
int images_list(struct db *db, struct arena *a, struct image_rows *ret, struct err *e);

/* images_mark_lost - layers of another boot than this one that were never known to be on the disk: images_find_layer() does
 * not find them any more, and images_record() puts what was unpacked anew in their place. *ret_any: there are some that
 * this boot unpacked. */
int images_mark_lost(struct db *db, const char *boot, bool *ret_any, struct err *e);
/* images_unsynced - the numbers of those that this boot unpacked; images_synced - one is on the disk now. After a removal its
 * number may be another one's: in a transaction the caller sees that the tree is still the same. */
int images_unsynced(struct db *db, const char *boot, struct arena *a, struct image_numbers *ret, struct err *e);
int images_synced(struct db *db, const char *boot, unsigned number, struct err *e);

/* images_forget_blobs - blobs of layers are nobody's from now on, for content_sweep() to take: those of images whose layers
 * are all on the disk. *ret_any: there were some. */
int images_forget_blobs(struct db *db, bool *ret_any, struct err *e);

/* images_find_layer - struct image_store's find_layer; arg is the struct db. */
int images_find_layer(void *arg, const struct digest *chain_id, unsigned *ret_number, struct err *e);
/* images_knows_layer - what layers_sweep() asks: is there a row with this number? 1 or 0. */
int images_knows_layer(void *arg, unsigned number, struct err *e);
/* images_knows_blob - what content_sweep() asks, likewise. */
int images_knows_blob(void *arg, const struct digest *blob, struct err *e);

/* images_elsewhere - the path of a repository of this registry, other than `path`, that an image with this blob has a name
 * in; "" none. */
int images_elsewhere(struct db *db, const char *domain, const char *path, const struct digest *blob,
		     char ret[REFERENCE_PATH_MAX + 1], struct err *e);
