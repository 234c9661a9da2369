/* SPDX-License-Identifier: Apache-2.0 */
/* copy_path.h - what the operands of `tare cp` mean, by their text alone: Docker's rules, which look at a last slash and a
 * last dot. Pure. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>

/* copy_operand - "web:/etc" is a container's; "/a:b", "./a:b" and "a" are local: then *ret_container is NULL. */
int copy_operand(const char *text, struct arena *a, const char **ret_container, const char **ret_path, struct err *e);

struct copy_path {
	const char *path; /* absolute, without "." and ".."; a last "/" or "/." stays */
	const char *dir;  /* in which the last component is: "/a" of "/a/b" and "/a/b/", "/a/b" of "/a/b/." */
	const char *base; /* the last component; "" of "/" and of "/a/b/.": what is in the directory, not itself */
	bool slash;       /* ends with "/" or "/.": it is to be a directory, and a link there is followed */
};

/* copy_path_parse - below: what a relative one is relative to, absolute. -ENOMEM */
int copy_path_parse(const char *text, const char *below, struct arena *a, struct copy_path *ret, struct err *e);

/* What is at a destination, links followed. */
struct copy_target {
	bool exists, directory;
};

/* copy_plan - into which directory, and under which name ("": its entries without itself), a source called `name` goes.
 * -EISDIR: a directory over something else. -ENOENT: a file into a directory that is not there. */
int copy_plan(const char *name, bool directory, const struct copy_path *to, const struct copy_target *target,
	      const char **ret_dir, const char **ret_name, struct err *e);
