/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/user.h"

#include "base/limits.h"
#include "base/protection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One half of the spec, looked at once. */
struct id_arg {
	struct sv text;
	bool given, numeric;
	int64_t id;
};

static bool is_number(struct sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

static bool id_parse(struct sv s, int64_t *ret)
{
	uint64_t n;

	if (!is_number(s) || sv_u64(s, &n) < 0 || n > USER_ID_MAX)
		return false;
	*ret = (int64_t)n;
	return true;
}

static int id_arg_parse(struct sv text, struct id_arg *ret, struct err *e)
{
	struct id_arg arg = { .text = text, .given = text.n > 0 };
	struct sv digits = text;

	if (text.n > 1 && text.p[0] == '-')
		digits = (struct sv){ text.p + 1, text.n - 1 };
	if (is_number(digits) && protects(PROTECT_NUMERIC_USER)) {
		if (digits.n != text.n || !id_parse(text, &arg.id))
			return err_set(e, EINVAL, "uids and gids must be in range 0-%lld, not %.*s",
				       (long long)USER_ID_MAX, (int)text.n, text.p);
		arg.numeric = true;
	}
	*ret = arg;
	return 0;
}

/* ---- the two files ------------------------------------------------------------------------------------------ */

struct entry {
	struct sv name, home, members;
	int64_t uid, gid;
};

static bool next_line(struct sv *text, struct sv *ret)
{
	while (sv_next(text, '\n', ret)) {
		*ret = sv_trim(*ret);
		if (ret->n && ret->p[0] != '#')
			return true;
	}
	return false;
}

/* name:password:uid:gid:gecos:home:shell */
static bool passwd_next(struct sv *text, struct entry *ret)
{
	struct sv line, f[6];

	while (next_line(text, &line)) {
		memset(f, 0, sizeof f);
		for (int i = 0; i < 6; i++)
			(void)sv_next(&line, ':', &f[i]);
		if (!f[0].n || !id_parse(f[2], &ret->uid) || !id_parse(f[3], &ret->gid))
			continue;
		ret->name = f[0];
		ret->home = f[5];
		return true;
	}
	return false;
}

/* name:password:gid:member,member */
static bool group_next(struct sv *text, struct entry *ret)
{
	struct sv line, f[4];

	while (next_line(text, &line)) {
		memset(f, 0, sizeof f);
		for (int i = 0; i < 4; i++)
			(void)sv_next(&line, ':', &f[i]);
		if (!f[0].n || !id_parse(f[2], &ret->gid))
			continue;
		ret->name = f[0];
		ret->members = f[3];
		return true;
	}
	return false;
}

static bool has_member(struct sv members, struct sv name)
{
	struct sv member;

	while (sv_next(&members, ',', &member))
		if (sv_eq(sv_trim(member), name))
			return true;
	return false;
}

/* The first match counts. */
static bool find_user(struct sv passwd, const struct id_arg *arg, struct entry *ret)
{
	while (passwd_next(&passwd, ret))
		if (arg->given && !arg->numeric ? sv_eq(ret->name, arg->text) : ret->uid == arg->id)
			return true;
	return false;
}

static bool find_group(struct sv group, struct sv name, struct entry *ret)
{
	while (group_next(&group, ret))
		if (sv_eq(ret->name, name))
			return true;
	return false;
}

/* ---- groups ------------------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Sorted after the primary group and without repetition: a hostile file must not cost more than a sort. */
static void tidy_groups(struct user *u)
{
	size_t kept = 1;

	qsort(u->groups.v + 1, u->groups.n - 1, sizeof *u->groups.v, by_number);
	for (size_t i = 1; i < u->groups.n; i++)
		if (u->groups.v[i] != u->gid && (kept == 1 || u->groups.v[i] != u->groups.v[kept - 1]))
			u->groups.v[kept++] = u->groups.v[i];
	u->groups.n = kept;
}

static size_t count_groups(struct sv group, struct sv name)
{
	struct entry g;
	size_t n = 0;

	while (group_next(&group, &g))
		n += has_member(g.members, name);
	return n;
}

/* name empty: only the primary group */
static int fill_groups(struct user *u, struct sv group, struct sv name, struct arena *a, struct err *e)
{
	size_t n = 1 + (name.n ? count_groups(group, name) : 0);
	struct entry g;

	if (n > USER_GROUPS_MAX)
		return err_set(e, EFBIG, "user %.*s is in more than %d groups", (int)name.n, name.p, USER_GROUPS_MAX);
	u->groups.v = arena_array(a, n, sizeof *u->groups.v);
	if (!u->groups.v)
		return err_oom(e);
	u->groups.v[u->groups.n++] = u->gid;
	while (name.n && group_next(&group, &g))
		if (has_member(g.members, name))
			u->groups.v[u->groups.n++] = g.gid;
	tidy_groups(u);
	return 0;
}

static int set_group(struct user *u, const struct id_arg *arg, struct sv group, struct err *e)
{
	struct entry g;

	if (arg->numeric)
		u->gid = arg->id;
	else if (find_group(group, arg->text, &g))
		u->gid = g.gid;
	else
		return err_set(e, ENOENT, "unable to find group %.*s: no matching entries in group file",
			       (int)arg->text.n, arg->text.p);
	return 0;
}

static int check_sizes(struct sv passwd, struct sv group, struct err *e)
{
	if (passwd.n > LIMIT_PASSWD)
		return err_set(e, EFBIG, "/etc/passwd is larger than %u bytes", LIMIT_PASSWD);
	if (group.n > LIMIT_PASSWD)
		return err_set(e, EFBIG, "/etc/group is larger than %u bytes", LIMIT_PASSWD);
	return 0;
}

static int set_home(struct user *u, struct sv home, struct arena *a, struct err *e)
{
	bool usable = home.n && home.p[0] == '/' && !memchr(home.p, '\0', home.n);

	u->home = usable ? arena_sv(a, home) : "/";
	return u->home ? 0 : err_oom(e);
}

int user_find(struct sv spec, struct sv passwd, struct sv group, struct arena *a, struct user *ret, struct err *e)
{
	struct id_arg who, which;
	struct entry entry = { 0 };
	struct user u = { 0 };
	struct sv head, rest;
	int r;

	r = check_sizes(passwd, group, e);
	if (r < 0)
		return r;
	(void)sv_cut(spec, ':', &head, &rest);
	r = id_arg_parse(head, &who, e);
	if (r == 0)
		r = id_arg_parse(rest, &which, e);
	if (r < 0)
		return r;
	if (!find_user(passwd, &who, &entry)) {
		if (who.given && !who.numeric)
			return err_set(e, ENOENT, "unable to find user %.*s: no matching entries in passwd file",
				       (int)head.n, head.p);
		entry = (struct entry){ .uid = who.id };
	}
	u.uid = entry.uid;
	u.gid = entry.gid;
	if (which.given)
		r = set_group(&u, &which, group, e);
	if (r == 0)
		r = fill_groups(&u, group, which.given ? SV("") : entry.name, a, e);
	if (r == 0)
		r = set_home(&u, entry.home, a, e);
	if (r == 0)
		*ret = u;
	return r;
}

static int group_id(struct sv text, struct sv group, int64_t *ret, struct err *e)
{
	struct id_arg arg;
	struct entry g;
	int r = id_arg_parse(text, &arg, e);

	if (r < 0)
		return r;
	if (!arg.numeric && !find_group(group, text, &g))
		return err_set(e, ENOENT, "unable to find group %.*s: no matching entries in group file", (int)text.n,
			       text.p);
	*ret = arg.numeric ? arg.id : g.gid;
	return 0;
}

int user_add_groups(struct user *u, const struct oci_strings *groups, struct sv group, struct arena *a, struct err *e)
{
	size_t n = u->groups.n + groups->n;
	int64_t *all;
	int r;

	if (n > USER_GROUPS_MAX)
		return err_set(e, EFBIG, "more than %d groups", USER_GROUPS_MAX);
	all = arena_array(a, n, sizeof *all);
	if (!all)
		return err_oom(e);
	memcpy(all, u->groups.v, u->groups.n * sizeof *all);
	for (size_t i = 0; i < groups->n; i++) {
		r = group_id(sv_from(groups->v[i]), group, &all[u->groups.n + i], e);
		if (r < 0)
			return r;
	}
	u->groups.v = all;
	u->groups.n = n;
	tidy_groups(u);
	return 0;
}
