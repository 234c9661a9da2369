/* SPDX-License-Identifier: Apache-2.0 */
/* joined_userns.h - a user namespace that the document joins by its path has maps already: a plan needs them as if the document
 * said them. */
#pragma once

#include "oci/runtime_spec.h"
#include "runtime_cli/command.h"

#include <sys/types.h>

/* joined_userns_settle - linux.uidMappings and gidMappings become those of the namespace. The namespace that we are in leaves
 * the list. pid: of the container when there is one, whose namespace is looked at then; 0. -EINVAL: the document has others, or
 * it is no user namespace, with the JSON path. */
int joined_userns_settle(struct runtime *rt, struct runtime_spec *spec, pid_t pid, struct err *e);
