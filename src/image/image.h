/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - what loading (later: pulling) an image gives to the engine, which records it in the database.
 *
 * image_load() (load.h) makes it. Plain data: the engine includes this header without linking libarchive or libcrypto. On the disk stand, relative to
 * the data root: content/blobs/sha256/<hex> (verified bytes) and layers/<number>/ (unpacked trees).
 *
 * Order of life: an image's layers are on the disk before its rows are in the database, and its rows leave the database
 * before the layers leave the disk. So a row always has its layer, and a layer without a row is an orphan. A loader holds
 * flock(2) LOCK_EX on the directory of every layer that it made (lock_fd) until image_loaded_done(): whoever looks for
 * orphans takes LOCK_EX | LOCK_NB first, and asks the database (again) when it has the lock (storage/layers.h). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"
#include "oci/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image_layer {
	struct digest chain_id; /* image-spec, "Layer ChainID": names the unpacked tree together with all below it */
	struct digest diff_id;  /* of the uncompressed tar stream */
	struct digest blob;     /* of the stored bytes, as the manifest has them: content/blobs/sha256/<hex> */
	const char *media_type; /* of the blob */
	int64_t blob_bytes;
	unsigned number;        /* layers/<number>/ */
	int64_t size_bytes;     /* regular files' bytes in the tree: what Docker adds up as an image's size; known only
	                           when `fresh` */
	bool fresh;             /* this load unpacked it: a row is to be made. Else find_layer knew it */
	int lock_fd;            /* fresh: its directory, locked; else -1 */
};

/* One image, ready on the disk. Text and arrays belong to the arena that image_load() was given. */
struct image_loaded {
	struct digest id;       /* of the config blob: the image's id */
	struct digest manifest; /* of the manifest's bytes: the digest of "name@sha256:…" */
	struct digest index;    /* of the index that led to it, and whose digest it was asked or named by; "" = none */
	struct sv config_json, manifest_json; /* raw bytes, NUL-terminated */
	const char *reference;  /* as the caller or the layout named it ("busybox", "busybox:1.35"); NULL: none */
	struct image_layer *layers; /* lowest first */
	size_t n_layers;
	const char *boot;       /* layers that are fresh may not be on the disk yet, in this boot; NULL: they are */
	bool locked;            /* chain_lock is open: it keeps other loaders of the same layers waiting */
	int chain_lock;
};

/* What one layer may become. */
struct image_ceilings {
	uint64_t layer_bytes, layer_entries; /* 0: those of base/limits.h */
};

/* What a load needs of the world. Descriptors are borrowed. */
struct image_store {
	struct image_ceilings ceilings;
	int content; /* <data root>/content: content_open() */
	int layers;  /* <data root>/layers: layers_open() */
	/* Is a tree of this chain id recorded? 1: yes, *ret_number is set; 0: no; < 0: error. May be called at any moment
	 * of a load; holds no transaction open between two calls. */
	int (*find_layer)(void *arg, const struct digest *chain_id, unsigned *ret_number, struct err *e);
	void *arg;
	const char
		*boot; /* this one's id: who records the layers has them synced later. NULL: a load syncs them itself */
	/* How many of a layer's stored bytes are unpacked. Called from any thread, one at a time;
	 * NULL: nobody wants to know. */
	void (*progress)(void *arg, const struct image_layer *layer, int64_t done);
	void (*ready)(void *arg, const struct image_layer *layer); /* its tree is there; layer->fresh: only now */
	void *progress_arg;
};

/* image_loaded_done - let go of the locks. After the rows are in the database; or without, and then what was unpacked is
 * an orphan that the next load removes. Zeroed and half-filled values are fine. */
void image_loaded_done(struct image_loaded *img);
