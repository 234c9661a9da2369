/* SPDX-License-Identifier: Apache-2.0 */
/* volume_options.h - labels and driver options of a volume, as `docker volume create` takes them: what is behind it. Pure.
 *
 *   (none)                                    a folder of its own
 *   type=none|bind device=/path o=bind[,ro]   that folder of the host
 *   type=tmpfs device=tmpfs [o=size=64m,…]    memory, shared by all who use the volume at one time, empty for the first */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oci/runtime_spec.h"

#include <stdbool.h>

struct volume_options {
	struct oci_pairs labels, options;
};

enum volume_backing { VOLUME_FOLDER, VOLUME_BIND, VOLUME_TMPFS };

/* volume_options_print, _parse - as they stand in the database: {"Labels":{…},"Options":{…}} */
int volume_options_print(const struct volume_options *o, struct buf *out, struct err *e);
int volume_options_parse(const char *json, struct arena *a, struct volume_options *ret, struct err *e);

/* volume_options_backing - checks them too: -EINVAL, with Docker's texts where it has one; -ENOTSUP: network and disk file
 * systems, quotas. */
int volume_options_backing(const struct volume_options *o, enum volume_backing *ret, struct err *e);

/* volume_option - its value, "" when it is not given. */
const char *volume_option(const struct volume_options *o, const char *key);
/* volume_option_words - of o=, without "bind" and "rbind". */
int volume_option_words(const struct volume_options *o, struct arena *a, struct oci_strings *ret, struct err *e);
