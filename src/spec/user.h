/* SPDX-License-Identifier: Apache-2.0 */
/* user.h - who a container's process is: Docker's USER forms against an image's passwd(5) and group(5). Pure.
 *
 * The two files come from the image, so they are hostile: lines that are not well formed (a uid that is no number, or
 * none that fits) are as if absent, as in glibc, and never mean 0. Text of digits only is an id and never a name.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/sv.h"
#include "oci/runtime_spec.h"

#include <stdint.h>

#define USER_ID_MAX 4294967294 /* 2^32 - 1 means "unchanged" to the kernel */
#define USER_GROUPS_MAX 65536  /* NGROUPS_MAX of setgroups(2) */

struct user {
	int64_t uid, gid;
	struct {
		int64_t *v; /* for setgroups(2): the primary group first, then the user's others, sorted, none twice */
		size_t n;
	} groups;
	const char *home; /* of passwd; "/" when the user is not in it or has none */
};

/* user_find - spec is "", "user", "uid", "user:group", "uid:gid" and mixtures. Empty: uid 0. An explicit group leaves
 * no others; a uid that passwd does not know has gid 0. The texts are whole files, empty when the image has none.
 * -ENOENT: a name that is not there ("unable to find user x: no matching entries in passwd file").
 * -EINVAL: an id out of range. -EFBIG: a file above LIMIT_PASSWD, or more than USER_GROUPS_MAX groups. */
int user_find(struct sv spec, struct sv passwd, struct sv group, struct arena *a, struct user *ret, struct err *e);

/* user_add_groups - further groups by name or id (--group-add), none twice. -ENOENT: "unable to find group x: no matching
 * entries in group file". -EINVAL: an id out of range. -EFBIG: more than USER_GROUPS_MAX. *u is whole afterwards, too. */
int user_add_groups(struct user *u, const struct oci_strings *groups, struct sv group, struct arena *a, struct err *e);
