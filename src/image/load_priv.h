/* SPDX-License-Identifier: Apache-2.0 */
/* load_priv.h - what load.c and load_layers.c share. */
#pragma once

#include "image/load.h"

#include <pthread.h>

struct load {
	const struct image_source *source;
	const struct image_store *store;
	struct arena *arena;
	struct image_config config;
	struct image_manifest manifest;
	struct image_loaded img;

	pthread_mutex_t lock; /* of what follows, and of progress */
	pthread_cond_t changed;
	unsigned *numbers; /* of the layers, as far as they are ready */
	bool *ready;
	const size_t *todo; /* positions of the layers to be unpacked, lowest first */
	size_t n_todo, taken;
	double todo_bytes; /* packed, of these; what manifests say may have no place in 64 bits */
	struct err failed; /* the first error */
};

/* load_layers - find or unpack them all. */
int load_layers(struct load *ld, bool *ret_fresh, struct err *e);
