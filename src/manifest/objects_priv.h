/* SPDX-License-Identifier: Apache-2.0 */
/* objects_priv.h - between objects.c and objects_check.c. */
#pragma once

#include "manifest/objects.h"

/* object_wrong - -EINVAL: "line 9, column 14: …", of that node */
int object_wrong(const struct node *n, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* object_at - the place of a value ("containers/0/name"): the deepest node on the way there that the document has */
const struct node *object_at(const struct node *n, const char *path);

int object_check_meta(const struct node *n, struct object *o, struct err *e);
/* object_check_pod - n: its spec, which has this path in the document */
int object_check_pod(const struct node *n, const char *path, struct pod_spec *p, struct arena *a, struct err *e);
