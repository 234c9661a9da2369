/* SPDX-License-Identifier: Apache-2.0 */
#include "systemd/unit.h"

#include "base/buf.h"
#include "base/scope.h"

#include <string.h>

#define SLICE SV(".slice")
#define PATH_MAX_BYTES 4096

int slice_expand(const char *slice, struct arena *a, const char **ret_path, struct err *e)
{
	struct sv name = sv_from(slice), rest, part;
	scoped_buf path = BUF(PATH_MAX_BYTES);

	if (!sv_has_suffix(name, ".slice") || memchr(name.p, '/', name.n))
		return err_set(e, EINVAL, "\"%s\" is not the name of a slice", slice);
	rest = name = (struct sv){ name.p, name.n - SLICE.n };
	if (sv_is(name, "-"))
		rest.p = NULL;
	else if (name.n == 0 || name.p[name.n - 1] == '-')
		return err_set(e, EINVAL, "\"%s\" is not the name of a slice", slice);
	while (sv_next(&rest, '-', &part)) {
		if (part.n == 0)
			return err_set(e, EINVAL, "\"%s\" is not the name of a slice", slice);
		buf_putf(&path, "/" SV_FMT ".slice", (int)(part.p + part.n - name.p), name.p);
	}
	if (buf_status(&path, NULL) < 0)
		return err_set(e, EINVAL, "\"%s\" is too deep", slice);
	*ret_path = arena_sv(a, buf_sv(&path));
	return *ret_path ? 0 : err_oom(e);
}

static bool is_unit_char(char c)
{
	return isalnum((unsigned char)c) || strchr(":-_.\\", c);
}

static void put_escaped(struct buf *b, struct sv text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] && is_unit_char(text.p[i]))
			buf_put(b, text.p + i, 1);
		else
			buf_putf(b, "\\x%02x", (unsigned char)text.p[i]);
}

static int unit_text(struct sv prefix, struct sv name, struct arena *a, struct unit_name *u, struct err *e)
{
	scoped_buf b = BUF(PATH_MAX_BYTES);

	if (name.n == 0)
		return err_set(e, EINVAL, "the name is missing");
	u->is_slice = sv_has_suffix(name, ".slice");
	if (!u->is_slice && prefix.n) {
		put_escaped(&b, prefix);
		buf_puts(&b, "-");
	}
	put_escaped(&b, name);
	if (!u->is_slice)
		buf_puts(&b, ".scope");
	if (buf_status(&b, NULL) < 0 || b.len > UNIT_NAME_MAX)
		return err_set(e, ENAMETOOLONG, "the unit's name would have more than %d bytes", UNIT_NAME_MAX);
	u->name = arena_sv(a, buf_sv(&b));
	return u->name ? 0 : err_oom(e);
}

static int unit_place(struct unit_name *u, struct arena *a, struct err *e)
{
	const char *above;
	int r = slice_expand(u->slice, a, &above, e);

	if (r < 0)
		return r;
	if (u->is_slice)
		return slice_expand(u->name, a, &u->cgroup, e);
	u->cgroup = arena_fmt(a, "%s/%s", above, u->name);
	return u->cgroup ? 0 : err_oom(e);
}

int unit_name_parse(const char *cgroups_path, const char *id, bool user, struct arena *a, struct unit_name *ret,
		    struct err *e)
{
	struct sv path = sv_from(cgroups_path), slice = SV(""), prefix = SV("tare"), name = sv_from(id), rest;
	struct unit_name u = { 0 };
	int r;

	if (path.n && (!sv_cut(path, ':', &slice, &rest) || !sv_cut(rest, ':', &prefix, &name) ||
		       memchr(name.p, ':', name.n)))
		return err_set(e, EINVAL, "\"%s\": allowed with systemd is \"slice:prefix:name\"", cgroups_path);
	u.slice = slice.n ? arena_sv(a, slice) : user ? "user.slice" : "system.slice";
	if (!u.slice)
		return err_oom(e);
	r = unit_text(prefix, name, a, &u, e);
	if (r == 0)
		r = unit_place(&u, a, e);
	if (r < 0)
		return cgroups_path && *cgroups_path ? err_wrap(e, r, "\"%s\"", cgroups_path) : r;
	*ret = u;
	return 0;
}
