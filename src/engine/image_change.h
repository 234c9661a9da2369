/* SPDX-License-Identifier: Apache-2.0 */
/* image_change.h - `--change` of commit and import: one instruction of a Dockerfile that speaks of an image's configuration.
 * Pure. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "oci/image_spec.h"

/* image_change - CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR with its
 * arguments: exec form (a JSON array) or shell form, quotes, $NAME and ${NAME} of the image's environment. *cmd_was_set
 * belongs to a list of changes: an ENTRYPOINT drops a CMD that is not of the same list.
 * -EINVAL: the text names the instruction. Text belongs to a. */
int image_change(struct image_full_config *image, bool *cmd_was_set, const char *text, struct arena *a, struct err *e);
