/* SPDX-License-Identifier: Apache-2.0 */
/* doctor.h - what of this host makes starts slow or isolation weak. Everything is asked of the kernel, nothing is concluded from
 * a version. What asking needs is made and taken away again: namespaces without processes, detached mounts. */
#pragma once

#include "runtime_cli/finding.h"

void doctor_cgroups(struct runtime *rt, struct findings *l); /* doctor_cgroups.c */
void doctor_kernel(struct runtime *rt, struct findings *l);  /* doctor_kernel.c */
void doctor_users(struct runtime *rt, struct findings *l);   /* doctor_users.c */
