/* SPDX-License-Identifier: Apache-2.0 */
/* preserve.h - descriptors of the caller's that a process gets: --preserve-fds, and sd_listen_fds(3). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "oci/runtime_spec.h"

/* preserve_fds - how many, from 3 on; of them those of LISTEN_FDS. -EBADF: one is not
 * open. */
int preserve_fds(int64_t option, unsigned *ret_n, unsigned *ret_listen_fds, struct err *e);

/* preserve_env - LISTEN_FDS and LISTEN_PID for a first process */
int preserve_env(struct arena *a, unsigned listen_fds, struct oci_strings *env, struct err *e);
