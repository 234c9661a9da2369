/* SPDX-License-Identifier: Apache-2.0 */
/* volumes.h - named directories that outlive containers: <data root>/volumes/<name>/_data, and the sources of bind mounts.
 *
 *     volumes/<name>/_data/   the volume; root's, 0755, as Docker's local driver makes it
 *     volumes/.new.<id>/      being made, or a crash's leftover
 *     volumes/.del.<id>/      being removed, likewise
 *
 * A name never begins with a dot, so no volume can pass for a leftover. Whose volume it is and who uses it stands in the
 * database. Errors: -errno, the text names the volume or the path. */
#pragma once

#include "base/err.h"
#include "base/id.h"
#include "base/sv.h"

#include <stdbool.h>

/* volumes_open - the directory, made (0700) when missing. The caller closes. */
int volumes_open(int data_root, int *ret_fd, struct err *e);

/* volume_name_check - Docker's rule and texts. -EINVAL. */
int volume_name_check(struct sv name, struct err *e);

/* volume_create - make it, or find it. *ret_made: it was not there. -EINVAL: not a name. */
int volume_create(int volumes, const char *name, bool *ret_made, struct err *e);
/* volume_hold - its folder, locked by flock(2) until *ret_fd is closed; shared: nobody removes the volume meanwhile, else:
 * nobody begins to use it. Waits. (The lock is on the folder above _data, which no container sees.) -ENOENT: it is gone. */
int volume_hold(int volumes, const char *name, bool shared, int *ret_fd, struct err *e);
/* volume_has_mount - is something mounted at _data of this folder (volume_hold())? volume_unmount - no more; path: of _data,
 * absolute; NULL does nothing. */
bool volume_has_mount(int folder);
void volume_unmount(int folder, const char *path);
/* volume_remove - with all that is in it. -ENOENT: "get NAME: no such volume". */
int volume_remove(int volumes, const char *name, struct err *e);
/* volumes_sweep - remove the leftovers of crashes. Skips what a living process works on. */
int volumes_sweep(int volumes, struct err *e);

/* bind_source_open - the host path that -v or --mount binds, as an O_PATH descriptor; the path may be of any type and
 * symbolic links in it are the host's own. make: a missing one becomes a directory, 0755, with its parents (-v);
 * else -ENOENT: "bind source path does not exist: /x" (--mount). -EINVAL: not absolute. The caller closes. */
int bind_source_open(const char *path, bool make, int *ret_fd, struct err *e);
