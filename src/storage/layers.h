/* SPDX-License-Identifier: Apache-2.0 */
/* layers.h - unpacked image layers: <data root>/layers/<number>/ is the tree itself, of a short decimal number, because
 * one fsconfig(2) string of overlayfs ends at 256 bytes.
 *
 *     layers/17/            a finished tree; its row in the database says whose
 *     layers/new.1f2e.0/    a tree that is being made, or the leftover of a crash
 *     layers/del.17.1f2e/   a tree that is being removed, likewise
 *     layers/lock           never removed; byte-range locks by chain id
 *
 * Whoever makes or removes a tree holds flock(2) LOCK_EX on its directory; the kernel lets go when the process dies. So a
 * name with a prefix whose lock is free is a leftover, and layers_sweep() removes it. Nothing here reads the database.
 *
 * Errors: -errno of the failing call, the text names the layer. Callable after fork(2), not after clone3(2) with
 * CLONE_VM. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYER_NAME_SIZE 64

/* layers_open - the directory, made (0700) when missing. The caller closes. */
int layers_open(int data_root, int *ret_fd, struct err *e);

/* A tree in the making. */
struct layer_draft {
	int dir;                    /* the tree's directory, locked; -1: none */
	char name[LAYER_NAME_SIZE]; /* its present name under layers/ */
};

int layer_draft_begin(int layers, struct layer_draft *ret, struct err *e);
/* layer_draft_finish - give the tree its number, the next free one. d->dir stays open and locked and is the caller's
 * now (d->dir becomes -1): the lock keeps the sweep away until the number is in the database. */
int layer_draft_finish(int layers, struct layer_draft *d, unsigned *ret_number, int *ret_dir, struct err *e);
/* layer_draft_drop - remove the unfinished tree. Best effort: what stays is swept later. Fine on a finished draft. */
void layer_draft_drop(int layers, struct layer_draft *d);

/* layer_lock_chain - wait until no other loader works on this chain id. key: any 63 bits of it. The lock goes with the
 * descriptor; several keys may be locked through one (*fd < 0: opened first). Lock a chain's ancestors before itself. */
int layer_lock_chain(int layers, uint64_t key, int *fd, struct err *e);

/* layer_open - directory of a finished tree. -ENOENT: no such layer. */
int layer_open(int layers, unsigned number, int *ret_fd, struct err *e);

/* layers_list - numbers in ascending order. The caller frees. */
int layers_list(int layers, unsigned **ret_numbers, size_t *ret_n, struct err *e);

/* layer_undo - remove a finished tree that is not recorded, by who still holds its lock: *lock becomes -1. Best effort. */
void layer_undo(int layers, unsigned number, int *lock);

/* A tree is removed only when `known` (1 or 0, < 0: error) does not know its number, asked with the tree's lock: the number
 * of one that is gone may be another one's by now. */
typedef int layer_known_fn(void *arg, unsigned number, struct err *e);

/* layer_remove - its row must be gone. Gone already, in a living process' hands, or known: nothing is done, 0. */
int layer_remove(int layers, unsigned number, layer_known_fn *known, void *arg, struct err *e);

/* layers_sweep - remove what crashes left behind: drafts, half removed trees, and finished trees that `known` does not
 * know. Skips what a living process holds. known NULL: finished trees are left alone. */
int layers_sweep(int layers, layer_known_fn *known, void *arg, struct err *e);
