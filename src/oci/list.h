/* SPDX-License-Identifier: Apache-2.0 */
/* list.h - lists of the form struct { T *v; size_t n; } that grow in an arena. */
#pragma once

#include "base/arena.h"
#include "oci/runtime_spec.h"

#include <stddef.h>

/* list_add - one more zeroed item of `size` bytes at the end of *v, *n; NULL when out of memory (the list is unchanged). */
void *list_add(struct arena *a, void *v, size_t *n, size_t size);

/* LIST_ADD(arena, &list) - the new item, typed */
#define LIST_ADD(a, l) ((__typeof__((l)->v))list_add(a, &(l)->v, &(l)->n, sizeof(*(l)->v)))

/* strings_add - the text itself is not copied. -ENOMEM; NULL text counts as out of memory. */
int strings_add(struct arena *a, struct oci_strings *l, const char *text);
int strings_addf(struct arena *a, struct oci_strings *l, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

bool strings_has(const struct oci_strings *l, const char *text);

/* pairs_set - the value of key, in the place of an earlier one. Neither text is copied. -ENOMEM; NULL key counts as out of
 * memory. */
int pairs_set(struct arena *a, struct oci_pairs *l, const char *key, const char *value);
