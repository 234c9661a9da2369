/* SPDX-License-Identifier: Apache-2.0 */
/* image_judge.c - what `rmi` may take away: Docker's rules (moby: daemon/images/image_delete.go tells them in words). */
#include "engine/image_remove.h"

#include "oci/list.h"
#include "oci/reference.h"

#include <string.h>

struct name {
	struct sv repository; /* of the text at hand */
	bool digest;
};

static struct name split(const char *text)
{
	struct sv whole = sv_from(text), repository, rest;

	if (sv_cut(whole, '@', &repository, &rest))
		return (struct name){ repository, true };
	sv_rcut(whole, ':', &repository, &rest);
	return (struct name){ repository, false };
}

static bool same(struct sv a, struct sv b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* One repository, and at most one tag in it. */
static bool is_single(const struct oci_strings *names)
{
	unsigned tags = 0;

	for (size_t i = 0; i < names->n; i++) {
		struct name n = split(names->v[i]);

		tags += !n.digest;
		if (!same(n.repository, split(names->v[0]).repository))
			return false;
	}
	return names->n > 0 && tags <= 1;
}

static bool has_other_tag(const struct oci_strings *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		struct name n = split(names->v[i]);

		if (!n.digest && strcmp(names->v[i], name) != 0 && same(n.repository, split(name).repository))
			return true;
	}
	return false;
}

/* The name, and with the last tag of a repository its digests. */
static int names_of(const char *name, const struct oci_strings *names, struct arena *a, struct oci_strings *ret)
{
	bool alone = !split(name).digest && !has_other_tag(names, name);
	int r = strings_add(a, ret, name);

	for (size_t i = 0; r == 0 && alone && i < names->n; i++) {
		struct name n = split(names->v[i]);

		if (n.digest && same(n.repository, split(name).repository))
			r = strings_add(a, ret, names->v[i]);
	}
	return r;
}

static int judge_name(const struct image_row *image, const char *name, const char *asked,
		      const struct oci_strings *names, const struct image_users *users, bool force, struct arena *a,
		      struct image_verdict *ret, struct err *e)
{
	const char *user = users->running ? users->running : users->stopped;
	struct image_verdict v = { 0 };

	if (!force && user && is_single(names))
		return err_set(e, EBUSY,
			       "conflict: unable to remove repository reference \"%.200s\" (must force) - container "
			       "%.12s is using its referenced image %.12s",
			       asked, user, image->id);
	if (names_of(name, names, a, &v.names) < 0)
		return err_oom(e);
	v.delete = v.names.n == names->n && !users->running && (force || !users->stopped);
	*ret = v;
	return 0;
}

static int refuse(const struct image_row *image, bool forced, const char *why, const char *container, struct err *e)
{
	return err_set(e, EBUSY, "conflict: unable to delete %.12s (%s) - image is %s%s%.12s", image->id,
		       forced ? "must be forced" : "cannot be forced", why, container ? " " : "",
		       container ? container : "");
}

int image_judge(const struct image_row *image, const char *name, const char *asked, const struct oci_strings *names,
		const struct image_users *users, bool force, struct arena *a, struct image_verdict *ret, struct err *e)
{
	if (name)
		return judge_name(image, name, asked, names, users, force, a, ret, e);
	if (users->running)
		return refuse(image, false, "being used by running container", users->running, e);
	if (!force && names->n && !is_single(names))
		return refuse(image, true, "referenced in multiple repositories", NULL, e);
	if (!force && users->stopped)
		return refuse(image, true, "being used by stopped container", users->stopped, e);
	*ret = (struct image_verdict){ *names, true };
	return 0;
}
