/* SPDX-License-Identifier: Apache-2.0 */
/* tmpfs_options.h - the words that --tmpfs takes; tmpfs(5), mount(8). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "oci/runtime_spec.h"

/* tmpfs_options_merge - Docker's rules: a later word undoes an earlier contrary one, of two equal keys the later counts.
 * Appends what stays to *ret, in order. -EINVAL: "invalid tmpfs option \"x\"". */
int tmpfs_options_merge(const struct oci_strings *words, struct arena *a, struct oci_strings *ret, struct err *e);
