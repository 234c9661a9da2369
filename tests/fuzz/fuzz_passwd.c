/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_passwd.c - "spec NUL passwd NUL group" of an image. Whatever the files say, text of digits is that uid, and every
 * id fits. */
#include "spec/user.h"

#include "base/limits.h"
#include "base/scope.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check(const struct user *u, struct sv spec)
{
	struct sv who, group;
	uint64_t n;

	require(u->uid >= 0 && u->uid <= USER_ID_MAX && u->gid >= 0 && u->gid <= USER_ID_MAX);
	require(u->groups.n >= 1 && u->groups.n <= USER_GROUPS_MAX && u->groups.v[0] == u->gid);
	require(u->home[0] == '/');
	for (size_t i = 1; i < u->groups.n; i++)
		require(u->groups.v[i] >= 0 && u->groups.v[i] <= USER_ID_MAX && u->groups.v[i] != u->gid);
	(void)sv_cut(spec, ':', &who, &group);
	if (sv_u64(who, &n) == 0)
		require(u->uid == (int64_t)n);
	if (sv_u64(group, &n) == 0)
		require(u->gid == (int64_t)n && u->groups.n == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv all = { (const char *)data, size }, spec, rest, passwd, group;
	scoped_arena a = ARENA(LIMIT_PASSWD);
	struct user u;

	(void)sv_cut(all, '\0', &spec, &rest);
	(void)sv_cut(rest, '\0', &passwd, &group);
	if (user_find(spec, passwd, group, &a, &u, NULL) == 0)
		check(&u, spec);
	return 0;
}
