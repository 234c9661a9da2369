/* SPDX-License-Identifier: Apache-2.0 */
/* volume.h - volumes as objects: row (volume_rows.h) and folder (storage/volumes.h) together.
 *
 * The row is made before the folder and is deleted after it, so a folder that a crash left is known. Who begins to use a
 * volume holds its folder's lock shared, who removes it exclusively; an object that was removed and made again meanwhile
 * is seen by that lock and by the row's time. */
#pragma once

#include "engine/document.h"
#include "engine/engine.h"
#include "spec/volume_options.h"
#include "records/volume_rows.h"

struct volume_spec {
	const char *name;   /* NULL: 64 digits are made up */
	const char *driver; /* NULL: local */
	struct volume_options options;
};

/* volume_make - make it, or find it as it is. *ret_name belongs to a.
 * -EINVAL: name, driver or options; -EEXIST: it is there, with other driver options. */
int volume_make(struct engine *en, const struct volume_spec *wanted, struct arena *a, const char **ret_name,
		struct err *e);

/* volume_use - the container has this volume from now on; row and folder are made when they are missing. volumes: see
 * volumes_open(). -EINVAL: not a name. */
int volume_use(struct engine *en, int volumes, const char *container, const struct volume_use *use, struct err *e);

/* volume_source - the host path to be bound for it, and whether it may only be read. One that is not there yet will be a
 * folder. Text belongs to a. */
int volume_source(struct engine *en, const char *name, struct arena *a, const char **ret_path, bool *ret_readonly,
		  struct err *e);

/* volume_mount - before a container is started: what has to be mounted in the volume's folder is (a tmpfs; empty, when no
 * other container that lives uses it). The caller holds the container's lock. */
int volume_mount(struct engine *en, const char *name, const char *container, struct arena *a, struct err *e);

/* volume_delete - -ENOENT "get x: no such volume"; -EBUSY "remove x: volume is in use - [id, …]" */
int volume_delete(struct engine *en, const char *name, struct arena *a, struct err *e);

/* volumes_end - remove the volumes that were made for this container and that no other one has. */
int volumes_end(struct engine *en, const char *container, struct err *e);

/* volume_path - its Mountpoint. NULL: out of memory */
const char *volume_path(const struct engine *en, const char *name, struct arena *a);
/* volume_bytes - what is in its folder */
int volume_bytes(struct engine *en, const char *name, int64_t *ret, struct err *e);
/* volume_document - the object of `docker volume inspect`. The caller frees it. */
int volume_document(struct engine *en, const struct volume_row *row, struct arena *a, struct document **ret,
		    struct err *e);
