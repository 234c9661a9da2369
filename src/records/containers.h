/* SPDX-License-Identifier: Apache-2.0 */
/* containers.h - the rows of containers: what was asked for. What happened to them is in recover.h.
 *
 * A row is made after the container's folder and is deleted before it; both by the holder of its lock (lock.h). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "records/db.h"
#include "records/names.h"

#include <stdbool.h>
#include <stdint.h>

struct container_row {
	const char *id, *name;
	int64_t created_ns;
	const char *image_ref, *image_id; /* NULL: --rootfs */
	const char *cgroup; /* "/tare/<id>": its path in every hierarchy */
	bool auto_remove;
	bool networked; /* network_rows.h has something of it */
	bool ranked;	/* it is a pod of one (kube_plain.h) */
	const char *config; /* JSON, config_print() */
};

struct container_rows {
	struct container_row *v;
	size_t n;
};

/* containers_insert - name NULL: one is made up. ret_name gets the name that it has now.
 * -EEXIST: the name (Docker's text with the holder's id) or the id is taken. -EINVAL: not a name or id. */
int containers_insert(struct db *db, const struct container_row *row, char ret_name[NAME_SIZE], struct err *e);

/* containers_find - by full id, then full name ("/web" too), then unique prefix of an id.
 * -ENOENT "No such container: x"; -EINVAL: several ids begin so. Text of the row goes to the arena. */
int containers_find(struct db *db, struct sv ref, struct arena *a, struct container_row *ret, struct err *e);

/* containers_list - all, the newest first, as `docker ps` shows them. */
int containers_list(struct db *db, struct arena *a, struct container_rows *ret, struct err *e);
/* containers_list_light - without their configurations: config is NULL. containers_config - of one of them. -ENOENT */
int containers_list_light(struct db *db, struct arena *a, struct container_rows *ret, struct err *e);
int containers_config(struct db *db, const char *id, struct arena *a, const char **ret, struct err *e);

/* containers_rename - -EEXIST like containers_insert(); -ENOENT; -EINVAL. */
int containers_rename(struct db *db, const char *id, const char *name, struct err *e);

/* containers_set_config - another configuration, JSON of config_print(). -ENOENT */
int containers_set_config(struct db *db, const char *id, const char *config, struct err *e);

/* containers_set_cgroup - where it is from its next start on; CGROUP_NONE: it has no group. No row is success. */
int containers_set_cgroup(struct db *db, const char *id, const char *cgroup, struct err *e);

/* containers_delete - the row and what hangs on it; its volumes' rows stay. No row is success. */
int containers_delete(struct db *db, const char *id, struct err *e);
/* containers_delete_lone - the same, unless it is in a network: then the row stays, and *ret_networked is true. */
int containers_delete_lone(struct db *db, const char *id, bool *ret_networked, struct err *e);
