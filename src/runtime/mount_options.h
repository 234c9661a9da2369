/* SPDX-License-Identifier: Apache-2.0 */
/* mount_options.h - mounts[].options of the runtime-spec: mount(8) words become attributes, propagation and the rest,
 * which goes to the file system as it is. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oci/runtime_spec.h"

#include <stdbool.h>
#include <stdint.h>

enum mount_idmap { IDMAP_NONE, IDMAP_MOUNT, IDMAP_TREE /* mounts below it too */ };

/* "idmap=uids=0-1000-10#@10-5-3;gids=…": ids on the disk, ids of the host (or, with @, of the container) and how many. */
struct mount_id {
	int64_t disk, host, size;
	bool relative;
};
struct mount_ids {
	struct mount_id *v;
	size_t n;
};

struct mount_options {
	bool bind, recursive_bind, copy_up;
	enum mount_idmap idmap;
	struct mount_ids uids, gids;             /* of idmap=, ridmap=; none: those of the mount or the container */
	uint64_t set, clear;                     /* MOUNT_ATTR_x of the mount itself */
	uint64_t set_recursive, clear_recursive; /* rro, rnosuid …: of everything below as well */
	uint64_t propagation;                    /* MS_PRIVATE …; 0: not asked for */
	bool propagation_recursive;
	const char *data; /* the words left over, comma-separated; NULL: none */
};

/* mount_options_parse - -EINVAL: an idmap= that is none, with its text. */
int mount_options_parse(const struct oci_strings *options, struct arena *a, struct mount_options *ret, struct err *e);

/* mount_attr_print - "ro,nosuid,nodev" */
void mount_attr_print(uint64_t set, uint64_t clear, struct buf *out);
/* mount_propagation_name - MS_SLAVE -> "slave"; "" for 0 */
const char *mount_propagation_name(uint64_t propagation);
