/* SPDX-License-Identifier: Apache-2.0 */
/* listener.h - linux.seccomp.listenerPath: who decides about calls with SCMP_ACT_NOTIFY, seccomp_unotify(2). */
#pragma once

#include "base/err.h"
#include "oci/runtime_spec.h"
#include "runtime/hooks.h"

/* listener_pass - the descriptor `number` of the process pidfd goes to the listener's socket, with the document that the
 * specification describes ("Container Process State"). Waits until it is sent, not until it is read.
 * Not callable after clone3(2). -ENOENT, -ECONNREFUSED …: nobody is there; the text has the path. */
int listener_pass(const struct runtime_spec *spec, const struct hook_subject *who, int pidfd, int number,
		  struct err *e);
