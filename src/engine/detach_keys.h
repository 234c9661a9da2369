/* SPDX-License-Identifier: Apache-2.0 */
/* detach_keys.h - the keys that leave a terminal without ending what runs in it: Docker's --detach-keys. Pure. */
#pragma once

#include "base/err.h"

#include <stddef.h>

#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"
#define DETACH_KEYS_MAX 32

struct detach_keys {
	unsigned char key[DETACH_KEYS_MAX];
	size_t n, seen; /* seen: so many of them were just typed, and are held back */
};

/* detach_keys_parse - "a", "ctrl-a,x", "DEL"; "" or NULL: Docker's default. -EINVAL: unknown key, or too many */
int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *e);

/* detach_keys_filter - what of n bytes is to be passed on; *ret_n of them, and what was held back before comes first: ret
 * has room for n + DETACH_KEYS_MAX. Returns 1 when the keys are complete: the rest is for nobody. */
int detach_keys_filter(struct detach_keys *k, const char *text, size_t n, char *ret, size_t *ret_n);
