/* SPDX-License-Identifier: Apache-2.0 */
/* create_priv.h - the parts of create.c in create_files.c. */
#pragma once

#include "engine/create.h"

/* create_find_volumes - volumes of the configuration and the image become binds; bind sources that must be there are. */
int create_find_volumes(struct creation *cr, struct err *e);
/* create_make_volumes - their folders and rows, and missing sources of -v. */
int create_make_volumes(struct creation *cr, struct err *e);
/* create_etc_files - hostname, hosts and resolv.conf of the container, to be bound into it. */
int create_etc_files(struct creation *cr, struct err *e);
/* host_name - this host's, NULL when out of memory */
const char *host_name(struct arena *a);
