/* SPDX-License-Identifier: Apache-2.0 */
/* rdt.h - linux.intelRdt: a container's class of service, a folder of the resctrl file system (the kernel's resctrl.rst).
 *
 * A class of the document's that is there already is joined, and stays. One that is not, or that has the container's own name because the
 * document names none, is made with the schemata of the document, and is removed with the container. Its monitoring group
 * (mon_groups/ID in the class) is always the container's own. */
#pragma once

#include "oci/runtime_spec.h"

#include <sys/types.h>

struct rdt {
	int dir;          /* the resctrl file system */
	const char *clos; /* the folder of the class, "." the first one */
	bool made;        /* it is ours to make and to remove */
};

/* rdt_look - by the document: *ret_dir is the caller's. -EINVAL, -ENOENT with the JSON path. dir: of the file system. */
int rdt_look(const struct runtime_spec *spec, const char *id, int dir, struct rdt *ret, struct err *e);
/* rdt_make - class and monitoring group, and pid in them. On failure nothing of it is left. */
int rdt_make(const struct rdt *r, const struct runtime_spec *spec, const char *id, pid_t pid, struct err *e);
/* rdt_enter - a further process */
int rdt_enter(const struct rdt *r, const struct runtime_spec *spec, const char *id, pid_t pid, struct err *e);
/* rdt_remove - what is there of it; monitoring: it has a group for that */
int rdt_remove(const struct rdt *r, const char *id, bool monitoring, struct err *e);

/* rdt_open - where the host has it mounted. -ENOENT with the JSON path. The caller closes. */
struct host;
int rdt_open(const struct host *h, struct err *e);
