/* SPDX-License-Identifier: Apache-2.0 */
/* volume_rows.h - the rows of volumes, and which container uses which of them. Their folders are storage/volumes.h; volume.h
 * keeps the two together. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "records/db.h"
#include "oci/runtime_spec.h"

#include <stdbool.h>
#include <stdint.h>

/* As the column `anonymous` has it. */
enum volume_kind {
	VOLUME_NAMED,
	VOLUME_OF_CONTAINER, /* made for one container, and goes with it (rm -v, --rm) */
	VOLUME_UNNAMED,      /* somebody made it and gave no name */
};

struct volume_row {
	const char *name;
	int64_t created_ns;
	enum volume_kind kind;
	const char *options; /* JSON, volume_options.h */
};

struct volume_rows {
	struct volume_row *v;
	size_t n;
};

struct volume_use {
	const char *name, *target;
	enum volume_kind kind;
};

struct volume_uses {
	struct volume_use *v;
	size_t n;
};

/* volume_rows_record - unless it has a row already. */
int volume_rows_record(struct db *db, const struct volume_row *row, struct err *e);
/* volume_rows_renew - the folder of a volume that has a row already was made just now: times and options are these. -ENOENT: a
 * removal that had begun before has taken the row. */
int volume_rows_renew(struct db *db, const struct volume_row *row, struct err *e);

/* volume_rows_use - the container has it at that target from now on. *ret_known false: it has no row any more, and
 * nothing was done. */
int volume_rows_use(struct db *db, const char *container, const struct volume_use *use, bool *ret_known, struct err *e);
/* volume_rows_of - what a container uses, by target. */
int volume_rows_of(struct db *db, const char *container, struct arena *a, struct volume_uses *ret, struct err *e);
/* volume_rows_alone - the names of volumes that were made for this container and that no other one has. */
int volume_rows_alone(struct db *db, const char *container, struct arena *a, struct oci_strings *ret, struct err *e);
/* volume_rows_users - ids of the containers that have it. */
int volume_rows_users(struct db *db, const char *name, struct arena *a, struct oci_strings *ret, struct err *e);

/* volume_rows_find - 1: found, 0: not. */
int volume_rows_find(struct db *db, const char *name, struct arena *a, struct volume_row *ret, struct err *e);
/* volume_rows_list - all, by name. */
int volume_rows_list(struct db *db, struct arena *a, struct volume_rows *ret, struct err *e);

/* volume_rows_delete - unless somebody uses it, or made it anew since `row` was read. by: a container whose use goes along;
 * NULL: none. */
int volume_rows_delete(struct db *db, const struct volume_row *row, const char *by, struct err *e);
