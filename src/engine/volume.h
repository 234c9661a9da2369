/* SPDX-License-Identifier: Apache-2.0 */
/* volume.h - volumes as objects: row (volume_rows.h) and folder (storage/volumes.h) together.
 *
 * The row is made before the folder and is deleted after it, so a folder that a crash left is known. Who begins to use a
 * volume holds its folder's lock shared, who removes it exclusively; an object that was removed and made again meanwhile
 * is seen by that lock and by the row's time. */
#pragma once

#include "engine/engine.h"
#include "engine/volume_rows.h"

/* volume_use - the container has this volume from now on; row and folder are made when they are missing. volumes: see
 * volumes_open(). -EINVAL: not a name. */
int volume_use(struct engine *en, int volumes, const char *container, const struct volume_use *use, struct err *e);

/* volumes_end - remove the volumes that were made for this container and that no other one has. */
int volumes_end(struct engine *en, const char *container, struct err *e);
